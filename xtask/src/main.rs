//! Chores of the project: `cargo xtask test | docs | gen-cluster | bench | fuzz | mutants`.

mod bench;
mod bootstrap;
mod check_docs;
mod docs;
mod fuzz;
mod gencluster;
mod image;
mod krew;
mod mutants;
mod rbac;
mod test;
mod versions;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

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
        Some("image") => image::run(arguments),
        Some("krew") => krew::run(arguments),
        Some("bootstrap") => {
            let folder = arguments.next().context("bootstrap FOLDER")?;
            bootstrap::run(std::path::Path::new(&folder))
        }
        Some("versions") => {
            let folder = arguments.next().context("versions FOLDER")?;
            versions::run(std::path::Path::new(&folder))
        }
        Some("gen-cluster") => gencluster::run(arguments),
        Some("bench") => bench::run(&mut arguments.filter(|word| word != "--sizes")),
        Some("fuzz") => {
            let minutes = arguments.nth(1).map_or(Ok(10), |text| text.parse());
            fuzz::run(minutes.context("fuzz [--minutes N]")?)
        }
        Some("mutants") => mutants::run(arguments),
        // What `bench` runs as a process of its own, to be measured.
        Some("baseline") => {
            let path = arguments.next().context("baseline FILE")?;
            bench::baseline(std::path::Path::new(&path))
        }
        _ => bail!(
            "usage: cargo xtask test | docs [--check] | bench [--sizes N,…] | \
             fuzz [--minutes N] | \
             image [--target TRIPLE] [--binary FILE] [--out FILE] | \
             krew VERSION URL PLATFORM=FILE… | mutants [--own | --suites | --list] [ENGINE…] | bootstrap FOLDER | \
             versions FOLDER | gen-cluster --pods N --nodes M [--policies P] --seed S --out DIR"
        ),
    }
}
