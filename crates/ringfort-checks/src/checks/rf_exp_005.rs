//! RF-EXP-005: service claims external addresses.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::server;
use ringfort_attack::{Why, Zone};
use ringfort_model::{EntityId, Kind};

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-005",
    title: "Service claims external addresses",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["KSV-0108", "C-0283", "CIS 1.2.3"],
    reads: &[
        Kind::Service,
        Kind::Pod,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Every node sends traffic for the address to the Service, whoever the address belongs to.",
        fails: "A Service has externalIPs; or DenyServiceExternalIPs is off, and somebody who is no administrator may write Services.",
        not: "Services without externalIPs; a server with the plug-in on, or on which only administrators write Services.",
        unknown: "The flags of the API server, where somebody may write Services.",
        fix: "Turn on the admission plug-in DenyServiceExternalIPs; use a load balancer or a route.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for service in &world.cluster.services {
        let meta = &service.metadata;
        let claimed = service.spec.as_ref().and_then(|spec| spec.external_ips.first());
        let spots = claimed.map(|address| Why::Field {
            object: EntityId::Service(meta.namespace.clone(), meta.name.clone()),
            path: "spec.externalIPs".into(),
            value: address.clone(),
        });
        let object = Object::new("Service", &meta.namespace, &meta.name);
        out.add(object, Verdict::of(spots.into_iter().collect()));
    }
    let asks = [
        Ask::unnamed(&["create"], "", "services"),
        Ask::named(&["update", "patch"], "", "services"),
    ];
    let held = world.held_any(&asks);
    let writer = world.outsiders(&held).next().map(|(_, given)| world.grant_why(given));
    let denied = server::plugin_is_on(world.cluster, "DenyServiceExternalIPs");
    let verdict = match (writer, denied) {
        (None, _) | (Some(_), Some(true)) => Verdict::Pass,
        (Some(_), None) => Verdict::missing("the admission plug-ins of the API server"),
        (Some(spots), Some(false)) => Verdict::of(spots),
    };
    out.add(facts::whole("external-addresses"), verdict);
}
