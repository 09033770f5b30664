//! The npm package and the demo site, as they are published and served.

use crate::shell::{files, root, run, say, stale};
use crate::{setup, wasm};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What is copied beside the bundled face.
const COPIED: [&str; 4] = ["README.md", "index.d.ts", "js.d.ts", "LICENSE"];

/// What the face loads on first use.
pub const CHUNKS: [&str; 1] = ["later.js"];

/// What an app's tests load, and no app: as it is written.
const TESTING: &str = "testing";

/// Writes `pkg/`.
pub fn build() -> Result<()> {
    let core = wasm::build()?;
    let package = root().join("pkg");
    let template = root().join("pkg-template");
    let made = package.join("package.json");
    if !stale(
        &made,
        &[
            template.clone(),
            core.join("core.wasm"),
            root().join("LICENSE"),
            root().join("Cargo.toml"),
            root().join("xtask/src"),
        ],
    ) {
        return Ok(());
    }
    say("Writing pkg/");
    replace_folder(&package)?;
    // The face imports its core, and how to load it, as neighbours.
    let streaming = neighbours("face", &core)?;
    bundle(&streaming, &["--format=esm", "--splitting", "--chunk-names=[name]"], &package)?;
    // The same face with the core in JavaScript; what is loaded on first use is the same files.
    let inside = neighbours("face-js", &core)?;
    std::fs::rename(inside.join("load-js.js"), inside.join("load.js"))?;
    let shared = CHUNKS.map(|chunk| format!("--external:./{chunk}"));
    let flags: Vec<&str> = std::iter::once("--format=esm").chain(shared.iter().map(String::as_str)).collect();
    bundle(&inside, &flags, &package.join("js.js"))?;
    // One file each, for `require` and for a classic script.
    bundle(&inside, &["--format=cjs"], &package.join("index.cjs"))?;
    bundle(&inside, &["--format=iife", "--global-name=authsignal"], &package.join("dist/index.min.js"))?;
    copy(&core.join("core.wasm"), &package)?;
    for name in COPIED {
        let from = template.join(name);
        let from = if from.exists() { from } else { root().join(name) };
        copy(&from, &package)?;
    }
    std::fs::copy(template.join("index.d.ts"), package.join("index.d.cts"))?;
    let testing = package.join(TESTING);
    std::fs::create_dir(&testing)?;
    for file in files(&[template.join(TESTING)]) {
        copy(&file, &testing)?;
    }
    // Test runners that turn `import` into `require`, as Jest and Playwright do for packages that are no modules.
    run(setup::npm_program("esbuild")?
        .arg(testing.join("testing.js"))
        .args(["--bundle", "--format=cjs", "--target=es2022", "--log-level=warning"])
        .arg(format!("--outfile={}", testing.join("testing.cjs").display())))?;
    std::fs::copy(testing.join("testing.d.ts"), testing.join("testing.d.cts"))?;
    // Last: it marks the folder as complete.
    let manifest = std::fs::read_to_string(template.join("package.json"))?;
    std::fs::write(made, manifest.replacen("\"0.0.0\"", &format!("\"{}\"", env!("CARGO_PKG_VERSION")), 1))?;
    Ok(())
}

/// The template's scripts with the core beside them, in a folder of this name.
fn neighbours(name: &str, core: &Path) -> Result<PathBuf> {
    let joined = root().join("target").join(name);
    replace_folder(&joined)?;
    let template = root().join("pkg-template");
    for file in files(std::slice::from_ref(&template)) {
        if file.parent() == Some(&template) && file.extension().is_some_and(|extension| extension == "js") {
            copy(&file, &joined)?;
        }
    }
    copy(&core.join("core.js"), &joined)?;
    copy(&core.join("js-core.js"), &joined)?;
    Ok(joined)
}

/// Bundled by esbuild and made smaller by terser, which finds some hundred bytes more. In ASCII: a classic script has the
/// encoding of its page, and the data of the core in JavaScript must survive any.
fn bundle(face: &Path, flags: &[&str], to: &Path) -> Result<()> {
    run(setup::npm_program("esbuild")?
        .arg(face.join("index.js"))
        .args(["--bundle", "--minify", "--target=es2022", "--log-level=warning"])
        .args(flags)
        .arg(format!("--{}={}", if to.is_dir() { "outdir" } else { "outfile" }, to.display())))?;
    // The names at the top of a module are its own; those of a script are the page's.
    let scope = flags.contains(&"--format=esm").then_some("--module");
    for file in files(&[to.to_path_buf()]) {
        run(setup::npm_program("terser")?
            .arg(&file)
            .args(["--compress", "passes=3,ecma=2022,unsafe,sequences=false", "--mangle", "--ecma", "2022"])
            .args(["--format", "ascii_only"])
            .args(scope)
            .arg("--output")
            .arg(&file))?;
    }
    Ok(())
}

/// Writes `target/site/`: www-demo/site, its scripts bundled where they use packages from npm.
pub fn site() -> Result<PathBuf> {
    let source = root().join("www-demo/site");
    let site = root().join("target/site");
    let made = site.join(".made");
    if !stale(&made, std::slice::from_ref(&source)) {
        return Ok(site);
    }
    setup::npm()?;
    say("Writing the demo site");
    replace_folder(&site)?;
    for file in files(std::slice::from_ref(&source)) {
        let target = site.join(file.strip_prefix(&source)?);
        std::fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        let uses_npm = file.extension().is_some_and(|extension| extension == "js")
            && std::fs::read_to_string(&file)?
                .lines()
                .any(|line| line.contains(" from \"") && !line.contains(" from \".") && !line.contains(" from \"/"));
        if uses_npm {
            // Only what comes from npm is bundled: the page's own modules stay as they are written.
            let own = files(std::slice::from_ref(&source))
                .into_iter()
                .filter_map(|file| Some(format!("--external:./{}", file.file_name()?.to_str()?)));
            run(setup::npm_program("esbuild")?
                .arg(&file)
                .args(["--bundle", "--format=esm", "--target=es2022", "--external:/pkg/*", "--log-level=warning"])
                .args(own)
                .arg(format!("--outfile={}", target.display()))
                .env("NODE_PATH", root().join("tests/node_modules")))?;
        } else {
            std::fs::copy(&file, &target)?;
        }
    }
    std::fs::write(made, "")?;
    Ok(site)
}

fn replace_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}

/// Replaces a folder by a copy of another.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    replace_folder(to)?;
    for file in files(&[from.to_path_buf()]) {
        let target = to.join(file.strip_prefix(from)?);
        std::fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        std::fs::copy(&file, &target)?;
    }
    Ok(())
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file has a name")?;
    std::fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}
