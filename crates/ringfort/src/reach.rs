//! `ringfort reach`: who reaches what, with the policy and rule that decide.

use std::collections::BTreeMap;

use anyhow::Result;
use ringfort_model::{Cluster, Str};
use ringfort_network::policy::{ConnectionSet, Network, Passage, Place, PlaceError, Tri};
use serde_json::{Value, json};

use crate::args::{Reach, Reading};
use crate::commands::{read, usage};
use crate::questions::answer;

/// How many pairs of ends are explained.
const SHOWN: usize = 20;

pub(crate) fn run(reach: &Reach, reading: &Reading) -> Result<u8> {
    let collected = read(reach.cluster.as_deref(), reading)?;
    let cluster = &collected.cluster;
    let network = Network::new(cluster);
    let mut text = String::new();
    let mut passages = Vec::new();
    for error in network.errors() {
        text.push_str(&format!("error: {error}\n"));
    }
    let found = match (reach.ids.as_slice(), &reach.from, &reach.who) {
        ([from, to], None, None) => pair(&network, cluster, from, to, (&mut text, &mut passages))?,
        ([], Some(from), None) => {
            everything(&network, cluster, from, true, (&mut text, &mut passages))?
        }
        ([], None, Some(to)) => {
            everything(&network, cluster, to, false, (&mut text, &mut passages))?
        }
        _ => return Err(usage("give two ids, or --from ID, or --who ID")),
    };
    let errors: Vec<String> = network.errors().iter().map(ToString::to_string).collect();
    let value = json!({"schema": "ringfort.reach/1", "answer": word(found), "errors": errors,
        "passages": passages});
    answer(&reach.format, &value, &text)?;
    Ok(if reach.exit_code { code(found) } else { 0 })
}

fn word(answer: Tri) -> &'static str {
    match answer {
        Tri::Yes => "yes",
        Tri::No => "no",
        Tri::Unknown => "unknown",
    }
}

/// What passes between some ends, for programs.
fn as_json(
    ends: &[(String, String)],
    (allowed, unknown): (&ConnectionSet, &ConnectionSet),
    why: &[String],
) -> Value {
    let ends: Vec<Value> = ends.iter().map(|(from, to)| json!({"from": from, "to": to})).collect();
    let answer = match (allowed.is_empty(), unknown.is_empty()) {
        (false, _) => Tri::Yes,
        (true, false) => Tri::Unknown,
        (true, true) => Tri::No,
    };
    json!({"ends": ends, "answer": word(answer), "allowed": allowed.to_string(),
        "unknown": unknown.to_string(), "why": why})
}

fn places(network: &Network, cluster: &Cluster, name: &str) -> Result<Vec<Place>> {
    network.places(cluster, name).map_err(|error: PlaceError| usage(error.to_string()))
}

fn code(answer: Tri) -> u8 {
    match answer {
        Tri::Yes => 0,
        Tri::No => 3,
        Tri::Unknown => 4,
    }
}

/// Passages that are alike, with the ends that they are between.
fn alike(network: &Network, from: &[Place], to: &[Place]) -> Vec<(Vec<(String, String)>, Passage)> {
    let mut found: Vec<(Vec<(String, String)>, Passage)> = Vec::new();
    let mut known: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for from in from {
        for to in to {
            let passage = network.passage(from, to);
            let ends = (from.name.clone(), to.name.clone());
            let candidates = known.entry(passage.why.clone()).or_default();
            match candidates.iter().find(|at| found[**at].1 == passage) {
                Some(at) => found[*at].0.push(ends),
                None => {
                    candidates.push(found.len());
                    found.push((vec![ends], passage));
                }
            }
        }
    }
    found
}

fn pair(
    network: &Network,
    cluster: &Cluster,
    from: &str,
    to: &str,
    (text, passages): (&mut String, &mut Vec<Value>),
) -> Result<Tri> {
    let (from, to) = (places(network, cluster, from)?, places(network, cluster, to)?);
    let found = alike(network, &from, &to);
    let answer = found.iter().map(|(_, passage)| passage.answer()).max().unwrap_or(Tri::No);
    text.insert_str(0, &format!("{}\n", word(answer)));
    for (ends, passage) in &found {
        let sets = (&passage.allowed, &passage.unknown);
        passages.push(as_json(ends, sets, &passage.why));
    }
    for (ends, passage) in found.iter().take(SHOWN) {
        let (first, last) = &ends[0];
        let more = match ends.len() - 1 {
            0 => String::new(),
            count => format!(" (and {count} alike)"),
        };
        text.push_str(&format!(
            "{first} -> {last}{more}: {}\n",
            told(&passage.allowed, &passage.unknown)
        ));
        for why in &passage.why {
            text.push_str(&format!("  {why}\n"));
        }
    }
    if found.len() > SHOWN {
        text.push_str(&format!("{} more\n", found.len() - SHOWN));
    }
    Ok(answer)
}

fn told(allowed: &ConnectionSet, unknown: &ConnectionSet) -> String {
    if unknown.is_empty() { allowed.to_string() } else { format!("{allowed}; unknown: {unknown}") }
}

/// Every workload at the other end, and the internet.
fn everything(
    network: &Network,
    cluster: &Cluster,
    name: &str,
    outgoing: bool,
    (text, passages): (&mut String, &mut Vec<Value>),
) -> Result<Tri> {
    let own = places(network, cluster, name)?;
    let mut others: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for namespace in cluster.namespace_names() {
        for place in network.namespace_places(cluster, &namespace) {
            let owner = place.pod.and_then(|pod| cluster.top_owner(&cluster.pods[pod].metadata));
            let label = match owner {
                Some((kind, name)) => format!("workload/{}/{namespace}/{name}", kind.name()),
                None => place.name.clone(),
            };
            others.entry(label).or_default().push(place);
        }
    }
    for node in &cluster.nodes {
        let name: &Str = &node.metadata.name;
        let id = format!("node/{name}");
        others.insert(id.clone(), places(network, cluster, &id)?);
    }
    if name != "internet" {
        others.insert("internet".to_owned(), places(network, cluster, "internet")?);
    }
    let mut best = Tri::No;
    for (label, others) in &others {
        let found =
            if outgoing { alike(network, &own, others) } else { alike(network, others, &own) };
        let mut allowed = ConnectionSet::none();
        let mut possible = ConnectionSet::none();
        for (_, passage) in &found {
            allowed = allowed.union(&passage.allowed);
            possible = possible.union(&passage.allowed).union(&passage.unknown);
        }
        if possible.is_empty() {
            continue;
        }
        best = best.max(if allowed.is_empty() { Tri::Unknown } else { Tri::Yes });
        let unknown = possible.difference(&allowed);
        text.push_str(&format!("{label}  {}\n", told(&allowed, &unknown)));
        // The first passage that lets something through says why.
        let shown = found.iter().find(|(_, one)| one.answer() != Tri::No);
        let why: &[String] = shown.map_or(&[], |(_, passage)| &passage.why);
        for why in why {
            text.push_str(&format!("  {why}\n"));
        }
        let ends = match outgoing {
            true => (name.to_owned(), label.clone()),
            false => (label.clone(), name.to_owned()),
        };
        passages.push(as_json(&[ends], (&allowed, &unknown), why));
    }
    if name == "internet" {
        text.push_str("this is what policies allow; `ringfort exposed` says what has a way in\n");
    }
    Ok(best)
}
