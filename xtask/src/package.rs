//! The npm package and the demo site, as they are published and served.

use crate::shell::{files, output, root, run, say, stale};
use crate::{setup, wasm};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is copied beside the bundled face.
const COPIED: [&str; 4] = ["README.md", "index.d.ts", "js.d.ts", "LICENSE"];

/// What the face loads on first use.
pub const CHUNKS: [&str; 1] = ["later.js"];

/// How esbuild writes the streaming route.
const STREAMING: [&str; 3] = ["--format=esm", "--splitting", "--chunk-names=[name]"];

/// What an app's tests load, and no app: as it is written, but for the script with the heart of the authenticator.
const TESTING: &str = "testing";
const HEART: &str = "core.js";

/// Which versions of the tools from npm are used: what they write may be another with others.
fn npm_lock() -> PathBuf {
    root().join("tests/package-lock.json")
}

/// Writes `pkg/`.
pub fn build() -> Result<()> {
    let core = wasm::build()?;
    let authenticator = wasm::authenticator()?;
    let package = root().join("pkg");
    let template = root().join("pkg-template");
    let made = package.join("package.json");
    if !stale(
        &made,
        &[
            template.clone(),
            core.join("core.wasm"),
            authenticator.join("core.wasm"),
            root().join("LICENSE"),
            root().join("Cargo.toml"),
            // esbuild and terser.
            npm_lock(),
            root().join("xtask/src"),
        ],
    ) {
        return Ok(());
    }
    say("Writing pkg/");
    replace_folder(&package)?;
    // The face imports its core, and how to load it, as neighbours.
    let streaming = neighbours("face", &core)?;
    bundle(&streaming, &STREAMING, &package)?;
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
    // Its glue and its wasm become a part of the script.
    copy(&template.join(TESTING).join(HEART), &authenticator)?;
    run(setup::npm_program("esbuild")?
        .arg(authenticator.join(HEART))
        .args(["--bundle", "--format=esm", "--target=es2022", "--loader:.wasm=base64", "--log-level=warning"])
        .arg(format!("--outfile={}", testing.join(HEART).display())))?;
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

/// A file of the package that esbuild wrote, and the source map of it.
pub struct Bundle {
    pub name: &'static str,
    pub map: PathBuf,
}

/// The streaming route and what it loads on first use, written once more for the source maps: the same bytes.
pub fn bundles() -> Result<Vec<Bundle>> {
    let folder = root().join("target/explain/bundles");
    replace_folder(&folder)?;
    let streaming = neighbours("face", &root().join("target/core"))?;
    bundle(&streaming, &[&STREAMING[..], &["--sourcemap=external"]].concat(), &folder)?;
    let names = ["index.js", "later.js", "fallback.js", "js-core.js"];
    for name in names {
        if std::fs::read(folder.join(name))? != std::fs::read(root().join("pkg").join(name))? {
            bail!("pkg/{name} is of another build: run `cargo xtask build` first");
        }
    }
    Ok(names.map(|name| Bundle { name, map: folder.join(format!("{name}.map")) }).into())
}

/// The package with the core in JavaScript in the place of the wasm, which it does not have: `target/pkg-js`.
pub fn in_javascript() -> Result<PathBuf> {
    let folder = root().join("target/pkg-js");
    replace_folder(&folder)?;
    for file in files(&[root().join("pkg")]) {
        if file.parent() == Some(&root().join("pkg")) && file.extension().is_some_and(|extension| extension != "wasm") {
            copy(&file, &folder)?;
        }
    }
    std::fs::rename(folder.join("js.js"), folder.join("index.js"))?;
    Ok(folder)
}

/// Packs a package into a folder: the name of the tarball.
pub fn pack(package: &Path, folder: &Path) -> Result<String> {
    std::fs::create_dir_all(folder)?;
    let packed = output(Command::new("npm").args(["pack", "--silent", "--pack-destination"]).arg(folder).arg(package))?;
    Ok(packed.lines().last().context("npm pack wrote nothing")?.trim().to_owned())
}

/// Builds the package once more from the same sources, in a folder of another name and depth, and tells of each of its
/// files, and of its tarball, whether they differ.
pub fn rebuild_elsewhere() -> Result<Vec<(String, bool)>> {
    build()?;
    let elsewhere = root().join("target/reproducible/a folder of another name");
    replace_folder(&elsewhere)?;
    let listed = output(Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    for path in listed.split('\0').filter(|path| root().join(path).is_file()) {
        let copied = elsewhere.join(path);
        std::fs::create_dir_all(copied.parent().context("a file has a folder")?)?;
        std::fs::copy(root().join(path), copied)?;
    }
    // What is installed by version is the same everywhere.
    for installed in ["tests/node_modules", ".tools"] {
        link(&root().join(installed), &elsewhere.join(installed))?;
    }
    say("Building the package once more, elsewhere");
    run(Command::new("cargo").args(["xtask", "build"]).current_dir(&elsewhere).env_remove("CARGO_TARGET_DIR"))?;

    let packages = [root().join("pkg"), elsewhere.join("pkg")];
    let tarballs = ["here", "there"].map(|name| root().join("target/reproducible").join(name));
    for (package, folder) in packages.iter().zip(&tarballs) {
        replace_folder(folder)?;
        pack(package, folder)?;
    }
    let [packages, tarballs] = [packages, tarballs].map(|[one, other]| compare(&one, &other));
    std::fs::remove_dir_all(elsewhere)?;
    Ok([packages, tarballs].concat())
}

/// Of each file that one of two folders has, whether the other has another, or none.
fn compare(one: &Path, other: &Path) -> Vec<(String, bool)> {
    let names = |folder: &Path| -> BTreeSet<PathBuf> {
        let files = files(&[folder.to_path_buf()]);
        files.iter().filter_map(|file| file.strip_prefix(folder).ok().map(Path::to_path_buf)).collect()
    };
    let differs = |name: &Path| std::fs::read(one.join(name)).ok() != std::fs::read(other.join(name)).ok();
    names(one).union(&names(other)).map(|name| (name.display().to_string(), differs(name))).collect()
}

/// A symbolic link to a folder.
#[cfg(unix)]
pub fn link(original: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(original, link).with_context(|| format!("cannot link {}", link.display()))
}

#[cfg(not(unix))]
pub fn link(original: &Path, link: &Path) -> Result<()> {
    std::os::windows::fs::symlink_dir(original, link).with_context(|| format!("cannot link {}", link.display()))
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
    let is_script = |file: &PathBuf| file.extension().is_some_and(|extension| extension != "map");
    for file in files(&[to.to_path_buf()]).into_iter().filter(is_script) {
        let map = file.with_added_extension("map");
        let map = map.exists().then(|| format!("content='{}',includeSources", map.display()));
        run(setup::npm_program("terser")?
            .arg(&file)
            .args(map.into_iter().flat_map(|map| ["--source-map".to_owned(), map]))
            .args([
                "--compress",
                "passes=3,ecma=2022,unsafe,sequences=false,conditionals=false,inline=1",
                "--mangle",
                "--ecma",
                "2022",
            ])
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
    if !stale(&made, &[source.clone(), npm_lock()]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_only_one_build_has_or_that_has_other_bytes_differs() {
        let folder = std::env::temp_dir().join(format!("xtask-compare-{}", std::process::id()));
        let [one, other] = ["one", "other"].map(|name| folder.join(name));
        for (path, bytes) in [("same", "a"), ("deep/changed", "a"), ("alone", "a")] {
            std::fs::create_dir_all(one.join(path).parent().unwrap()).unwrap();
            std::fs::write(one.join(path), bytes).unwrap();
        }
        std::fs::create_dir_all(other.join("deep")).unwrap();
        std::fs::write(other.join("same"), "a").unwrap();
        std::fs::write(other.join("deep/changed"), "b").unwrap();
        let expected =
            [("alone", true), ("deep/changed", true), ("same", false)].map(|(name, it)| (name.to_owned(), it));
        assert_eq!(compare(&one, &other), expected);
        assert_eq!(compare(&other, &one), expected);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
