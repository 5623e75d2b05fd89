//! `net-external-ip-hijack`: A Service with an external address of choice, or a load balancer status of choice, draws the traffic that pods and nodes send to the address.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::writes::{Wanted, doubted};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-external-ip-hijack",
    title: "claim an address for a Service",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Admission, FixKind::Rbac],
    doc: Doc {
        what: "A Service with an external address of choice, or a load balancer status of choice, draws the traffic that pods and nodes send to the address.",
        when: "create, update or patch on Services while the API server lets externalIPs through, or patch or update on services/status.",
        not: "The admission plug-in DenyServiceExternalIPs; for the status a grant on Services alone.",
        controls: "A proxy with AllowServiceExternalIPs off. Where the flags of the API server cannot be seen, the default is assumed.",
        cut: "Turn DenyServiceExternalIPs on; drop the verbs.",
        upstream: "CVE-2020-8554; kubernetes/kubernetes plugin/pkg/admission/network/denyserviceexternalips",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::Outside("traffic", Str::new("any-address"));
    let denied = server::plugin_is_on(context.cluster, "DenyServiceExternalIPs");
    if denied != Some(true) {
        let mut held = context.held(&Ask::unnamed(&["create"], "", "services"));
        held.extend(context.held(&Ask::named(&["update", "patch"], "", "services")));
        let (held, doubt) = Wanted::ExternalService.let_through(context, held);
        for one in held {
            let draft = Draft::new(one.node(context), to.clone()).because(one.why(context, None));
            let draft = doubted(draft, doubt.as_ref());
            maker.edge(match denied {
                None => draft.assumed("DenyServiceExternalIPs is off by default"),
                Some(_) => draft,
            });
        }
    }
    for one in context.held(&Ask::named(&["update", "patch"], "", "services/status")) {
        let draft = Draft::new(one.node(context), to.clone()).because(one.why(context, None));
        maker.edge(draft);
    }
}
