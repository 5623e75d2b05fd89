//! Single questions about two pods, and full maps of all pods.

use std::collections::BTreeSet;

use ringfort_model::record::Pod;
use ringfort_model::table::Id;
use ringfort_network::policy::{ConnectionSet, Protocol};
use serde::Deserialize;

use super::{Case, Files, Input, differences, edges, golden_of, input_of};

/// A pod, or a workload where there are only those.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    namespace: String,
    name: String,
}

fn find(input: &Input, place: &Place) -> Result<Id<Pod>, String> {
    if let Some(pod) = input.cluster.pods.find(&place.namespace, &place.name) {
        return Ok(pod);
    }
    let workload = input
        .workloads
        .iter()
        .find(|one| one.namespace == place.namespace && one.name == place.name);
    workload
        .map(|workload| workload.pods[0])
        .ok_or_else(|| format!("no pod {}/{}", place.namespace, place.name))
}

/// What passes from one pod to another; a pod reaches itself.
fn allowed(input: &Input, from: Id<Pod>, to: Id<Pod>) -> Result<ConnectionSet, String> {
    if from == to {
        return Ok(ConnectionSet::all());
    }
    // A primary network of its own parts a namespace from all others before any policy.
    let home = |pod: Id<Pod>| input.cluster.pods[pod].metadata.namespace.as_str();
    let parted = input.apart.contains(home(from)) || input.apart.contains(home(to));
    if parted && home(from) != home(to) {
        return Ok(ConnectionSet::none());
    }
    let class = |pod| input.network.of_pod(pod).ok_or("a pod without a class");
    let between = input.network.between(class(from)?, class(to)?);
    if between.unknown().is_empty() { Ok(between.allowed()) } else { Err("unknown".to_owned()) }
}

fn protocol(name: &str) -> Result<Protocol, String> {
    Protocol::from_name(&name.to_ascii_uppercase()).ok_or_else(|| format!("no protocol {name}"))
}

pub(super) fn one(files: &Files, case: &Case) -> Result<(), String> {
    let input = input_of(files, &case.input[0])?;
    let (from, to) = (find(&input, &case.source)?, find(&input, &case.destination)?);
    let port = case.port.ok_or("no port")?;
    let answer = allowed(&input, from, to)?.contains(protocol(&case.protocol)?, port);
    if answer == case.allowed { Ok(()) } else { Err(format!("here {answer}")) }
}

pub(super) fn map(files: &Files, case: &Case) -> Result<(), String> {
    let golden = golden_of(files, &case.golden)?;
    let theirs: BTreeSet<String> =
        golden.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let input = input_of(files, &case.input[0])?;
    let mut ours = BTreeSet::new();
    let asked = |pod: &Pod| !input.has_pods || !Input::is_stand_in(pod);
    for (from, source) in input.cluster.pods.ids().filter(|(_, pod)| asked(pod)) {
        for (to, destination) in input.cluster.pods.ids().filter(|(_, pod)| asked(pod)) {
            let set = allowed(&input, from, to)?;
            let answer = match case.port {
                _ if case.all_connections => edges::text(&set, &[]),
                Some(port) => set.contains(protocol(&case.protocol)?, port).to_string(),
                None => set.is_all().to_string(),
            };
            let (source, destination) =
                (source.metadata.full_name(), destination.metadata.full_name());
            ours.insert(format!("src: {source}, dest: {destination}, allowed conns: {answer}"));
        }
    }
    differences(&theirs, &ours)
}
