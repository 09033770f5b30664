//! What a release consists of, in `target/release-artifacts`: the npm tarball, the crate, an SBOM, integrity hashes of the
//! browser's files, and checksums. Publishing itself is `.github/workflows/release.yml`'s.

use crate::shell::{files, output, root, run, say};
use crate::{package, setup, wasm};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const USAGE: &str = "usage: cargo xtask release --dry-run [--tag vX.Y.Z]";

/// The programs from npm that write the package's files, and are not in it themselves.
const NPM_TOOLS: [&str; 3] = ["binaryen", "esbuild", "terser"];

/// Prints what the published schema of CycloneDX has against a document, a line each.
const VALIDATE: &str = r#"
const { Validation: { JsonStrictValidator }, Spec: { Version } } = require("@cyclonedx/cyclonedx-library");
const { readFileSync } = require("node:fs");
new JsonStrictValidator(Version.v1dot6).validate(readFileSync(process.argv[1], "utf8")).then((problems) => {
  for (const { instancePath, message } of problems ?? []) console.log(`${instancePath}: ${message}`);
});"#;

/// Prints `sha256 in hex`, `sha384 in base64` of each file.
const HASH: &str = r#"
const { readFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
for (const file of process.argv.slice(1)) {
  const digest = (name, form) => createHash(name).update(readFileSync(file)).digest(form);
  console.log(digest("sha256", "hex"), digest("sha384", "base64"));
}"#;

/// The tag of a release, if it is one.
pub fn parse(arguments: &[String]) -> Result<Option<&str>> {
    match arguments {
        [dry] if dry == "--dry-run" => Ok(None),
        [dry, flag, tag] if dry == "--dry-run" && flag == "--tag" => Ok(Some(tag)),
        _ => bail!("{USAGE}\n\nPublishing is done by .github/workflows/release.yml, for a tag"),
    }
}

/// Makes everything and publishes nothing. With a tag, what is only right for a release is demanded, too.
pub fn release(arguments: &[String]) -> Result<()> {
    let tag = parse(arguments)?;
    say("Versions and changelog");
    package::build()?;
    setup::npm()?;
    let manifest = json_file(&root().join("pkg/package.json"))?;
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).context("CHANGELOG.md is missing")?;
    check_versions(VERSION, manifest["version"].as_str().unwrap_or_default(), tag)?;
    check_changelog(&changelog, VERSION, tag.is_some())?;

    let artifacts = root().join("target/release-artifacts");
    if artifacts.exists() {
        std::fs::remove_dir_all(&artifacts)?;
    }
    std::fs::create_dir_all(&artifacts)?;

    say("The npm tarball");
    pack(&artifacts)?;

    say("The crate");
    // Built from what is in it, for the target that it is made for.
    let wasm = setup::wasm()?;
    let mut cargo = wasm.cargo();
    cargo.args(["package", "--quiet", "--package", "authsignal-wasm", "--target", "wasm32-unknown-unknown"]);
    cargo.args(["--target-dir", "target/wasm-tests"]);
    if wasm.needs_build_std() {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    if tag.is_none() {
        cargo.arg("--allow-dirty");
    }
    run(&mut cargo)?;
    let crate_file = format!("authsignal-wasm-{VERSION}.crate");
    std::fs::copy(root().join("target/wasm-tests/package").join(&crate_file), artifacts.join(&crate_file))
        .context("cargo wrote no crate")?;

    say("The SBOM");
    let bom = bom()?;
    check_bom(&bom)?;
    let sbom = artifacts.join("sbom.cdx.json");
    write_json(&sbom, &bom)?;
    validate(&sbom)?;

    say("Hashes");
    write_json(&artifacts.join("sri.json"), &integrity()?)?;
    let listed = files(std::slice::from_ref(&artifacts));
    let lines = listed.iter().zip(hashes(&listed)?).map(|(file, [sha256, _])| format!("{sha256}  {}\n", name(file)));
    std::fs::write(artifacts.join("SHA256SUMS"), lines.collect::<String>())?;

    for file in files(std::slice::from_ref(&artifacts)) {
        println!("{:>9} target/release-artifacts/{}", file.metadata()?.len(), name(&file));
    }
    Ok(())
}

/// Packs `pkg/`. On GitHub the tarball names the repository that it is built from, or npm takes no provenance for it.
fn pack(artifacts: &Path) -> Result<()> {
    let package = root().join("pkg");
    let manifest = package.join("package.json");
    let built = std::fs::read(&manifest)?;
    let named = match repository(&|name| std::env::var(name).ok()) {
        Some(address) => name_repository(&package, &address),
        None => Ok(()),
    };
    let packed = named.and_then(|()| package::pack(&package, artifacts));
    std::fs::write(&manifest, built)?;
    packed.map(drop)
}

/// Writes it into a package's manifest. By npm, which leaves all else as it is: the order of `exports` is its meaning.
fn name_repository(package: &Path, address: &str) -> Result<()> {
    let fields = ["repository.type=git".to_owned(), format!("repository.url={address}")];
    run(Command::new("npm").args(["pkg", "set"]).args(fields).current_dir(package))
}

/// The repository of the workflow that runs, where one does.
fn repository(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (server, name) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
    Some(format!("git+{server}/{name}.git"))
}

/// One version everywhere.
fn check_versions(cargo: &str, npm: &str, tag: Option<&str>) -> Result<()> {
    if npm != cargo {
        bail!("pkg/package.json has version {npm} and Cargo.toml {cargo}");
    }
    match tag {
        Some(tag) if tag != format!("v{cargo}") => bail!("the tag is {tag}, and Cargo.toml has version {cargo}"),
        _ => Ok(()),
    }
}

/// The changelog has an entry of this version; before its release, what is `Unreleased` does.
fn check_changelog(changelog: &str, version: &str, is_release: bool) -> Result<()> {
    let entries = |wanted: &dyn Fn(&str) -> bool| {
        let mut sections = changelog.split("\n## ").skip(1);
        sections
            .find(|section| wanted(section.lines().next().unwrap_or_default()))
            .map(|section| section.lines().skip(1).any(|line| line.starts_with("- ")))
    };
    let of_version = |title: &str| {
        let mut words = title.split_whitespace().map(|word| word.trim_matches(['[', ']']));
        words.next() == Some(version) && words.next() == Some("-") && words.next().is_some_and(is_date)
    };
    match (entries(&of_version), entries(&|title| title.trim_matches(['[', ']']) == "Unreleased")) {
        (Some(true), _) => Ok(()),
        (None, Some(true)) if !is_release => Ok(()),
        (Some(false), _) => bail!("CHANGELOG.md has no entry under {version}"),
        _ => bail!("CHANGELOG.md has no entries under `## {version} - YYYY-MM-DD`"),
    }
}

fn is_date(word: &str) -> bool {
    word.len() == 10
        && word.char_indices().all(|(at, c)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() })
}

/// The package's files that a page may load, with what its `integrity` attribute takes.
fn integrity() -> Result<Value> {
    let package = root().join("pkg");
    let loaded: Vec<PathBuf> = files(std::slice::from_ref(&package))
        .into_iter()
        .filter(|file| !file.starts_with(package.join("testing")))
        .filter(|file| file.extension().is_some_and(|extension| extension == "js" || extension == "wasm"))
        .collect();
    let hashed = loaded.iter().zip(hashes(&loaded)?).map(|(file, [_, sha384])| {
        let path = file.strip_prefix(&package).unwrap_or(file).to_string_lossy().into_owned();
        (path, json!(format!("sha384-{sha384}")))
    });
    Ok(Value::Object(hashed.collect()))
}

fn hashes(files: &[PathBuf]) -> Result<Vec<[String; 2]>> {
    let printed = output(Command::new("node").args(["-e", HASH, "--"]).args(files))?;
    printed
        .lines()
        .map(|line| line.split_once(' ').map(|(hex, base64)| [hex.to_owned(), base64.to_owned()]))
        .collect::<Option<_>>()
        .context("node printed no hashes")
}

/// CycloneDX of the npm package: the crates that are compiled into its core and into the heart of its scripted authenticator,
/// and what makes its files.
fn bom() -> Result<Value> {
    let wasm = setup::wasm()?;
    let rust = wasm.version()?;
    let mut tools = vec![format!("pkg:generic/rustc@{rust}"), bindgen()?];
    let lock = json_file(&root().join("tests/package-lock.json"))?;
    for name in NPM_TOOLS {
        let version = lock["packages"][format!("node_modules/{name}")]["version"].as_str();
        let version = version.with_context(|| format!("{name} is not in tests/package-lock.json"))?;
        tools.push(format!("pkg:npm/{name}@{version}"));
    }
    let graphs = [units(wasm::compiling(&wasm))?, units(wasm::compiling_authenticator(&wasm))?];
    bom_of(&graphs, &rust, &tools, &crates()?)
}

/// The wasm-bindgen programs, which write the glue.
fn bindgen() -> Result<String> {
    Ok(format!("pkg:cargo/wasm-bindgen-cli@{}", setup::locked_version("wasm-bindgen")?))
}

/// What cargo would compile, each crate for the machine that it is for.
///
/// `cargo metadata` would add what other crates of the workspace and the typed API ask for, and has no standard library.
fn units(mut compiling: Command) -> Result<Value> {
    let printed = output(compiling.args(["-Zunstable-options", "--unit-graph"]))?;
    let graph: Value = serde_json::from_str(&printed).context("cargo printed no units")?;
    if graph["version"] == 1 { Ok(graph) } else { bail!("cargo prints its units in another form than it did") }
}

/// What is known about a crate besides its name.
#[derive(Default)]
struct Crate {
    license: Option<String>,
    checksum: Option<String>,
}

/// The crates that take part in those builds, by `name@version`.
fn crates() -> Result<BTreeMap<String, Crate>> {
    let mut tree = Command::new("cargo");
    tree.args([
        "tree",
        "--locked",
        "--package",
        "authsignal-wasm",
        "--no-default-features",
        "--features",
        "js,testing",
    ]);
    tree.args(["--target", "wasm32-unknown-unknown", "--edges", "normal,build", "--prefix", "none"]);
    let printed = output(tree.args(["--format", "{p} | {l}"]).current_dir(root()))?;
    let mut checksums = checksums(&std::fs::read_to_string(root().join("Cargo.lock"))?);
    let mut crates = BTreeMap::new();
    for line in printed.lines() {
        let (package, license) = line.split_once(" | ").with_context(|| format!("cargo tree printed {line}"))?;
        let (name, version) = package.split_once(" v").with_context(|| format!("cargo tree printed {line}"))?;
        let name = format!("{name}@{}", version.split(' ').next().unwrap_or_default());
        // What was printed before ends so.
        let license = license.trim_end_matches(" (*)").replace('/', " OR ");
        let checksum = checksums.remove(&name);
        let license = (!license.is_empty()).then_some(license);
        crates.entry(name).or_insert(Crate { license, checksum });
    }
    Ok(crates)
}

/// A crate, as the SBOM names it. The parts of the standard library that have no version of their own are one.
fn reference(package: &str, rust: &str) -> Result<String> {
    let (source, named) = package.split_once('#').with_context(|| format!("cargo names a crate {package}"))?;
    Ok(if source.starts_with("registry+") {
        format!("pkg:cargo/{named}")
    } else if named == format!("authsignal-wasm@{VERSION}") {
        format!("pkg:npm/{named}")
    } else if source.contains("/rust/library/") {
        format!("pkg:generic/rust-std@{rust}")
    } else {
        bail!("{package} is neither of a registry nor of Rust's own")
    })
}

fn bom_of(graphs: &[Value], rust: &str, tools: &[String], crates: &BTreeMap<String, Crate>) -> Result<Value> {
    let own = format!("pkg:npm/authsignal-wasm@{VERSION}");
    let mut required = BTreeSet::new();
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for graph in graphs {
        let units = graph["units"].as_array().context("cargo's units are no list")?;
        let references = units
            .iter()
            .map(|unit| reference(unit["pkg_id"].as_str().unwrap_or_default(), rust))
            .collect::<Result<Vec<_>>>()?;
        for (unit, reference) in units.iter().zip(&references) {
            // What has no platform runs where the core is built: macros, and scripts of builds.
            if unit["mode"] == "build" && unit["platform"].is_string() {
                required.insert(reference.clone());
            }
            let on = unit["dependencies"].as_array().context("a unit has no dependencies")?;
            let on = on.iter().filter_map(|on| references.get(usize::try_from(on["index"].as_u64()?).ok()?));
            dependencies.entry(reference.clone()).or_default().extend(on.filter(|on| *on != reference).cloned());
        }
    }
    if !required.contains(&own) {
        bail!("cargo does not build authsignal-wasm for the core");
    }
    let components = dependencies.keys().filter(|reference| **reference != own).map(|reference| {
        let scope = if required.contains(reference) { "required" } else { "excluded" };
        component(reference, "library", scope, crates)
    });
    let tools = tools.iter().map(|tool| component(tool, "application", "excluded", crates));
    let components = components.chain(tools).collect::<Result<Vec<_>>>()?;
    // Neither a time nor a serial number, which are optional: one commit has one SBOM.
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": "authsignal-wasm",
                "version": VERSION,
                "purl": own,
                "licenses": [{ "expression": "MIT" }],
            },
        },
        "components": components,
        "dependencies": dependencies.iter().map(|(one, on)| json!({ "ref": one, "dependsOn": on })).collect::<Vec<_>>(),
    }))
}

/// One that is in the package (`required`), or takes part in making it (`excluded`).
fn component(purl: &str, kind: &str, scope: &str, crates: &BTreeMap<String, Crate>) -> Result<Value> {
    let (_, named) = purl.rsplit_once('/').context("a purl has a type")?;
    let (name, version) = named.split_once('@').context("a purl has a version")?;
    let mut component =
        json!({ "type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, "scope": scope });
    let known = purl.strip_prefix("pkg:cargo/").and_then(|named| crates.get(named));
    if let Some(license) = known.and_then(|known| known.license.as_ref()) {
        component["licenses"] = json!([{ "expression": license }]);
    }
    if let Some(checksum) = known.and_then(|known| known.checksum.as_ref()) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    Ok(component)
}

/// The checksums of Cargo.lock by `name@version`.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    lock.split("[[package]]\n")
        .filter_map(|block| {
            let (name, version) = (field(block, "name")?, field(block, "version")?);
            Some((format!("{name}@{version}"), field(block, "checksum")?))
        })
        .collect()
}

/// Holds the SBOM against the schema of CycloneDX 1.6.
fn validate(sbom: &Path) -> Result<()> {
    let mut node = Command::new("node");
    let problems = output(node.args(["-e", VALIDATE, "--"]).arg(sbom).current_dir(root().join("tests")))?;
    if problems.is_empty() { Ok(()) } else { bail!("the SBOM is no CycloneDX:\n{problems}") }
}

/// What the schema cannot say, or leaves open: that a component has a version, and that each reference leads to one.
fn check_bom(bom: &Value) -> Result<()> {
    if bom["bomFormat"] != "CycloneDX" || bom["specVersion"] != "1.6" {
        bail!("the SBOM does not say that it is CycloneDX 1.6");
    }
    let components = bom["components"].as_array().context("the SBOM has no components")?;
    let mut known = BTreeSet::new();
    for component in components.iter().chain([&bom["metadata"]["component"]]) {
        for field in ["type", "name", "version", "purl", "bom-ref"] {
            if component[field].as_str().is_none_or(str::is_empty) {
                bail!("a component of the SBOM has no {field}: {component}");
            }
        }
        if !known.insert(component["bom-ref"].as_str()) {
            bail!("a component is twice in the SBOM: {component}");
        }
    }
    for dependency in bom["dependencies"].as_array().context("the SBOM has no dependencies")? {
        let on = dependency["dependsOn"].as_array().context("a dependency depends on no list")?;
        if let Some(unknown) = on.iter().chain([&dependency["ref"]]).find(|one| !known.contains(&one.as_str())) {
            bail!("the SBOM refers to {unknown}, which is not in it");
        }
    }
    Ok(())
}

fn json_file(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} is missing", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    Ok(std::fs::write(path, format!("{value:#}\n"))?)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_one_version() {
        assert!(check_versions("1.2.3", "1.2.3", None).is_ok());
        assert!(check_versions("1.2.3", "1.2.3", Some("v1.2.3")).is_ok());
        assert!(check_versions("1.2.3", "1.2.4", None).is_err());
        assert!(check_versions("1.2.3", "1.2.3", Some("v1.2.4")).is_err());
        assert!(check_versions("1.2.3", "1.2.3", Some("1.2.3")).is_err());
    }

    #[test]
    fn a_release_has_a_dated_entry_in_the_changelog_and_a_dry_run_one_to_come() {
        let unreleased = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n";
        let dated = "# Changelog\n\n## [1.2.3] - 2026-11-24\n\n- A thing.\n\n## 1.2.2 - 2026-01-01\n\n- Old.\n";
        assert!(check_changelog(unreleased, "1.2.3", false).is_ok());
        assert!(check_changelog(unreleased, "1.2.3", true).is_err());
        assert!(check_changelog(dated, "1.2.3", true).is_ok());
        assert!(check_changelog(dated, "1.2.2", true).is_ok());
        assert!(check_changelog(dated, "1.2.4", true).is_err());
        assert!(check_changelog("\n## 1.2.3 - soon\n\n- A thing.\n", "1.2.3", true).is_err());
        assert!(check_changelog("\n## 1.2.3 - 2026-11-24\n\nNothing.\n", "1.2.3", true).is_err());
        assert!(check_changelog("\n## Unreleased\n\n", "1.2.3", false).is_err());
        let real = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
        assert!(check_changelog(&real, VERSION, false).is_ok());
    }

    #[test]
    fn the_crate_has_the_files_of_its_own_and_no_others() {
        let listed = Command::new("cargo")
            .args(["package", "--list", "--quiet", "--allow-dirty", "--package", "authsignal-wasm"])
            .current_dir(root())
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let own = ["src/", "pkg-template/", "Cargo.", "README.md", "LICENSE", "CHANGELOG.md", ".cargo_vcs_info.json"];
        assert!(listed.lines().any(|file| file == "pkg-template/popup.js"), "{listed}");
        for file in listed.lines() {
            assert!(own.iter().any(|start| file.starts_with(start)), "{file}");
        }
    }

    #[test]
    fn a_tarball_that_a_workflow_builds_names_its_repository_and_no_other_does() {
        let on_github = |name: &str| match name {
            "GITHUB_SERVER_URL" => Some("https://github.com".to_owned()),
            "GITHUB_REPOSITORY" => Some("example/authsignal-wasm".to_owned()),
            _ => None,
        };
        let address = repository(&on_github).unwrap();
        assert_eq!(address, "git+https://github.com/example/authsignal-wasm.git");
        assert!(repository(&|_| None).is_none());

        // And is else the one that was tested: in another order its `exports` would lead elsewhere.
        let package = std::env::temp_dir().join(format!("xtask-release-{}", std::process::id()));
        std::fs::create_dir_all(&package).unwrap();
        let built = std::fs::read_to_string(root().join("pkg-template/package.json")).unwrap();
        std::fs::write(package.join("package.json"), &built).unwrap();
        name_repository(&package, &address).unwrap();
        let named = std::fs::read_to_string(package.join("package.json")).unwrap();
        let field = format!(",\n  \"repository\": {{\n    \"type\": \"git\",\n    \"url\": \"{address}\"\n  }}\n}}\n");
        assert_eq!(named, built.trim_end_matches("\n}\n").to_owned() + &field);
        std::fs::remove_dir_all(package).unwrap();
    }

    #[test]
    fn what_a_release_takes_is_a_dry_run_and_perhaps_a_tag() {
        let parsed = |words: &str| {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            parse(&words).map(|tag| tag.map(str::to_owned)).ok()
        };
        assert_eq!(parsed("--dry-run"), Some(None));
        assert_eq!(parsed("--dry-run --tag v1.2.3"), Some(Some("v1.2.3".into())));
        for bad in
            ["", "--tag v1.2.3", "--dry-run --tag", "--dry-run v1.2.3", "--dry-run --version v1.2.3", "--publish"]
        {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_sbom_requires_what_is_compiled_for_the_core_and_not_what_runs_where_it_is_built() {
        let unit = |package: String, mode: &str, platform: Value, on: &[u64]| {
            let on: Vec<_> = on.iter().map(|index| json!({ "index": index })).collect();
            json!({ "pkg_id": package, "mode": mode, "platform": platform, "dependencies": on })
        };
        let registry = |named: &str| format!("registry+https://registry.test#{named}");
        let library = |named: &str| format!("path+file:///toolchain/rust/library/{named}#0.0.0");
        let core = json!("wasm32-unknown-unknown");
        let graph = json!({ "units": [
            unit(format!("path+file:///here#authsignal-wasm@{VERSION}"), "build", core.clone(), &[1, 2, 4]),
            unit(registry("used@1.0.0"), "build", core.clone(), &[3, 5]),
            unit(library("std"), "build", core.clone(), &[5]),
            // Its script runs here, for the core.
            unit(registry("used@1.0.0"), "run-custom-build", core.clone(), &[6]),
            unit(registry("macro@1.0.0"), "build", Value::Null, &[]),
            unit(library("core"), "build", core, &[]),
            unit(registry("script@1.0.0"), "build", Value::Null, &[]),
        ] });
        let used = Crate { license: Some("MIT OR Apache-2.0".into()), checksum: Some("abc".into()) };
        let crates = BTreeMap::from([("used@1.0.0".to_owned(), used)]);
        let bom = bom_of(std::slice::from_ref(&graph), "1.2.3", &["pkg:npm/terser@5.0.0".into()], &crates).unwrap();
        check_bom(&bom).unwrap();
        let listed: Vec<_> = bom["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(one, "bom-ref"), text(one, "scope")))
            .collect();
        assert_eq!(
            listed,
            [
                ("pkg:cargo/macro@1.0.0", "excluded"),
                ("pkg:cargo/script@1.0.0", "excluded"),
                ("pkg:cargo/used@1.0.0", "required"),
                ("pkg:generic/rust-std@1.2.3", "required"),
                ("pkg:npm/terser@5.0.0", "excluded"),
            ]
        );
        assert_eq!(bom["components"][2]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bom["components"][2]["hashes"][0]["content"], "abc");
        assert_eq!(
            bom["dependencies"][2],
            json!({
                "ref": "pkg:cargo/used@1.0.0",
                "dependsOn": ["pkg:cargo/script@1.0.0", "pkg:generic/rust-std@1.2.3"],
            })
        );
        assert_eq!(bom["dependencies"][3]["dependsOn"], json!([]));
        let elsewhere =
            json!({ "units": [unit("path+file:///elsewhere#used@1.0.0".into(), "build", Value::Null, &[])] });
        assert!(bom_of(&[elsewhere], "1.2.3", &[], &crates).is_err());
        assert!(bom_of(&[json!({ "units": [] })], "1.2.3", &[], &crates).is_err());
    }

    #[test]
    fn the_sbom_of_this_package_has_the_crates_of_the_npm_build_and_the_tools_that_make_it() {
        let bom = bom().unwrap();
        check_bom(&bom).unwrap();
        let components = bom["components"].as_array().unwrap();
        let of = |scope: &str| -> BTreeSet<&str> {
            components.iter().filter(|one| one["scope"] == scope).map(|one| text(one, "name")).collect()
        };
        let (required, excluded) = (of("required"), of("excluded"));
        for inside in ["wasm-bindgen", "p256", "rust-std"] {
            assert!(required.contains(inside), "{inside} is in the core");
        }
        // Of the typed API.
        for elsewhere in ["serde", "serde_core", "serde-wasm-bindgen", "gloo-net", "js-sys", "web-sys"] {
            assert!(!required.contains(elsewhere) && !excluded.contains(elsewhere), "{elsewhere} is in no core");
        }
        for tool in ["binaryen", "esbuild", "terser", "wasm-bindgen-cli", "rustc", "syn", "wasm-bindgen-macro"] {
            assert!(excluded.contains(tool) && !required.contains(tool), "{tool} only takes part in the build");
        }
        for one in components.iter().filter(|one| text(one, "purl").starts_with("pkg:cargo/p256@")) {
            assert!(one["licenses"][0]["expression"].is_string() && one["hashes"][0]["content"].is_string(), "{one}");
        }
    }

    fn text<'a>(value: &'a Value, field: &str) -> &'a str {
        value[field].as_str().unwrap_or_default()
    }

    #[test]
    fn an_sbom_that_lacks_something_is_refused() {
        let whole = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": { "component": { "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "a" } },
            "components": [{ "type": "library", "bom-ref": "b", "name": "b", "version": "1", "purl": "b" }],
            "dependencies": [{ "ref": "a", "dependsOn": ["b"] }],
        });
        assert!(check_bom(&whole).is_ok());
        for (pointer, wrong) in [
            ("/specVersion", json!("1.4")),
            ("/components", json!(null)),
            ("/components/0/version", json!("")),
            ("/components/0/bom-ref", json!("a")),
            ("/dependencies/0/dependsOn/0", json!("c")),
            ("/dependencies/0/ref", json!("c")),
        ] {
            let mut broken = whole.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            assert!(check_bom(&broken).is_err(), "{pointer}");
        }
    }
}
