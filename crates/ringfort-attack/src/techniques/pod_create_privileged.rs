//! `pod-create-privileged`: Who may start pods where Pod Security lets an escape through takes the nodes: a pod may name its node.

use crate::choice::LEAVING;
use crate::context::{Context, Gate};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use ringfort_podsec::NamespacePolicy;

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
        not: "A namespace that enforces baseline; labels audit and warn refuse nothing. Nodes whose taints keep the pod off are left out only where admission refuses both spec.nodeName and the toleration.",
        controls: "A ValidatingAdmissionPolicy removes it that denies such pods in every shape (init containers and sidecars too, every path and capability that reaches the node) and whatever else their maker writes into them: name, labels, annotations, image. One that lets some of them through removes nothing; where that cannot be decided the edge is unverified. A webhook that fails closed leaves it unverified; one that ignores its own failure does not hold.",
        cut: "Label the namespace pod-security.kubernetes.io/enforce: baseline.",
        upstream: "kubernetes/pod-security-admission admission/admission.go",
    },
    find,
};

/// That a namespace admits pods that take their node, as a reason, and how sure that is; `None`
/// if it does not.
pub(crate) fn admitted(context: &Context<'_>, name: &Str) -> Option<(Why, Gate)> {
    let answer = context.admission(name)?;
    let gates = LEAVING.iter().filter_map(|class| {
        let found = answer.classes.iter().find(|one| one.class == *class)?;
        Some((found.shape, Gate::of(&found.decision)))
    });
    // The class that is let through for sure, else one that may be.
    let (shape, gate) = gates
        .filter(|(_, gate)| *gate != Gate::Stopped)
        .min_by_key(|(_, gate)| *gate != Gate::Open)?;
    Some((lets_through(context, name, shape), gate))
}

/// That a namespace lets a shape through, as a reason.
pub(crate) fn lets_through(context: &Context<'_>, name: &Str, admits: &'static str) -> Why {
    let labels = context.cluster.namespaces.get("", name).map(|one| &one.metadata.labels);
    let level = labels.and_then(|labels| NamespacePolicy::of(labels).enforce_label);
    Why::PodSecurity { namespace: name.clone(), level: level.unwrap_or_default(), admits }
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for name in &context.namespaces {
        let Some((why, gate)) = admitted(context, name) else { continue };
        let from = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        let Some(choice) = context.choices.of(name) else { continue };
        let draft = |to: &NodeKey| {
            let draft = Draft::new(from.clone(), to.clone()).because(why.clone());
            match &gate {
                Gate::Unverified(control) => draft.unverified(control.clone()),
                Gate::Open | Gate::Stopped => draft,
            }
        };
        if let Some(to) = &choice.sure {
            maker.edge(draft(to));
        }
        if let Some((to, control)) = &choice.doubtful {
            maker.edge(draft(to).unverified(control.clone()));
        }
    }
}
