//! The suite's expected outputs, read as sets.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_network::policy::{ConnectionSet, Protocol};

use crate::network::exposure::Exposure;

/// `(source, destination, connections)`; no connections where only one is asked about.
pub(crate) type Lines = BTreeSet<(String, String, String)>;

/// Edges and exposure of a text golden.
pub(crate) fn connlist(text: &str) -> (Lines, Exposure) {
    let mut edges = Lines::new();
    let mut exposure = Exposure::default();
    for line in text.lines() {
        if let Some((workload, rest)) = line.split_once('\t') {
            // `WORKLOAD <tab>=> <tab>PEER : CONNECTIONS`
            let mut parts = rest.splitn(2, '\t').map(str::trim);
            let (Some(arrow), Some(rest)) = (parts.next(), parts.next()) else { continue };
            let (peer, connections) = rest.split_once(" : ").unwrap_or((rest, ""));
            exposure.lines.insert((
                arrow.to_owned(),
                workload.trim().to_owned(),
                peer.trim().to_owned(),
                connections.trim().to_owned(),
            ));
        } else if line.contains(" is not protected on ") {
            exposure.unprotected.insert(line.trim().to_owned());
        } else if let Some((from, rest)) = line.split_once(" => ") {
            let (to, connections) = rest.split_once(" : ").unwrap_or((rest, ""));
            edges.insert((from.to_owned(), to.to_owned(), connections.to_owned()));
        }
    }
    (edges, exposure)
}

/// Edges and exposure of a dot golden, which shows neither unprotected workloads nor an arrow.
pub(crate) fn dot(text: &str) -> (Lines, Exposure) {
    let mut edges = Lines::new();
    let mut exposure = Exposure::default();
    for line in text.lines() {
        let Some((from, rest)) = line.trim().split_once("\" -> \"") else { continue };
        let from = from.trim_matches('"').to_owned();
        let Some((to, rest)) = rest.split_once("\" [label=\"") else { continue };
        let Some((connections, style)) = rest.split_once('"') else { continue };
        let (to, connections) = (to.to_owned(), connections.to_owned());
        if style.contains("style=dashed") {
            let outgoing = to == "entire-cluster";
            let arrow = if outgoing { "=>" } else { "<=" };
            let (own, peer) = if outgoing { (from, to) } else { (to, from) };
            exposure.lines.insert((arrow.to_owned(), own, peer, connections));
        } else {
            edges.insert((from, to, connections));
        }
    }
    (edges, exposure)
}

/// What an explanation says is allowed, by pair.
pub(crate) fn explain(text: &str) -> BTreeMap<(String, String), ConnectionSet> {
    let mut found: BTreeMap<(String, String), ConnectionSet> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let pair =
            line.strip_prefix("Connections between ").and_then(|rest| rest.strip_suffix(':'));
        if let Some((from, to)) = pair.and_then(|rest| rest.split_once(" => ")) {
            current = Some((from.to_owned(), to.to_owned()));
            found.entry((from.to_owned(), to.to_owned())).or_default();
        } else if line.starts_with("# All Connections due to the system default") {
            current = None;
        } else if let Some(rest) = line.strip_prefix("\tAllowed ") {
            let set = explained(rest.split(" due to ").next().unwrap_or_default());
            if let Some(known) = current.as_ref().and_then(|pair| found.get_mut(pair)) {
                *known = known.union(&set);
            }
        } else if line.starts_with("Exposure Analysis Result") {
            break;
        } else if current.is_none()
            && let Some((from, to)) = line.split_once(" => ")
        {
            found.insert((from.to_owned(), to.to_owned()), ConnectionSet::all());
        }
    }
    found
}

/// `TCP:[80,90-91], UDP`.
fn explained(text: &str) -> ConnectionSet {
    text.split(", ").fold(ConnectionSet::none(), |all, part| {
        let (name, ports) = part.split_once(':').unwrap_or((part, ""));
        let Some(protocol) = Protocol::from_name(name.trim()) else { return all };
        if ports.is_empty() {
            return all.union(&ConnectionSet::protocol(protocol));
        }
        all.union(&port_list(protocol, ports.trim_matches(['[', ']'])))
    })
}

fn port_list(protocol: Protocol, text: &str) -> ConnectionSet {
    text.split(',').fold(ConnectionSet::none(), |all, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) => all.union(&ConnectionSet::ports(protocol, first, last)),
            _ => all,
        }
    })
}

/// `All Connections`, `No Connections`, `TCP 80,UDP 53-54,90`.
pub(crate) fn connections(text: &str) -> ConnectionSet {
    if text == "All Connections" {
        return ConnectionSet::all();
    }
    let mut current = None;
    text.split(',').fold(ConnectionSet::none(), |all, part| {
        let mut ports = part;
        if let Some((name, rest)) = part.trim().split_once(' ')
            && let Some(protocol) = Protocol::from_name(name)
        {
            current = Some(protocol);
            ports = rest;
        }
        current.map_or(all.clone(), |protocol| all.union(&port_list(protocol, ports)))
    })
}

/// A difference: type, source, destination, and both sets.
pub(crate) type Change = (String, String, String, ConnectionSet, ConnectionSet);

/// The lines of a text or csv golden of kind diff.
pub(crate) fn changes(text: &str, names: &[String], csv: bool) -> Result<Vec<Change>, String> {
    let mut found = Vec::new();
    for line in text.lines() {
        if csv {
            let cells = csv_cells(line);
            let [kind, from, to, first, second, ..] = cells.as_slice() else { continue };
            if kind == "diff-type" {
                continue;
            }
            found.push((
                kind.clone(),
                from.clone(),
                to.clone(),
                connections(first),
                connections(second),
            ));
            continue;
        }
        let Some(rest) = line.strip_prefix("diff-type: ") else { continue };
        let wrong = || format!("unreadable line {line}");
        let [first_name, second_name] = names else { return Err(wrong()) };
        let (kind, rest) = rest.split_once(", source: ").ok_or_else(wrong)?;
        let (from, rest) = rest.split_once(", destination: ").ok_or_else(wrong)?;
        let (to, rest) = rest.split_once(&format!(", {first_name}: ")).ok_or_else(wrong)?;
        let (first, rest) = rest.split_once(&format!(", {second_name}: ")).ok_or_else(wrong)?;
        let second = rest.split(", workloads-diff-info: ").next().unwrap_or_default();
        let own = |text: &str| text.to_owned();
        found.push((own(kind), own(from), own(to), connections(first), connections(second)));
    }
    Ok(found)
}

/// The cells of a line of csv.
fn csv_cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().expect("there is a cell").push(other),
        }
    }
    cells
}
