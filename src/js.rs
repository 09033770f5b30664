//! The exports behind the hand-written face in `pkg-template/`. Bindings hold no rules.
//!
//! The face starts an operation, and resumes it whenever the promise that it waits for has settled.

use crate::task::Task;
use crate::value::Val;
use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32;
use std::cell::Cell;
use std::ptr;

/// The promise was rejected.
pub const REJECTED: i32 = 1;
/// The task is given up: it ends without an outcome.
pub const CANCELLED: i32 = 2;

/// Begins an operation by its number (see [`crate::operation`]) and returns its task.
#[unsafe(no_mangle)]
pub extern "C" fn start(operation: u8) -> *mut u8 {
    Box::into_raw(Box::new(Task::new(operation))).cast()
}

/// Resumes a task, with what came of the promise that it waits for: [`REJECTED`], [`CANCELLED`], or 0 for fulfilled,
/// and the first time. The answer is four times the slot of a value, and what to do with it: 0 or 2 to resolve the
/// operation's promise with it, 3 to reject it, 1 to wait for it and to resume the task, which in all other cases has ended.
///
/// # Safety
/// `task` was returned by [`start`] of this core, does not run, and has not yet been answered with an end. The face is
/// the only caller, and keeps the number to itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resume(task: *mut u8, how: i32, value: i32) -> i32 {
    // SAFETY: see above.
    let mut task = unsafe { Box::from_raw(task.cast::<Task>()) };
    if how == CANCELLED {
        task.cancel();
        return 0;
    }
    let outcome = task.resume(how != REJECTED, Val::at_slot(value), |outcome| outcome);
    if outcome.is_waiting() {
        let _ = Box::into_raw(task);
    }
    outcome.number()
}

/// The heap of the npm core holds tasks and nothing else: blocks of one size, which are handed out again.
struct Blocks {
    /// The last block that was given back; each holds the address of the one before.
    free: Cell<*mut *mut u8>,
    /// Where the memory that was never handed out begins.
    fresh: Cell<usize>,
}

unsafe extern "C" {
    /// Where the linker's data ends.
    static __heap_base: u8;
}

const PAGE: usize = 65536;
const BLOCK: usize = 64;
const _: () = assert!(size_of::<Task>() <= BLOCK);

// SAFETY: the core runs on one thread; wasm32-unknown-unknown without atomics has no other.
unsafe impl Sync for Blocks {}

// SAFETY: a block is handed out once until it is given back, is aligned to its size, and lies in memory that `memory_grow`
// made for this allocator alone. A layout of another kind, which no code here asks for, gets none.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > BLOCK {
            return ptr::null_mut();
        }
        let free = self.free.get();
        if !free.is_null() {
            // SAFETY: a free block holds the address of the next one.
            self.free.set(unsafe { *free }.cast());
            return free.cast();
        }
        let mut block = self.fresh.get();
        if block == 0 {
            // What the linker has left of the first pages.
            block = (&raw const __heap_base).addr().next_multiple_of(BLOCK);
        }
        if block.is_multiple_of(PAGE) {
            let page = wasm32::memory_grow::<0>(1);
            if page == usize::MAX {
                return ptr::null_mut();
            }
            block = page * PAGE;
        }
        self.fresh.set(block + BLOCK);
        block as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        let block = block.cast::<*mut u8>();
        // SAFETY: the block is ours again, and large enough for an address.
        unsafe { *block = self.free.get().cast() };
        self.free.set(block);
    }
}

#[global_allocator]
static BLOCKS: Blocks = Blocks { free: Cell::new(ptr::null_mut()), fresh: Cell::new(0) };
