//! Running programs, and telling what is stale.

use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Waits until no other command works in this folder: they write the same files. The lock is given back with the file.
pub fn alone() -> Result<File> {
    alone_in(&root().join("target"))
}

fn alone_in(folder: &Path) -> Result<File> {
    let path = folder.join("xtask.lock");
    std::fs::create_dir_all(folder)?;
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say("Another `cargo xtask` is at work in this folder; waiting for it");
            file.lock()?;
        }
        // A file system without locks: as it was without one.
        Err(TryLockError::Error(_)) => {}
    }
    Ok(file)
}

/// Says what is being done.
pub fn say(what: &str) {
    eprintln!("\x1b[1m==>\x1b[0m {what}");
}

/// A program that ends when we do, by this signal, even where we are killed: where the system can, as Linux does.
pub fn ending_with_us(program: impl AsRef<OsStr>, signal: &str) -> Command {
    let setpriv = || {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", signal]);
        command
    };
    let can = setpriv().arg("true").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success());
    if !can {
        return Command::new(program);
    }
    let mut command = setpriv();
    command.arg(program);
    command
}

/// Runs a program to its end, its output shown.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run `{name}`: is it installed?"))?;
    if !status.success() {
        bail!("`{}` failed", line(command));
    }
    Ok(())
}

/// Runs a program to its end and returns what it wrote on stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{name}`: is it installed?"))?;
    if !output.status.success() {
        bail!("`{}` failed", line(command));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be run.
pub fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn line(command: &Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// Every file below these paths.
pub fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = paths.to_vec();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()).filter(|path| !path.ends_with("node_modules")));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

/// Every folder that these files are in: it changes when a file of it comes or goes.
fn folders(files: &[PathBuf], inputs: &[PathBuf]) -> BTreeSet<PathBuf> {
    let below = |folder: &Path| inputs.iter().any(|input| input.is_dir() && folder.starts_with(input));
    files
        .iter()
        .flat_map(|file| file.ancestors().skip(1))
        .filter(|folder| below(folder))
        .map(Path::to_path_buf)
        .collect()
}

/// Whether an output is missing, or older than one of the inputs or than this program.
pub fn stale(output: &Path, inputs: &[PathBuf]) -> bool {
    let Some(made) = modified(output) else {
        return true;
    };
    let program = std::env::current_exe().ok();
    let files = files(inputs);
    let folders = folders(&files, inputs);
    let newer = |input: &PathBuf| modified(input).is_none_or(|changed| changed > made);
    files.iter().chain(&folders).chain(&program).any(newer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::time::Instant;

    #[test]
    fn an_output_is_stale_when_missing_and_when_an_input_came_after_it() {
        let folder = std::env::temp_dir().join(format!("xtask-stale-{}", std::process::id()));
        let input = folder.join("in/deep");
        std::fs::create_dir_all(&input).unwrap();
        std::fs::write(input.join("a"), "").unwrap();
        let output = folder.join("out");
        let inputs = [folder.join("in")];
        assert!(stale(&output, &inputs), "missing");

        let file = std::fs::File::create(&output).unwrap();
        let later = modified(&input).unwrap() + std::time::Duration::from_secs(3600);
        file.set_modified(later).unwrap();
        assert!(!stale(&output, &inputs), "newer than its inputs and this program");

        let after = later + std::time::Duration::from_secs(1);
        std::fs::File::open(&input).unwrap().set_modified(after).unwrap();
        assert!(stale(&output, &inputs), "a file came or went");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_that_ends_with_us_ends_where_we_are_killed() {
        // Which says by itself that it has begun.
        let mut sleeper = ending_with_us("sh", "KILL");
        sleeper.args(["-c", "echo asleep; exec sleep 60"]);
        let mut us = Command::new("sh");
        us.args(["-c", "\"$@\" & wait", "us"])
            .arg(sleeper.get_program())
            .args(sleeper.get_args())
            .stdout(Stdio::piped());
        let begun = Instant::now();
        let mut us = us.spawn().expect("a shell");
        let mut said = BufReader::new(us.stdout.take().expect("its output"));
        said.read_line(&mut String::new()).expect("a line");
        us.kill().and_then(|()| us.wait()).expect("it was killed");
        // Both write to it: it ends with the last of them.
        said.read_to_end(&mut Vec::new()).expect("an end");
        assert!(begun.elapsed().as_secs() < 30, "it went on sleeping");
    }

    #[test]
    fn a_second_command_in_a_folder_waits_for_the_first() {
        let folder = std::env::temp_dir().join(format!("xtask-alone-{}", std::process::id()));
        let first = alone_in(&folder).expect("nobody is there");
        let second = File::open(folder.join("xtask.lock")).expect("its file");
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        assert!(second.try_lock().is_ok());
        std::fs::remove_dir_all(&folder).expect("the folder of the test");
    }
}
