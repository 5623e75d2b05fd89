//! Which agent enforces which kinds of policies. What is in the cluster and what an agent reads
//! are two questions: a policy of Calico has no effect under Cilium, and AdminNetworkPolicy has
//! none under most.

use ringfort_model::go_bool;
use ringfort_model::record::PodSpec;

use crate::policy::enforce::container;
use crate::policy::rule::Tri;
use crate::policy::rules::rules;
use crate::policy::settings::{Cilium, argument, version};

/// Kinds that agents learn together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// NetworkPolicy of Kubernetes.
    Kubernetes,
    /// AdminNetworkPolicy.
    Admin,
    /// BaselineAdminNetworkPolicy.
    Baseline,
    /// ClusterNetworkPolicy.
    Cluster,
    /// CiliumNetworkPolicy.
    Cilium,
    /// CiliumClusterwideNetworkPolicy.
    CiliumClusterwide,
    /// The kinds of Calico.
    Calico,
}

/// By family, whether an agent enforces it.
pub type Families = [Tri; 7];

impl Family {
    /// All of them, in the order of [`Families`].
    pub const ALL: [Self; 7] = [
        Self::Kubernetes,
        Self::Admin,
        Self::Baseline,
        Self::Cluster,
        Self::Cilium,
        Self::CiliumClusterwide,
        Self::Calico,
    ];

    /// The family of a kind as policies are named; nothing for those that are not modelled, and
    /// for what an agent's own settings say.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "NetworkPolicy" => Self::Kubernetes,
            "AdminNetworkPolicy" => Self::Admin,
            "BaselineAdminNetworkPolicy" => Self::Baseline,
            "ClusterNetworkPolicy" => Self::Cluster,
            "CiliumNetworkPolicy" => Self::Cilium,
            "CiliumClusterwideNetworkPolicy" => Self::CiliumClusterwide,
            _ if kind.starts_with("Calico") => Self::Calico,
            _ => return None,
        })
    }
}

/// The families of an implementation, as far as they do not depend on anything: Kubernetes,
/// Admin, Baseline, Cluster, Cilium, CiliumClusterwide, Calico.
pub(crate) fn known(cni: &str) -> Families {
    let row = rules().families.iter().find(|(of, _)| *of == cni);
    row.map_or([Tri::Unknown; 7], |(_, families)| *families)
}

/// Those of Calico: which of the admin kinds it reads depends on its version.
pub(crate) fn calico(spec: &PodSpec) -> Families {
    let mut families = known("Calico");
    let image = ["calico/node", "calico-node"].iter().find_map(|name| container(spec, name));
    let Some(version) = image.and_then(|one| version(&one.image)) else { return families };
    for (family, since) in rules().calico_since {
        let from = since.map(|since| version >= since);
        families[*family as usize] = if from[0] {
            // From the second version on, what it reads is not written down here.
            if from[1] { Tri::Unknown } else { Tri::Yes }
        } else {
            Tri::No
        };
    }
    families
}

/// Those of Cilium: each has a setting.
pub(crate) fn cilium(settings: &Cilium<'_>) -> Families {
    let mut families = known("Cilium");
    for (family, key, default) in rules().cilium_families {
        families[*family as usize] = settings.is_on(key, *default);
    }
    families
}

/// Those of kube-network-policies: each of the admin kinds has a flag.
pub(crate) fn kube_network_policies(spec: &PodSpec) -> Families {
    let mut families = known("kube-network-policies");
    let Some(agent) = container(spec, "kube-network-policies") else { return families };
    for (family, flag) in rules().flagged_families {
        if let Some(on) = argument(agent, flag).and_then(go_bool) {
            families[*family as usize] = if on { Tri::Yes } else { Tri::No };
        }
    }
    families
}
