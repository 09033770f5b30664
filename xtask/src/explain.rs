//! Which section, crate and function the bytes of the package belong to: `cargo xtask size --explain`.
//!
//! Every byte of every file is in exactly one part, or the command fails. What a part costs once it is compressed depends on
//! everything around it: its share is what the file shrinks by, at brotli 11, when the part is taken out.

use crate::order::Order;
use crate::shell::{output, root, run};
use crate::wasm::{self, leb128, to_leb128};
use crate::{package, setup};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

/// Attributes bundles to their sources, and compresses files without their parts.
const SCRIPT: &str = "xtask/src/explain.mjs";

/// Bytes of a file that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// A section of the wasm, or a source of a bundle.
    of: String,
    /// A function, a segment, a declaration; empty: what frames them.
    name: String,
    ranges: Vec<Range<usize>>,
}

impl Part {
    fn raw(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }
}

pub fn explain() -> Result<()> {
    package::build()?;
    let wasm = root().join("pkg/core.wasm");
    let bytes = std::fs::read(&wasm)?;
    let parts = parts_of_wasm(&bytes, &function_names(&bytes)?)?;
    let code: Vec<Part> = parts.iter().filter(|part| part.of == CODE && !part.name.is_empty()).cloned().collect();
    show("core.wasm", &wasm, "section", &grouped(&parts, |part| part.of.clone()))?;
    show("core.wasm, code", &wasm, "crate", &grouped(&code, |part| crate_of(&part.name)))?;
    show("core.wasm, code", &wasm, "function", &code)?;
    let data: Vec<Part> = parts.iter().filter(|part| part.of == DATA).cloned().collect();
    show("core.wasm, data", &wasm, "segment", &data)?;
    for bundle in package::bundles()? {
        let file = root().join("pkg").join(bundle.name);
        let parts = parts_of_bundle(&bundle.map, &file)?;
        let is_whole = partition(&parts, std::fs::read(&file)?.len());
        is_whole.with_context(|| format!("the parts of {} do not add up", bundle.name))?;
        show(bundle.name, &file, "source", &grouped(&parts, |part| part.of.clone()))?;
        show(bundle.name, &file, "declaration", &parts)?;
    }
    println!(
        "\nA share is what brotli 11 saves when the part is left out: shares do not add up. `cargo xtask size` has the sizes."
    );
    Ok(())
}

/* ---- The wasm ---- */

const CODE: &str = "code";
const DATA: &str = "data";
const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const CODES: u8 = 10;
const DATAS: u8 = 11;
const SECTIONS: [&str; 13] = [
    "custom",
    "types",
    "imports",
    "functions",
    "tables",
    "memory",
    "globals",
    "exports",
    "start",
    "elements",
    CODE,
    DATA,
    "data count",
];
/// What every module begins with.
const PREAMBLE: usize = 8;

/// A section: its kind, where it begins, and where its contents are.
struct Section {
    kind: u8,
    begin: usize,
    contents: Range<usize>,
}

fn sections(wasm: &[u8]) -> Result<Vec<Section>> {
    let mut found = Vec::new();
    let mut begin = PREAMBLE;
    while let Some(kind) = wasm.get(begin) {
        let (size, body) = leb128(wasm, begin + 1)?;
        ensure!(body + size <= wasm.len(), "the wasm ends too early");
        found.push(Section { kind: *kind, begin, contents: body..body + size });
        begin = body + size;
    }
    Ok(found)
}

/// The contents of the one section of a kind.
fn contents(wasm: &[u8], kind: u8) -> Result<&[u8]> {
    let section = sections(wasm)?.into_iter().find(|section| section.kind == kind);
    let section = section.with_context(|| format!("the wasm has no section {}", SECTIONS[usize::from(kind)]))?;
    Ok(&wasm[section.contents])
}

/// All of a wasm: each function and each segment of data, and what is between.
fn parts_of_wasm(wasm: &[u8], functions: &[String]) -> Result<Vec<Part>> {
    let part = |of: &str, name: String, range| Part { of: of.to_owned(), name, ranges: vec![range] };
    let mut parts = vec![part("preamble", String::new(), 0..PREAMBLE)];
    for Section { kind, begin, contents } in sections(wasm)? {
        let of = *SECTIONS.get(usize::from(kind)).context("the wasm has a section of an unknown kind")?;
        if kind != CODES && kind != DATAS {
            parts.push(part(of, String::new(), begin..contents.end));
            continue;
        }
        let (count, mut at) = leb128(wasm, contents.start)?;
        parts.push(part(of, String::new(), begin..at));
        for index in 0..count {
            let from = at;
            let name = if kind == CODES {
                let (size, body) = leb128(wasm, at)?;
                at = body + size;
                functions.get(index).context("a function has no name")?.clone()
            } else {
                // Of memory 0, at an address that is a constant: `i32.const address end`.
                ensure!(wasm.get(at..at + 2) == Some(&[0, 0x41]), "the wasm has data of an unknown form");
                let (address, end) = leb128(wasm, at + 2)?;
                let (size, body) = leb128(wasm, end + 1)?;
                at = body + size;
                format!("at {address}, {size} bytes")
            };
            parts.push(part(of, name, from..at));
        }
        ensure!(at == contents.end, "the section {of} is not what it says it is");
    }
    partition(&parts, wasm.len()).context("the parts of the wasm do not add up")?;
    Ok(parts)
}

/// Whether these are all bytes of a file, each once.
fn partition(parts: &[Part], size: usize) -> Result<()> {
    let mut ranges: Vec<_> = parts.iter().flat_map(|part| part.ranges.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut at = 0;
    for range in ranges {
        ensure!(range.start == at, "byte {at} belongs to no part, or to two");
        at = range.end;
    }
    ensure!(at == size, "{at} of {size} bytes belong to a part");
    Ok(())
}

/// The names of the functions of the released core, in their order. It was built without names, as a name changes what
/// wasm-opt does. So it is built once more from the same compilation, with the numbers of the functions for names, which
/// changes nothing, as is made sure of; what wasm-bindgen calls those numbers when it keeps names is what they are called.
fn function_names(released: &[u8]) -> Result<Vec<String>> {
    let core = root().join("target/core");
    let folder = root().join("target/explain");
    std::fs::create_dir_all(&folder)?;
    let wasm = |name: &str| folder.join(name).with_extension("wasm");
    run(wasm::bindgen(wasm::CORE, &folder)?.args(["--out-name", "long"]))?;
    let long = std::fs::read(folder.join("long_bg.wasm"))?;
    let mut small = std::fs::read(core.join("core_bg.wasm"))?;
    let (long, imported) = (names(&long)?, count(&small, IMPORTS)?);
    let mut known = for_each_function(&small, |index| Some(without_hashes(long.get(&(imported + index))?)))?;
    let runs = wasm::OPTIMISATION.map(|passes| [passes, &wasm::OPTIMISATIONS].concat());
    for passes in runs.into_iter().chain([wasm::SHORT_NAMES.to_vec()]) {
        std::fs::write(wasm("numbered"), with_numbers(&small)?)?;
        let files = [wasm("numbered"), "-o".into(), wasm("small")];
        output(setup::npm_program("wasm-opt")?.arg("-g").args(passes).args(files))?;
        small = std::fs::read(wasm("small"))?;
        let (numbers, imported) = (names(&small)?, count(&small, IMPORTS)?);
        let number = |index| numbers.get(&(imported + index))?.parse::<usize>().ok();
        known = for_each_function(&small, |index| known.get(number(index)?).cloned())?;
    }
    let order = std::fs::read(core.join(wasm::ORDER)).context("the core was not built")?;
    let [imports, functions] = serde_json::from_slice(&order)?;
    let order = Order { imports, functions };
    let small = order.arrange(&small)?;
    let known = order.functions.iter().map(|before| known[*before].clone()).collect();
    if contents(&small, CODES)? != contents(released, CODES)? {
        bail!("the build with names is another one than the released: run `cargo xtask build` first");
    }
    Ok(known)
}

/// The name of each function of a wasm, by its place.
fn for_each_function(wasm: &[u8], name: impl Fn(usize) -> Option<String>) -> Result<Vec<String>> {
    (0..count(wasm, CODES)?).map(|index| name(index).with_context(|| format!("function {index} has no name"))).collect()
}

/// How many things that section has.
fn count(wasm: &[u8], section: u8) -> Result<usize> {
    Ok(leb128(contents(wasm, section)?, 0)?.0)
}

/// How the section begins that has names.
const NAME: &[u8] = b"\x04name";

/// The names of functions in the custom section `name`, by their index.
fn names(wasm: &[u8]) -> Result<BTreeMap<usize, String>> {
    const FUNCTIONS: u8 = 1;
    for section in sections(wasm)? {
        let Some(mut at) = wasm[section.contents.clone()].strip_prefix(NAME).map(|_| section.contents.start + 5) else {
            continue;
        };
        while section.kind == CUSTOM && at < section.contents.end {
            let (size, body) = leb128(wasm, at + 1)?;
            if wasm[at] != FUNCTIONS {
                at = body + size;
                continue;
            }
            let (count, mut at) = leb128(wasm, body)?;
            let mut found = BTreeMap::new();
            for _ in 0..count {
                let (index, next) = leb128(wasm, at)?;
                let (length, text) = leb128(wasm, next)?;
                at = text + length;
                let name = wasm.get(text..at).context("the wasm ends too early")?;
                found.insert(index, String::from_utf8_lossy(name).into_owned());
            }
            return Ok(found);
        }
    }
    bail!("the wasm has no names")
}

/// The wasm with the names that wasm-opt by itself thinks of for its functions.
fn with_numbers(wasm: &[u8]) -> Result<Vec<u8>> {
    const FUNCTION_TYPES: u8 = 3;
    let (imports, functions) = (count(wasm, IMPORTS)?, count(wasm, FUNCTION_TYPES)?);
    let mut list = to_leb128(imports + functions);
    for index in 0..imports + functions {
        let name = if index < imports { format!("fimport${index}") } else { (index - imports).to_string() };
        list.extend([to_leb128(index), to_leb128(name.len()), name.into_bytes()].concat());
    }
    let section = [NAME.to_vec(), vec![1], to_leb128(list.len()), list].concat();
    let mut named = wasm[..PREAMBLE].to_vec();
    for other in sections(wasm)? {
        if !(other.kind == CUSTOM && wasm[other.contents.clone()].starts_with(NAME)) {
            named.extend(&wasm[other.begin..other.contents.end]);
        }
    }
    Ok([named, vec![CUSTOM], to_leb128(section.len()), section].concat())
}

/// `authsignal_wasm[edf4fac015306a4e]::value::error`, without the hash.
fn without_hashes(name: &str) -> String {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = name.split('[');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if is_hash(hash) => result.push_str(rest),
            _ => result.extend(["[", part]),
        }
    }
    result
}

/// Whose function that is: `<core::ops::Range<i32> as Iterator>::next` is core's. An export has a name without a path.
fn crate_of(function: &str) -> String {
    let name = function.trim_start_matches(['<', '&', '(', '*']);
    match name.split_once("::") {
        Some((name, _)) => name.to_owned(),
        None if name.starts_with("__wbindgen") => "wasm_bindgen".to_owned(),
        None => env!("CARGO_PKG_NAME").replace("xtask", "authsignal_wasm"),
    }
}

/* ---- The bundles ---- */

/// All of a bundle, by the source map that esbuild has written of it.
fn parts_of_bundle(map: &Path, file: &Path) -> Result<Vec<Part>> {
    let printed = output(Command::new("node").arg(SCRIPT).arg("parts").arg(file).arg(map))?;
    let parts: Value = serde_json::from_str(&printed).context("the script did not print the parts of a bundle")?;
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let range = |value: &Value| Some(number(&value[0])?..number(&value[1])?);
    let part = |value: &Value| {
        Some(Part {
            of: value["of"].as_str()?.to_owned(),
            name: value["name"].as_str()?.to_owned(),
            ranges: value["ranges"].as_array()?.iter().map(range).collect::<Option<_>>()?,
        })
    };
    let parts: Option<Vec<_>> = parts.as_array().and_then(|parts| parts.iter().map(part).collect());
    parts.context("the script printed something else than parts")
}

/* ---- What is shown ---- */

/// Parts that have something in common, as one.
fn grouped(parts: &[Part], key: impl Fn(&Part) -> String) -> Vec<Part> {
    let mut groups: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for part in parts {
        groups.entry(key(part)).or_default().extend(part.ranges.clone());
    }
    groups.into_iter().map(|(of, ranges)| Part { of, name: String::new(), ranges }).collect()
}

/// A table of parts of a file, largest first.
fn show(title: &str, file: &Path, what: &str, parts: &[Part]) -> Result<()> {
    let ranges = parts.iter().map(|part| part.ranges.iter().map(|range| [range.start, range.end]).collect());
    let ranges: Vec<Vec<[usize; 2]>> = ranges.collect();
    let asked = root().join("target/explain/parts.json");
    std::fs::create_dir_all(root().join("target/explain"))?;
    std::fs::write(&asked, json!(ranges).to_string())?;
    let printed = output(Command::new("node").arg(SCRIPT).arg("shares").arg(file).arg(&asked))?;
    let shares: Vec<i64> = serde_json::from_str(&printed).context("the script did not print the shares")?;
    ensure!(shares.len() == parts.len(), "the script printed {} shares of {} parts", shares.len(), parts.len());

    let mut rows: Vec<(&Part, i64)> = parts.iter().zip(shares).collect();
    rows.sort_by_key(|(part, _)| std::cmp::Reverse(part.raw()));
    println!("\n{title}, by {what}\n{:>8} {:>8}", "raw", "brotli");
    for (part, share) in &rows {
        let name = match (part.of.as_str(), part.name.as_str()) {
            (of, "") => of.to_owned(),
            (CODE, name) => name.to_owned(),
            (of, name) => format!("{of}: {name}"),
        };
        println!("{:>8} {share:>8}  {name}", part.raw());
    }
    println!("{:>8} {:>8}  all of these", parts.iter().map(Part::raw).sum::<usize>(), "");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An import, two functions, and data of four bytes at address 8.
    const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01a\0\0\x03\x03\x02\0\0\
        \x0a\x08\x02\x02\0\x0b\x03\0\x01\x0b\x0b\x0a\x01\0\x41\x08\x0b\x04data";

    fn functions() -> Vec<String> {
        ["a::one", "<b::Two>::three"].map(str::to_owned).to_vec()
    }

    #[test]
    fn every_byte_of_a_wasm_is_in_exactly_one_part() {
        let parts = parts_of_wasm(WASM, &functions()).unwrap();
        assert_eq!(parts.iter().map(Part::raw).sum::<usize>(), WASM.len());
        let raw = |name: &str| parts.iter().find(|part| part.name == name).unwrap().raw();
        assert_eq!(raw("a::one"), 3);
        assert_eq!(raw("<b::Two>::three"), 4);
        assert_eq!(raw("at 8, 4 bytes"), 9);
        assert_eq!(parts.iter().filter(|part| part.of == CODE).map(Part::raw).sum::<usize>(), 10);
    }

    #[test]
    fn parts_that_leave_a_byte_out_or_count_it_twice_are_refused() {
        let part = |ranges: &[[usize; 2]]| Part {
            of: String::new(),
            name: String::new(),
            ranges: ranges.iter().map(|[start, end]| *start..*end).collect(),
        };
        assert!(partition(&[part(&[[0, 2], [5, 6]]), part(&[[2, 5]])], 6).is_ok());
        assert!(partition(&[part(&[[0, 2], [5, 6]]), part(&[[3, 5]])], 6).is_err());
        assert!(partition(&[part(&[[0, 3], [5, 6]]), part(&[[2, 5]])], 6).is_err());
        assert!(partition(&[part(&[[0, 2]])], 6).is_err());
    }

    #[test]
    fn a_wasm_with_fewer_names_than_functions_or_cut_short_is_refused() {
        assert!(parts_of_wasm(WASM, &functions()[..1]).is_err());
        assert!(parts_of_wasm(&WASM[..WASM.len() - 1], &functions()).is_err());
    }

    #[test]
    fn the_names_that_a_wasm_is_given_are_those_that_it_has() {
        let named = with_numbers(WASM).unwrap();
        let found = names(&named).unwrap();
        assert_eq!(found.into_values().collect::<Vec<_>>(), ["fimport$0", "0", "1"]);
        assert!(names(WASM).is_err());
    }

    #[test]
    fn a_function_belongs_to_the_crate_that_its_path_begins_with() {
        assert_eq!(crate_of("authsignal_wasm::value::error"), "authsignal_wasm");
        assert_eq!(crate_of("<core::ops::Range<i32> as core::iter::Iterator>::next"), "core");
        assert_eq!(crate_of("__wbindgen_exn_store"), "wasm_bindgen");
        assert_eq!(crate_of("resume"), "authsignal_wasm");
        assert_eq!(
            without_hashes("<a[edf4fac015306a4e]::Val>::list::<[b[15266d276e3a2055]::X; 2]>"),
            "<a::Val>::list::<[b::X; 2]>"
        );
    }
}
