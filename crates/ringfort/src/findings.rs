//! Checks at the prompt: which ones run, and what one is.

use anyhow::Result;
use ringfort_checks::{Chosen, checks, choose};

use crate::commands::usage;

/// The checks that a list names; all without one.
pub(crate) fn chosen(list: Option<&str>) -> Result<Chosen> {
    choose(list).map_err(|error| usage(error.to_string()))
}

/// A check in words; `None` if no check has the id.
pub(crate) fn explained(id: &str) -> Option<String> {
    if checks::NOT_EVALUATED.contains(&id) {
        return Some(format!("{id}: not evaluated yet; its result is unknown in every scan\n"));
    }
    let check = checks::by_id(id)?;
    let doc = &check.doc;
    let mut text = format!("{}: {}\n\n{}\n", check.id, check.title, doc.why);
    for (title, body) in
        [("Fails", doc.fails), ("Passes", doc.not), ("Unknown", doc.unknown), ("Fix", doc.fix)]
    {
        text.push_str(&format!("\n{title}: {body}\n"));
    }
    let modifiers: Vec<&str> = check.modifiers.iter().map(|one| one.name()).collect();
    text.push_str(&format!(
        "\nSeverity: {} {}\nZone: {}\nReferences: {}\n",
        check.severity.name(),
        modifiers.join(" "),
        check.zone.name(),
        check.references.join(", ")
    ));
    Some(text)
}
