//! Where values lie while the core works on them. A value is known by the number of its slot.
//!
//! In the npm build the glue (`xtask/src/core.js`) keeps one array of values for each task: the words first, then the
//! constants of wasm-bindgen, then what the task comes by. It goes with the task, and nothing is ever freed by itself.
//! In the typed Rust build all values share the slots of wasm-bindgen, and a task frees its own when it ends.

#[cfg(feature = "js")]
mod kept {
    use crate::value::Val;
    use crate::words::{self, Word};

    /// Nothing: the face has them.
    pub(crate) struct Values;

    pub(crate) fn own(_slot: i32) {}

    pub(crate) fn within<T>(_values: &mut Values, run: impl FnOnce() -> T) -> T {
        run()
    }

    /// `undefined`.
    pub(crate) const fn undefined() -> Val {
        Val::at_slot(0)
    }

    /// `true` or `false`.
    pub(crate) const fn boolean(value: bool) -> Val {
        Val::at_slot(1 + value as i32)
    }

    /// The global object.
    pub(crate) const fn globals() -> Val {
        Val::at_slot(4)
    }

    /// A word, as a JavaScript string.
    pub(crate) const fn val(word: Word) -> Val {
        Val::at_slot(word.slot())
    }

    /// The first of the slots that the glue fills when it begins a task: the instance's context, then the parameters.
    pub(crate) const fn given(index: i32) -> Val {
        Val::at_slot(words::OWN as i32 + index)
    }
}

#[cfg(not(feature = "js"))]
mod kept {
    use crate::value::Val;
    use crate::words::{self, Word};
    use std::cell::Cell;
    use std::ptr;
    use wasm_bindgen::JsValue;
    use wasm_bindgen::convert::{FromWasmAbi, IntoWasmAbi};

    thread_local! {
        /// The slots of the words, and of the global object behind them. They are never freed, so no task owns them.
        static WORDS: [Cell<u32>; words::COUNT + 1] = const { [const { Cell::new(0) }; words::COUNT + 1] };
        /// The values of the task that runs, null when none does.
        static CURRENT: Cell<*mut Values> = const { Cell::new(ptr::null_mut()) };
    }

    /// The slots of a task's values, freed with it.
    pub(crate) struct Values(Vec<u32>);

    impl Values {
        pub(crate) const fn new() -> Self {
            Values(Vec::new())
        }
    }

    impl Drop for Values {
        fn drop(&mut self) {
            for slot in self.0.drain(..) {
                // SAFETY: the slot was handed over once, to `own`, and is given back once, here.
                drop(unsafe { JsValue::from_abi(slot) });
            }
        }
    }

    /// Gives a slot to the task that runs.
    pub(crate) fn own(slot: i32) {
        // SAFETY: `within` sets the pointer to values that it borrows for as long as the pointer stands, and nothing
        // here calls back into it.
        if let Some(values) = unsafe { CURRENT.with(Cell::get).as_mut() } {
            values.0.push(slot as u32);
        }
    }

    /// Runs something as part of a task. Tasks nest: a callback of the caller's may start another one.
    pub(crate) fn within<T>(values: &mut Values, run: impl FnOnce() -> T) -> T {
        let outer = CURRENT.with(|current| current.replace(values));
        let result = run();
        CURRENT.with(|current| current.set(outer));
        result
    }

    fn slot_of_word(index: usize) -> Val {
        WORDS.with(|slots| {
            // The first is `undefined`'s only before all are made.
            if slots[0].get() == 0 {
                let texts = words::WORDS.iter().map(|text| JsValue::from_str(text));
                let all = texts.chain([js_sys::global().into()]);
                slots.iter().zip(all).for_each(|(slot, value)| slot.set(value.into_abi()));
            }
            Val::at_slot(slots[index].get() as i32)
        })
    }

    /// `undefined`.
    pub(crate) fn undefined() -> Val {
        constant(JsValue::UNDEFINED)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(value: bool) -> Val {
        constant(JsValue::from_bool(value))
    }

    /// A constant of wasm-bindgen, whose slot is nobody's to free.
    fn constant(value: JsValue) -> Val {
        Val::at_slot(value.into_abi() as i32)
    }

    /// A word, as a JavaScript string.
    pub(crate) fn val(word: Word) -> Val {
        slot_of_word(word.index())
    }

    /// The global object.
    pub(crate) fn globals() -> Val {
        slot_of_word(words::COUNT)
    }
}

pub(crate) use kept::*;
