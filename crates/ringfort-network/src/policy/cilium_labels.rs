//! Which labels Cilium keeps (cilium/cilium `pkg/labelsfilter/filter.go`). Policies select
//! identities, and an identity has only the labels that pass the filter: one that does not pass
//! is absent from every pod, whatever the pod says. That holds for NetworkPolicy too where Cilium
//! enforces it.

use ringfort_model::{Cluster, Str};

use crate::policy::cni_rules::rules;
use crate::policy::expr::{Expr, Key};
use crate::policy::rule::Tri;
use crate::policy::settings::{Cilium, Setting};

/// Prefix of labels of the pod's namespace.
pub(crate) const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";
/// Account of a pod.
pub(crate) const ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
/// Name of the cluster that a pod is in.
const CLUSTER: &str = "io.cilium.k8s.policy.cluster";
/// What a cluster is called that nobody names.
const NAMELESS: &str = "default";

/// The filter as it is set up.
pub(crate) struct Labels {
    /// Whether the filter is the one that Cilium comes with.
    is_default: bool,
    version: Option<(u32, u32)>,
    /// The cluster's name, if it is known.
    cluster: Option<Str>,
}

impl Labels {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let settings = Cilium::of(cluster);
        let unset = |key: &str| match settings.get(key) {
            Setting::Default => true,
            Setting::To(value) => value.trim().is_empty(),
            Setting::Unknown => false,
        };
        Self {
            is_default: (unset("labels") && unset("label-prefix-file"))
                || !rules().switches.cilium_labels_may_be_set,
            version: settings.version(),
            cluster: match settings.get("cluster-name") {
                Setting::To(name) => Some(name),
                Setting::Default if settings.is_seen() => Some(Str::new(NAMELESS)),
                Setting::Default | Setting::Unknown => None,
            },
        }
    }

    /// Whether identities have a label that pods have.
    fn keeps(&self, key: &Key) -> Tri {
        let name = match key {
            // Every filter that leaves Cilium working keeps it.
            Key::Namespace => return Tri::Yes,
            Key::Label(name) => name.to_string(),
            Key::NamespaceLabel(name) => format!("{NAMESPACE_LABELS}{name}"),
            Key::Account => ACCOUNT.to_owned(),
        };
        if !self.is_default {
            return Tri::Unknown;
        }
        let table = rules();
        let starts = |prefix: &&&str| name.starts_with(**prefix);
        let kept = table.kept_labels.iter().filter(starts).map(|one| one.len()).max();
        let dropped = table.dropped_labels.iter().filter(starts).map(|one| one.len());
        // `.*beta\.kubernetes\.io`, and `annotation.*`: the whole label.
        let inside = table.dropped_inside.iter();
        let inside = inside.filter_map(|text| name.rfind(text).map(|at| at + text.len()));
        let whole = table.dropped_whole.iter().filter(starts).map(|_| name.len());
        let dropped = dropped.chain(inside).chain(whole).min();
        match (kept, dropped) {
            (Some(kept), Some(dropped)) if kept > dropped => return Tri::Yes,
            (_, Some(_)) => return Tri::No,
            (Some(_), None) => return Tri::Yes,
            (None, None) => {}
        }
        let since = table.dropped_since.iter().find(|(prefix, _)| name.starts_with(prefix));
        match (since, self.version) {
            (None, _) => Tri::Yes,
            (Some((_, Some(since))), Some(version)) if version >= *since => Tri::No,
            _ => Tri::Unknown,
        }
    }

    /// The expression as identities see it. With a label of which it is not known whether they
    /// have it, the expression takes more, and the label is named.
    pub(crate) fn see(&self, expr: Expr) -> (Expr, Option<Str>) {
        let mut doubt = None;
        let seen = self.part(expr, &mut doubt);
        (seen, doubt)
    }

    fn part(&self, expr: Expr, doubt: &mut Option<Str>) -> Expr {
        let always = |holds: bool| if holds { Expr::everything() } else { Expr::nothing() };
        match expr {
            Expr::All(parts) => {
                let seen = parts.into_iter().map(|part| self.part(part, doubt));
                seen.fold(Expr::everything(), Expr::and)
            }
            Expr::Any(parts) => {
                Expr::Any(parts.into_iter().map(|part| self.part(part, doubt)).collect())
            }
            // Selectors of these kinds have no negation of a whole.
            Expr::Not(part) => Expr::Not(part),
            Expr::Test(Key::Label(name), op) if name == CLUSTER => match &self.cluster {
                Some(cluster) => always(op.holds(Some(cluster))),
                None => {
                    doubt.get_or_insert(name);
                    Expr::everything()
                }
            },
            Expr::Test(key, op) => match self.keeps(&key) {
                _ if !rules().switches.cilium_drops_labels => Expr::Test(key, op),
                Tri::Yes => Expr::Test(key, op),
                Tri::No => always(op.holds(None)),
                Tri::Unknown => {
                    doubt.get_or_insert(match key {
                        Key::Label(name) | Key::NamespaceLabel(name) => name,
                        Key::Namespace | Key::Account => Str::new(ACCOUNT),
                    });
                    Expr::everything()
                }
            },
        }
    }
}

/// How blocks mean nodes: `policy-cidr-match-mode` with `nodes`. On the way out it is not known
/// whether a node is the pod's own, which no block means.
pub(crate) fn blocks_mean_nodes(cluster: &Cluster) -> [Tri; 2] {
    if !rules().switches.cilium_blocks_may_mean_nodes {
        return [Tri::No; 2];
    }
    match Cilium::of(cluster).get("policy-cidr-match-mode") {
        Setting::Default => [Tri::No; 2],
        Setting::Unknown => [Tri::Unknown; 2],
        Setting::To(modes) => {
            let mut modes = modes.split([',', ' ']);
            if modes.any(|mode| mode == "nodes") { [Tri::Yes, Tri::Unknown] } else { [Tri::No; 2] }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_that_cilium_comes_with() {
        let labels =
            |version| Labels { is_default: true, version, cluster: Some(Str::new(NAMELESS)) };
        let keeps = |name: &str| labels(Some((1, 17))).keeps(&Key::Label(Str::new(name)));
        for name in [
            "app",
            "app.kubernetes.io/name",
            "io.cilium.k8s.policy.serviceaccount",
            "io.kubernetes.pod.namespace",
            "team.example/k8s.io",
            "job-name",
        ] {
            assert_eq!(keeps(name), Tri::Yes, "{name}");
        }
        for name in [
            "io.kubernetes.container.name",
            "kubernetes.io/arch",
            "k8s.io/cluster",
            "beta.kubernetes.io/os",
            "x.beta.kubernetes.io/os",
            "app.kubernetes.io/x.beta.kubernetes.io",
            "pod-template-generation",
            "pod-template-hash",
            "controller-revision-hash",
            "annotation.x",
            "etcd_node",
            "statefulset.kubernetes.io/pod-name",
            "apps.kubernetes.io/pod-index",
            "controller-uid",
            "batch.kubernetes.io/controller-uid",
        ] {
            assert_eq!(keeps(name), Tri::No, "{name}");
        }
        for name in ["batch.kubernetes.io/job-completion-index", "topology.kubernetes.io/zone"] {
            assert_eq!(keeps(name), Tri::Unknown, "{name}");
        }
        let index = Key::Label(Str::new("apps.kubernetes.io/pod-index"));
        let uid = Key::Label(Str::new("controller-uid"));
        for (version, of_index, of_uid) in [
            (Some((1, 16)), Tri::No, Tri::No),
            (Some((1, 15)), Tri::No, Tri::Unknown),
            (Some((1, 14)), Tri::Unknown, Tri::Unknown),
            (None, Tri::Unknown, Tri::Unknown),
        ] {
            let found = labels(version);
            assert_eq!((found.keeps(&index), found.keeps(&uid)), (of_index, of_uid));
        }
        let namespace = |name: &str| labels(None).keeps(&Key::NamespaceLabel(Str::new(name)));
        assert_eq!(namespace("kubernetes.io/x"), Tri::Yes);
        assert_eq!(namespace("x.beta.kubernetes.io/x"), Tri::No);
        let set = Labels { is_default: false, version: Some((1, 17)), cluster: None };
        assert_eq!(set.keeps(&Key::Label(Str::new("app"))), Tri::Unknown);
        assert_eq!(set.keeps(&Key::Namespace), Tri::Yes);
    }
}
