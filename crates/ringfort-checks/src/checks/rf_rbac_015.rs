//! RF-RBAC-015: may change admission control.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-015",
    title: "May change admission control",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["KSV-0114", "C-0281", "CKV_K8S_155", "CIS 5.1.12", "MS-TA9015"],
    reads: &[
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Namespace,
        Kind::ServiceAccount,
        Kind::Secret,
        Kind::Pod,
        Kind::Node,
        Kind::MutatingWebhook,
        Kind::ValidatingWebhook,
    ],
    doc: Doc {
        why: "What admission refuses, changes and sees is in the subject's hands.",
        fails: "A write on webhook configurations or admission policies leads to more than the subject has.",
        not: "get and list on them.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Leave the writes to the administrator.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] =
    &["webhook-mutate", "webhook-validate-read", "webhook-remove", "map-write"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
