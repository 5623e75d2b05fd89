//! `ringfort completions SHELL` and `ringfort man`: made from the arguments themselves, so that
//! they cannot fall behind.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::args::Arguments;
use crate::commands::{print, usage};

/// The name under which the program is called.
const NAME: &str = "ringfort";

/// Prints completions for a shell.
pub(crate) fn completions(shell: &str) -> Result<u8> {
    let shell: Shell = shell.parse().map_err(usage)?;
    let mut text = Vec::new();
    generate(shell, &mut Arguments::command(), NAME, &mut text);
    print(&String::from_utf8(text)?)?;
    Ok(0)
}

/// Prints the manual page of the program, or writes it and those of its commands into a folder.
pub(crate) fn man(folder: Option<&Path>) -> Result<u8> {
    let command = Arguments::command().name(NAME);
    let Some(folder) = folder else {
        let mut text = Vec::new();
        Man::new(command).render(&mut text)?;
        print(&String::from_utf8(text)?)?;
        return Ok(0);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(command, folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(0)
}
