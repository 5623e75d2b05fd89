//! What objects show about the API server, the kubelets and the provider: flags in the static
//! pods of the control plane, kubeadm's ConfigMap, ids of machines.

use ringfort_model::record::{Node, Pod};
use ringfort_model::{Cluster, go_bool};

/// A flag of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag<'c> {
    /// The API server's pod is not among the objects.
    Unseen,
    /// Its command line does not carry the flag.
    Unset,
    /// Its value.
    Set(&'c str),
}

/// A flag of the API server as its pods in `kube-system` carry it (kubeadm labels them
/// `component=kube-apiserver`).
#[must_use]
pub fn flag<'c>(cluster: &'c Cluster, name: &str) -> Flag<'c> {
    let mut answer = Flag::Unseen;
    for pod in servers(cluster) {
        if answer == Flag::Unseen {
            answer = Flag::Unset;
        }
        for container in &pod.spec.containers {
            let mut words = container.command.iter().chain(container.args.iter());
            while let Some(word) = words.next() {
                let Some(rest) = word.strip_prefix("--").and_then(|w| w.strip_prefix(name)) else {
                    continue;
                };
                match rest.strip_prefix('=') {
                    Some(value) => return Flag::Set(value),
                    None if rest.is_empty() => {
                        return Flag::Set(words.next().map_or("", |value| value.as_str()));
                    }
                    None => {}
                }
            }
        }
    }
    answer
}

fn servers(cluster: &Cluster) -> impl Iterator<Item = &Pod> {
    let system = cluster.pods.in_namespace("kube-system").map(|(_, pod)| pod);
    system
        .filter(|pod| pod.metadata.labels.get("component").is_some_and(|c| *c == *"kube-apiserver"))
}

impl Flag<'_> {
    /// Whether the value is one that Go reads as false.
    #[must_use]
    pub fn is_off(self) -> bool {
        matches!(self, Self::Set(value) if go_bool(value) == Some(false))
    }
}

/// A boolean flag of the API server, as spf13/pflag reads one: alone it is true, the word after it
/// is none of its own, and the last counts. Of several servers one decides that does not switch
/// it off.
#[must_use]
pub fn switch<'c>(cluster: &'c Cluster, name: &str) -> Flag<'c> {
    let mut answer = Flag::Unseen;
    for pod in servers(cluster) {
        let words = pod.spec.containers.iter().flat_map(|c| c.command.iter().chain(c.args.iter()));
        let last =
            words.rev().find_map(|word| match word.strip_prefix("--")?.strip_prefix(name)? {
                "" => Some("true"),
                rest => rest.strip_prefix('='),
            });
        answer = last.map_or(Flag::Unset, Flag::Set);
        if !answer.is_off() {
            return answer;
        }
    }
    answer
}

/// Whether an admission plug-in that is off by default was turned on; `None` if the flag
/// cannot be seen.
#[must_use]
pub fn plugin_is_on(cluster: &Cluster, plugin: &str) -> Option<bool> {
    match flag(cluster, "enable-admission-plugins") {
        Flag::Unseen => None,
        Flag::Unset => Some(false),
        Flag::Set(list) => Some(list.split(',').any(|one| one.trim() == plugin)),
    }
}

/// A feature gate as the API server's flag sets it; `None` if the flag does not name it.
#[must_use]
pub fn gate(cluster: &Cluster, name: &str) -> Option<bool> {
    let Flag::Set(gates) = flag(cluster, "feature-gates") else { return None };
    let mut set = gates.split(',').filter_map(|one| one.split_once('='));
    set.find(|(gate, _)| gate.trim() == name).and_then(|(_, value)| go_bool(value.trim()))
}

/// Settings of the kubelets as kubeadm's ConfigMap gives them to each node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kubelets {
    /// Requests without a credential are let in as `system:anonymous`.
    pub anonymous: bool,
    /// Whoever is let in may do everything.
    pub always_allow: bool,
    /// The port without authentication is open.
    pub read_only_port: bool,
    /// Images that are on a node are used by whoever names them.
    pub never_verify_images: bool,
}

/// The settings, if the ConfigMap was read with its values. Fields that it leaves out have the
/// defaults of KubeletConfiguration v1beta1: no anonymous requests, mode Webhook, no
/// read-only port.
#[must_use]
pub fn kubelets(cluster: &Cluster) -> Option<Kubelets> {
    let configs = cluster.config_maps.in_namespace("kube-system");
    let mut documents = configs
        .filter(|(_, config)| config.metadata.name.starts_with("kubelet-config"))
        .filter_map(|(_, config)| config.data.get("kubelet"))
        .filter(|document| document.contains("kind: KubeletConfiguration"));
    let document = documents.next()?;
    // The border keeps one spelling of the settings that are read here.
    let after = |above: &str, key: &str| {
        let (_, rest) = document.split_once(above)?;
        let line = rest.lines().find(|line| line.trim_start().starts_with(key))?;
        line.split_once(':').map(|(_, value)| value.trim())
    };
    Some(Kubelets {
        anonymous: after("anonymous:", "enabled:") == Some("true"),
        always_allow: after("authorization:", "mode:") == Some("AlwaysAllow"),
        read_only_port: after("", "readOnlyPort:").is_some_and(|port| port != "0"),
        never_verify_images: after("", "imagePullCredentialsVerificationPolicy:")
            == Some("NeverVerify"),
    })
}

/// The cloud that the nodes' machines belong to.
#[must_use]
pub fn provider(cluster: &Cluster) -> Option<(&'static str, &Node)> {
    let known = |node: &Node| match node.provider_id().split_once(':')?.0 {
        "aws" => Some("aws"),
        "gce" => Some("google"),
        "azure" => Some("azure"),
        _ => None,
    };
    cluster.nodes.iter().find_map(|node| Some((known(node)?, node)))
}

/// A node of Amazon's managed Kubernetes: its machine's id with a label of EKS, or the
/// server's version.
#[must_use]
pub fn eks_node(cluster: &Cluster) -> Option<&Node> {
    cluster.nodes.iter().find(|node| {
        let labelled = node.metadata.labels.iter().any(|(key, _)| {
            key.starts_with("eks.amazonaws.com/") || key.starts_with("alpha.eksctl.io/")
        });
        node.provider_id().starts_with("aws:")
            && (labelled || cluster.git_version.contains("-eks-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, SourceKind};

    fn cluster(servers: &[&str]) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for (at, words) in servers.iter().enumerate() {
            let json = format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"s{at}",
                    "namespace":"kube-system","labels":{{"component":"kube-apiserver"}}}},
                    "spec":{{"containers":[{{"name":"c","command":[{words}]}}]}}}}"#
            );
            builder.add(Object::read(json.as_bytes()).expect("a pod"));
        }
        builder.freeze()
    }

    #[test]
    fn a_switch_is_read_as_its_parser_reads_it() {
        let off = |servers: &[&str]| switch(&cluster(servers), "anonymous-auth").is_off();
        for word in ["false", "False", "FALSE", "0", "f", "F"] {
            assert!(off(&[&format!(r#""kube-apiserver","--anonymous-auth={word}""#)]), "{word}");
        }
        assert!(!off(&[r#""--anonymous-auth=true""#]));
        assert!(!off(&[r#""--anonymous-auth","false""#]), "the word after it is not its value");
        assert!(!off(&[r#""--anonymous-auth=false","--anonymous-auth""#]), "the last counts");
        assert!(off(&[r#""--anonymous-auth","--anonymous-auth=0""#]));
        assert!(!off(&[r#""--anonymous-auth=0""#, r#""kube-apiserver""#]), "one has it on");
        assert!(off(&[r#""--anonymous-auth=0""#, r#""--anonymous-auth=f""#]));
        assert!(!off(&[r#""--anonymous-authentication=false""#]) && !off(&[]));
        assert_eq!(switch(&cluster(&[]), "anonymous-auth"), Flag::Unseen);
    }

    #[test]
    fn gates_are_booleans_of_go() {
        let gate = |text: &str| {
            let words = format!(r#""--feature-gates=A=true,B={text}""#);
            super::gate(&cluster(&[&words]), "B")
        };
        assert_eq!((gate("True"), gate("1"), gate("0")), (Some(true), Some(true), Some(false)));
        assert_eq!(gate("on"), None);
    }
}
