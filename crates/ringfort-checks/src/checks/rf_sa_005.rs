//! RF-SA-005: exposed workload runs with a ServiceAccount above baseline.

use crate::outcome::Verdict;
use crate::world::{Exposed, Place, World};
use ringfort_attack::Subject;
use ringfort_attack::Zone;
use ringfort_isolation::Audience;
use ringfort_model::Kind;
use ringfort_model::Str;

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
        fails: "The internet reaches the workload, a container reads a token for the API server, and the account has grants beyond those of every authenticated identity.",
        not: "No token; an account without grants; a workload that only the cluster reaches.",
        unknown: "Whether the internet reaches it.",
        fix: "Give the workload an account with what it uses, or no token.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let unit = place.unit;
    let subject = Subject::ServiceAccount(unit.namespace.clone(), Str::new(unit.spec.account()));
    let grants = world.effective_grants(&subject);
    let tokens = world.context.tokens(place.at).iter();
    let token = tokens.flat_map(|one| &one.files).any(|file| file.audience == Audience::Api);
    if grants.is_empty() || !token {
        return Verdict::Pass;
    }
    match world.exposed(place.at) {
        Exposed::No => Verdict::Pass,
        Exposed::Unknown => Verdict::missing("whether the internet reaches the workload"),
        Exposed::Yes => {
            let mut spots = vec![place.field("serviceAccountName", unit.spec.account())];
            spots.extend(world.front(place.at));
            spots.extend(grants.into_iter().flat_map(|grant| world.grant_why(grant)));
            Verdict::of(spots)
        }
    }
}
