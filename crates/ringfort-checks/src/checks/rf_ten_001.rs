//! RF-TEN-001: tenants or executions share a namespace.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::{Kind, Str};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-001",
    title: "Tenants or executions share a namespace",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0209"],
    reads: &[Kind::Namespace, Kind::Pod],
    doc: Doc {
        why: "Roles, Secrets and policies of a namespace hold for all of them.",
        fails: "Workloads that run what their callers submit carry labels of more than one tenant (ringfort.dev/tenant) in one namespace.",
        not: "One tenant for each namespace; a namespace that nothing executes in.",
        unknown: "Workloads that execute carry no such label, and their namespace none either.",
        fix: "Give every tenant a namespace.",
    },
    judge: Judge::Cluster(judge),
};

const TENANT: &str = ringfort_plan::question::TENANT_LABEL;

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let mut inside: BTreeMap<&Str, Vec<(u32, &Why)>> = BTreeMap::new();
    for (unit, why) in world.executing() {
        let namespace = &world.context.units[*unit as usize].namespace;
        inside.entry(namespace).or_default().push((*unit, why));
    }
    for name in &world.context.namespaces {
        let object = Object::wide("Namespace", name);
        let Some(units) = inside.get(name) else {
            out.add(object, Verdict::NotApplicable);
            continue;
        };
        let of = |unit: u32| world.context.units[unit as usize].labels.get(TENANT);
        let tenants: BTreeSet<&Str> = units.iter().filter_map(|(unit, _)| of(*unit)).collect();
        let labelled = world.cluster.namespaces.get("", name);
        let whole = labelled.is_some_and(|one| one.metadata.labels.get(TENANT).is_some());
        let verdict = match tenants.len() {
            0 if !whole => Verdict::missing("for which tenants the workloads execute"),
            0 | 1 => Verdict::Pass,
            many => {
                let spots = units.iter().map(|(_, why)| (*why).clone()).collect();
                let units: Vec<u32> = units.iter().map(|(unit, _)| *unit).collect();
                let note = format!("{many} tenants");
                Verdict::Fail(world.fault_of(spots, &units).noted(note))
            }
        };
        out.add(object, verdict);
    }
}
