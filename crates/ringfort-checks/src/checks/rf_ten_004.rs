//! RF-TEN-004: execution pod has no strong boundary.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::Kind;
use ringfort_podsec::{Level, PolicyVersion, evaluate};

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-004",
    title: "Execution pod has no strong boundary",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0297", "C-0242"],
    reads: &[Kind::Node, Kind::RuntimeClass],
    doc: Doc {
        why: "One flaw of the kernel, which all pods of the node share, is the way to everybody else's work.",
        fails: "A workload that runs what its callers submit has neither a sandbox nor a user namespace with everything that Pod Security level restricted asks for.",
        not: "A sandbox in effect on every node that may run it; an effective user namespace of a pod at level restricted.",
        unknown: "What its runtime class stands for on the nodes, or whether its user namespace has effect.",
        fix: "Give it a runtime class that is a sandbox.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(why) = world.execution(place.at) else { return Verdict::NotApplicable };
    let unit = place.unit;
    let sandbox = ringfort_isolation::sandbox(&unit.spec, world.cluster).effect;
    if sandbox.is_effective() {
        return Verdict::Pass;
    }
    let (level, version) = (Level::Restricted, PolicyVersion::Latest);
    let server = world.cluster.version;
    let found = evaluate(&unit.spec, &unit.annotations, level, version, server);
    let space = match found.is_empty() {
        true => world.user_namespace(place.at),
        false => Effect::Absent,
    };
    match (sandbox, space) {
        (_, Effect::Effective) => Verdict::Pass,
        (Effect::Unknown(missing), _) | (_, Effect::Unknown(missing)) => {
            Verdict::Unknown(missing.into_iter().collect())
        }
        _ => {
            let name = unit.spec.runtime_class_name.as_deref().unwrap_or("absent");
            Verdict::of(vec![place.field("runtimeClassName", name), why.clone()])
        }
    }
}
