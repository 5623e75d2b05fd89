//! `webhook-remove`: The identity deletes or rewrites the webhook or policy that keeps a pod out, and starts the pod.

use crate::choice::LEAVING;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use ringfort_admission::{Control, Decision, Finding, Verdict};
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-remove",
    title: "take the webhook or policy out of the way",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity deletes or rewrites the webhook or policy that keeps a pod out, and starts the pod.",
        when: "delete, deletecollection, update or patch on the configuration of a webhook that is shown pods of a namespace, or on the ValidatingAdmissionPolicies or MutatingAdmissionPolicies, or their bindings, or the policies of Kyverno, Gatekeeper or Kubewarden, that keep an escape out of it or may, with pod-create in a namespace whose Pod Security level lets an escape in.",
        not: "A webhook that is shown no pods refuses none; a policy that keeps nothing out; an engine's policy that only audits or is not about pods; a policy beside which something else refuses for sure; resourceNames that leave one of several refusing policies; get.",
        controls: "What else may refuse once the policies are gone leaves the edge unverified. Whether a policy would still refuse the pod is not asked again where a webhook goes. Which constraints of Gatekeeper a rule means by their own kind is not asked: the templates are, and rules on every kind.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin: webhook/generic/webhook.go, policy/generic",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    policies(context, maker);
    crate::engine_policies::removed(context, maker, TECHNIQUE.id);
    for (name, one) in webhooks::guarding(context) {
        let text = Str::from(format!("{}|{name}", one.name()));
        let gone = NodeKey::Conjunct(TECHNIQUE.id, one.name().clone());
        let mut held = webhooks::writable(context, one.resource(), false);
        let ask = Ask::named(&["delete"], "admissionregistration.k8s.io", one.resource());
        held.extend(context.held_removing(&ask.cluster()));
        held.retain(|held| held.names.allow(one.name()));
        if held.is_empty() {
            continue;
        }
        for held in held {
            let why = held.why(context, Some(one.name()));
            maker.edge(Draft::new(held.node(context), gone.clone()).because(why));
        }
        let all = NodeKey::And(TECHNIQUE.id, text);
        maker.structure(gone, all.clone(), []);
        let runs = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        maker.structure(runs, all.clone(), []);
        maker.structure(all, NodeKey::EveryNode, []);
    }
}

/// What must go for a pod to be let in: policies of one sort with the bindings through which they
/// act, and what may refuse it all the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct InTheWay {
    mutating: bool,
    policies: BTreeSet<Str>,
    bindings: BTreeSet<Str>,
    left: Option<String>,
}

/// Policies whose removal lets a pod of a class in; several lists where each is enough.
fn in_the_way(decision: &Decision) -> Vec<InTheWay> {
    let part = |control: &Control| match control {
        Control::ValidatingPolicy { policy, binding } => {
            Some((false, policy.clone(), binding.clone()?))
        }
        Control::MutatingPolicy { policy, binding } => {
            Some((true, policy.clone(), binding.clone()?))
        }
        _ => None,
    };
    let unlisted = |one: &&Finding| !matches!(one.control, Control::Unlisted(_));
    let made = |controls: Vec<(bool, Str, Str)>, left: Option<&Finding>| {
        let mutating = controls.first()?.0;
        // Two sorts need two rights.
        controls.iter().all(|one| one.0 == mutating).then(|| InTheWay {
            mutating,
            policies: controls.iter().map(|one| one.1.clone()).collect(),
            bindings: controls.iter().map(|one| one.2.clone()).collect(),
            left: left.map(ToString::to_string),
        })
    };
    match &decision.verdict {
        Verdict::Admitted => Vec::new(),
        Verdict::Refused(all) => {
            let controls: Option<Vec<_>> = all.iter().map(|one| part(&one.control)).collect();
            let left = decision.doubts.iter().find(unlisted);
            controls.and_then(|controls| made(controls, left)).into_iter().collect()
        }
        Verdict::Unknown(all) => {
            let names: BTreeSet<_> = all.iter().filter_map(|one| part(&one.control)).collect();
            let each = names.into_iter().map(|one| {
                let other = |finding: &&Finding| {
                    unlisted(finding) && part(&finding.control).is_none_or(|own| own.1 != one.1)
                };
                made(vec![one.clone()], all.iter().find(other))
            });
            each.flatten().collect()
        }
    }
}

/// Draws what taking policies out of the way gives.
fn policies(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "admissionregistration.k8s.io";
    for name in &context.namespaces {
        let Some(answer) = context.admission(name) else { continue };
        let classes = answer.classes.iter().filter(|one| LEAVING.contains(&one.class));
        let lists: BTreeSet<InTheWay> = classes.flat_map(|one| in_the_way(&one.decision)).collect();
        for one in lists {
            let [policies, bindings] = match one.mutating {
                true => ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"],
                false => ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
            };
            let shown: Vec<&str> = one.policies.iter().map(Str::as_str).collect();
            let text = format!("{policies}/{}", shown.join(","));
            let gone = NodeKey::Conjunct(TECHNIQUE.id, Str::from(format!("{text}@{name}")));
            let mut any = false;
            for (resource, names) in [(policies, &one.policies), (bindings, &one.bindings)] {
                let ask = Ask::named(&["delete", "update", "patch"], GROUP, resource).cluster();
                let mut held = context.held_removing(&ask);
                held.retain(|held| names.iter().all(|name| held.names.allow(name)));
                for held in held {
                    any = true;
                    let why = held.why(context, names.first());
                    let draft = Draft::new(held.node(context), gone.clone()).because(why);
                    maker.edge(match &one.left {
                        Some(control) => draft.unverified(control.clone()),
                        None => draft,
                    });
                }
            }
            if any {
                let all = NodeKey::And(TECHNIQUE.id, Str::from(format!("{text}|{name}")));
                maker.structure(gone, all.clone(), []);
                let runs = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
                maker.structure(runs, all.clone(), []);
                maker.structure(all, NodeKey::EveryNode, []);
            }
        }
    }
}
