//! RF-TEN-006: tenants can be placed on one node.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::pods;
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_isolation::Effect;
use ringfort_isolation::scheduling::{Freedom, Question, Today, dedicated_nodes};
use ringfort_model::record::Node;
use ringfort_model::{Id, Kind};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-006",
    title: "Tenants can be placed on one node",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["PEACH"],
    reads: &[Kind::Namespace, Kind::Node, Kind::Pod],
    doc: Doc {
        why: "Whoever leaves a container is beside the other tenant's.",
        fails: "A workload of a tenant has no sandbox, and its nodes take another tenant's pods: now, by what runs, or by what others may write into theirs.",
        not: "Nodes that nothing of another tenant can come to; a sandbox in effect.",
        unknown: "What admission controls let others write into their pods.",
        fix: "Taint the nodes of a tenant NoExecute, select them by a protected label, and have admission set both.",
    },
    judge: Judge::Cluster(judge),
};

const TENANT: &str = ringfort_plan::question::TENANT_LABEL;

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let labels = world.cluster.namespaces.iter().filter_map(|one| {
        Some((one.metadata.name.as_str(), one.metadata.labels.get(TENANT)?.as_str()))
    });
    let tenants: BTreeMap<&str, &str> = labels.collect();
    let several = tenants.values().collect::<BTreeSet<_>>().len() > 1;
    if !several {
        out.add(facts::whole("tenants"), Verdict::NotApplicable);
        return;
    }
    let units = &world.context.units;
    // What belongs to no tenant, as the cluster's own parts, is nobody's rival.
    let one_tenant = |a: &str, b: &str| match (tenants.get(a), tenants.get(b)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let (today, freedom) = (Today::of(world.cluster, units), Freedom::of(world.cluster));
    let question = Question {
        cluster: world.cluster,
        units,
        placements: world.placements(),
        today: &today,
        freedom: &freedom,
        one_tenant: &one_tenant,
    };
    let mut rivals: BTreeMap<&str, BTreeSet<Id<Node>>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        if let Some(tenant) = tenants.get(unit.namespace.as_str()) {
            rivals.entry(tenant).or_default().extend(world.nodes(at as u32));
        }
    }
    for place in world.places().filter(|place| !place.unit.latent) {
        let Some(tenant) = tenants.get(place.unit.namespace.as_str()) else { continue };
        let sandboxed = ringfort_isolation::sandbox(&place.unit.spec, world.cluster).effect;
        let meets = || {
            let own = world.nodes(place.at);
            let mut others = rivals.iter().filter(|(other, _)| *other != tenant);
            others.any(|(_, nodes)| own.iter().any(|node| nodes.contains(node)))
        };
        let dedicated = || dedicated_nodes(&question, place.at as usize).effect;
        let effect = match sandboxed {
            Effect::Effective => Effect::Effective,
            // Nodes of its own would do without it; else it decides.
            Effect::Unknown(missing) => match dedicated() {
                Effect::Effective => Effect::Effective,
                Effect::Unknown(more) => Effect::Unknown(missing.into_iter().chain(more).collect()),
                Effect::PresentNotEffective(_) => Effect::Unknown(missing),
                Effect::Absent if meets() => Effect::Unknown(missing),
                Effect::Absent => Effect::Absent,
            },
            Effect::Absent | Effect::PresentNotEffective(_) => dedicated(),
        };
        let why = match effect {
            Effect::Effective => None,
            Effect::Unknown(missing) => {
                out.add(world.owner(place.at), Verdict::Unknown(missing.into_iter().collect()));
                continue;
            }
            Effect::PresentNotEffective(why) => Some(why),
            Effect::Absent => meets().then(|| "absent".to_owned()),
        };
        let spots: Vec<Why> = why.iter().map(|why| place.field("nodeSelector", why)).collect();
        let mut verdict = Verdict::of(spots);
        if let Verdict::Fail(fault) = &mut verdict {
            pods::complete(world, &place, fault);
        }
        out.add(world.owner(place.at), verdict);
    }
}
