//! RF-WKL-023: live pod violates the level its namespace now enforces.

use crate::culprits;
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::Why;
use ringfort_attack::Zone;
use ringfort_model::EntityId;
use ringfort_model::Kind;
use ringfort_podsec::{Level, NamespacePolicy, enforcement_on, evaluate};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-023",
    title: "Live pod violates the level its namespace now enforces",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &[
        "C-0193", "C-0194", "C-0195", "C-0196", "C-0197", "C-0198", "C-0199", "C-0200", "C-0201",
        "C-0202", "C-0203", "C-0204",
    ],
    reads: &[Kind::Namespace],
    doc: Doc {
        why: "The label looks strict while what it would refuse runs on: labels are asked at creation only.",
        fails: "A live pod is refused by the enforce label that its namespace has now.",
        not: "Templates without pods; namespaces without an enforced level.",
        unknown: "The server's version, on which enforcement depends.",
        fix: "Change the workload so that it satisfies the level, and let its pods be made again.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    let namespace = world.cluster.namespaces.get("", &unit.namespace);
    let Some(namespace) = namespace.filter(|_| !unit.pods.is_empty()) else {
        return Verdict::NotApplicable;
    };
    let policy = NamespacePolicy::of(&namespace.metadata.labels);
    let (level, version) = policy.enforce;
    let server = world.cluster.version;
    match enforcement_on(server) {
        _ if level == Level::Privileged => return Verdict::NotApplicable,
        Some(false) => return Verdict::NotApplicable,
        None => return Verdict::missing("version of the API server"),
        Some(true) => {}
    }
    let found = evaluate(&unit.spec, &unit.annotations, level, version, server);
    let asked = (level, version);
    let mut spots: Vec<Why> = Vec::new();
    for violation in &found {
        for spot in culprits::fields(world, place, asked, violation) {
            // Two checks may ask about one field.
            if !spots.contains(&spot) {
                spots.push(spot);
            }
        }
    }
    if !spots.is_empty() {
        spots.push(Why::Field {
            object: EntityId::Namespace(unit.namespace.clone()),
            path: "metadata.labels[pod-security.kubernetes.io/enforce]".into(),
            value: level.name().into(),
        });
    }
    Verdict::of(spots)
}
