//! In which order the imports and the functions of the core lie: any does the same, and brotli makes less of one than of another.
//! What is best is found by trying, the same way each time, as is how much brotli makes of it: by the crate that Cargo.lock names,
//! and not by whatever Node is there.

use crate::wasm::{leb128, to_leb128};
use anyhow::{Context, Result, bail, ensure};
use std::io;

/// How many orders are tried, each a step from the best before it.
const TRIES: usize = 600;

const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODES: u8 = 10;
/// Sections that name functions or imports, or have others than functions: the core has none of them.
const REFUSED: [u8; 4] = [4, 6, 8, 9];

/// The order of which brotli makes the least.
pub fn smallest(wasm: &[u8]) -> Result<Order> {
    let parts = Parts::of(wasm)?;
    let mut best =
        Order { imports: (0..parts.imports.len()).collect(), functions: (0..parts.functions.len()).collect() };
    ensure!(parts.written(&best) == wasm, "the wasm is not written as it was read");
    let mut size = compressed(wasm)?;
    let mut random = Random(1);
    for _ in 0..TRIES {
        let mut next = best.clone();
        let list = if random.below(2) == 0 { &mut next.imports } else { &mut next.functions };
        let moved = list.remove(random.below(list.len()));
        list.insert(random.below(list.len() + 1), moved);
        let found = compressed(&parts.written(&next))?;
        // One that is as good is gone on from, too: it may lead further.
        if found <= size {
            (best, size) = (next, found);
        }
    }
    Ok(best)
}

/// How many bytes brotli makes of these.
fn compressed(bytes: &[u8]) -> Result<usize> {
    let settings = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: bytes.len(), ..Default::default() };
    let written = brotli::BrotliCompress(&mut io::Cursor::new(bytes), &mut io::sink(), &settings);
    written.context("brotli")
}

/// Numbers as good as random, and the same each time: a linear congruential generator, of whose bits the upper are good.
struct Random(u64);

impl Random {
    /// One below that, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}

/// Which of those before comes first, second, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub imports: Vec<usize>,
    /// Counted from the first that is no import.
    pub functions: Vec<usize>,
}

impl Order {
    /// The wasm in this order.
    pub fn arrange(&self, wasm: &[u8]) -> Result<Vec<u8>> {
        let parts = Parts::of(wasm)?;
        let is_of = |order: &[usize], count| (0..count).all(|index| order.contains(&index)) && order.len() == count;
        ensure!(
            is_of(&self.imports, parts.imports.len()) && is_of(&self.functions, parts.functions.len()),
            "the order is of another wasm"
        );
        Ok(parts.written(self))
    }
}

/// A wasm, taken apart where it names a function by its number.
struct Parts<'a> {
    preamble: &'a [u8],
    sections: Vec<(u8, &'a [u8])>,
    exports: Vec<Vec<Piece<'a>>>,
    imports: Vec<&'a [u8]>,
    functions: Vec<Function<'a>>,
}

struct Function<'a> {
    kind: usize,
    code: Vec<Piece<'a>>,
}

enum Piece<'a> {
    Bytes(&'a [u8]),
    Number(usize),
}

impl<'a> Parts<'a> {
    fn of(wasm: &'a [u8]) -> Result<Parts<'a>> {
        let (preamble, _) = wasm.split_at_checked(8).context("this is no wasm")?;
        let mut parts =
            Parts { preamble, sections: Vec::new(), exports: Vec::new(), imports: Vec::new(), functions: Vec::new() };
        let mut kinds = Vec::new();
        let mut at = preamble.len();
        while let Some(kind) = wasm.get(at) {
            let (size, body) = leb128(wasm, at + 1)?;
            at = body + size;
            let section = wasm.get(body..at).context("the wasm ends too early")?;
            parts.sections.push((*kind, section));
            if REFUSED.contains(kind) {
                bail!("the wasm has a section {kind}");
            }
            let mut reader = Reader { bytes: section, at: 0 };
            match *kind {
                IMPORTS => {
                    for _ in 0..reader.number()? {
                        let begin = reader.at;
                        reader.name()?;
                        reader.name()?;
                        ensure!(reader.byte()? == 0, "an import is no function");
                        reader.number()?;
                        parts.imports.push(&section[begin..reader.at]);
                    }
                }
                FUNCTIONS => {
                    for _ in 0..reader.number()? {
                        kinds.push(reader.number()?);
                    }
                }
                EXPORTS => {
                    for _ in 0..reader.number()? {
                        let begin = reader.at;
                        reader.name()?;
                        let is_function = reader.byte()? == 0;
                        let named = Piece::Bytes(&section[begin..reader.at]);
                        let begin = reader.at;
                        let number = reader.number()?;
                        let other = Piece::Bytes(&section[begin..reader.at]);
                        parts.exports.push(vec![named, if is_function { Piece::Number(number) } else { other }]);
                    }
                }
                CODES => {
                    ensure!(reader.number()? == kinds.len(), "there is not as much code as functions");
                    for kind in &kinds {
                        let length = reader.number()?;
                        let end = reader.at + length;
                        let code = section.get(reader.at..end).context("the wasm ends too early")?;
                        parts.functions.push(Function { kind: *kind, code: pieces(code)? });
                        reader.at = end;
                    }
                }
                _ => {}
            }
        }
        let count = parts.imports.len() + parts.functions.len();
        let all = parts.exports.iter().chain(parts.functions.iter().map(|function| &function.code)).flatten();
        for piece in all {
            ensure!(
                !matches!(piece, Piece::Number(number) if *number >= count),
                "a function is named that there is not"
            );
        }
        Ok(parts)
    }

    fn written(&self, order: &Order) -> Vec<u8> {
        // What the number of each import and function becomes.
        let mut numbers = vec![0; self.imports.len() + self.functions.len()];
        for (now, before) in order.imports.iter().enumerate() {
            numbers[*before] = now;
        }
        for (now, before) in order.functions.iter().enumerate() {
            numbers[self.imports.len() + before] = self.imports.len() + now;
        }
        let functions = || order.functions.iter().map(|index| &self.functions[*index]);
        let mut wasm = self.preamble.to_vec();
        for (kind, section) in &self.sections {
            let contents = match *kind {
                IMPORTS => list(order.imports.iter().map(|index| self.imports[*index].to_vec())),
                FUNCTIONS => list(functions().map(|function| to_leb128(function.kind))),
                EXPORTS => list(self.exports.iter().map(|export| written(export, &numbers))),
                CODES => list(functions().map(|function| {
                    let code = written(&function.code, &numbers);
                    [to_leb128(code.len()), code].concat()
                })),
                _ => section.to_vec(),
            };
            wasm.push(*kind);
            wasm.extend(to_leb128(contents.len()));
            wasm.extend(contents);
        }
        wasm
    }
}

/// Pieces, with what the numbers in them have become.
fn written(pieces: &[Piece], numbers: &[usize]) -> Vec<u8> {
    let bytes = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => bytes.to_vec(),
        Piece::Number(number) => to_leb128(numbers[*number]),
    };
    pieces.iter().flat_map(bytes).collect()
}

/// A list as the binary format has it.
fn list(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.collect();
    [to_leb128(items.len()), items.concat()].concat()
}

/// The code of a function, apart at the numbers of those that it calls.
fn pieces(code: &[u8]) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut reader = Reader { bytes: code, at: 0 };
    for _ in 0..reader.number()? {
        reader.number()?;
        reader.byte()?;
    }
    let mut begin = 0;
    while reader.at < code.len() {
        match reader.byte()? {
            // call
            0x10 => {
                pieces.push(Piece::Bytes(&code[begin..reader.at]));
                pieces.push(Piece::Number(reader.number()?));
                begin = reader.at;
            }
            // block, loop, if: of a type; br, br_if; variables; a constant
            0x02..=0x04 | 0x0c | 0x0d | 0x20..=0x22 | 0x41 => {
                reader.number()?;
            }
            // br_table
            0x0e => {
                for _ in 0..=reader.number()? {
                    reader.number()?;
                }
            }
            // Memory: alignment and offset.
            0x28..=0x3e => {
                reader.number()?;
                reader.number()?;
            }
            // What has nothing behind it.
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => {}
            other => bail!("an instruction {other:#x} is not known here"),
        }
    }
    pieces.push(Piece::Bytes(&code[begin..]));
    Ok(pieces)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).context("the wasm ends too early")?;
        self.at += 1;
        Ok(byte)
    }

    /// A number, which may be signed: what it is does not matter then.
    fn number(&mut self) -> Result<usize> {
        let (number, end) = leb128(self.bytes, self.at)?;
        self.at = end;
        Ok(number)
    }

    fn name(&mut self) -> Result<()> {
        let length = self.number()?;
        self.at += length;
        ensure!(self.at <= self.bytes.len(), "the wasm ends too early");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Imports `a.x` and `a.y`, both of nothing; the first function calls the second import and the second function, which calls the
    /// first import, and is exported.
    const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0d\x02\x01a\x01x\0\0\x01a\x01y\0\0\x03\x03\x02\0\0\
        \x07\x05\x01\x01f\0\x03\x0a\x0d\x02\x06\0\x10\x01\x10\x03\x0b\x04\0\x10\0\x0b";

    #[test]
    fn calls_and_exports_follow_what_they_name_to_its_new_place() {
        let turn = Order { imports: vec![1, 0], functions: vec![1, 0] };
        let turned = turn.arrange(WASM).unwrap();
        let expected = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0d\x02\x01a\x01y\0\0\x01a\x01x\0\0\x03\x03\x02\0\0\
            \x07\x05\x01\x01f\0\x02\x0a\x0d\x02\x04\0\x10\x01\x0b\x06\0\x10\0\x10\x02\x0b";
        assert_eq!(turned, expected);
        assert_eq!(turn.arrange(&turned).unwrap(), WASM);
        assert!(Order { imports: vec![0, 0], functions: vec![1, 0] }.arrange(WASM).is_err());
    }

    #[test]
    fn the_order_that_is_found_is_the_same_each_time_and_never_larger() {
        let found = smallest(WASM).unwrap();
        assert_eq!(smallest(WASM).unwrap(), found);
        assert!(compressed(&found.arrange(WASM).unwrap()).unwrap() <= compressed(WASM).unwrap());
    }

    #[test]
    fn what_is_no_wasm_or_has_more_than_is_known_is_refused() {
        for wasm in [&b"\0asm"[..], &WASM[..WASM.len() - 1], b"\0asm\x01\0\0\0\x09\x01\0"] {
            assert!(smallest(wasm).is_err());
        }
        // An export, and a call, of a function that there is not.
        for (from, to) in [(&b"f\0\x03"[..], &b"f\0\x09"[..]), (b"\x10\x03", b"\x10\x09")] {
            let at = WASM.windows(from.len()).position(|bytes| bytes == from).unwrap();
            assert!(smallest(&[&WASM[..at], to, &WASM[at + from.len()..]].concat()).is_err());
        }
        let indirect = [&WASM[..WASM.len() - 4], b"\x11\0\0\x0b"].concat();
        assert!(smallest(&indirect).is_err());
    }
}
