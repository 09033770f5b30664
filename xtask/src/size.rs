//! How large the package is, beside the peer's bundle made in the same run, and against the budget.

use crate::shell::{files, output, root, run};
use crate::{package, setup, wasm};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The encoders that browsers decode: node has the real ones.
const MEASURE: &str = r#"
const { readFileSync } = require("node:fs");
const { gzipSync, brotliCompressSync, constants: c } = require("node:zlib");
for (const file of process.argv.slice(1)) {
  const bytes = readFileSync(file);
  const params = { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  console.log(bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes, { params }).length);
}"#;

type Sizes = [u64; 3];

/// What a page downloads that constructs, signs in and enrols.
const STREAMED: [&str; 2] = ["index.js", "core.wasm"];

pub fn size() -> Result<()> {
    package::build()?;
    let parts: Vec<PathBuf> = files(&[root().join("pkg")])
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "js" || extension == "wasm"))
        .filter(|file| !file.starts_with(root().join("pkg/testing")))
        .collect();
    let is = |part: &PathBuf, names: &[&str]| names.iter().any(|name| *part == root().join("pkg").join(name));
    let peer = peer()?;
    // What runs before the core does, besides the core's own data.
    let face = root().join("target/face-without-words.js");
    std::fs::write(&face, wasm::without_words(&std::fs::read_to_string(root().join("pkg/index.js"))?)?)?;
    let sizes = measure(parts.iter().chain([&face, &peer]).map(PathBuf::as_path))?;
    let (ours, [face, peer]) = sizes.split_last_chunk().context("nothing was measured")?;

    println!("{:<34} {:>8} {:>8} {:>8}", "bytes", "raw", "gzip -9", "brotli 11");
    for (part, sizes) in parts.iter().zip(ours) {
        print_row(&part.strip_prefix(root().join("pkg")).unwrap_or(part).to_string_lossy(), sizes);
    }
    let sum = |names: &[&str]| {
        let chosen = parts.iter().zip(ours).filter(|(part, _)| is(part, names));
        chosen.fold([0; 3], |sum: Sizes, (_, sizes)| [sum[0] + sizes[0], sum[1] + sizes[1], sum[2] + sizes[2]])
    };
    let sign_in = sum(&STREAMED);
    let whole = sum(&[&STREAMED[..], &package::CHUNKS].concat());
    print_row("face and glue, without the words", face);
    print_row("construct, sign in and enrol", &sign_in);
    print_row("the whole streaming route", &whole);
    print_row("@authsignal/browser, bundled", peer);

    let budgets =
        std::fs::read_to_string(root().join("xtask/budgets.json")).context("xtask/budgets.json is missing")?;
    let budgets: Value = serde_json::from_str(&budgets).context("xtask/budgets.json is no JSON")?;
    let mut over = Vec::new();
    let js_core = sum(&["js-core.js"]);
    let js = sum(&["js.js"]);
    for (name, measured) in
        [("whole", whole), ("signIn", sign_in), ("faceAndGlue", *face), ("jsCore", js_core), ("js", js)]
    {
        let [_, _, measured] = measured;
        let budget = budgets[name].as_u64().with_context(|| format!("xtask/budgets.json has no number `{name}`"))?;
        println!("budget {name}: {measured} of {budget} bytes brotli");
        if measured > budget {
            over.push(format!("{name} is {} bytes over its budget of {budget}", measured - budget));
        }
    }
    if over.is_empty() { Ok(()) } else { bail!("{}", over.join("; ")) }
}

fn print_row(name: &str, [raw, gzip, brotli]: &Sizes) {
    println!("{name:<34} {raw:>8} {gzip:>8} {brotli:>8}");
}

/// The peer, bundled as an app bundles it: `target/peer/bundle.js`.
pub fn peer() -> Result<PathBuf> {
    let entry = root().join("target/peer/entry.js");
    let bundle = root().join("target/peer/bundle.js");
    std::fs::create_dir_all(root().join("target/peer"))?;
    std::fs::write(&entry, "export * from \"@authsignal/browser\";\n")?;
    run(setup::npm_program("esbuild")?
        .arg(&entry)
        .args(["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"])
        .arg(format!("--outfile={}", bundle.display()))
        .env("NODE_PATH", root().join("tests/node_modules")))?;
    Ok(bundle)
}

fn measure<'a>(files: impl Iterator<Item = &'a Path>) -> Result<Vec<Sizes>> {
    let printed = output(Command::new("node").args(["-e", MEASURE, "--"]).args(files))?;
    printed
        .lines()
        .map(|line| {
            let numbers: Option<Vec<u64>> = line.split(' ').map(|number| number.parse().ok()).collect();
            numbers.and_then(|numbers| numbers.try_into().ok()).context("node printed no sizes")
        })
        .collect()
}
