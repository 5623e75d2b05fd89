//! Chores of the project: `cargo xtask test`, `cargo xtask docs`.

mod docs;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match run(&mut arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &mut dyn Iterator<Item = String>) -> Result<()> {
    match arguments.next().as_deref() {
        Some("test") => test::run(),
        Some("docs") => docs::run(arguments.next().as_deref() == Some("--check")),
        _ => bail!("usage: cargo xtask test | docs [--check]"),
    }
}
