//! The export behind the hand-written face in `pkg-template/`. Bindings hold no rules.
//!
//! The face starts an operation by resuming it, and resumes it whenever the promise that it waits for has settled.

use crate::task::Task;
use crate::value::Val;
use std::ptr;

/// The promise was rejected.
pub const REJECTED: i32 = 1;
/// The task is given up: it ends without an outcome.
pub const CANCELLED: i32 = 2;

/// Where the task that runs lies, between the stack and the data: xtask has the linker leave that place alone.
const TASK: usize = 4;

/// How large the place is.
const SPACE: usize = 60;
const _: () = assert!(size_of::<Task>() <= SPACE);

/// Resumes a task of an operation (see [`crate::operation`]), with what came of the promise that it waits for: [`REJECTED`],
/// [`CANCELLED`], or 0 for fulfilled, and the first time. The answer is four times the slot of a value, and what to do with it: 0
/// or 2 to resolve the operation's promise with it, 3 to reject it, 1 to wait for it and to resume the task, which in all other
/// cases has ended.
///
/// There is no heap: the glue puts the task into its place, and takes it from there when this returns. One that is to begin is all zeros.
///
/// # Safety
/// What lies at [`TASK`] is all zeros, or what a call for the same operation has left there and answered with 1. It is not resumed
/// while it runs. If an import resumes another one meanwhile, the import brings this one back before it returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resume(operation: u32, how: i32, value: i32) -> i32 {
    // SAFETY: the place is the core's, aligned and large enough, and nothing else points there; a task consists of numbers, which may
    // all be 0. Another task comes and goes within a call of an import, which to this one is as if it had not been.
    let task = unsafe { &mut *ptr::with_exposed_provenance_mut::<Task>(TASK) };
    task.go_on(operation as u8);
    if how == CANCELLED {
        task.cancel();
        return 0;
    }
    task.resume(how != REJECTED, Val::at_slot(value), |outcome| outcome).number()
}
