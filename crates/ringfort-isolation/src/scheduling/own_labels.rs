//! Which labels a node can give itself, and so draw pods by (semantics NODE-11, EFF-SCHED).
//!
//! Follows `plugin/pkg/admission/noderestriction/admission.go`, getForbiddenLabels, and
//! `staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go`.

/// Labels of Kubernetes that a kubelet may set.
const KUBELET_LABELS: &[&str] = &[
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// Prefixes of Kubernetes below which a kubelet may set any label.
const KUBELET_PREFIXES: &[&str] = &["kubelet.kubernetes.io", "node.kubernetes.io"];

/// Whether a node may set or change the label on itself, where NodeRestriction is on.
#[must_use]
pub fn node_may_set(key: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    let within = |domain: &str| {
        prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if within("node-restriction.kubernetes.io") {
        return false;
    }
    let of_kubernetes = within("kubernetes.io") || within("k8s.io");
    !of_kubernetes
        || KUBELET_LABELS.contains(&key)
        || KUBELET_PREFIXES.iter().any(|prefix| within(prefix))
}

#[cfg(test)]
mod tests {
    use super::node_may_set;

    #[test]
    fn labels_of_kubernetes_are_the_clusters_unless_kubelets_set_them() {
        for (key, may) in [
            ("pool", true),
            ("example.com/pool", true),
            ("notkubernetes.io/x", true),
            ("kubernetes.io/hostname", true),
            ("topology.kubernetes.io/zone", true),
            ("node.kubernetes.io/anything", true),
            ("x.kubelet.kubernetes.io/anything", true),
            ("kubernetes.io/pool", false),
            ("node-role.kubernetes.io/infra", false),
            ("x.k8s.io/pool", false),
            ("node-restriction.kubernetes.io/pool", false),
            ("team.node-restriction.kubernetes.io/pool", false),
        ] {
            assert_eq!(node_may_set(key), may, "{key}");
        }
    }
}
