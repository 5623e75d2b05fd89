//! `webhook-remove`: The identity deletes or rewrites the webhook that may refuse a pod, and starts the pod.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "webhook-remove",
    title: "take the webhook out of the way",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity deletes or rewrites the webhook that may refuse a pod, and starts the pod.",
        when: "delete, update or patch on the configuration of a webhook that is shown pods of a namespace, with pod-create in a namespace whose Pod Security level lets an escape in.",
        not: "A webhook that is shown no pods refuses none; get on configurations.",
        controls: "Whether a policy of the API server (ValidatingAdmissionPolicy) would still refuse the pod is not asked again.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (name, one) in webhooks::guarding(context) {
        let text = Str::from(format!("{}|{name}", one.name()));
        let gone = NodeKey::Conjunct(TECHNIQUE.id, one.name().clone());
        let mut held = webhooks::writable(context, one.resource(), false);
        let ask = Ask::named(&["delete"], "admissionregistration.k8s.io", one.resource());
        held.extend(context.held(&ask.cluster()));
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
