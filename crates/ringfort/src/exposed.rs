//! `ringfort exposed`: every listener, who reaches it and why, and what is behind it.

use std::collections::BTreeMap;

use anyhow::Result;
use ringfort_model::{Cluster, Unit};
use ringfort_network::exposure::{Exposure, Listener, Reach, Verdict};
use ringfort_report::human::harmless;
use serde_json::{Value, json};

use crate::args::{Exposed, Reading};
use crate::commands::{print, read, usage};

/// How many owners behind a listener are named on its line.
const NAMED: usize = 4;

pub(crate) fn run(arguments: &Exposed, reading: &Reading) -> Result<u8> {
    let collected = read(arguments.cluster.as_deref(), reading)?;
    let cluster = &collected.cluster;
    let units = cluster.units();
    let exposure = Exposure::with_units(cluster, &units);
    let wanted = arguments.namespace.as_deref();
    if let Some(namespace) = wanted {
        let known = cluster.namespaces.get("", namespace).is_some()
            || exposure.listeners.iter().any(|one| one.object.namespace == namespace);
        if !known {
            return Err(usage(format!("namespace {namespace} does not exist")));
        }
    }
    let is_wanted = |namespace: &str| wanted.is_none_or(|wanted| wanted == namespace);
    let mut listeners: Vec<&Listener> =
        exposure.listeners.iter().filter(|one| is_wanted(&one.object.namespace)).collect();
    // The widest first; among equals the order of the engine.
    listeners.sort_by_key(|one| one.verdict.reach);
    let notes = exposure.notes.iter().filter(|one| is_wanted(&one.object.namespace));
    if arguments.format == "json" {
        let notes: Vec<Value> = notes
            .map(|note| {
                json!({
                    "object": note.object.to_string(),
                    "field": note.path,
                    "reason": note.reason,
                    "error": note.is_error,
                })
            })
            .collect();
        let listed: Vec<Value> =
            listeners.iter().map(|one| as_json(cluster, &units, one)).collect();
        let all = json!({"schema": "ringfort.exposed/1", "listeners": listed, "notes": notes});
        print(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
        return Ok(0);
    }
    let mut text = String::new();
    for one in &listeners {
        text.push_str(&as_text(cluster, &units, one));
    }
    for note in notes {
        let kind = if note.is_error { "error" } else { "note" };
        let line = format!("{kind}  {}  {}: {}", note.object, note.path, note.reason);
        text.push_str(&harmless(&line));
        text.push('\n');
    }
    let mut counts: BTreeMap<Reach, usize> = BTreeMap::new();
    for one in &listeners {
        *counts.entry(one.verdict.reach).or_default() += 1;
    }
    let all = [Reach::Public, Reach::AllowListed, Reach::Unknown, Reach::Internal];
    let counts: Vec<String> = all
        .iter()
        .map(|reach| format!("{} {}", counts.get(reach).unwrap_or(&0), reach.name()))
        .collect();
    text.push_str(&format!("{} listeners: {}\n", listeners.len(), counts.join(", ")));
    print(&text)?;
    Ok(0)
}

/// Three lines: the listener, what is behind it, why.
fn as_text(cluster: &Cluster, units: &[Unit], one: &Listener) -> String {
    let mut head =
        format!("{:<12} {:<15} {}", one.verdict.reach.name(), one.kind.name(), one.object);
    if !one.part.is_empty() {
        head.push_str(&format!("  {}", one.part));
    }
    match one.port {
        Some(port) => head.push_str(&format!("  {port}/{}", one.protocol)),
        None if !one.protocol.is_empty() => head.push_str(&format!("  {}", one.protocol)),
        None => {}
    }
    if let Some(condition) = &one.condition {
        head.push_str(&format!("  {}{}", condition.host, condition.path));
    }
    if !one.addresses.is_empty() {
        let all: Vec<&str> = one.addresses.iter().map(ringfort_model::Str::as_str).collect();
        head.push_str(&format!("  on {}", all.join(", ")));
    }
    let mut lead = String::from("    ->");
    if let Some((namespace, name)) = &one.service {
        lead.push_str(&format!(" svc/{namespace}/{name} ->"));
    }
    lead.push_str(&format!(" {}", behind(cluster, units, one)));
    let verdict = &one.verdict;
    let why = format!("    {}, {}", because(verdict), verdict.confidence.name());
    [head, lead, why].iter().map(|line| format!("{}\n", harmless(line))).collect()
}

fn because(verdict: &Verdict) -> String {
    let value = match verdict.value.as_str() {
        "" => String::new(),
        value => format!(" = {value}"),
    };
    format!("{}: {} {}{value}", verdict.reason, verdict.object, verdict.path)
}

fn behind(cluster: &Cluster, units: &[Unit], one: &Listener) -> String {
    let count = one.backends.pods(units).count();
    let mut names: Vec<String> = one
        .backends
        .units
        .iter()
        .map(|&unit| {
            let unit = &units[unit as usize];
            let kind = unit.owner.as_ref().map_or("Pod", |(kind, _)| kind.name());
            format!("{kind} {}/{}", unit.namespace, unit.name(cluster))
        })
        .collect();
    names.dedup();
    names.extend(one.backends.outside.iter().map(|text| format!("outside {text}")));
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let plural = if count == 1 { "" } else { "s" };
    let mut text = format!("{count} pod{plural}: {}", names.join(", "));
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn as_json(cluster: &Cluster, units: &[Unit], one: &Listener) -> Value {
    let verdict = |verdict: &Verdict| {
        json!({
            "reach": verdict.reach.name(),
            "confidence": verdict.confidence.name(),
            "object": verdict.object.to_string(),
            "field": verdict.path,
            "value": verdict.value,
            "reason": verdict.reason,
        })
    };
    let pods: Vec<String> = one
        .backends
        .pods(units)
        .map(|pod| format!("pod/{}", cluster.pods[pod].metadata.full_name()))
        .collect();
    let workloads: Vec<String> = one
        .backends
        .units
        .iter()
        .filter_map(|&unit| {
            let unit = &units[unit as usize];
            let (kind, name) = unit.owner.as_ref()?;
            Some(format!("workload/{}/{}/{name}", kind.name(), unit.namespace))
        })
        .collect();
    json!({
        "listener": one.kind.name(),
        "object": one.object.to_string(),
        "part": one.part,
        "addresses": one.addresses,
        "port": one.port,
        "protocol": one.protocol,
        "condition": one.condition.as_ref().map(|condition| json!({
            "host": condition.host,
            "path": condition.path,
            "pathType": condition.path_type,
        })),
        "sources": one.sources,
        "service": one.service.as_ref().map(|(namespace, name)| format!("svc/{namespace}/{name}")),
        "workloads": workloads,
        "pods": pods,
        "outside": one.backends.outside,
        "intent": verdict(&one.intent),
        "fact": one.fact.as_ref().map(verdict),
        "verdict": verdict(&one.verdict),
    })
}
