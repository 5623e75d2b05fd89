//! RF-TEN-002: execution pod holds an API token or cloud identity.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::tokens::{powers, unread};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-TEN-002",
    title: "Execution pod holds an API token or cloud identity",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0261", "C-0297"],
    reads: &[
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Whoever submits work has it, at once.",
        fails: "A workload that runs what its callers submit reads a token for the API server, as a file or a variable, whose account has grants beyond those of every authenticated identity, or its account names an identity of a cloud.",
        not: "No token and no such identity; a token that grants nothing.",
        unknown: "A Secret that a container mounts or takes a variable from was not read.",
        fix: "Set automountServiceAccountToken to false, and give executions an account without identity.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(why) = world.execution(place.at) else { return Verdict::NotApplicable };
    let unit = place.unit;
    let name = Str::new(unit.spec.account());
    let mut spots = powers(world, place);
    let known = world.cluster.service_accounts.get(&unit.namespace, &name);
    if let Some((key, identity)) = known.and_then(ringfort_isolation::cloud_identity) {
        let path = format!("metadata.annotations[{key}]");
        spots.push(World::account_field(&unit.namespace, &name, &path, identity));
    }
    if !spots.is_empty() {
        spots.push(why.clone());
    }
    Verdict::with(spots, unread(world, place))
}
