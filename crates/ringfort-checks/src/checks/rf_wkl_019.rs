//! RF-WKL-019: user namespace configured but not effective.

use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-019",
    title: "User namespace configured but not effective",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "The owner counts on a boundary that is not there.",
        fails: "hostUsers is false and on a node that runs the pod, or may, it has no effect.",
        not: "A namespace with effect on all of them; pods that do not ask for one.",
        unknown: "What the nodes run is not known.",
        fix: "Bring the nodes to a kernel and runtime with user namespaces, or keep the pod off the others.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    match world.user_namespace(place.at) {
        Effect::Absent => Verdict::NotApplicable,
        Effect::Effective => Verdict::Pass,
        Effect::Unknown(missing) => Verdict::Unknown(missing.into_iter().collect()),
        Effect::PresentNotEffective(why) => {
            Verdict::Fail(Fault::of(vec![place.field("hostUsers", "false")]).noted(why))
        }
    }
}
