//! The program: arguments, streams and exit codes.

mod args;
mod clock;
mod commands;
mod config;
mod demo;
mod dry_run;
mod explain;
mod exposed;
mod findings;
mod frameworks;
mod import;
mod judging;
mod netpol;
mod output;
mod own;
mod plan;
mod podsec;
mod questions;
mod reach;
mod shell;
mod stages;
mod triage;
mod verify;
mod versions;
mod what_if;

use std::process::ExitCode;

/// What one thread allocates another one frees: pages of objects that were read go to the graph.
/// It does that in less time and memory than the system's; how soon it gives memory back is set
/// in `.cargo/config.toml`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Wrong usage exits with 2, as clap does by itself.
    let arguments = match config::arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {}", ringfort_report::human::harmless(&error.to_string()));
            return ExitCode::from(2);
        }
    };
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
