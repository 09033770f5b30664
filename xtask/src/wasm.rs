//! From the crate to the core: wasm and its glue.

use crate::glue::Words;
use crate::shell::{output, root, run, say, stale};
use crate::{glue, order, setup};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The strings of the core: they lie in its glue.
#[path = "../../src/words.rs"]
#[allow(dead_code, unused_macros, unused_imports, reason = "only the table is of use here")]
mod words;

/// What is measured to make it smallest: see ARCHITECTURE.md and `cargo xtask size`.
const RUSTFLAGS: [&str; 6] = [
    "-Zunstable-options",
    // A panic is a trap and nothing else: no messages, no formatting.
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    // The same wasm must do where reference types are missing.
    "-Ctarget-feature=-reference-types",
    // The core has no stack, as numbers suffice it, and no heap; so every address is short. First comes the place of src/js.rs.
    "-Clink-arg=-zstack-size=0",
    "-Clink-arg=--global-base=64",
];

/// Found by trying: smallest once compressed, which inlined one-liners and ordered functions are though there is more of them.
/// Runs of their own: written and read again, the code has fewer blocks and locals of the optimiser's own.
pub const OPTIMISATION: [&[&str]; 2] = [
    &["-Oz", "--converge", "--flatten", "--rereloop", "-Oz", "--reorder-functions"],
    &["--flatten", "-Oz", "--converge"],
];

/// What all of these have in common. Of data in one piece, zeros and all, brotli makes less than of seven pieces.
pub const OPTIMISATIONS: [&str; 3] =
    ["--always-inline-max-function-size=10", "--skip-pass=memory-packing", "--strip-producers"];

/// The order that the build has found, for `size --explain`.
pub const ORDER: &str = "order.json";

/// The section of variables.
const GLOBALS: u8 = 6;

/// What the glue calls.
const EXPORTS: [&str; 2] = ["memory", "resume"];

/// What follows: imports and exports by letters, whose map wasm-opt prints.
pub const SHORT_NAMES: [&str; 2] = ["--minify-imports-and-exports-and-modules", "--strip-target-features"];

/// Links the core to its glue, which fails on a name that one of them lacks.
const INSTANTIATE: &str = r#"
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [glue, wasm, js] = process.argv.slice(1);
const { imports } = await import(pathToFileURL(glue));
const { instance } = await WebAssembly.instantiate(readFileSync(wasm), imports());
const { core } = await import(pathToFileURL(js));
const both = [instance.exports, core(imports())];
for (const [, name] of readFileSync(glue, "utf8").matchAll(/\bwasm\.([\w$]+)/g)) {
  if (!both.every((exports) => name in exports)) throw new Error(`the glue uses ${name}, which a core does not export`);
}
"#;

/// What wasm2js writes, made into the JavaScript core.
const JS_CORE: &str = include_str!("js-core.mjs");

/// What the wasm uses beyond the first version of the specification; all of it is also had in JavaScript.
const FEATURES: [&str; 4] =
    ["--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext", "--enable-mutable-globals"];

/// How tests are compiled that are to become JavaScript: for an engine with no more features than those, whatever the
/// standard library of the toolchain was compiled for.
pub const TEST_RUSTFLAGS: [&str; 3] = [
    "-Ctarget-feature=-reference-types",
    "-Clink-arg=--no-check-features",
    "-Clink-arg=--features=bulk-memory,mutable-globals,nontrapping-fptoint,sign-ext",
];

/// A script of the package without the strings of the core.
pub fn without_words(script: &str) -> Result<String> {
    glue::without_words(script, words::WORDS)
}

/// Nothing of the machine in what is compiled: neither where the sources lie, nor where cargo keeps those of others.
fn without_paths() -> [String; 2] {
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    [
        format!("--remap-path-prefix={}=/", root().display()),
        format!("--remap-path-prefix={}=/cargo", home.unwrap_or_default()),
    ]
}

/// The folder that has `core.js` (the glue), `core.wasm`, and `js-core.js` (the same core in JavaScript), built if need be.
pub fn build() -> Result<PathBuf> {
    let folder = root().join("target/core");
    let made = folder.join("core.wasm");
    let inputs =
        ["src", "Cargo.toml", "Cargo.lock", "tests/package-lock.json", "xtask/src"].map(|path| root().join(path));
    if !stale(&made, &inputs) {
        return Ok(folder);
    }
    let wasm = setup::wasm()?;
    setup::npm()?;

    say("Building the core (the first time with its own standard library, about a minute)");
    run(&mut compiling(&wasm))?;

    std::fs::create_dir_all(&folder)?;
    run(bindgen(CORE, &folder)?.args(["--remove-name-section", "--out-name", "core"]))?;
    let bound = folder.join("core_bg.wasm");
    std::fs::write(&bound, only_exporting(&EXPORTS, &std::fs::read(&bound)?)?)?;
    let small = folder.join("small.wasm");
    std::fs::copy(&bound, &small)?;
    for passes in OPTIMISATION {
        let optimise = &mut setup::npm_program("wasm-opt")?;
        run(optimise.args(passes).args(OPTIMISATIONS).arg(&small).arg("-o").arg(&small))?;
    }
    // A pointer to the stack, there would be.
    if section(&std::fs::read(&small)?, GLOBALS).is_ok() {
        bail!("the core keeps a value on the stack, of which it has none: see RUSTFLAGS in xtask/src/wasm.rs");
    }
    let named = folder.join("named.wasm");
    let names = output(setup::npm_program("wasm-opt")?.args(SHORT_NAMES).arg(&small).arg("-o").arg(&named))?;
    let glue = std::fs::read_to_string(folder.join("core.js"))?;
    let words = Words { table: words::WORDS, parameters: words::PARAMETERS, below: words::BELOW, own: words::OWN };
    let glue = glue::prepare(&glue, &names, &words)?;
    let mark = Mark::of(&[&std::fs::read(&named)?, glue.as_bytes(), env!("CARGO_PKG_VERSION").as_bytes()]);
    let marked = mark.wasm(std::fs::read(&named)?)?;
    let order = order::smallest(&marked)?;
    std::fs::write(&named, order.arrange(&marked)?)?;
    std::fs::write(folder.join(ORDER), serde_json::to_string(&[&order.imports, &order.functions])?)?;
    std::fs::write(folder.join("core.js"), glue::marked(&glue, &mark)?)?;
    refuse_paths(&named)?;
    let js_core = folder.join("js-core.js");
    in_javascript(&named, &js_core)?;
    run(node(INSTANTIATE).arg(folder.join("core.js")).arg(&named).arg(&js_core))
        .context("the core and its glue do not fit together")?;
    std::fs::rename(&named, &made)?;
    Ok(folder)
}

/// Cargo, compiling the core together with its own standard library.
pub fn compiling(wasm: &setup::Wasm) -> Command {
    let mut cargo = compiling_feature(wasm, "js", CORE, &RUSTFLAGS);
    cargo.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
    cargo
}

/// Cargo, compiling the heart of the scripted authenticator.
pub fn compiling_authenticator(wasm: &setup::Wasm) -> Command {
    // Places of panics would name the sources of the standard library, where rustup has put them.
    let mut cargo = compiling_feature(wasm, "testing", AUTHENTICATOR, &["-Zlocation-detail=none"]);
    if wasm.needs_build_std() {
        cargo.arg("-Zbuild-std=std,panic_abort");
    }
    cargo
}

fn compiling_feature(wasm: &setup::Wasm, feature: &str, folder: &str, flags: &[&str]) -> Command {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).chain(without_paths()).collect();
    let mut cargo = wasm.cargo();
    cargo
        .args(["build", "--quiet", "--profile", "wasm", "--no-default-features", "--features", feature])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir", folder])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .current_dir(root());
    cargo
}

/// The folder that has the heart of the scripted authenticator: `glue.js` and `core.wasm`, built if need be. It is for tests
/// of apps: the standard library of the toolchain does, which is already compiled.
pub fn authenticator() -> Result<PathBuf> {
    let folder = root().join("target/authenticator");
    let made = folder.join("core.wasm");
    let inputs = ["src/authenticator.rs", "src/lib.rs", "Cargo.toml", "Cargo.lock", "xtask/src"];
    if !stale(&made, &inputs.map(|path| root().join(path))) {
        return Ok(folder);
    }
    let wasm = setup::wasm()?;
    say("Building the heart of the scripted authenticator");
    run(&mut compiling_authenticator(&wasm))?;

    std::fs::create_dir_all(&folder)?;
    run(bindgen(AUTHENTICATOR, &folder)?.args([
        "--remove-name-section",
        "--omit-default-module-path",
        "--out-name",
        "glue",
    ]))?;
    let small = folder.join("small.wasm");
    run(setup::npm_program("wasm-opt")?
        .args(["-Oz", "--strip-debug", "--strip-producers"])
        .arg(folder.join("glue_bg.wasm"))
        .arg("-o")
        .arg(&small))?;
    refuse_paths(&small)?;
    std::fs::rename(&small, &made)?;
    Ok(folder)
}

/// Writes a module that exports `core(imports)`: the wasm in JavaScript.
fn in_javascript(wasm: &Path, module: &Path) -> Result<()> {
    let converted = wasm.with_file_name("wasm2js.js");
    run(setup::npm_program("wasm2js")?.arg("-Oz").args(FEATURES).arg(wasm).arg("-o").arg(&converted))?;
    run(node(JS_CORE).arg(&converted).arg(module))
}

/// What a page without wasm runs first: whatever is instantiated there is this wasm in JavaScript.
pub fn replacement(wasm: &[u8]) -> Result<String> {
    let folder = root().join("target/wasm-tests/js");
    std::fs::create_dir_all(&folder)?;
    let [given, lowered, module] = ["given.wasm", "lowered.wasm", "module.js"].map(|name| folder.join(name));
    std::fs::write(&given, wasm)?;
    // The only instructions that wasm2js leaves as they are; the core has none of them.
    let lowering = ["--llvm-nontrapping-fptoint-lowering", "--strip-target-features"];
    run(setup::npm_program("wasm-opt")?.args(lowering).args(FEATURES).arg(&given).arg("-o").arg(&lowered))?;
    in_javascript(&lowered, &module)?;
    replacing(&std::fs::read_to_string(module)?)
}

/// The script with that module in it.
fn replacing(module: &str) -> Result<String> {
    const GROWN: &str = "buffer = newBuffer;";
    if module.matches(GROWN).count() != 1 {
        bail!("wasm2js writes otherwise than it did: not one `{GROWN}`");
    }
    // The glue knows a memory that has grown by the buffer that it had, which is detached.
    let module = module.replace(GROWN, &format!("buffer.transfer(); {GROWN}"));
    let module = module.replacen("export function core(", "function core(", 1);
    // Not in frames: they have no part of the test. The paths of tests are names that wasm2js has made into JavaScript's.
    Ok(format!(
        "if (self === top) (() => {{ \"use strict\"; {module}
        const named = {{ get: (exports, name) => exports[name.replace(/[^\\w$]/g, \"_\")] }};
        self.WebAssembly = {{
          instantiateStreaming: async (_, imports) => ({{ instance: {{ exports: new Proxy(core(imports), named) }} }}),
        }};
        }})();"
    ))
}

/// A wasm with no other exports than these: the linker adds the memory and addresses in it, of which the glue has no need.
fn only_exporting(names: &[&str], wasm: &[u8]) -> Result<Vec<u8>> {
    const EXPORTS: u8 = 7;
    let (begin, body) = section(wasm, EXPORTS)?;
    let (count, mut at) = leb128(wasm, body)?;
    let mut kept = Vec::new();
    for _ in 0..count {
        let from = at;
        let (length, name) = leb128(wasm, at)?;
        // Behind the name: what kind of thing it is, and which.
        (_, at) = leb128(wasm, name + length + 1)?;
        let is_wanted = names.iter().any(|wanted| wanted.as_bytes() == &wasm[name..name + length]);
        kept.extend(is_wanted.then_some(&wasm[from..at]));
    }
    let contents = [to_leb128(kept.len()), kept.concat()].concat();
    Ok([&wasm[..begin], &[EXPORTS], &to_leb128(contents.len()), &contents, &wasm[at..]].concat())
}

/// Where the section of a kind begins, and where its contents do.
fn section(wasm: &[u8], kind: u8) -> Result<(usize, usize)> {
    let mut begin = 8;
    while let Some(found) = wasm.get(begin) {
        let (size, body) = leb128(wasm, begin + 1)?;
        if *found == kind {
            return Ok((begin, body));
        }
        begin = body + size;
    }
    bail!("the wasm has no section {kind}")
}

/// What the crate is compiled to: the core, by the feature `js`.
pub const CORE: &str = "target/wasm-core";
/// And the heart of the scripted authenticator, by `testing`.
const AUTHENTICATOR: &str = "target/wasm-authenticator";

/// wasm-bindgen on what was compiled there, into that folder.
pub fn bindgen(compiled: &str, folder: &Path) -> Result<Command> {
    let mut bindgen = Command::new(setup::wasm_bindgen()?.join("wasm-bindgen"));
    bindgen
        .args(["--target", "web", "--remove-producers-section", "--no-typescript", "--out-dir"])
        .arg(folder)
        .arg(format!("{compiled}/wasm32-unknown-unknown/wasm/authsignal_wasm.wasm"));
    Ok(bindgen)
}

/// Which letters the short names of this build's imports have. A server or a cache may hand the wasm of one build to the
/// script of another; with the same short names they would fit together and do what nobody has written. A mark of letters
/// costs no byte.
pub struct Mark {
    module: u8,
    shift: usize,
}

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Mark {
    /// From a hash (FNV-1a) of what the build has made.
    fn of(parts: &[&[u8]]) -> Mark {
        let bytes = parts.iter().copied().flatten();
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        let hash = usize::try_from((hash ^ (hash >> 32)) & 0xffff_ffff).unwrap_or_default();
        Mark { module: LETTERS[hash % 52], shift: hash / 52 % 52 }
    }

    #[cfg(test)]
    pub fn new(module: u8, shift: usize) -> Mark {
        Mark { module, shift }
    }

    /// The name of the module of all imports.
    pub fn module(&self) -> char {
        char::from(self.module)
    }

    /// The name of an import, for the one that wasm-opt has given.
    pub fn name(&self, given: u8) -> Result<u8> {
        let at = LETTERS.iter().position(|letter| *letter == given).context("an import has a name of another form")?;
        Ok(LETTERS[(at + self.shift) % 52])
    }

    /// The wasm with these names.
    fn wasm(&self, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
        const IMPORTS: u8 = 2;
        let (_, body) = section(&wasm, IMPORTS)?;
        let (count, mut at) = leb128(&wasm, body)?;
        for _ in 0..count {
            // Two names of one letter, that it is a function, and of which type.
            let [1, module, 1, name, 0] = wasm.get_mut(at..at + 5).context("the wasm ends too early")? else {
                bail!("an import of another form than a function with a short name");
            };
            *module = self.module;
            *name = self.name(*name)?;
            (_, at) = leb128(&wasm, at + 5)?;
        }
        Ok(wasm)
    }
}

/// A number of the binary format, and where the next thing begins.
pub fn leb128(wasm: &[u8], mut at: usize) -> Result<(usize, usize)> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = *wasm.get(at).context("the wasm ends too early")?;
        at += 1;
        value |= usize::from(byte & 127) << shift;
        if byte < 128 {
            return Ok((value, at));
        }
    }
    bail!("the wasm has a number that is none")
}

/// A number as the binary format has it.
pub fn to_leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 127).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 128);
    }
}

/// Runs a module of ours in Node.
fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.args(["--input-type=module", "-e", script, "--"]);
    node
}

/// A path of the machine in the wasm would tell who built it, and make two builds differ.
fn refuse_paths(wasm: &Path) -> Result<()> {
    let bytes = std::fs::read(wasm).context("wasm-opt wrote nothing")?;
    let text = String::from_utf8_lossy(&bytes);
    if text.contains(".cargo") || text.contains("rustlib") || text.contains(&*root().to_string_lossy()) {
        bail!("the wasm holds a path of this machine");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASM: &[u8] = b"\0asm\x01\0\0\0\x02\x0b\x02\x01a\x01a\0\0\x01a\x01b\0\0\x0a\x01x";

    #[test]
    fn builds_that_differ_have_different_names() {
        let of = |parts: &[&[u8]]| Mark::of(parts).wasm(WASM.to_vec()).unwrap();
        assert_eq!(of(&[b"a", b"b"]), of(&[b"a", b"b"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"a", b"c"]));
    }

    #[test]
    fn the_tests_in_javascript_give_up_a_memory_that_has_grown() {
        let script = replacing("export function core(imports) { buffer = newBuffer; }").unwrap();
        assert!(script.contains("{ buffer.transfer(); buffer = newBuffer; }"));
        assert!(!script.contains("export function"));
        assert!(replacing("export function core(imports) {}").is_err());
    }

    #[test]
    fn the_names_of_the_imports_are_marked_and_all_else_is_as_it_was() {
        let marked = b"\0asm\x01\0\0\0\x02\x0b\x02\x01q\x01Z\0\0\x01q\x01a\0\0\x0a\x01x";
        assert_eq!(Mark { module: b'q', shift: 51 }.wasm(WASM.to_vec()).unwrap(), marked);
    }

    #[test]
    fn what_is_no_wasm_or_imports_something_else_is_not_marked() {
        let mark = Mark { module: b'q', shift: 1 };
        assert!(mark.wasm(b"\0asm\x01\0\0\0\x0a\x01x".to_vec()).is_err());
        assert!(mark.wasm(b"\0asm\x01\0\0\0\x02\xff".to_vec()).is_err());
        assert!(mark.wasm(b"\0asm\x01\0\0\0\x02\x08\x01\x01a\x02bc\0\0".to_vec()).is_err());
    }
}
