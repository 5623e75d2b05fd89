//! `hostNamespaces`: the node's network, process or IPC namespace.

use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let asked = [
        (subject.spec.host_network, "hostNetwork"),
        (subject.spec.host_pid, "hostPID"),
        (subject.spec.host_ipc, "hostIPC"),
    ];
    let found: Vec<String> = asked
        .into_iter()
        .filter(|(value, field)| {
            *value == Some(true) && subject.rules.host_namespaces.contains(field)
        })
        .map(|(_, field)| format!("{field}=true"))
        .collect();
    (!found.is_empty()).then(|| Refusal { reason: "host namespaces", detail: found.join(", ") })
}
