//! `ringfort triage`: whether an advisory affects the cluster, through which way in, on which
//! path, and whether that can wait.

use anyhow::Result;
use ringfort_attack::{Attack, Engines};
use ringfort_checks::World;
use ringfort_checks::versions::{self, Affected, Data, Triage, Urgency};
use serde_json::{Value, json};

use crate::args::{Reading, Triaging};
use crate::commands::{lines, print, read, usage};
use crate::versions::Versions;

/// Objects of one place that are named.
const NAMED: usize = 3;

pub(crate) fn run(arguments: &Triaging, reading: &Reading) -> Result<u8> {
    // What is wrong with the id or the data is said before a cluster is read.
    let knowledge = Versions::new(reading)?;
    let data = knowledge.data();
    data.names(&arguments.id).map_err(|error| usage(error.to_string()))?;
    let collected = read(arguments.cluster.as_deref(), reading)?;
    let engines = Engines::new(&collected.cluster);
    let attack = Attack::new(&collected.cluster, &engines);
    let world = World::new(&attack);
    knowledge.give(&world);
    let found =
        versions::triage(&world, data, &arguments.id).map_err(|error| usage(error.to_string()))?;
    print(&match arguments.json {
        true => {
            let all: Vec<Value> = found.iter().map(|one| as_json(&attack, one)).collect();
            let all = json!({
                "schema": "ringfort.triage/1",
                "data": {"date": data.date().to_string(), "sources": data.sources()},
                "advisories": all,
            });
            format!("{}\n", serde_json::to_string_pretty(&all)?)
        }
        false => {
            let texts: Vec<String> = found.iter().map(|one| human(&attack, data, one)).collect();
            lines(&texts.join("\n"))
        }
    })?;
    let worst = found.iter().map(|one| one.affected).max();
    Ok(match (arguments.exit_code, worst) {
        (true, Some(Affected::Yes)) => 3,
        (true, Some(Affected::Unknown)) => 4,
        _ => 0,
    })
}

fn human(attack: &Attack<'_>, data: &Data, one: &Triage) -> String {
    let mut text = format!("{}  {}\n", one.id, one.title);
    text.push_str(&format!("affected: {}\n", one.affected.name()));
    for reason in &one.reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    let condition = match one.affected {
        Affected::Unknown => ", if it is affected",
        Affected::Yes | Affected::No => "",
    };
    if one.urgency != Urgency::None {
        text.push_str(&format!("{}{condition}: {}\n", one.urgency.name(), one.because));
    }
    if let Some(vector) = &one.vector {
        text.push_str(&format!("through: {vector}\n"));
    }
    if let Some(path) = &one.path {
        let path = ringfort_report::path(attack, path);
        let doubt = if path.entry_verified { "" } else { ", entry unverified" };
        text.push_str(&format!("path: effort {}{doubt}\n", path.effort));
        for step in &path.steps {
            text.push_str(&format!("  {} -> {}\n", step.title, step.to_title));
        }
    }
    if !one.places.is_empty() {
        text.push_str("here:\n");
    }
    for place in &one.places {
        let part = match place.part {
            "" => String::new(),
            part => format!(" ({part})"),
        };
        let version = match place.version.as_str() {
            "" => "version not shown",
            version => version,
        };
        let mut objects = place.objects.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if place.objects.len() > NAMED {
            objects.push_str(&format!(" and {} more", place.objects.len() - NAMED));
        }
        let mended = match place.mended.is_empty() {
            true => String::new(),
            false => format!("; mended in {}", place.mended.join(", ")),
        };
        text.push_str(&format!(
            "  {:<7}  {}{part} {version}: {objects}{mended}\n",
            place.affected.name(),
            place.component
        ));
    }
    for url in &one.urls {
        text.push_str(&format!("source: {url}\n"));
    }
    text.push_str(&format!("by data of {}\n", data.date()));
    text
}

fn as_json(attack: &Attack<'_>, one: &Triage) -> Value {
    json!({
        "id": one.id,
        "title": one.title,
        "urls": one.urls,
        "affected": one.affected,
        "reasons": one.reasons,
        "urgency": one.urgency,
        "because": one.because,
        "attacker": one.attacker,
        "gives": one.gives,
        "vector": one.vector,
        "path": one.path.as_ref().map(|path| ringfort_report::path(attack, path)),
        "places": one.places,
    })
}
