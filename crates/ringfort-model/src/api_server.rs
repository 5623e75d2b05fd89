//! The API server's own pods, as kubeadm and the manifests of Kubernetes label them, and the
//! flags that they show.

use crate::cluster::Cluster;
use crate::record::Pod;
use crate::text::Str;

const PROGRAM: &str = "kube-apiserver";

/// The pods in `kube-system` with the label `component=kube-apiserver`.
pub fn pods(cluster: &Cluster) -> impl Iterator<Item = &Pod> {
    let system = cluster.pods.in_namespace("kube-system").map(|(_, pod)| pod);
    system.filter(|pod| pod.metadata.labels.get("component").is_some_and(|one| *one == *PROGRAM))
}

/// The words that follow the program's name, or all of them where the image alone says the
/// program. `None` where the program is in no word of its own, as in the text of a shell
/// (`/bin/sh -c "exec kube-apiserver …"`, the manifests for GCE): its flags cannot be told from
/// what the shell does with them.
#[must_use]
pub fn flags(pod: &Pod) -> Option<Vec<&str>> {
    pod.spec.containers.iter().find_map(|container| {
        let words: Vec<&str> =
            container.command.iter().chain(&container.args).map(Str::as_str).collect();
        let named = words.iter().position(|word| word.rsplit('/').next() == Some(PROGRAM));
        match named {
            Some(at) => Some(words[at + 1..].to_vec()),
            None if container.command.is_empty() => {
                let flags = words.first().is_some_and(|word| word.starts_with("--"));
                let alone = pod.spec.containers.len() == 1;
                (alone && flags).then_some(words)
            }
            None => None,
        }
    })
}

/// Whether a flag that a server's words do not carry is proven absent: its program is a word of
/// its own, no word is filled in from a variable, and the flag is there without which no server
/// starts (apiserver `pkg/server/options/etcd.go`, `Validate`), so that the words were not cut
/// short. An image's entry point may carry flags that are not seen.
#[must_use]
pub fn shows_every_flag(pod: &Pod) -> bool {
    pod.spec.containers.iter().any(|container| {
        let words = || container.command.iter().chain(&container.args);
        words().any(|word| word.rsplit('/').next() == Some(PROGRAM))
            && words().any(|word| word.starts_with("--etcd-servers"))
            && !words().any(|word| word.starts_with("$("))
    })
}

/// What a server says of a flag, in order: `--flag=value`, or `--flag value`.
#[must_use]
pub fn values<'c>(words: &[&'c str], name: &str) -> Vec<&'c str> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(rest) = word.strip_prefix("--").and_then(|w| w.strip_prefix(name)) else {
            continue;
        };
        match rest.strip_prefix('=') {
            Some(value) => found.push(value),
            None if rest.is_empty() => found.push(words.next().copied().unwrap_or_default()),
            None => {}
        }
    }
    found
}

/// What a server says of a flag that holds a list: what is said again is added, as pflag's
/// `StringSlice` does. `None` where it is not said.
#[must_use]
pub fn list<'c>(words: &[&'c str], name: &str) -> Option<Vec<&'c str>> {
    let all = values(words, name);
    let items = all.iter().flat_map(|value| value.split(',')).map(str::trim);
    let items = items.filter(|item| !item.is_empty()).collect();
    (!all.is_empty()).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(containers: &str) -> Option<String> {
        let json =
            format!(r#"{{"metadata":{{"name":"s"}},"spec":{{"containers":[{containers}]}}}}"#);
        let pod: Pod = serde_json::from_str(&json).expect("a pod");
        flags(&pod).map(|words| words.join(" "))
    }

    #[test]
    fn flags_follow_the_programs_name() {
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(words(r#"{"command":["kube-apiserver","--a=b","--c"]}"#), said("--a=b --c"));
        assert_eq!(
            words(
                r#"{"command":["/go-runner","--log-file=/x","/usr/local/bin/kube-apiserver"],
                    "args":["--a"]}"#
            ),
            said("--a")
        );
        assert_eq!(words(r#"{"args":["--a"]}"#), said("--a"));
        assert_eq!(words(r#"{"image":"x"},{"command":["kube-apiserver"]}"#), said(""));
    }

    #[test]
    fn what_a_shell_starts_is_not_seen() {
        let script = r#"{"command":["/bin/sh","-c","exec kube-apiserver --a"]}"#;
        assert_eq!(words(script), None);
        assert_eq!(
            words(r#"{"command":["/bin/sh","-c"],"args":["exec kube-apiserver --a"]}"#),
            None
        );
        assert_eq!(words(r#"{"command":["/start"],"args":["--a"]}"#), None);
        assert_eq!(words(r#"{"image":"x"}"#), None);
    }
}
