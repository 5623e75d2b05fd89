//! RF-ADM-002: security webhook fails open.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::webhooks;
use ringfort_model::{Kind, Str};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-ADM-002",
    title: "Security webhook fails open",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0036", "C-0039"],
    reads: &[Kind::Namespace, Kind::MutatingWebhook, Kind::ValidatingWebhook],
    doc: Doc {
        why: "Whoever makes it slow or ends its pods has it let everything in.",
        fails: "A webhook of a known policy engine, or one that alone could refuse pods that take a node, is shown pods and ignores its own failure.",
        not: "failurePolicy Fail, the default; webhooks that are shown no pods.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Set failurePolicy to Fail, with enough replicas and a namespace of its own that it leaves out.",
    },
    judge: Judge::Cluster(judge),
};

/// Parts of the names of webhooks of policy engines.
const ENGINES: [&str; 3] = [".kyverno.svc", ".gatekeeper.sh", ".kubewarden.admission"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let guarding: BTreeSet<(&'static str, &Str, &Str)> = webhooks::guarding(context)
        .iter()
        .map(|(_, one)| (one.kind(), &one.configuration.metadata.name, &one.webhook.name))
        .collect();
    for one in webhooks::all(context) {
        let name = one.name();
        let engine = ENGINES.iter().any(|part| one.webhook.name.contains(part));
        let sees = || {
            let mut names = context.namespaces.iter();
            names.any(|space| one.sees_pods(space))
        };
        let guards = guarding.contains(&(one.kind(), name, &one.webhook.name));
        let verdict = match (guards || (engine && sees()), one.ignores_failure()) {
            (false, _) => Verdict::NotApplicable,
            (true, false) => Verdict::Pass,
            (true, true) => Verdict::of(vec![facts::field(
                one.kind(),
                "",
                name,
                (&format!("webhooks[name={}].failurePolicy", one.webhook.name), "Ignore"),
            )]),
        };
        out.add(Object::wide(one.kind(), name), verdict);
    }
}
