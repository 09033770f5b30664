//! What a release consists of, in `target/release-artifacts`: the npm tarball, the crate, an SBOM, integrity hashes of the
//! browser's files, and checksums. Publishing itself is `.github/workflows/release.yml`'s.

use crate::shell::{files, output, root, run, say};
use crate::{package, setup};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const USAGE: &str = "usage: cargo xtask release --dry-run [--tag vX.Y.Z]";

/// What is put into the package by programs from npm, which are not in it themselves.
const BUILD_TOOLS: [&str; 2] = ["binaryen", "esbuild"];

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
    write_json(&artifacts.join("sbom.cdx.json"), &bom)?;

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

/// CycloneDX of the npm package: the crates that are compiled into its core and into the heart of its scripted
/// authenticator, and the tools that wrote its files.
fn bom() -> Result<Value> {
    const FEATURES: [&str; 2] = ["--no-default-features", "--features=authsignal-wasm/js,authsignal-wasm/testing"];
    let mut cargo = Command::new("cargo");
    cargo
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=wasm32-unknown-unknown"])
        .args(FEATURES);
    let printed = output(&mut cargo)?;
    // In the metadata a crate has what any member of the workspace asks of it.
    let mut cargo = Command::new("cargo");
    cargo.args(["tree", "--locked", "--package=authsignal-wasm", "--target=wasm32-unknown-unknown"]).args(FEATURES);
    let tree = output(cargo.args(["--edges=normal", "--prefix=none"]))?;
    let metadata: Value = serde_json::from_str(&printed).context("cargo printed no metadata")?;
    let lock = json_file(&root().join("tests/package-lock.json"))?;
    let checksums = checksums(&std::fs::read_to_string(root().join("Cargo.lock"))?);
    bom_of(&metadata, &tree, &lock, &checksums)
}

fn bom_of(metadata: &Value, tree: &str, lock: &Value, checksums: &BTreeMap<String, String>) -> Result<Value> {
    // `name vVERSION`, and what else there is to say of it.
    let in_tree: BTreeSet<String> =
        tree.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let own = packages.iter().find(|(_, package)| package["name"] == "authsignal-wasm").context("no own crate")?.0;
    let root_ref = format!("pkg:npm/authsignal-wasm@{VERSION}");
    let reference = |id: &String| {
        let package = &packages[id];
        if id == own {
            root_ref.clone()
        } else {
            format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
        }
    };
    // What is compiled in, and not what compiles or tests it.
    let compiled_in = |id: &String| -> Vec<String> {
        list(&nodes[id]["deps"])
            .iter()
            .filter(|dependency| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()))
            .map(|dependency| text(&dependency["pkg"]))
            .filter(|id| {
                let package = &packages[id];
                in_tree.contains(&format!("{} v{}", text(&package["name"]), text(&package["version"])))
            })
            .collect()
    };
    let mut reached = BTreeSet::new();
    let mut open = vec![own.clone()];
    while let Some(id) = open.pop() {
        if reached.insert(id.clone()) {
            open.extend(compiled_in(&id));
        }
    }
    let mut components: Vec<Value> = reached
        .iter()
        .filter(|id| *id != own)
        .map(|id| {
            let package = &packages[id];
            let (name, version) = (text(&package["name"]), text(&package["version"]));
            let mut component = json!({
                "type": "library",
                "bom-ref": reference(id),
                "name": name,
                "version": version,
                "purl": reference(id),
                "scope": "required",
            });
            if let Some(license) = package["license"].as_str() {
                component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
            }
            if let Some(checksum) = checksums.get(&format!("{name} {version}")) {
                component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
            }
            component
        })
        .collect();
    for tool in BUILD_TOOLS {
        let entry = &lock["packages"][format!("node_modules/{tool}")];
        let version = entry["version"].as_str().with_context(|| format!("{tool} is not in tests/package-lock.json"))?;
        let purl = format!("pkg:npm/{tool}@{version}");
        components.push(json!({
            "type": "application",
            "bom-ref": purl,
            "name": tool,
            "version": version,
            "purl": purl,
            "scope": "excluded",
        }));
    }
    let dependencies: Vec<Value> = reached
        .iter()
        .map(|id| json!({ "ref": reference(id), "dependsOn": compiled_in(id).iter().map(&reference).collect::<BTreeSet<_>>() }))
        .collect();
    // Neither a time nor a serial number, which are optional: one commit has one SBOM.
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": root_ref,
                "name": "authsignal-wasm",
                "version": VERSION,
                "purl": root_ref,
                "licenses": [{ "expression": "MIT" }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// The checksums of Cargo.lock by `name version`.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    lock.split("[[package]]\n")
        .filter_map(|block| {
            let (name, version) = (field(block, "name")?, field(block, "version")?);
            Some((format!("{name} {version}"), field(block, "checksum")?))
        })
        .collect()
}

/// What CycloneDX 1.6 requires of a document, of a component, and of references.
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
    fn the_sbom_has_what_is_compiled_in_and_not_what_tests_it() {
        let package =
            |name: &str, license: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": license });
        let on = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                package("authsignal-wasm", "MIT"), package("used", "MIT/Apache-2.0"), package("tester", "MIT"),
                package("others", "MIT"),
            ],
            "resolve": { "nodes": [
                { "id": "authsignal-wasm", "deps": [on("used", Value::Null), on("tester", json!("dev"))] },
                { "id": "used", "deps": [on("others", Value::Null)] },
                { "id": "tester", "deps": [] },
                { "id": "others", "deps": [] },
            ] },
        });
        // What another member of the workspace has turned on in `used` is not here.
        let tree = "authsignal-wasm v1.0.0 (a/path)\nused v1.0.0\ntester v1.0.0\nused v1.0.0 (*)\n";
        let lock = json!({ "packages": {
            "node_modules/esbuild": { "version": "0.1.0" }, "node_modules/binaryen": { "version": "2.0.0" },
        } });
        let locked = checksums("[[package]]\nname = \"used\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n");
        let bom = bom_of(&metadata, tree, &lock, &locked).unwrap();
        check_bom(&bom).unwrap();
        let refs: Vec<_> = bom["components"].as_array().unwrap().iter().map(|one| one["bom-ref"].clone()).collect();
        assert_eq!(refs, ["pkg:cargo/used@1.0.0", "pkg:npm/binaryen@2.0.0", "pkg:npm/esbuild@0.1.0"]);
        assert_eq!(bom["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bom["components"][0]["hashes"][0]["content"], "abc");
        assert_eq!(bom["dependencies"][0]["dependsOn"], json!(["pkg:cargo/used@1.0.0"]));
        assert!(bom_of(&metadata, tree, &json!({}), &locked).is_err());
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
