//! The program: arguments, streams and exit codes.

mod args;
mod commands;
mod demo;
mod exposed;
mod findings;
mod netpol;
mod plan;
mod podsec;
mod questions;
mod reach;
mod stages;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Wrong usage exits with 2, as clap does by itself.
    let arguments = args::Arguments::parse();
    match commands::run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let text = ringfort_report::human::harmless(&format!("{error:#}"));
            eprintln!("error: {text}");
            let usage = error.downcast_ref::<commands::Usage>().is_some();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
