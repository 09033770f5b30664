// The hand-written half of the glue, around the imports that wasm-bindgen writes. A value is known to the core by the
// number of its slot. The first slots, from minus BELOW on, are the same for all: the words of src/words.rs, and among them the
// constants of src/slots.rs. Behind them every task has slots of its own: the context, the parameters, and then whatever it
// comes by. They go with it.

let wasm;
/** The slots of all tasks, made by the first call. */
let common;
/** The slots of the task that runs, behind those. */
let heap;

/** Makes an instance's exports the core's. */
export const attach = (exports) => {
  wasm = exports;
};

/** What a slot holds, of the task whose own slots these are. */
export const at = (slot, own = heap) => (slot < OWN ? common[slot + BELOW] : own[slot - OWN]);

/**
 * A copy of what an operation may be given, so that nothing of the caller's changes under it, and without what others have
 * put into `Object.prototype`. Getters may throw.
 */
export const parametersOf = (given) => {
  if (!common) {
    common = WORDS;
    common.splice(BELOW, 0, undefined, false, true, null, globalThis);
  }
  const parameters = { __proto__: null };
  for (const name of common.slice(-PARAMETERS)) {
    const value = given[name];
    if (value !== {}[name]) parameters[name] = value;
  }
  return parameters;
};

/** Begins an operation by its number, on slots of its own, and returns its task. */
export const start = (own, operation) => {
  const outer = heap;
  heap = own;
  try {
    return wasm.start(operation);
  } finally {
    heap = outer;
  }
};

/** Resumes a task; see `resume` in src/js.rs. Tasks nest: a callback of the app's may begin another one. */
export const resume = (own, task, how, value) => {
  const outer = heap;
  heap = own;
  try {
    return wasm.resume(task, how, keep(value));
  } finally {
    heap = outer;
  }
};

/** Puts a value into a slot, and tells which. */
const keep = (value) => heap.push(value) + (OWN - 1);

/** An import that may throw, in vain: the slot 0 is that of `undefined`. */
const attempt =
  (use) =>
  (first, second, third, fourth) => {
    try {
      return use(first, second, third, fourth);
    } catch {
      return 0;
    }
  };

/** One that may throw, as an outcome of src/value.rs: four times the slot of what came of it, and 3 if it was thrown. */
const outcome =
  (use) =>
  (first, second, third) => {
    try {
      return use(first, second, third) * 4;
    } catch (thrown) {
      return keep(thrown) * 4 + 3;
    }
  };
