//! The program: arguments, streams and exit codes.

mod args;
mod clock;
mod commands;
mod config;
mod demo;
mod dry_run;
mod environment;
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
mod progress;
mod questions;
mod reach;
mod shell;
mod stages;
mod streams;
mod triage;
mod verify;
mod versions;
mod what_if;

use std::process::ExitCode;

use ringfort_report::human::harmless;

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
            streams::say(&format!("error: {}", harmless(&error.to_string())));
            return ExitCode::from(2);
        }
    };
    match commands::run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            streams::say(&format!("error: {}", harmless(&format!("{error:#}"))));
            let usage = error.downcast_ref::<commands::Usage>().is_some();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
