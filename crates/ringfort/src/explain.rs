//! `ringfort explain ID`: a technique, a vector, an impact or a check.

use anyhow::Result;
use ringfort_attack::{Difficulty, Impact, State, techniques, vectors};

use crate::commands::{print, usage};

/// Prints what is documented under an id.
pub(crate) fn run(id: &str) -> Result<u8> {
    let upper = id.to_uppercase();
    let vector = upper.strip_prefix("VECTOR/").unwrap_or(&upper);
    let impact = Impact::from_name(id.strip_prefix("impact/").unwrap_or(id));
    let text = if let Some(found) = techniques::by_id(id) {
        technique(found)
    } else if let Some(title) = vectors::title(vector) {
        self::vector(vector, title)
    } else if let Some(impact) = impact {
        self::impact(impact)
    } else if let Some(text) = crate::findings::explained(id) {
        text
    } else if let Some((id, where_)) = asked_elsewhere(id) {
        format!("impact/{id}: {where_}\n")
    } else if let Some((id, needs)) = not_evaluated(id) {
        format!("{id}: not evaluated; {needs}\n")
    } else {
        let text = format!("{id} is no technique, vector, impact or check that is known");
        return Err(usage(text));
    };
    print(&text)?;
    Ok(0)
}

fn technique(technique: &ringfort_attack::Technique) -> String {
    let doc = &technique.doc;
    let mut text = format!("{}: {}\n\n{}\n", technique.id, technique.title, doc.what);
    for (title, body) in [
        ("When", doc.when),
        ("Not", doc.not),
        ("Controls", doc.controls),
        ("Cut", doc.cut),
        ("Source", doc.upstream),
    ] {
        if !body.is_empty() {
            text.push_str(&format!("\n{title}: {body}\n"));
        }
    }
    text.push_str(&format!("\nATT&CK: {}\n", technique.attack.join(", ")));
    text
}

fn vector(id: &str, title: &str) -> String {
    let effort = |state: State| state.difficulty().map_or(0, Difficulty::weight);
    format!(
        "{id}: {title}\n\n{}\n\nStates: open, an outsider gets in now; unknown, something that \
         the API does not show decides it; guarded, a control must be beaten first; closed, the \
         way does not exist. Every instance that is not closed is a way in: effort {} open, {} \
         unknown and marked unverified, {} guarded.\n\nInstances: ringfort scan -f json, field \
         vectors; ringfort paths --from vector/{id}\n",
        vectors::what(id).unwrap_or_default(),
        effort(State::Open),
        effort(State::Unknown),
        effort(State::Guarded)
    )
}

fn impact(impact: Impact) -> String {
    let default = match Impact::DEFAULT_TARGETS.contains(&impact) {
        true => "A target of every scan and plan.",
        false => "A target if asked for.",
    };
    format!(
        "impact/{}: {}\n\nDecided by what a position can do, never by the name of a role. \
         {default}\n\nPaths: ringfort paths --to impact/{}\n",
        impact.name(),
        impact.title(),
        impact.name()
    )
}

/// What is listed as not evaluated, with what it needs.
fn not_evaluated(id: &str) -> Option<(&'static str, &'static str)> {
    techniques::NOT_EVALUATED.iter().copied().find(|(known, _)| *known == id)
}

/// Targets that are pairs of positions.
fn asked_elsewhere(id: &str) -> Option<(&'static str, &'static str)> {
    let name = id.strip_prefix("impact/").unwrap_or(id);
    Impact::ASKED_ELSEWHERE.iter().copied().find(|(known, _)| *known == name)
}
