//! `hostNamespaces`: the node's network, process or IPC namespace.

use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let asked = [
        (subject.spec.host_network, "hostNetwork=true"),
        (subject.spec.host_pid, "hostPID=true"),
        (subject.spec.host_ipc, "hostIPC=true"),
    ];
    let found: Vec<&str> =
        asked.into_iter().filter(|(value, _)| *value == Some(true)).map(|(_, text)| text).collect();
    (!found.is_empty()).then(|| Refusal { reason: "host namespaces", detail: found.join(", ") })
}
