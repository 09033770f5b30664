// The hand-written half of the glue, around the imports that wasm-bindgen writes. A value is known to the core by the
// number of its slot. The first slots, from minus BELOW on, are the same for all: the words of src/words.rs, and among them the
// constants of src/slots.rs. Behind them every task has slots of its own: the context, the parameters, and then whatever it
// comes by. They go with it.

let wasm;
/** Where in the core's memory the task that runs lies: TASK and SPACE of src/js.rs. */
let place;
/** The slots of all tasks, made by the first call. */
let common;
/** The slots of the task that runs, behind those. */
let heap;

/** Makes an instance's exports the core's. */
export const attach = (exports) => {
  wasm = exports;
  place = new Uint8Array(wasm.memory.buffer, 0, 64);
};

/** What a slot holds. */
const at = (slot) => (slot < OWN ? common[slot + BELOW] : heap[slot - OWN]);

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

/**
 * Resumes a task of an operation, or begins it, with slots of its own: what to do with a value, and that; see `resume` in
 * src/js.rs. Tasks nest: a callback of the
 * app's may begin another one.
 */
export const resume = (own, operation, how, value) => {
  const outer = heap;
  heap = own;
  swap(own);
  try {
    const answer = wasm.resume(operation, how, keep(value));
    return [answer & 3, at(answer >> 2)];
  } finally {
    heap = outer;
    swap(own);
  }
};

/** Puts a task into its place, and what was there where the task was. */
const swap = (own) => {
  const other = place.slice();
  place.set(own.task ?? new Uint8Array(64));
  own.task = other;
};

/** Puts a value into a slot, and tells which. */
const keep = (value) => heap.push(value) + (OWN - 1);

/**
 * An import, of values: what comes of it is kept. What it throws, it throws in vain: the slot 0 is that of `undefined`. `at` brings
 * `undefined` for a slot that is not given.
 */
const value =
  (use) =>
  (first, second, third, fourth) => {
    try {
      return keep(use(at(first), at(second), at(third), at(fourth)));
    } catch {
      return 0;
    }
  };

/** One that brings a number or a boolean, or nothing. */
const plain =
  (use) =>
  (first, second, third) => {
    try {
      return use(at(first), at(second), at(third));
    } catch {
      return 0;
    }
  };

/** One whose failure counts, as an outcome of src/value.rs: four times the slot of what came of it, and 3 if it was thrown. */
const outcome =
  (use) =>
  (first, second, third) => {
    try {
      return keep(use(at(first), at(second), at(third))) * 4;
    } catch (thrown) {
      return keep(thrown) * 4 + 3;
    }
  };
