//! `net-mesh-config`: Objects of the mesh send its traffic elsewhere, or let it past its checks.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::operator::{Custom, custom};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-mesh-config",
    title: "rewrite the routes of the mesh",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "Objects of the mesh send its traffic elsewhere, or let it past its checks.",
        when: "A write on VirtualServices, EnvoyFilters, AuthorizationPolicies, Sidecars or ServiceEntries of Istio, in a cluster that defines them.",
        not: "A cluster without these kinds.",
        controls: "",
        cut: "Drop the verbs.",
        upstream: "istio.io reference: configuration",
    },
    find,
};

const KINDS: [Custom; 5] = [
    custom("networking.istio.io", "virtualservices", "VirtualService"),
    custom("networking.istio.io", "envoyfilters", "EnvoyFilter"),
    custom("networking.istio.io", "sidecars", "Sidecar"),
    custom("networking.istio.io", "serviceentries", "ServiceEntry"),
    custom("security.istio.io", "authorizationpolicies", "AuthorizationPolicy"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for kind in KINDS.into_iter().filter(|kind| kind.is_defined(context)) {
        for write in kind.writes(context) {
            let scope = crate::maker::scope_text(&write.scope);
            let name = if scope.is_empty() { "mesh".to_owned() } else { format!("mesh/{scope}") };
            let to = NodeKey::Outside("traffic", Str::from(name));
            maker.edge(write.draft(context, to));
        }
    }
}
