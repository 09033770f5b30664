//! The mutation run: each rule of the binding is broken in turn in a copy of the server, and the server's own tests have
//! to see it.

use crate::mutants::{MUTANTS, Mutant};
use crate::shell::{output, root, run, say};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The variable that names the rule that is broken.
const VARIABLE: &str = "BROKEN_RULE";

/// The variable that says which rules are broken: by threats, or by words of rules, with commas between them.
const CHOICE: &str = "MUTANTS";

/// Longer than any set of tests takes: one that has not ended by then hangs, and the rule has been seen to be broken.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the copy has beside the server's source: which rule is broken.
const SWITCH: &str = r#"
/// Whether this rule is broken in this run.
pub fn is_broken(rule: &str) -> bool {
    static BROKEN: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("BROKEN_RULE").ok());
    BROKEN.as_deref() == Some(rule)
}
"#;

/// A set of tests that may see a broken rule.
struct Tests {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Whether it is asked about a mutant that so many others have seen.
    sees: fn(&Mutant, usize) -> bool,
}

fn unseen(_: &Mutant, seen: usize) -> bool {
    seen == 0
}

/// The mutants that are meant; all of them if nobody says.
fn chosen(choice: Option<&str>) -> Vec<&'static Mutant> {
    let is_meant = |mutant: &&Mutant| {
        choice.is_none_or(|all| all.split(',').any(|one| one == mutant.threat || mutant.rule.contains(one)))
    };
    MUTANTS.iter().filter(is_meant).collect()
}

/// Breaks each rule in turn. How many were seen, and how many were not.
pub fn mutation() -> Result<(u32, u32)> {
    let mutants = chosen(std::env::var(CHOICE).ok().as_deref());
    ensure!(!mutants.is_empty(), "{CHOICE} names no threat, and no words of a rule");
    let copy = copy()?;
    let programs = build(&copy)?;
    let suite = |name, arguments, sees| Tests { name, program: programs.suite.clone(), arguments, sees };
    let tests = [
        // The truth table, and what else stands beside the rules.
        Tests { name: "unit", program: programs.unit, arguments: &[], sees: |_, _| true },
        // Asks the domain's functions and nothing else: how the rules hold together, whatever else has seen it.
        suite("model", &["model::"], |mutant, _| mutant.file == "domain/binding.rs"),
        // What is nearest first: to be seen once is enough.
        suite("threats", &["threats::", "settings::", "codes::", "magic_links::", "devices::"], unseen),
        // Without what has nothing to do with rights, and starts the program that is not the copy's.
        suite("http", &["--skip", "model::", "--skip", "process::", "--skip", "mail::", "--skip", "openapi::"], unseen),
    ];
    say("The copy, with no rule broken");
    for set in &tests {
        let begun = Instant::now();
        if let Some(name) = failure(set, None)? {
            bail!("the copy fails its own tests ({}): {name}", set.name);
        }
        println!("{}: none fails, in {} s", set.name, begun.elapsed().as_secs());
    }
    say(&format!("Breaking {} rules", mutants.len()));
    let mut survived = 0;
    for mutant in &mutants {
        let mut seen = Vec::new();
        for set in &tests {
            if (set.sees)(mutant, seen.len())
                && let Some(name) = failure(set, Some(mutant.rule))?
            {
                seen.push(format!("{}: {name}", set.name));
            }
        }
        survived += u32::from(seen.is_empty());
        let seen = if seen.is_empty() { "NOT SEEN".to_owned() } else { seen.join("; ") };
        println!("{:<6} {} -> {seen}", mutant.threat, mutant.rule);
    }
    // The copy's program took the place of the server's own.
    run(Command::new("cargo").args(["build", "--quiet", "--package", "authsignal-local"]))?;
    let all = u32::try_from(mutants.len())?;
    println!("\n{} rules broken, {} seen, {survived} not", all, all - survived);
    Ok((all - survived, survived))
}

/// The tree in `target/mutation`, its server with every mutant. What has not changed keeps its time, for cargo.
fn copy() -> Result<PathBuf> {
    let copy = root().join("target/mutation");
    let tracked = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut mutated = mutated()?;
    for file in tracked.lines() {
        let from = root().join(file);
        let Ok(content) = std::fs::read(&from) else { continue };
        let content = match file {
            // Another version is another package: the two builds share the folder of what they depend on.
            "Cargo.toml" => once(&String::from_utf8(content)?, "\nversion = \"", "\nversion = \"0.0.0-mutation+")
                .context("the workspace's version")?
                .into_bytes(),
            _ => mutated.remove(file).map_or(content, String::into_bytes),
        };
        write(&copy.join(file), &content)?;
    }
    ensure!(mutated.is_empty(), "no tracked file: {:?}", mutated.keys());
    Ok(copy)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// The files that mutants change, with all of them, by their paths.
fn mutated() -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let read = |file: &str| std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"));
    let library = "www-demo/server/src/lib.rs".to_owned();
    files.insert(library.clone(), read(&library)? + SWITCH);
    for mutant in MUTANTS {
        let file = format!("www-demo/server/src/{}", mutant.file);
        let text = match files.remove(&file) {
            Some(text) => text,
            None => read(&file)?,
        };
        let to = mutant.to.replace("ORIGINAL", mutant.from);
        let to = to.replace("BROKEN", &format!("crate::is_broken(\"{}\")", mutant.rule));
        let text = once(&text, mutant.from, &to).with_context(|| format!("{}: {}", mutant.file, mutant.rule))?;
        files.insert(file, text);
    }
    Ok(files)
}

/// The text with the one place of `from` changed, its unit tests left as they are.
fn once(text: &str, from: &str, to: &str) -> Result<String> {
    let (code, tests) = text.split_at(text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len()));
    let places = code.matches(from).count();
    ensure!(places == 1, "`{from}` stands {places} times, and should once: change the mutant with its rule");
    Ok(code.replacen(from, to, 1) + tests)
}

struct Programs {
    unit: PathBuf,
    suite: PathBuf,
}

fn build(copy: &Path) -> Result<Programs> {
    say("Building the server with every mutant");
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--no-run", "--package", "authsignal-local", "--lib", "--test", "suite"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    cargo.current_dir(copy).env("CARGO_TARGET_DIR", root().join("target"));
    let told = output(&mut cargo)?;
    let artefacts = told.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = artefacts.filter_map(|told| {
        let program = told["executable"].as_str()?;
        Some((told["target"]["kind"][0].as_str()?.to_owned(), PathBuf::from(program)))
    });
    let programs: BTreeMap<String, PathBuf> = programs.by_ref().collect();
    let program = |kind: &str| programs.get(kind).cloned().with_context(|| format!("cargo built no {kind}"));
    Ok(Programs { unit: program("lib")?, suite: program("test")? })
}

/// The first test that fails where this rule is broken; nothing if none does.
fn failure(tests: &Tests, rule: Option<&str>) -> Result<Option<String>> {
    let mut command = Command::new(&tests.program);
    command.args(tests.arguments).env_remove("AUTHSIGNAL_LOCAL_TEST_POSTGRES").env("RUST_BACKTRACE", "0");
    command.current_dir(root().join("target/mutation/www-demo/server"));
    if let Some(rule) = rule {
        command.env(VARIABLE, rule);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("cannot run the tests")?;
    let stdout = child.stdout.take().context("no stdout")?;
    let (lines, told) = channel();
    std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
    });
    let begun = Instant::now();
    let seen = loop {
        match told.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                if let Some(name) = failed(&line) {
                    break Some(name);
                }
            }
            Err(RecvTimeoutError::Timeout) => break Some("a test that never ends".to_owned()),
            Err(RecvTimeoutError::Disconnected) if child.wait()?.success() => break None,
            Err(RecvTimeoutError::Disconnected) => bail!("the {} tests ended without saying which failed", tests.name),
        }
    };
    // One is enough.
    let _ = child.kill();
    child.wait()?;
    Ok(seen)
}

/// The name of the test that a line says has failed.
fn failed(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.rsplit("::").next().unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_applies_and_has_a_name_of_its_own() {
        mutated().unwrap();
        let names: std::collections::BTreeSet<_> = MUTANTS.iter().map(|mutant| mutant.rule).collect();
        assert_eq!(names.len(), MUTANTS.len());
        assert!(MUTANTS.iter().all(|mutant| mutant.to.contains("BROKEN")));
        // No server that is started at a desk is switched by a variable that stands there for something else.
        assert!(SWITCH.contains(VARIABLE));
    }

    #[test]
    fn mutants_are_chosen_by_threats_and_by_words_of_their_rules() {
        assert_eq!(chosen(None).len(), MUTANTS.len());
        let some = chosen(Some("55,DNS,a window has an end"));
        assert!(some.iter().all(|mutant| mutant.threat == "55" || mutant.rule == "a window has an end"));
        assert_eq!(some.len(), 4);
        assert!(chosen(Some("nothing of the kind")).is_empty());
    }

    #[test]
    fn a_mutant_whose_rule_has_changed_is_refused() {
        assert_eq!(once("a b", "b", "c").unwrap(), "a c");
        assert!(once("a b", "x", "c").unwrap_err().to_string().contains("0 times"));
        assert!(once("b b", "b", "c").is_err());
        assert_eq!(once("b\n#[cfg(test)]\nmod tests { b }", "b", "c").unwrap(), "c\n#[cfg(test)]\nmod tests { b }");
    }

    #[test]
    fn a_failed_test_is_read_from_its_line() {
        assert_eq!(failed("test threats::t1_x ... FAILED").as_deref(), Some("t1_x"));
        assert_eq!(failed("test threats::t1_x ... ok"), None);
    }
}
