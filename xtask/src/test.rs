//! Everything that must hold before a change is merged. The tests run last, so that the run
//! closes with their summary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

pub(crate) fn run() -> Result<()> {
    install("chromium", &["chromium", "chromium-browser", "google-chrome"]);
    install("runc", &["runc"]);
    fetch_axe();
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if cargo(&["deny", "--version"]).is_ok() {
        cargo(&["deny", "--all-features", "check", "bans", "licenses", "sources"])?;
    } else {
        println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
    }
    crate::docs::run(true)?;
    verify()?;
    cargo(&["test", "--workspace"])
}

/// Where the truth suites are looked for.
pub(crate) fn suites() -> PathBuf {
    let given = std::env::var_os("RINGFORT_SUITES").map(PathBuf::from);
    given.unwrap_or_else(|| root().join("../shared"))
}

/// The truth suites, one line for each, where they are at hand.
fn verify() -> Result<()> {
    let suites = suites();
    if !suites.is_dir() {
        println!("skipped: the truth suites are not at {}", suites.display());
        return Ok(());
    }
    println!("$ ringfort verify all --suites {}", suites.display());
    let all = ringfort_verify::suites::run(&suites, 0);
    print!("{}", all.text());
    if !all.holds() {
        bail!("a truth suite does not agree");
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let shown = arguments.join(" ");
    println!("$ cargo {shown}");
    let status = Command::new(cargo)
        .args(arguments)
        .current_dir(root())
        .status()
        .with_context(|| format!("cargo {shown} does not start"))?;
    if !status.success() {
        bail!("cargo {shown} failed");
    }
    Ok(())
}

/// The page test needs a browser, that of the image a container runtime. Without one, and without
/// the means to install one, the test says that it is skipped.
fn install(package: &str, programs: &[&str]) {
    let present = programs.iter().any(|name| Command::new(name).arg("--version").output().is_ok());
    if present || Command::new("apt-get").arg("--version").output().is_err() {
        return;
    }
    println!("$ apt-get install {package}");
    for arguments in
        [&["update", "-q"][..], &["install", "-qy", "--no-install-recommends", package]]
    {
        let done = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(std::process::Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            println!("skipped: {package} cannot be installed here; its test will say so");
            return;
        }
    }
}

/// The page test asks axe-core whether the page is accessible. Without it, and without npm, that
/// part of the test says that it is skipped.
fn fetch_axe() {
    const PACKAGE: &str = "axe-core@4.14.1";
    let folder = root().join("target/axe");
    if folder.join("node_modules/axe-core/axe.min.js").is_file() {
        return;
    }
    println!("$ npm install {PACKAGE}");
    let done = Command::new("npm")
        .args(["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .arg(PACKAGE)
        .stdout(std::process::Stdio::null())
        .status();
    if !done.is_ok_and(|status| status.success()) {
        println!("skipped: {PACKAGE} cannot be fetched here; the page test will say so");
    }
}
