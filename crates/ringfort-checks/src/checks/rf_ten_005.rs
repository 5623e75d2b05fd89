//! RF-TEN-005: tenants reach each other.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, Str};
use std::collections::BTreeMap;

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-005",
    title: "Tenants reach each other",
    zone: Zone::Impact,
    severity: Severity::Critical,
    modifiers: &[],
    references: &["PEACH connectivity"],
    reads: &[
        Kind::Namespace,
        Kind::Pod,
        Kind::Secret,
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::NetworkPolicy,
        Kind::Node,
    ],
    doc: Doc {
        why: "What tenants buy is that the others are not there.",
        fails: "From pods of one tenant a path leads to what belongs to another; namespaces carry the label ringfort.dev/tenant.",
        not: "Tenants between which no path leads; a cluster whose namespaces name no tenants.",
        unknown: "Never, beside kinds that were not read: paths that rest on unverified controls count.",
        fix: "Run ringfort crossing for the paths, and ringfort plan for what cuts them.",
    },
    judge: Judge::Cluster(judge),
};

const TENANT: &str = ringfort_plan::question::TENANT_LABEL;

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let mut tenants: BTreeMap<&Str, &Str> = BTreeMap::new();
    for namespace in &world.cluster.namespaces {
        if let Some(tenant) = namespace.metadata.labels.get(TENANT) {
            tenants.entry(tenant).or_insert(&namespace.metadata.name);
        }
    }
    if tenants.len() < 2 {
        out.add(facts::whole("tenants"), Verdict::NotApplicable);
        return;
    }
    let crossed = ringfort_plan::question::crossed(world.attack);
    for (from, space) in &tenants {
        for to in tenants.keys().filter(|to| *to != from) {
            let pair = (format!("tenant/{from}"), format!("tenant/{to}"));
            let path = format!("metadata.labels[{TENANT}]");
            let spot = crossed.contains(&pair).then(|| World::namespace_field(space, &path, from));
            let verdict = Verdict::of(spot.into_iter().collect());
            out.add(facts::whole(&format!("tenant/{from}-to-tenant/{to}")), verdict);
        }
    }
}
