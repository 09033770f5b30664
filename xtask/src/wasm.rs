//! From the crate to the core: wasm and its glue.

use crate::shell::{output, root, run, say, stale};
use crate::{glue, setup};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The strings of the core: they lie in its glue.
#[path = "../../src/words.rs"]
#[allow(dead_code, unused_macros, unused_imports, reason = "only the table is of use here")]
mod words;

/// What is measured to make it smallest: see ARCHITECTURE.md and `cargo xtask size`.
const RUSTFLAGS: [&str; 5] = [
    "-Zunstable-options",
    // A panic is a trap and nothing else: no messages, no formatting.
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    // The same wasm must do where reference types are missing.
    "-Ctarget-feature=-reference-types",
    // The core is shallow; a small stack also makes every address a byte shorter.
    "-Clink-arg=-zstack-size=32768",
];

/// Found by trying: smallest once compressed, which inlined one-liners and ordered functions are though there is more of them.
const OPTIMISATION: [&str; 10] = [
    "-Oz",
    "--converge",
    "--always-inline-max-function-size=10",
    "--flatten",
    "--rereloop",
    "-Oz",
    "--converge",
    "--reorder-functions",
    "--strip-debug",
    "--strip-producers",
];

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

/// The folder that has `core.js` (the glue), `core.wasm`, and `js-core.js` (the same core in JavaScript), built if need be.
pub fn build() -> Result<PathBuf> {
    let folder = root().join("target/core");
    let made = folder.join("core.wasm");
    let inputs = ["src", "Cargo.toml", "Cargo.lock"].map(|path| root().join(path));
    if !stale(&made, &inputs) {
        return Ok(folder);
    }
    let wasm = setup::wasm()?;
    let bindgen = setup::wasm_bindgen()?;
    setup::npm()?;

    say("Building the core (the first time with its own standard library, about a minute)");
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let mut flags = RUSTFLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--remap-path-prefix={}=/", root().display()));
    flags.push(format!("--remap-path-prefix={}=/cargo", home.unwrap_or_default()));
    run(wasm
        .cargo()
        .args(["build", "--quiet", "--profile", "wasm", "--no-default-features", "--features", "js"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-core"])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))?;

    std::fs::create_dir_all(&folder)?;
    run(Command::new(bindgen.join("wasm-bindgen"))
        .args(["--target", "web", "--remove-name-section", "--remove-producers-section", "--no-typescript"])
        .args(["--out-name", "core", "--out-dir"])
        .arg(&folder)
        .arg("target/wasm-core/wasm32-unknown-unknown/wasm/authsignal_wasm.wasm"))?;
    let small = folder.join("small.wasm");
    run(setup::npm_program("wasm-opt")?.args(OPTIMISATION).arg(folder.join("core_bg.wasm")).arg("-o").arg(&small))?;
    let named = folder.join("named.wasm");
    let names = output(
        setup::npm_program("wasm-opt")?
            .args(["--minify-imports-and-exports-and-modules", "--strip-target-features"])
            .arg(&small)
            .arg("-o")
            .arg(&named),
    )?;
    let glue = std::fs::read_to_string(folder.join("core.js"))?;
    std::fs::write(folder.join("core.js"), glue::prepare(&glue, &names, words::WORDS)?)?;
    refuse_paths(&named)?;
    let converted = folder.join("wasm2js.js");
    run(setup::npm_program("wasm2js")?.arg("-Oz").args(FEATURES).arg(&named).arg("-o").arg(&converted))?;
    let js_core = folder.join("js-core.js");
    run(node(JS_CORE).arg(&converted).arg(&js_core))?;
    run(node(INSTANTIATE).arg(folder.join("core.js")).arg(&named).arg(&js_core))
        .context("the core and its glue do not fit together")?;
    std::fs::rename(&named, &made)?;
    Ok(folder)
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
