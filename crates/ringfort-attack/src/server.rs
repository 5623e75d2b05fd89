//! What objects show about the API server, the kubelets and the provider: flags in the static
//! pods of the control plane, kubeadm's ConfigMap, ids of machines.

use ringfort_model::Cluster;
use ringfort_model::record::Node;

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
    for (_, pod) in cluster.pods.in_namespace("kube-system") {
        if pod.metadata.labels.get("component").is_none_or(|c| *c != *"kube-apiserver") {
            continue;
        }
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
    set.find(|(gate, _)| gate.trim() == name).map(|(_, value)| value.trim() == "true")
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
