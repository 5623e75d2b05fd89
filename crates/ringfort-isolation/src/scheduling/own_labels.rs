//! Which labels a node can give itself, and so draw pods by (semantics NODE-11, EFF-SCHED).
//!
//! Follows `plugin/pkg/admission/noderestriction/admission.go`, getForbiddenLabels, and
//! `staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go`. What is below
//! `node-restriction.kubernetes.io` is of Kubernetes and on no list of the kubelet's, so that it
//! needs no rule of its own; `node.kubernetes.io/instance-type` is below a prefix.

use super::rules::rules;

/// Whether a node may set or change the label on itself, where NodeRestriction is on.
#[must_use]
pub fn node_may_set(key: &str) -> bool {
    let rules = rules();
    let rule = &rules.switches;
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    let within = |domain: &str| {
        prefix
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.') && rule.subdomains_belong)
    };
    let of_kubernetes = rules.kubernetes_prefixes.iter().any(|prefix| within(prefix));
    (!of_kubernetes && rule.own_labels_are_free)
        || rules.kubelet_labels.contains(&key)
        || rules.kubelet_prefixes.iter().any(|prefix| within(prefix))
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
