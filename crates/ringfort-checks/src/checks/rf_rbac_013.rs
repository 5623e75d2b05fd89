//! RF-RBAC-013: may mint tokens for stronger ServiceAccounts.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-013",
    title: "May mint tokens for stronger ServiceAccounts",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0282", "CIS 5.1.13"],
    reads: gain::READS,
    doc: Doc {
        why: "A token of an account is the account.",
        fails: "create on serviceaccounts/token, also limited to names, or creation and reading of token Secrets, leads to an account with more grants.",
        not: "A token for an account with no more.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take out of the role what the evidence names: create on serviceaccounts/token, or on Secrets where their values can be read.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["token-request", "secret-token-mint"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
