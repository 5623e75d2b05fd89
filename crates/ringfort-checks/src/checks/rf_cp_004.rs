//! RF-CP-004: audit trail missing or blind.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::settings;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-004",
    title: "Audit trail missing or blind",
    zone: Zone::Impact,
    severity: Severity::Medium,
    modifiers: &[],
    references: &[
        "C-0067",
        "C-0130",
        "C-0160",
        "C-0161",
        "C-0254",
        "CIS 1.2.16",
        "CIS 3.2.1",
        "CIS 3.2.2",
        "NSA log",
    ],
    reads: &[Kind::Pod],
    doc: Doc {
        why: "Nobody can say afterwards what an intruder did, or that there was one.",
        fails: "The API server's own pods show no audit log, or one of several servers has none.",
        not: "A log whose policy and sink are known; from objects alone that is never so.",
        unknown: "The policy, and whether the sink receives events; on a managed server all of it.",
        fix: "Set --audit-policy-file and a log path or webhook.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let control = ringfort_isolation::audit_log(world.cluster);
    let verdict = match control.effect {
        Effect::Effective => Verdict::Pass,
        Effect::Unknown(missing) => Verdict::Unknown(missing.into_iter().collect()),
        Effect::Absent => Verdict::of(vec![settings::server_field(
            world,
            ("--audit-log-path", "absent, as is --audit-webhook-config-file"),
        )]),
        Effect::PresentNotEffective(why) => {
            Verdict::of(vec![settings::server_field(world, ("--audit-log-path", &why))])
        }
    };
    out.add(facts::whole("api-server"), verdict);
}
