//! `net-endpoints-hijack`: Endpoints of choice under the name of a Service draw the traffic of its clients.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-endpoints-hijack",
    title: "answer for a Service",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "Endpoints of choice under the name of a Service draw the traffic of its clients.",
        when: "create, update or patch on EndpointSlices or Endpoints.",
        not: "The built-in role edit, which has had no write on them since 1.22.",
        controls: "Controllers write their own slices again; a further slice with the label of the Service stays.",
        cut: "Drop the verbs.",
        upstream: "CVE-2021-25740; kubernetes/kubernetes pkg/controller/endpointslice",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (group, resource) in [("discovery.k8s.io", "endpointslices"), ("", "endpoints")] {
        let mut held = context.held(&Ask::unnamed(&["create"], group, resource));
        held.extend(context.held(&Ask::named(&["update", "patch"], group, resource)));
        for one in held {
            let scope = crate::maker::scope_text(one.scope(context));
            let name = if scope.is_empty() { "services" } else { scope };
            let to = NodeKey::Outside("traffic", Str::from(format!("services/{name}")));
            maker.edge(Draft::new(one.node(context), to).because(one.why(context, None)));
        }
    }
}
