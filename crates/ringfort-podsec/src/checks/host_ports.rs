//! `hostPorts`: a port of the node's own addresses. Ports that defaulting copies from
//! `containerPort` on the host network count.

use std::collections::BTreeSet;

use super::wording::{containers, plural};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let mut bad = Vec::new();
    // The server sorts the ports as text.
    let mut ports: BTreeSet<String> = BTreeSet::new();
    for container in subject.containers() {
        let used: Vec<i64> =
            container.ports.iter().filter_map(|p| p.host_port).filter(|port| *port != 0).collect();
        if !used.is_empty() {
            bad.push(container.name.as_str());
            ports.extend(used.iter().map(i64::to_string));
        }
    }
    if bad.is_empty() {
        return None;
    }
    let listed: Vec<String> = ports.into_iter().collect();
    Some(Refusal {
        reason: "hostPort",
        detail: format!(
            "{} {} {} {}",
            containers(&bad),
            plural("uses", "use", bad.len()),
            plural("hostPort", "hostPorts", listed.len()),
            listed.join(", ")
        ),
    })
}
