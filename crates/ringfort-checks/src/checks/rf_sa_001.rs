//! RF-SA-001: API token mounted in a workload that does not need it.

use crate::outcome::Verdict;
use crate::tokens::tokens;
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-001",
    title: "API token mounted in a workload that does not need it",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Exposed],
    references: &["KSV-0036", "C-0034", "C-0190", "C-0261", "CKV_K8S_38", "CIS 5.1.6", "MS-TA9016"],
    reads: &[
        Kind::ServiceAccount,
        Kind::Secret,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "A token that serves nobody serves whoever gets into the container, and more once the account is given more.",
        fails: "A container reads a token for the API server and the account of the token, which for a token of a Secret is the one that the Secret names, may do no more than every authenticated identity.",
        not: "automountServiceAccountToken false; an account with grants of its own.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Set automountServiceAccountToken to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let tokens = tokens(world, place).into_iter();
    let idle = tokens.filter(|token| world.effective_grants(&token.account).is_empty());
    Verdict::of(idle.map(|token| token.why).collect())
}
