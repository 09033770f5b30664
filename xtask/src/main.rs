//! The project's commands: `cargo xtask <command>`. Each sets up what it needs by itself and can be run again at once.
#![allow(clippy::disallowed_methods, reason = "how long a suite or a wait takes is real time")]

mod ci;
mod deployment;
mod docs;
mod examples;
mod explain;
mod glue;
mod load;
mod mutants;
mod mutation;
mod order;
mod package;
mod picture;
mod postgres;
mod release;
mod serve;
mod setup;
mod shell;
mod size;
mod suites;
mod tidy;
mod wasm;
mod webdriver;
mod workflows;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  demo [--port N] [--no-open]   build, serve, print the address, open a browser if there is one; flags as of serve
  serve [--port N] [flags]      build if needed and run the local server; further flags are the server's
  example NAME                  serve the example of that name (react, vue, svelte, plain, leptos), with a server of its own
  build                         write pkg/, the npm package as it would be published, and target/site/, the pages
  test [suite ...]              every ordinary suite, or those named; all adds those that take long
  size                          sizes of every artefact beside the peer's, against xtask/budgets.json
  size --explain                which section, crate, function and source the bytes of the package belong to
  bench [flags]                 speed as ratios to the peer in the same run, and a plot; --rounds N, --clicks N
  bench server [flags]          what authsignal-local answers each second, and what that costs; --help lists the flags
  picture                       make the picture of the README anew
  ci                            formatting, lints, Rust documentation, workflows, house rules, size
  docs                          the documentation with its references and its search: target/docs
  release --dry-run [--tag T]   tarball, crate, SBOM and hashes into target/release-artifacts; publishes nothing";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match run(command.as_deref(), &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<&str>, rest: &[String]) -> Result<()> {
    std::env::set_current_dir(shell::root())?;
    // Held to the end of this process, or until it becomes the server.
    let alone = match command {
        Some("open-when-ready" | "help" | "--help" | "-h") | None => None,
        Some(_) => Some(shell::alone()?),
    };
    match command {
        Some("build") => package::build().and_then(|()| package::site()).map(drop),
        Some("serve") => serve::serve(rest),
        Some("demo") => serve::demo(rest),
        Some("example") => examples::serve(rest, alone),
        Some("open-when-ready") => serve::open_when_ready(rest),
        Some("test") => suites::test(rest),
        Some("size") if rest == ["--explain"] => explain::explain(),
        Some("size") if rest.is_empty() => size::size(),
        Some("size") => bail!("size takes --explain, or nothing"),
        Some("bench") if rest.first().is_some_and(|what| what == "server") => load::bench(&rest[1..]),
        Some("bench") => suites::bench(rest),
        Some("picture") => picture::picture(),
        Some("ci") => ci::ci(),
        Some("docs") => docs::docs(),
        Some("release") => release::release(rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n\n{USAGE}"),
        None => bail!("a command is missing\n\n{USAGE}"),
    }
}
