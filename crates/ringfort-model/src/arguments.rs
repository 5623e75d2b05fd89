//! What the API server's own pods say on their command lines.

use crate::cluster::Cluster;
use crate::record::Pod;

/// The API server's pods in `kube-system`, as kubeadm labels them (`component=kube-apiserver`).
/// None of a managed control plane are among the objects.
pub fn api_servers(cluster: &Cluster) -> impl Iterator<Item = &Pod> {
    let system = cluster.pods.in_namespace("kube-system").map(|(_, pod)| pod);
    system
        .filter(|pod| pod.metadata.labels.get("component").is_some_and(|c| *c == *"kube-apiserver"))
}

/// What a server says of a flag, in order: `--flag=value`, or `--flag value`.
#[must_use]
pub fn flag_values<'c>(pod: &'c Pod, name: &str) -> Vec<&'c str> {
    let mut found = Vec::new();
    for container in &pod.spec.containers {
        let mut words = container.command.iter().chain(container.args.iter());
        while let Some(word) = words.next() {
            let Some(rest) = word.strip_prefix("--").and_then(|w| w.strip_prefix(name)) else {
                continue;
            };
            match rest.strip_prefix('=') {
                Some(value) => found.push(value),
                None if rest.is_empty() => {
                    found.push(words.next().map_or("", |value| value.as_str()));
                }
                None => {}
            }
        }
    }
    found
}

/// Whether a flag that a server's words do not carry is proven absent: its program is a word of
/// its own with the flags after it. A shell's line, an image's entry point and words that the
/// kubelet fills in from variables may carry flags that are not seen.
#[must_use]
pub fn shows_every_flag(pod: &Pod) -> bool {
    let program = |word: &str| word.rsplit('/').next() == Some("kube-apiserver");
    pod.spec.containers.iter().any(|container| {
        let words = || container.command.iter().chain(container.args.iter());
        words().any(|word| program(word)) && !words().any(|word| word.starts_with("$("))
    })
}
