// The hand-written half of the glue, around the imports that wasm-bindgen writes. A value is known to the core by the
// number of its slot. Every task has slots of its own: the words of src/words.rs and the global object, the constants of
// wasm-bindgen from slot 1024 on, the context and the parameters, and then whatever the task comes by. All go with it.

let wasm;
let words;
/** The slots of the task that runs. */
let heap;

/** Makes an instance's exports the core's. */
export const attach = (exports) => {
  wasm = exports;
};

/** The slots of a new task. */
export const slots = (context, parameters) => {
  words ??= Object.assign(Array(1024).fill(), [...WORDS, globalThis]).concat([undefined, null, true, false]);
  return words.concat([context, parameters]);
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

/** Puts a value into a slot. */
const keep = (value) => heap.push(value) - 1;

/** An import that may throw: the core looks for the exception after each call. */
const attempt =
  (use) =>
  (...given) => {
    try {
      return use(...given);
    } catch (thrown) {
      wasm.__wbindgen_exn_store(keep(thrown));
    }
  };
