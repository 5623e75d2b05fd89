//! RF-WKL-020: sandbox runtime named but not effective.

use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{Effect, sandbox};

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-020",
    title: "Sandbox runtime named but not effective",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0297"],
    reads: &[],
    doc: Doc {
        why: "The owner counts on a boundary that is not there.",
        fails: "runtimeClassName is set and the class does not exist, or its handler is the default runtime of the nodes (handler runc).",
        not: "A handler that the nodes show to be a sandbox; pods without a class.",
        unknown: "What the handler stands for in the configuration of the nodes.",
        fix: "Create the class with a sandbox's handler on every node that may run the pod.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let spec = &place.unit.spec;
    let name = spec.runtime_class_name.as_deref().unwrap_or_default();
    let spot = || vec![place.field("runtimeClassName", name)];
    match sandbox(spec, world.cluster).effect {
        Effect::Absent => Verdict::NotApplicable,
        Effect::Effective => Verdict::Pass,
        Effect::PresentNotEffective(why) => Verdict::Fail(Fault::of(spot()).noted(why)),
        Effect::Unknown(missing) => Verdict::Unknown(missing.into_iter().collect()),
    }
}
