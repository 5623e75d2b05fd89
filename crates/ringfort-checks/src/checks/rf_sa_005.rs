//! RF-SA-005: exposed workload runs with a ServiceAccount above baseline.

use crate::outcome::Verdict;
use crate::tokens::{powers, unread};
use crate::world::{Exposed, Place, World};
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-005",
    title: "Exposed workload runs with a ServiceAccount above baseline",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0267", "C-0272", "C-0259"],
    reads: &[
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Service,
        Kind::Ingress,
    ],
    doc: Doc {
        why: "Whoever gets into the application has the account's grants.",
        fails: "The internet reaches the workload, a container reads a token for the API server, as a file or a variable, and the account of the token has grants beyond those of every authenticated identity.",
        not: "No token; an account without grants; a workload that only the cluster reaches.",
        unknown: "Whether the internet reaches it, or a Secret that it mounts or takes a variable from, which was not read.",
        fix: "Give the workload an account with what it uses, or no token.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let exposed = world.exposed(place.at);
    let powers = powers(world, place);
    if powers.is_empty() {
        return match exposed {
            Exposed::No => Verdict::Pass,
            Exposed::Yes | Exposed::Unknown => Verdict::with(powers, unread(world, place)),
        };
    }
    match exposed {
        Exposed::No => Verdict::Pass,
        Exposed::Unknown => Verdict::missing("whether the internet reaches the workload"),
        Exposed::Yes => {
            let mut spots = vec![place.field("serviceAccountName", place.unit.spec.account())];
            spots.extend(world.front(place.at).map(Why::into_mark));
            spots.extend(powers);
            Verdict::of(spots)
        }
    }
}
