//! The rows of the table as the core has them: four bytes, where those of `operation.rs` are made to be read.

use crate::operation::*;
use crate::words::{Short, Word, k};

/// A row, packed; its path follows from its number.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Two bits each: [`Auth`], [`Cookies`], one of the constants below, and the flow that plain operations differ in.
    kinds: u8,
    fields: [Short; 3],
}

/// Nothing, and the method is GET.
pub(crate) const GET: u8 = 0;
/// An empty body.
pub(crate) const EMPTY_BODY: u8 = 1;
/// [`Body::Fields`].
pub(crate) const FIELDS: u8 = 2;

impl Row {
    const fn of(number: usize) -> Row {
        let Operation { method, auth, body, cookies, .. } = OPERATIONS[number];
        let (kind, fields) = match body {
            Body::None if method.slot() == k!("GET").slot() => (GET, [NONE; 3]),
            Body::None => (EMPTY_BODY, [NONE; 3]),
            Body::Fields(fields) => (FIELDS, fields),
            Body::Bare(parameter) => (FIELDS + 1, [parameter, NONE, NONE]),
        };
        assert!((auth as u8) < 4 && (cookies as u8) < 4 && flow_of(number as u8) <= UNKEPT, "two bits are not enough");
        let kinds = auth as u8 | (cookies as u8) << 2 | kind << 4 | flow_of(number as u8) << 6;
        Row { kinds, fields: [Short::of(fields[0]), Short::of(fields[1]), Short::of(fields[2])] }
    }

    pub(crate) const fn auth(&self) -> u8 {
        self.kinds & 3
    }

    pub(crate) const fn cookies(&self) -> u8 {
        self.kinds >> 2 & 3
    }

    pub(crate) const fn body(&self) -> u8 {
        self.kinds >> 4 & 3
    }

    /// Where among the flows that of the operation is.
    pub(crate) const fn flow(&self) -> u8 {
        self.kinds >> 6
    }

    pub(crate) const fn fields(&self) -> &[Short; 3] {
        &self.fields
    }
}

/// The flows of operations that have a row, as `flow` has their steps: that of most, that of the low-level `api`, one that asks until
/// there is an answer, and one that leaves it to the caller to keep the token.
pub(crate) const PLAIN: u8 = 0;
pub(crate) const BARE: u8 = 1;
pub(crate) const POLLED: u8 = 2;
pub(crate) const UNKEPT: u8 = 3;

const fn flow_of(number: u8) -> u8 {
    match number {
        PASSKEY_REGISTRATION_OPTIONS..=CHALLENGE | SECURITY_KEY_REGISTRATION_OPTIONS..=SECURITY_KEY_VERIFY => BARE,
        MAGIC_LINK_FINALIZE => POLLED,
        // The peer's quirk: these two.
        PUSH_VERIFY | QR_CODE_VERIFY => UNKEPT,
        _ => PLAIN,
    }
}

/// Every row.
pub(crate) static ROWS: [Row; OPERATIONS.len()] = {
    let mut rows = [Row::of(0); OPERATIONS.len()];
    let mut number = 0;
    while number < rows.len() {
        rows[number] = Row::of(number);
        number += 1;
    }
    rows
};

/// The path of an operation: they follow each other in the words.
pub(crate) const fn path(number: u32) -> Word {
    const FIRST: Word = {
        let mut number = 0;
        while number < OPERATIONS.len() {
            let path = OPERATIONS[number].path;
            assert!(path.slot() == OPERATIONS[0].path.following(number as u32).slot());
            number += 1;
        }
        OPERATIONS[0].path
    };
    FIRST.following(number)
}
