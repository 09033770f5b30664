//! The exports behind the hand-written face in `pkg-template/`. Bindings hold no rules.
//!
//! The face starts an operation, and resumes it whenever the promise that it waits for has settled.

use crate::task::Task;
use crate::value::{Val, prepare};
use crate::words::k;
use wasm_bindgen::prelude::*;

/// How a task is resumed the first time; as an answer: it waits for the promise in `out.value`.
pub const PENDING: u8 = 0;
/// The promise was fulfilled; as an answer: the operation's promise is to be fulfilled with `out.value`.
pub const FULFILLED: u8 = 1;
/// The promise was rejected; as an answer: the operation's promise is to be rejected with `out.value`.
pub const REJECTED: u8 = 2;
/// The task is given up: it ends without an outcome.
pub const CANCELLED: u8 = 3;

/// Begins an operation by its number (see [`crate::operation`]) and returns its task. `context` is what the face knows
/// of the instance; `parameters` is an object of the caller's.
#[wasm_bindgen]
pub fn start(operation: u8, context: JsValue, parameters: JsValue) -> *mut u8 {
    prepare();
    Box::into_raw(Box::new(Task::new(operation, context, parameters))).cast()
}

/// Resumes a task, with what came of the promise that it waits for. The answer, and `out.value`, say what is next.
///
/// # Safety
/// `task` was returned by [`start`] of this core, does not run, and has not yet been answered with an end. The face is
/// the only caller, and keeps the number to itself.
#[wasm_bindgen]
pub unsafe fn resume(task: *mut u8, how: u8, value: JsValue, out: JsValue) -> u8 {
    // SAFETY: see above.
    let mut task = unsafe { Box::from_raw(task.cast::<Task>()) };
    if how == CANCELLED {
        task.cancel();
        return FULFILLED;
    }
    let answer = task.resume(how != REJECTED, value, |outcome| {
        Val::from(out).set(k!("value"), outcome.value());
        if outcome.is_waiting() {
            PENDING
        } else if outcome.is_thrown() {
            REJECTED
        } else {
            FULFILLED
        }
    });
    if answer == PENDING {
        let _ = Box::into_raw(task);
    }
    answer
}

/// The package's heap holds a few tables: the smallest allocator serves it best.
#[global_allocator]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    // SAFETY: the core runs on one thread; wasm32-unknown-unknown without atomics has no other.
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };
