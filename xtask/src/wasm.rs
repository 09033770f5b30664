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

/// Links the core to its glue, which fails on a name that one of them lacks.
const INSTANTIATE: &str = r#"
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [glue, wasm] = process.argv.slice(1);
const { imports } = await import(pathToFileURL(glue));
const { instance } = await WebAssembly.instantiate(readFileSync(wasm), imports());
for (const [, name] of readFileSync(glue, "utf8").matchAll(/\bwasm\.([\w$]+)/g)) {
  if (!(name in instance.exports)) throw new Error(`the glue uses ${name}, which the core does not export`);
}
"#;

/// The folder that has `core.js` (the glue) and `core.wasm`, built if need be.
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
    run(setup::npm_program("wasm-opt")?
        .args(["-Oz", "--converge", "--strip-debug", "--strip-producers"])
        .arg(folder.join("core_bg.wasm"))
        .arg("-o")
        .arg(&small))?;
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
    run(Command::new("node")
        .args(["--input-type=module", "-e", INSTANTIATE, "--"])
        .arg(folder.join("core.js"))
        .arg(&named))
    .context("the core and its glue do not fit together")?;
    std::fs::rename(&named, &made)?;
    Ok(folder)
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
