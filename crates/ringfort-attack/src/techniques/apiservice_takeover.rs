//! `apiservice-takeover`: The identity registers a server of its own for an API group and version, and sees the bodies and user names of its requests, though not their tokens.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_authz::Names;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "apiservice-takeover",
    title: "answer for an API group",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity registers a server of its own for an API group and version, and sees the bodies and user names of its requests, though not their tokens.",
        when: "create, update or patch on apiservices of apiregistration.k8s.io.",
        not: "A name that is one of the API server's own registrations only: those are written back.",
        controls: "",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kube-aggregator pkg/controllers/autoregister/autoregister_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const VERBS: &[&str] = &["create", "update", "patch"];
    let ask = Ask { verbs: VERBS, ..Ask::named(&[], "apiregistration.k8s.io", "apiservices") };
    let mut held = context.held(&ask.cluster());
    held.retain(|one| match &one.names {
        Names::Any => true,
        Names::Only(names) => {
            one.verb != "create" && names.iter().any(|name| is_free(context, name))
        }
    });
    for one in held {
        let to = NodeKey::Outside("traffic", "api-group".into());
        maker.edge(Draft::new(one.node(context), to).because(one.why(context, None)));
    }
}

/// Whether an APIService of that name exists that no controller of the server writes back.
fn is_free(context: &Context<'_>, name: &str) -> bool {
    let mut known = context.cluster.others.all("", name).filter(|o| *o.kind == *"APIService");
    known.any(|service| {
        service.metadata.labels.get("kube-aggregator.kubernetes.io/automanaged").is_none()
    })
}
