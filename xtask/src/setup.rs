//! Installing what is missing, by the ordinary clients, or saying what it is.

use crate::shell::{exists, output, root, run, say};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// How to call cargo for wasm.
pub struct Wasm {
    /// Debian's toolchain, where rustup may not add the target.
    debian: bool,
}

impl Wasm {
    /// `cargo` for the wasm target; the standard library is built from source where the toolchain has none for it.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(if self.debian { "/usr/bin/cargo" } else { "cargo" });
        // What the outer cargo has set is about the host.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self.debian {
            let path = std::env::var("PATH").unwrap_or_default();
            cargo.env("PATH", format!("/usr/bin:{path}"));
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19");
            cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC");
        }
        cargo
    }

    /// The version of its compiler and standard library.
    pub fn version(&self) -> Result<String> {
        let printed = output(Command::new(if self.debian { "/usr/bin/rustc" } else { "rustc" }).arg("--version"))?;
        printed.split(' ').nth(1).map(str::to_owned).context("rustc printed no version")
    }

    /// Whether the toolchain comes without a standard library for wasm.
    pub fn needs_build_std(&self) -> bool {
        self.debian
    }
}

/// The wasm target and the sources of the standard library.
pub fn wasm() -> Result<Wasm> {
    if has_rustup_parts() {
        return Ok(Wasm { debian: false });
    }
    if exists("rustup") {
        say("Adding the wasm target and the sources of the standard library by rustup");
        let target = run(Command::new("rustup").args(["target", "add", TARGET]));
        let source = run(Command::new("rustup").args(["component", "add", "rust-src"]));
        if target.is_ok() && source.is_ok() {
            return Ok(Wasm { debian: false });
        }
    }
    let packages = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
    if !Path::new("/usr/share/doc/rustc-web").exists() {
        install_debian(&packages, "the wasm target of Rust")?;
    }
    Ok(Wasm { debian: true })
}

fn has_rustup_parts() -> bool {
    let Ok(sysroot) = output(Command::new("rustc").args(["--print", "sysroot"])) else {
        return false;
    };
    let library = Path::new(sysroot.trim()).join("lib/rustlib");
    library.join(TARGET).join("lib").exists() && library.join("src/rust/library/std/src/lib.rs").exists()
}

fn is_root_on_debian() -> bool {
    let user = output(Command::new("id").arg("-u")).unwrap_or_default();
    user.trim() == "0" && Path::new("/etc/debian_version").exists() && exists("apt-get")
}

/// Installs Debian packages where we may, and else says which they are.
fn install_debian(packages: &[&str], what: &str) -> Result<()> {
    let names = packages.join(" ");
    if !is_root_on_debian() {
        bail!("{what} is missing. On Debian: apt-get install {names}");
    }
    say(&format!("Installing {names} by apt-get"));
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
    .with_context(|| format!("{what} is missing. On Debian: apt-get install {names}"))
}

/// The wasm-bindgen programs of exactly the crate's version: the folder that has them.
pub fn wasm_bindgen() -> Result<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    let tools = root().join(".tools");
    let program = tools.join("bin/wasm-bindgen");
    let installed = output(Command::new(&program).arg("--version")).unwrap_or_default();
    if installed.trim() != format!("wasm-bindgen {version}") {
        say(&format!("Installing wasm-bindgen-cli {version} into .tools (about two minutes, once)"));
        run(Command::new("cargo")
            .args(["install", "wasm-bindgen-cli", "--version", &version, "--force", "--root"])
            .arg(&tools)
            .env_remove("RUSTFLAGS"))?;
    }
    Ok(tools.join("bin"))
}

/// The version of a crate in the lock file.
pub fn locked_version(name: &str) -> Result<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock is missing")?;
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&entry).nth(1).and_then(|rest| rest.split('"').next());
    version.map(str::to_owned).with_context(|| format!("{name} is not in Cargo.lock"))
}

/// The build tools and test dependencies from npm: the folder of their programs.
pub fn npm() -> Result<PathBuf> {
    npm_packages(&root().join("tests"))
}

/// What the lock file of a folder names, from npm: the folder of its programs.
pub fn npm_packages(folder: &Path) -> Result<PathBuf> {
    if !exists("node") || !exists("npm") {
        bail!("Node.js is missing. Install version 20 or newer, with npm");
    }
    let stamp = folder.join("node_modules/.installed-lock.json");
    let lock = folder.join("package-lock.json");
    let lock = std::fs::read(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    if std::fs::read(&stamp).ok().as_ref() != Some(&lock) {
        say(&format!("Installing from npm what {} names", folder.join("package.json").display()));
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
        std::fs::write(&stamp, &lock)?;
    }
    Ok(folder.join("node_modules/.bin"))
}

/// A program from npm.
pub fn npm_program(name: &str) -> Result<Command> {
    Ok(Command::new(npm()?.join(name)))
}

const CHROMIUM: &[&str] = &["chromium", "chromium-driver"];

/// The browser.
pub fn chromium() -> Result<PathBuf> {
    find_or_install(
        "CHROMIUM",
        &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"],
        "a Chromium browser",
        CHROMIUM,
    )
}

/// Its WebDriver.
pub fn chromedriver() -> Result<PathBuf> {
    find_or_install("CHROMEDRIVER", &["chromedriver", "msedgedriver"], "chromedriver", CHROMIUM)
}

/// The version of schemathesis that the suites are run with.
const SCHEMATHESIS: &str = "4.32.5";

/// A Python that has schemathesis, in a folder of its own: from PyPI.
pub fn schemathesis() -> Result<PathBuf> {
    let folder = root().join(".tools/python");
    let installed = output(Command::new(folder.join("bin/schemathesis")).arg("--version")).unwrap_or_default();
    if installed.trim().rsplit(' ').next() != Some(SCHEMATHESIS) {
        say(&format!("Installing schemathesis {SCHEMATHESIS} from PyPI into .tools/python"));
        let venv = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        if venv().is_err() {
            install_debian(&["python3", "python3-venv"], "Python with venv")?;
            venv()?;
        }
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("schemathesis=={SCHEMATHESIS}")))
        .context("schemathesis is missing: `pip install schemathesis` must reach PyPI")?;
    }
    Ok(folder.join("bin/python"))
}

/// The folder of PostgreSQL's programs.
pub fn postgres() -> Result<PathBuf> {
    if let Some(found) = postgres_programs() {
        return Ok(found);
    }
    install_debian(&["postgresql"], "PostgreSQL")?;
    postgres_programs().context("PostgreSQL is missing: set POSTGRES_PROGRAMS to the folder of initdb and postgres")
}

/// Where they are named, on `PATH`, or the newest where Debian puts them, which is on nobody's `PATH`.
fn postgres_programs() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("POSTGRES_PROGRAMS") {
        return Some(named.into());
    }
    let has_all = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).filter(|folder| has_all(&folder.join("bin"))).max_by_key(version);
    let on_path = on_path("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)).filter(has_all);
    on_path.or_else(|| newest.map(|folder| folder.join("bin")))
}

/// The other browser.
pub fn firefox() -> Result<PathBuf> {
    find_or_install("FIREFOX", &["firefox", "firefox-esr"], "Firefox", &["firefox-esr"])
}

const GECKODRIVER_VERSION: &str = "0.37.1";

/// Its WebDriver.
pub fn geckodriver() -> Result<PathBuf> {
    if let Some(found) = std::env::var_os("GECKODRIVER").map(PathBuf::from).or_else(|| on_path("geckodriver")) {
        return Ok(found);
    }
    let tools = root().join(".tools");
    let program = tools.join("bin/geckodriver");
    if !program.exists() {
        say(&format!("Installing geckodriver {GECKODRIVER_VERSION} into .tools (about a minute, once)"));
        // Unoptimised, which takes half of the time to build, and is fast enough to pass requests on.
        run(Command::new("cargo")
            .args(["install", "geckodriver", "--version", GECKODRIVER_VERSION, "--locked", "--debug", "--root"])
            .arg(&tools)
            .env_remove("RUSTFLAGS"))
        .context("geckodriver is missing: set GECKODRIVER to its path")?;
    }
    Ok(program)
}

/// nginx, and openssl for its certificate.
pub fn nginx() -> Result<PathBuf> {
    // Not on everybody's `PATH`.
    let find = || on_path("nginx").or_else(|| Some(PathBuf::from("/usr/sbin/nginx")).filter(|path| path.is_file()));
    if find().is_none() || !exists("openssl") {
        install_debian(&["nginx", "openssl"], "nginx or openssl")?;
    }
    find().context("nginx is missing: on Debian it is /usr/sbin/nginx")
}

/// What the tests call that others wrote: `oathtool` and `openssl`.
pub fn independent_tools() -> Result<()> {
    const PROGRAMS: [&str; 2] = ["oathtool", "openssl"];
    if PROGRAMS.iter().all(|program| exists(program)) {
        return Ok(());
    }
    install_debian(&PROGRAMS, "oathtool or openssl")
}

/// Installs what the suites of every change are going to ask for, as far as it need not be compiled. What cannot be
/// installed is told by the suite that needs it.
pub fn ahead() {
    let _ = npm();
    let _ = chromium();
    let _ = postgres();
    let _ = nginx();
    let _ = independent_tools();
    let _ = schemathesis();
    let _ = firefox();
}

fn find_or_install(variable: &str, programs: &[&str], what: &str, packages: &[&str]) -> Result<PathBuf> {
    let find = || {
        std::env::var_os(variable).map(PathBuf::from).or_else(|| programs.iter().find_map(|program| on_path(program)))
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install_debian(packages, what)?;
    find().with_context(|| format!("{what} is missing: set {variable} to its path"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
