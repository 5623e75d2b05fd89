//! What admission does to a step.

use ringfort_admission::{Decision, PodWrite, Verdict};
use ringfort_model::Cluster;
use ringfort_model::record::ResourceQuota;

use crate::node::Power;

/// Whether a namespace is being deleted: then nothing is made in it (admission plug-in
/// NamespaceLifecycle).
pub(crate) fn is_ending(cluster: &Cluster, namespace: &str) -> bool {
    let known = cluster.namespaces.get("", namespace);
    known.is_some_and(|known| known.metadata.deletion_timestamp.is_some())
}

/// Quotas of a namespace each of which keeps every new pod out (admission plug-in ResourceQuota).
pub(crate) fn full_quotas<'c>(
    cluster: &'c Cluster,
    namespace: &'c str,
) -> impl Iterator<Item = &'c ResourceQuota> {
    let quotas = cluster.resource_quotas.in_namespace(namespace).map(|(_, quota)| quota);
    quotas.filter(|quota| quota.takes_no_pods())
}

/// The write of a pod by which a power is used; `None` if admission has no say in it.
pub(super) fn write_of(power: Power) -> Option<PodWrite> {
    match power {
        Power::RunPods => Some(PodWrite::Create),
        Power::SwapImages => Some(PodWrite::SwapImage),
        Power::AddContainers => Some(PodWrite::AddContainer),
        Power::ExecPods => Some(PodWrite::Exec),
        Power::AttachPods => Some(PodWrite::Attach),
        Power::ForwardPorts => Some(PodWrite::PortForward),
        _ => None,
    }
}

/// What admission does to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Lets it through, as far as what was read shows.
    Open,
    /// A control may stop it whose answer is not known.
    Unverified(String),
    /// Stops it.
    Stopped,
}

impl Gate {
    /// Controls that were not listed stop nothing: they are a gap, and shown as one.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        match &decision.verdict {
            Verdict::Refused(_) => Self::Stopped,
            Verdict::Admitted | Verdict::Unknown(_) => match decision.opaque().next() {
                Some(finding) => Self::Unverified(finding.to_string()),
                None => Self::Open,
            },
        }
    }
}
