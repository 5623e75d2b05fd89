//! RF-NS-002: stricter level satisfied but not enforced.

use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Why;
use ringfort_attack::Zone;
use ringfort_attack::evidence::target;
use ringfort_model::EntityId;
use ringfort_model::Kind;
use ringfort_podsec::{Exemptions, standings};

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-NS-002",
    title: "Stricter level satisfied but not enforced",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::Namespace, Kind::Pod],
    doc: Doc {
        why: "A stricter label costs nothing today and holds tomorrow.",
        fails: "Everything in the namespace satisfies a stricter level than its label enforces, and the label was tried on the model.",
        not: "A namespace whose pods need what the present level allows.",
        unknown: "Not all that runs there was read, or the version of the server is not known.",
        fix: "Set the enforce label to the level that is satisfied.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for standing in standings(world.cluster, &Exemptions::default()) {
        let name = &standing.namespace;
        let object = Object::wide("Namespace", name);
        let (level, _) = standing.policy.enforce;
        let verdict = match &standing.patch {
            _ if standing.satisfied <= level => Verdict::Pass,
            Some(patch) => {
                let labels: Vec<String> =
                    patch.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let mut fault = Fault::of(vec![Why::Field {
                    object: EntityId::Namespace(name.clone()),
                    path: "metadata.labels[pod-security.kubernetes.io/enforce]".into(),
                    value: level.name().into(),
                }])
                .noted(format!("everything in it satisfies {}", standing.satisfied));
                fault.command = Some(format!(
                    "kubectl label --overwrite {} {}",
                    target("namespace", "", name),
                    labels.join(" ")
                ));
                Verdict::Fail(fault)
            }
            None if standing.missing.is_empty() => Verdict::Pass,
            None => Verdict::Unknown(standing.missing.iter().cloned().collect()),
        };
        out.add(object, verdict);
    }
}
