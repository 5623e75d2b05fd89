//! RF-CP-001: API endpoint reachable from the whole internet.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_network::exposure::{ListenerKind, Reach};

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-001",
    title: "API endpoint reachable from the whole internet",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0227", "C-0228", "C-0247", "C-0252", "MS-M9002"],
    reads: &[],
    doc: Doc {
        why: "Stolen credentials work from anywhere, and so does the next flaw of the server.",
        fails: "The endpoint is known to be public; no Kubernetes object shows that, so that it takes an export of the provider or a probe.",
        not: "An endpoint known to be private or limited to listed sources.",
        unknown: "Always, from objects alone: what stands in front of the API server, and its allow-list, are settings of the provider.",
        fix: "Make the endpoint private, or list who may connect.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let listeners = world.context.exposure.listeners.iter();
    let own = listeners.filter(|one| one.kind == ListenerKind::ApiServer);
    let widest = own.min_by_key(|one| one.verdict.reach);
    let verdict = match widest.map(|one| (one.verdict.reach, &one.verdict)) {
        Some((Reach::Public, verdict)) => Verdict::of(vec![facts::decided(verdict)]),
        Some((Reach::AllowListed | Reach::Internal, _)) => Verdict::Pass,
        Some((Reach::Unknown, _)) | None => {
            Verdict::missing("what stands in front of the API server, and whom it lets in")
        }
    };
    out.add(facts::whole("api-server"), verdict);
}
