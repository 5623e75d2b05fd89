//! RF-NET-001: policies exist but nothing enforces them.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;
use ringfort_network::policy::Tri;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-001",
    title: "Policies exist but nothing enforces them",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0205", "C-0230", "CIS 5.3.1"],
    reads: &[Kind::NetworkPolicy, Kind::Pod],
    doc: Doc {
        why: "The owner counts on borders that are drawn on paper only.",
        fails: "Some network policy exists, and the network implementation of the cluster is known not to enforce any.",
        not: "An agent that enforces policies; a cluster without policies.",
        unknown: "No agent of a known network implementation is seen.",
        fix: "Install a network implementation that enforces policies, or turn the feature on.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let network = &world.context.network;
    // What stands for policies that were not read is no policy.
    let first = network.policies().iter().find(|one| !one.name.name.starts_with('('));
    let (enforced, why) = network.enforcement().anywhere();
    let verdict = match (first, enforced) {
        (None, _) => Verdict::NotApplicable,
        (Some(_), Tri::Yes) => Verdict::Pass,
        (Some(_), Tri::Unknown) => {
            Verdict::missing(format!("whether anything enforces policies: {why}"))
        }
        (Some(policy), Tri::No) => {
            let name = &policy.name;
            let spot = facts::field(name.kind, &name.namespace, &name.name, ("spec", "no effect"));
            Verdict::Fail(Fault::of(vec![spot]).noted(why))
        }
    };
    out.add(facts::whole("network"), verdict);
}
