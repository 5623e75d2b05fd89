//! RF-SA-003: automount off has no effect.

use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{Effect, no_token};
use ringfort_model::Kind;
use ringfort_model::SourceKind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-003",
    title: "Automount off has no effect",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::ServiceAccount, Kind::Secret],
    doc: Doc {
        why: "The owner counts on a token that is not there, and it is.",
        fails: "Pod or account says false, and a container still reads a token for the API server: by the pod's own field, a projected volume, a token Secret, or a mount from before.",
        not: "false with effect; nobody says false.",
        unknown: "Secrets in its volumes that were not read.",
        fix: "Say false in the pod and take the volume away.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    let manifests = world.cluster.source == SourceKind::Manifests;
    let at_creation = unit.pods.is_empty() || manifests;
    let control = no_token(&unit.spec, &unit.namespace, world.cluster, unit.mirror, at_creation);
    match control.effect {
        Effect::Absent => Verdict::NotApplicable,
        Effect::Effective => Verdict::Pass,
        Effect::Unknown(missing) => Verdict::Unknown(missing.into_iter().collect()),
        Effect::PresentNotEffective(why) => {
            let said = unit.spec.automount_service_account_token;
            let spot = match said {
                Some(value) => place.field("automountServiceAccountToken", value.to_string()),
                None => World::account_field(
                    &unit.namespace,
                    &unit.spec.account().into(),
                    "automountServiceAccountToken",
                    "false",
                ),
            };
            Verdict::Fail(Fault::of(vec![spot]).noted(why))
        }
    }
}
