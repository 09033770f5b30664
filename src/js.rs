//! The exports behind the hand-written face in `pkg-template/`. Bindings hold no rules.
//!
//! The face starts an operation, and resumes it whenever the promise that it waits for has settled.

use crate::task::Task;
use wasm_bindgen::prelude::*;

/// The promise was rejected.
pub const REJECTED: i32 = 1;
/// The task is given up: it ends without an outcome.
pub const CANCELLED: i32 = 2;

/// Begins an operation by its number (see [`crate::operation`]) and returns its task.
#[wasm_bindgen]
pub fn start(operation: i32) -> *mut u8 {
    Box::into_raw(Box::new(Task::new(operation as u8))).cast()
}

/// Resumes a task, with what came of the promise that it waits for: [`REJECTED`], [`CANCELLED`], or 0 for fulfilled,
/// and the first time. The answer is four times the slot of a value, and what to do with it: 0 or 2 to resolve the
/// operation's promise with it, 3 to reject it, 1 to wait for it and to resume the task, which in all other cases has ended.
///
/// # Safety
/// `task` was returned by [`start`] of this core, does not run, and has not yet been answered with an end. The face is
/// the only caller, and keeps the number to itself.
#[wasm_bindgen]
pub unsafe fn resume(task: *mut u8, how: i32, value: JsValue) -> u32 {
    // SAFETY: see above.
    let mut task = unsafe { Box::from_raw(task.cast::<Task>()) };
    if how == CANCELLED {
        // Its slot goes with the task.
        std::mem::forget(value);
        task.cancel();
        return 0;
    }
    let outcome = task.resume(how != REJECTED, value, |outcome| outcome);
    if outcome.is_waiting() {
        let _ = Box::into_raw(task);
    }
    outcome.number()
}

/// The package's heap holds a few tables: the smallest allocator serves it best.
#[global_allocator]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    // SAFETY: the core runs on one thread; wasm32-unknown-unknown without atomics has no other.
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };
