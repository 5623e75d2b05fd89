//! `map-write`: A MutatingAdmissionPolicy rewrites what others create, inside the API server and without an endpoint.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::context::Held;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "map-write",
    title: "change pods by an admission policy",
    zone: Zone::InCluster,
    attack: &["T1546"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "A MutatingAdmissionPolicy rewrites what others create, inside the API server and without an endpoint.",
        when: "create, update or patch on mutatingadmissionpolicies and on their bindings, from 1.36, or with the feature gate on the API server's command line.",
        not: "A policy without a binding; before 1.36 with the gate off.",
        controls: "Webhooks and policies are never applied to these kinds.",
        cut: "Drop one of the permissions.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating; KEP-3962",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let on = match context.at_least(36) {
        Some(true) => Some(true),
        known => server::gate(context.cluster, "MutatingAdmissionPolicy").or(known),
    };
    if on == Some(false) {
        return;
    }
    let policies = writable(context, "mutatingadmissionpolicies", "MutatingAdmissionPolicy");
    let bindings =
        writable(context, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding");
    for conjunction in conjoin(context, &[&policies, &bindings], None) {
        maker.conjunction(&TECHNIQUE, &conjunction, "policy", |at| {
            let draft = Draft::new(at, NodeKey::Power(Power::RunPods, Scope::Cluster));
            match on {
                None => draft.unknown("the version of the API server, which has them from 1.36"),
                Some(_) => draft,
            }
        });
    }
}

/// Rules that let somebody write such an object: any, or one that exists.
fn writable(context: &Context<'_>, resource: &'static str, kind: &str) -> Vec<Held> {
    const VERBS: &[&str] = &["create", "update", "patch"];
    let ask = Ask { verbs: VERBS, ..Ask::named(&[], "admissionregistration.k8s.io", resource) };
    let mut held = context.held(&ask.cluster());
    held.retain(|one| match &one.names {
        Names::Any => true,
        Names::Only(names) => names.iter().any(|name| {
            one.verb != "create"
                && context.cluster.others.all("", name).any(|other| *other.kind == *kind)
        }),
    });
    held
}
