//! `net-ingress-hijack`: An Ingress that names the host and path of another draws its traffic; snippets run code in controllers that allow them.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-ingress-hijack",
    title: "claim a host of another",
    zone: Zone::InCluster,
    attack: &["T1557", "T1190"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Admission, FixKind::Node],
    doc: Doc {
        what: "An Ingress that names the host and path of another draws its traffic; snippets run code in controllers that allow them.",
        when: "create, update or patch on Ingresses where a class has a controller. Whether the controller lets two objects claim a host, and allows snippets, is in its own settings, so the edge is unknown.",
        not: "A cluster without a class of Ingress and without an Ingress.",
        controls: "Host ownership checked at admission; snippets off, which ingress-nginx has by default since 1.9.",
        cut: "Check hosts at admission; drop the verbs.",
        upstream: "kubernetes/ingress-nginx: allow-snippet-annotations; CVE-2021-25742",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if context.cluster.ingress_classes.iter().next().is_none() {
        return;
    }
    let to = NodeKey::Outside("traffic", Str::new("ingress"));
    let mut held = context.held(&Ask::unnamed(&["create"], "networking.k8s.io", "ingresses"));
    held.extend(context.held(&Ask::named(&["update", "patch"], "networking.k8s.io", "ingresses")));
    for one in held {
        let draft = Draft::new(one.node(context), to.clone()).because(one.why(context, None));
        maker.edge(draft.unknown("whether the controller lets others claim a host"));
    }
}
