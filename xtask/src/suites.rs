//! The test suites: each is one row.

use crate::deployment::Deployment;
use crate::postgres::Postgres;
use crate::serve::{self, TestServer};
use crate::shell::{root, run, say};
use crate::webdriver::{Browser, WebDriver};
use crate::{docs, examples, explain, load, mutation, package, setup, size, wasm};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a suite is called, what it shows, and how it runs.
struct Suite {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<Counts>,
}

const SUITES: &[Suite] = &[
    Suite { name: "unit", what: "the pure parts of the client, and xtask with its house rules", run: unit },
    Suite { name: "server", what: "authsignal-local through its router", run: server },
    Suite { name: "postgres", what: "the same on PostgreSQL, its data there", run: postgres },
    Suite { name: "deployment", what: "two instances behind nginx, on PostgreSQL", run: deployment },
    Suite { name: "wasm", what: "the core in headless Chromium, with a virtual authenticator", run: wasm },
    Suite {
        name: "types",
        what: "the published types, in each compiler and module resolution, and linters of packages",
        run: types,
    },
    Suite {
        name: "package",
        what: "the packed tarball, installed: in Node, and in Chromium under whatever forbids it to load",
        run: packed,
    },
    Suite { name: "kit", what: "authsignal-wasm/testing, as apps' own tests use it", run: kit },
    Suite {
        name: "peers",
        what: "authsignal-local and our WebAuthn JSON against what others wrote, from npm",
        run: peers,
    },
    Suite { name: "openapi", what: "authsignal-local by its own description, under schemathesis", run: openapi },
    Suite { name: "parity", what: "the peer from npm and ours, the same scenarios", run: parity },
    Suite { name: "e2e", what: "the pages and the vendor's packages in Chromium", run: e2e },
    Suite { name: "firefox", what: "the core and the ceremonies of the pages in Firefox", run: firefox },
];

/// Those that take too long for every change: they run by their name, or all by `all`.
const HEAVY_SUITES: &[Suite] = &[
    Suite {
        name: "docs",
        what: "the documentation in Chromium, its snippets compiled and run, and its quick start in Vite",
        run: docs,
    },
    Suite {
        name: "examples",
        what: "the apps of www-demo/examples, in development and as built, in Chromium, and the page in Leptos",
        run: in_examples,
    },
    Suite {
        name: "parity-js",
        what: "the peer from npm and ours with the core in JavaScript, the same scenarios",
        run: parity_js,
    },
    Suite {
        name: "wasm-js",
        what: "the tests of the core, and the core with them, made into JavaScript, in headless Chromium",
        run: wasm_js,
    },
    Suite { name: "wild", what: "the packed tarball in the tools that apps are built and run by", run: wild },
    Suite {
        name: "chaos",
        what: "authsignal-local killed, starved and pestered in the middle of load",
        run: load::chaos,
    },
    Suite { name: "e2e-js", what: "the pages in Chromium with the core in JavaScript, without the wasm", run: e2e_js },
    Suite {
        name: "reproducible",
        what: "another build of the same sources, elsewhere, has the same bytes",
        run: reproducible,
    },
    Suite { name: "tools", what: "the commands that measure, as briefly as they can, to their end", run: tools },
    Suite { name: "mutation", what: "each rule of the binding broken in turn, and which test sees it", run: mutation },
];

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counts {
    passed: u32,
    failed: u32,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The suites that are meant: without names the ordinary ones; `all` means every one.
fn chosen(names: &[String]) -> Result<Vec<&'static Suite>> {
    let every = || SUITES.iter().chain(HEAVY_SUITES);
    if let Some(unknown) = names.iter().find(|name| *name != "all" && every().all(|suite| suite.name != name.as_str()))
    {
        let known: Vec<_> = every().map(|suite| suite.name).collect();
        bail!("there is no suite `{unknown}`: {}, or all", known.join(", "));
    }
    if names.is_empty() {
        return Ok(SUITES.iter().collect());
    }
    let is_named = |suite: &&Suite| names.iter().any(|name| name == "all" || name == suite.name);
    Ok(every().filter(is_named).collect())
}

/// Whether there are suites of these names.
#[cfg(test)]
pub fn check(names: &[String]) -> Result<()> {
    chosen(names).map(drop)
}

/// The suites that need nothing but cargo.
const PURE: [&str; 2] = ["unit", "server"];

pub fn test(names: &[String]) -> Result<()> {
    let chosen = chosen(names)?;
    // While the first suites compile, the network is idle.
    let is_all = SUITES.iter().all(|suite| chosen.iter().any(|other| other.name == suite.name));
    let mut ahead = is_all.then(|| thread::spawn(setup::ahead));
    let mut rows = Vec::new();
    let mut total = Counts::default();
    for suite in chosen {
        say(&format!("Suite {}: {}", suite.name, suite.what));
        let begun = Instant::now();
        let ahead = if PURE.contains(&suite.name) { None } else { ahead.take() };
        let (counts, problem) = outcome(suite, ahead);
        total.passed += counts.passed;
        total.failed += counts.failed;
        rows.push((suite.name, counts, begun.elapsed(), problem));
    }
    println!("\n{:<10} {:>7} {:>7} {:>8}", "suite", "passed", "failed", "time");
    for (name, counts, time, problem) in &rows {
        let problem = problem.as_deref().unwrap_or_default();
        println!("{name:<10} {:>7} {:>7} {:>7}s {problem}", counts.passed, counts.failed, time.as_secs());
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 { bail!("some tests failed") } else { Ok(()) }
}

/// What comes of a suite, once what it needs is installed `ahead` of it; and why it is not what it should be.
fn outcome(suite: &Suite, ahead: Option<JoinHandle<()>>) -> (Counts, Option<String>) {
    let failed = |problem: String| (Counts { passed: 0, failed: 1 }, Some(problem));
    if ahead.is_some_and(|ahead| ahead.join().is_err()) {
        return failed("the installation of what the suites need has panicked".to_owned());
    }
    match (suite.run)() {
        Ok(Counts { passed: 0, failed: 0 }) => failed("no test ran".to_owned()),
        Ok(counts) => (counts, None),
        Err(error) => failed(format!("{error:#}")),
    }
}

fn cargo_test(packages: &[&str], flags: &[&str]) -> Result<Counts> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--no-fail-fast"]).args(flags).args(packages.iter().flat_map(|package| ["--package", package]));
    counted(&mut cargo, count_cargo)
}

fn unit() -> Result<Counts> {
    cargo_test(&["authsignal-wasm", "xtask"], &["--features", "authsignal-wasm/testing"])
}

fn server() -> Result<Counts> {
    cargo_test(&["authsignal-local"], &[])
}

fn mutation() -> Result<Counts> {
    let (passed, failed) = mutation::mutation()?;
    Ok(Counts { passed, failed })
}

fn postgres() -> Result<Counts> {
    let postgres = Postgres::start()?;
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--no-fail-fast", "--package", "authsignal-local", "--test", "suite"]);
    // The model has no database; it ran in `server`.
    cargo.args(["--", "--skip", "model::"]);
    counted(cargo.env("AUTHSIGNAL_LOCAL_TEST_POSTGRES", &postgres.url), count_cargo)
}

fn deployment() -> Result<Counts> {
    setup::npm()?;
    counted(&mut Deployment::start()?.tests(), count_node)
}

fn wasm() -> Result<Counts> {
    let mut total = core_in(Browser::Chromium, &TestServer::start()?)?;
    total += rust_snippets()?;
    Ok(total)
}

/// The same tests, in Rust, with the core that they test: compiled together they become JavaScript together.
fn wasm_js() -> Result<Counts> {
    core_in(Browser::ChromiumWithoutWasm, &TestServer::start()?)
}

/// The core, and the example in Yew.
const CORE: [&str; 4] = ["--package", "authsignal-wasm", "--package", "authsignal-example-yew"];

fn core_in(browser: Browser, server: &TestServer) -> Result<Counts> {
    in_browser(browser, server, &[&CORE[..], &["--test", "wasm", "--test", "page"]].concat())
}

/// Whether the snippets of the crate's documentation and of the README compile: one test. They are not run; what the README
/// has is also `tests/wasm/readme.rs`, which is.
fn rust_snippets() -> Result<Counts> {
    // With the same packages as above: then all that they need is compiled already.
    let is_ok = run(cargo_test_wasm()?.args(CORE).arg("--doc")).is_ok();
    println!("Rust snippets: {}", if is_ok { "ok" } else { "FAILED" });
    Ok(Counts { passed: is_ok.into(), failed: (!is_ok).into() })
}

/// Cargo's tests for the target of wasm, which wasm-bindgen runs.
fn cargo_test_wasm() -> Result<Command> {
    let toolchain = setup::wasm()?;
    let runner = setup::wasm_bindgen()?.join("wasm-bindgen-test-runner");
    let mut cargo = toolchain.cargo();
    cargo
        .args(["test", "--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-tests"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        // The backtrace of a failed run is the runner's own.
        .env("RUST_BACKTRACE", "0")
        // An isolated page frames nothing of another origin, such as the pre-built UI.
        .env("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1")
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    if toolchain.needs_build_std() {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    Ok(cargo)
}

/// Tests on a page of that browser, with a virtual authenticator, against that server.
fn in_browser(browser: Browser, server: &TestServer, tests: &[&str]) -> Result<Counts> {
    let mut cargo = cargo_test_wasm()?;
    if browser == Browser::ChromiumWithoutWasm {
        // As the core of the package is built: what is small is also translated soon.
        cargo.args(["--profile", "wasm"]).env("CARGO_ENCODED_RUSTFLAGS", wasm::TEST_RUSTFLAGS.join("\u{1f}"));
    }
    let driver = WebDriver::start(browser, &format!("{}/v1", server.origin))?;
    counted(cargo.args(tests).env(browser.remote_variable(), &driver.origin), count_cargo)
}

fn types() -> Result<Counts> {
    let scratch = install_packed()?;
    link_to(&scratch.join(INSTALLED), "tests/types")?;
    counted(node_tests("tests/types")?.env("PACKED", scratch), count_node)
}

/// Whether TypeScript accepts a project: one test. By its path: several packages call theirs `tsc`.
fn compiles(config: &str) -> Result<Counts> {
    setup::npm()?;
    let compiler = root().join("tests/node_modules/typescript/bin/tsc");
    let is_ok = run(Command::new("node").arg(compiler).arg("--project").arg(root().join(config))).is_ok();
    println!("{config}: {}", if is_ok { "ok" } else { "FAILED" });
    Ok(Counts { passed: is_ok.into(), failed: (!is_ok).into() })
}

/// Packs the package and installs the tarball, as a user does: the folder that it is installed into.
pub fn install_packed() -> Result<PathBuf> {
    package::build()?;
    setup::npm()?;
    let scratch = root().join("target/packed");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    let tarball = package::pack(&root().join("pkg"), &scratch)?;
    std::fs::write(scratch.join("package.json"), "{\"private\": true, \"type\": \"module\"}")?;
    run(Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--offline"])
        .arg(format!("./{tarball}"))
        .current_dir(&scratch))?;
    Ok(scratch)
}

fn packed() -> Result<Counts> {
    let scratch = install_packed()?;
    let on_node = counted(
        Command::new("node")
            .args(["--test", "--test-reporter=tap"])
            .arg(root().join("tests/package/installed.test.mjs"))
            .current_dir(&scratch)
            .env("PACKED", &scratch),
        count_node,
    )?;
    let server = TestServer::start()?;
    let in_browser = counted(
        pages("package", &server)?.env("CHROMIUM", setup::chromium()?).env("PACKED", &scratch),
        count_playwright,
    )?;
    Ok(Counts { passed: on_node.passed + in_browser.passed, failed: on_node.failed + in_browser.failed })
}

/// The tools from npm, and the package from its tarball beside them, in a folder that its copies of projects lie below.
fn wild() -> Result<Counts> {
    let packed = install_packed()?.join(INSTALLED);
    let wild = root().join("target/wild");
    std::fs::create_dir_all(&wild)?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join("tests/package/wild").join(name), wild.join(name))?;
    }
    setup::npm_packages(&wild)?;
    package::copy_folder(&packed, &wild.join(INSTALLED))?;
    let server = TestServer::start()?;
    counted(pages("package/wild", &server)?.env("CHROMIUM", setup::chromium()?).env("PACKED", &wild), count_playwright)
}

/// Where npm puts the package.
const INSTALLED: &str = "node_modules/authsignal-wasm";

fn peers() -> Result<Counts> {
    package::build()?;
    serve::program()?;
    setup::independent_tools()?;
    setup::npm()?;
    counted(&mut node_tests("tests/peers")?, count_node)
}

/// Node's own runner on every `.test.mjs` of a folder.
fn node_tests(folder: &str) -> Result<Command> {
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap"]);
    for entry in std::fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            node.arg(path);
        }
    }
    Ok(node)
}

fn kit() -> Result<Counts> {
    package::build()?;
    let program = serve::program()?;
    setup::npm()?;
    link_package("tests/kit")?;
    let chromium = setup::chromium()?;
    let mut vitest = setup::npm_program("vitest")?;
    vitest.args(["run", "--root", "kit/vitest"]).env("NO_COLOR", "1");
    let mut playwright = setup::npm_program("playwright")?;
    playwright.args(["test", "-c", "kit"]).env("CHROMIUM", chromium);
    let mut total = compiles("tests/kit/tsconfig.json")?;
    total += counted(node_tests("tests/kit")?.env("AUTHSIGNAL_LOCAL", &program), count_node)?;
    for (mut runner, count) in [(vitest, count_vitest as fn(&str) -> Counts), (playwright, count_playwright)] {
        let tests = root().join("tests");
        total += counted(runner.current_dir(tests).env("AUTHSIGNAL_LOCAL", &program), count)?;
    }
    Ok(total)
}

fn docs() -> Result<Counts> {
    docs::docs()?;
    docs::snippets()?;
    let program = serve::program()?;
    link_package("tests/kit")?;
    link_package("tests/docs")?;
    let mut total = compiles("target/snippets/js/tsconfig.json")?;
    total += compiles("target/snippets/ts/tsconfig.json")?;
    let mut playwright = setup::npm_program("playwright")?;
    playwright.args(["test", "-c", "docs"]).env("CHROMIUM", setup::chromium()?).env("AUTHSIGNAL_LOCAL", program);
    total += counted(playwright.current_dir(root().join("tests")), count_playwright)?;
    Ok(total)
}

fn in_examples() -> Result<Counts> {
    examples::install()?;
    examples::leptos()?;
    let program = serve::program()?;
    link_package("tests/examples")?;
    let mut total = compiles("www-demo/examples/react/tsconfig.json")?;
    let mut playwright = setup::npm_program("playwright")?;
    playwright.args(["test", "-c", "examples"]).env("CHROMIUM", setup::chromium()?).env("AUTHSIGNAL_LOCAL", program);
    total += counted(playwright.current_dir(root().join("tests")), count_playwright)?;
    total += leptos()?;
    Ok(total)
}

/// The page in Leptos, which takes longer to compile than the core and its tests together: here, not in the suite `wasm`.
fn leptos() -> Result<Counts> {
    const EXAMPLE: [&str; 2] = ["--package", "authsignal-example-leptos"];
    const PAGE: [&str; 4] = [EXAMPLE[0], EXAMPLE[1], "--test", "page"];
    let wasm = setup::wasm()?;
    let mut clippy = wasm.cargo();
    clippy.args(["clippy", "--quiet", "--target", "wasm32-unknown-unknown", "--target-dir", "target/wasm-tests"]);
    if wasm.needs_build_std() {
        clippy.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }
    run(clippy.args(EXAMPLE).args(["--all-targets", "--", "-D", "warnings"]))?;
    let server = TestServer::start()?;
    let mut total = in_browser(Browser::Chromium, &server, &PAGE)?;
    total += in_browser(Browser::Firefox, &server, &PAGE)?;
    Ok(total)
}

/// Lets the files of a folder import the built package by its name.
fn link_package(folder: &str) -> Result<()> {
    link_to(&root().join("pkg"), folder)
}

fn link_to(package: &Path, folder: &str) -> Result<()> {
    let link = root().join(folder).join(INSTALLED);
    std::fs::create_dir_all(link.parent().context("a link has a folder")?)?;
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link)?;
    }
    package::link(package, &link)
}

fn openapi() -> Result<Counts> {
    let python = setup::schemathesis()?;
    let server = TestServer::start()?;
    let mut script = Command::new(python);
    script.arg("tests/openapi/run.py").env("AUTHSIGNAL_LOCAL_URL", &server.origin);
    counted(&mut script, count_closing_line)
}

fn parity() -> Result<Counts> {
    play_parity(&[])
}

fn parity_js() -> Result<Counts> {
    play_parity(&["--js-core"])
}

fn play_parity(flags: &[&str]) -> Result<Counts> {
    package::build()?;
    setup::npm()?;
    let chromium = setup::chromium()?;
    let mut node = Command::new("node");
    counted(node.arg("tests/parity/run.mjs").args(flags).env("CHROMIUM", chromium), count_closing_line)
}

fn e2e() -> Result<Counts> {
    let chromium = setup::chromium()?;
    let server = TestServer::start()?;
    counted(pages("e2e", &server)?.env("CHROMIUM", chromium), count_playwright)
}

/// The same tests with the same expectations: their results are equal, or one of the two suites fails.
fn e2e_js() -> Result<Counts> {
    let chromium = setup::chromium()?;
    package::build()?;
    let package = package::in_javascript()?;
    let server = TestServer::with_package(&package)?;
    counted(pages("e2e", &server)?.env("CHROMIUM", chromium).env("AUTHSIGNAL_PKG", package), count_playwright)
}

fn reproducible() -> Result<Counts> {
    let differing = package::rebuild_elsewhere()?;
    let failed = u32::try_from(differing.iter().filter(|(_, differs)| *differs).count())?;
    for (file, differs) in &differing {
        println!("{file}: {}", if *differs { "DIFFERS" } else { "the same bytes" });
    }
    Ok(Counts { passed: u32::try_from(differing.len())? - failed, failed })
}

/// What no other suite runs: only that it works. What it measures in one round says nothing.
fn tools() -> Result<Counts> {
    const BRIEFLY: [&str; 4] = ["--rounds", "1", "--clicks", "1"];
    let mut counts = Counts::default();
    for (name, result) in [
        ("size --explain".to_owned(), explain::explain()),
        (format!("bench {}", BRIEFLY.join(" ")), bench(&BRIEFLY.map(str::to_owned))),
    ] {
        match &result {
            Ok(()) => println!("{name}: ok"),
            Err(error) => println!("{name}: FAILED: {error:#}"),
        }
        counts += Counts { passed: result.is_ok().into(), failed: result.is_err().into() };
    }
    Ok(counts)
}

fn firefox() -> Result<Counts> {
    let server = TestServer::start()?;
    let core = core_in(Browser::Firefox, &server)?;
    let mut playwright = pages("e2e/firefox", &server)?;
    playwright.env("PACKED", install_packed()?);
    playwright.env("FIREFOX", setup::firefox()?).env("GECKODRIVER", setup::geckodriver()?);
    let pages = counted(&mut playwright, count_playwright)?;
    Ok(Counts { passed: core.passed + pages.passed, failed: core.failed + pages.failed })
}

/// The tests of the pages in that folder, against that server.
fn pages(folder: &str, server: &TestServer) -> Result<Command> {
    let mut playwright = setup::npm_program("playwright")?;
    playwright
        .args(["test", "-c", folder])
        .current_dir(root().join("tests"))
        .env("AUTHSIGNAL_LOCAL_URL", &server.origin)
        // For the tests that need one with flags of their own.
        .env("AUTHSIGNAL_LOCAL", &server.program);
    Ok(playwright)
}

/// Speed beside the peer: ratios, never a verdict.
pub fn bench(flags: &[String]) -> Result<()> {
    package::build()?;
    size::peer()?;
    let chromium = setup::chromium()?;
    say("Measuring fresh pages, ours and the peer's in turn (about ten minutes)");
    let script = root().join("tests/bench/run.mjs");
    run(Command::new("node").arg(script).args(flags).env("CHROMIUM", chromium))
}

/// Runs a runner, shows what it says, and counts by its closing lines. A runner that fails without a failed test is a
/// failed test.
pub fn counted(command: &mut Command, count: fn(&str) -> Counts) -> Result<Counts> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run `{name}`: is it installed?"))?;
    let stdout = child.stdout.take().context("no stdout")?;
    let mut counts = Counts::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        let counted = count(&line);
        counts.passed += counted.passed;
        counts.failed += counted.failed;
    }
    let status = wait(&mut child)?;
    if !status && counts.failed == 0 {
        bail!("`{name}` failed");
    }
    Ok(counts)
}

fn wait(child: &mut std::process::Child) -> Result<bool> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill()?;
            bail!("a test runner did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The number before a word: `12 passed`.
fn before(line: &str, word: &str) -> u32 {
    let words: Vec<&str> = line.split_whitespace().map(|part| part.trim_matches([';', ',', '.'])).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or_default()
}

/// `test result: ok. 5 passed; 0 failed; ...`
fn count_cargo(line: &str) -> Counts {
    if !line.trim_start().starts_with("test result:") {
        return Counts::default();
    }
    Counts { passed: before(line, "passed"), failed: before(line, "failed") }
}

/// `# pass 5` and `# fail 0`
fn count_node(line: &str) -> Counts {
    let number = |prefix: &str| line.strip_prefix(prefix).and_then(|rest| rest.trim().parse().ok()).unwrap_or_default();
    Counts { passed: number("# pass "), failed: number("# fail ") }
}

/// `      Tests  1 failed | 3 passed (4)`
fn count_vitest(line: &str) -> Counts {
    if !line.trim_start().starts_with("Tests ") {
        return Counts::default();
    }
    Counts { passed: before(line, "passed"), failed: before(line, "failed") }
}

/// `  5 passed (3.2s)` and `  1 failed`
fn count_playwright(line: &str) -> Counts {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [count, "passed", rest @ ..] if rest.len() <= 1 => {
            Counts { passed: count.parse().unwrap_or_default(), failed: 0 }
        }
        [count, "failed"] => Counts { passed: 0, failed: count.parse().unwrap_or_default() },
        _ => Counts::default(),
    }
}

/// `5 passed, 0 failed`
pub fn count_closing_line(line: &str) -> Counts {
    if line.contains(" passed, ") && line.ends_with(" failed") {
        Counts { passed: before(line, "passed"), failed: before(line, "failed") }
    } else {
        Counts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_means_every_suite_and_no_name_the_ordinary_ones() {
        let names = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            chosen(&names).map(|suites| suites.iter().map(|suite| suite.name).collect::<Vec<_>>()).ok()
        };
        assert_eq!(names(&[]).map(|all| all.len()), Some(SUITES.len()));
        assert_eq!(names(&["all"]).map(|all| all.len()), Some(SUITES.len() + HEAVY_SUITES.len()));
        assert_eq!(names(&["unit", "server"]), Some(vec!["unit", "server"]));
        assert_eq!(names(&["nonsense"]), None);
    }

    #[test]
    fn a_suite_whose_installation_panics_has_a_problem_and_the_others_have_none() {
        let suite = Suite { name: "some", what: "", run: || Ok(Counts { passed: 1, failed: 0 }) };
        let (counts, problem) = outcome(&suite, Some(thread::spawn(|| panic!("no network"))));
        assert_eq!(counts, Counts { passed: 0, failed: 1 });
        assert!(problem.is_some_and(|problem| problem.contains("panicked")));
        let (counts, problem) = outcome(&suite, Some(thread::spawn(|| {})));
        assert_eq!((counts, problem), (Counts { passed: 1, failed: 0 }, None));
    }

    #[test]
    fn the_closing_lines_of_every_runner_are_counted() {
        let counts = |passed, failed| Counts { passed, failed };
        assert_eq!(count_cargo("test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured"), counts(5, 1));
        assert_eq!(count_cargo("test a_test ... ok"), counts(0, 0));
        assert_eq!(count_node("# pass 7"), counts(7, 0));
        assert_eq!(count_node("# fail 2"), counts(0, 2));
        assert_eq!(count_vitest("      Tests  1 failed | 3 passed (4)"), counts(3, 1));
        assert_eq!(count_vitest(" Test Files  1 passed (1)"), counts(0, 0));
        assert_eq!(count_playwright("  12 passed (9.1s)"), counts(12, 0));
        assert_eq!(count_playwright("  1 failed"), counts(0, 1));
        assert_eq!(count_playwright("  2 failed tests were retried again"), counts(0, 0));
        assert_eq!(count_closing_line("130 passed, 0 failed"), counts(130, 0));
        assert_eq!(count_closing_line("passed, failed"), counts(0, 0));
    }
}
