//! `pod-create-privileged`: Who may start pods where Pod Security lets an escape through takes the nodes: a pod may name its node.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use ringfort_podsec::{EscapeClass, NamespacePolicy, admits};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pod-create-privileged",
    title: "start a pod that takes over its node",
    zone: Zone::InCluster,
    attack: &["T1610", "T1611", "MS-TA9018"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Admission, FixKind::Rbac],
    doc: Doc {
        what: "Who may start pods where Pod Security lets an escape through takes the nodes: a pod may name its node.",
        when: "pod-create in a namespace whose enforced level admits a pod that can leave its container.",
        not: "A namespace that enforces baseline; labels audit and warn refuse nothing.",
        controls: "Admission webhooks that match pods leave it unverified.",
        cut: "Label the namespace pod-security.kubernetes.io/enforce: baseline.",
        upstream: "kubernetes/pod-security-admission admission/admission.go",
    },
    find,
};

/// That a namespace admits pods that take their node, as a reason; `None` if it does not.
pub(crate) fn admitted(context: &Context<'_>, name: &Str) -> Option<Why> {
    let namespace = context.cluster.namespaces.get("", name);
    let labels = namespace.map(|namespace| namespace.metadata.labels.clone()).unwrap_or_default();
    let policy = NamespacePolicy::of(&labels);
    let class = [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability]
        .into_iter()
        .find(|class| admits(&policy, context.version, *class))?;
    let level = policy.enforce_label.clone().unwrap_or_default();
    Some(Why::PodSecurity { namespace: name.clone(), level, admits: class.name() })
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for name in &context.namespaces {
        let Some(why) = admitted(context, name) else { continue };
        let from = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        let mut draft = Draft::new(from, NodeKey::EveryNode).because(why);
        let namespace = context.cluster.namespaces.get("", name);
        let labels = namespace.map(|one| one.metadata.labels.clone()).unwrap_or_default();
        if let Some(webhook) = context.pod_webhook(name, &labels) {
            draft = draft.unverified(format!("webhook {webhook} may refuse the pod"));
        }
        maker.edge(draft);
    }
}
