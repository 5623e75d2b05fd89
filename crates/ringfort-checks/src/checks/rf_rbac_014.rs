//! RF-RBAC-014: may approve or sign client certificates.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-014",
    title: "May approve or sign client certificates",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0280", "CKV_K8S_156", "CIS 5.1.11", "T1649"],
    reads: gain::READS,
    doc: Doc {
        why: "A certificate is any user, until it expires.",
        fails: "The permissions on CertificateSigningRequests and signers are complete, and lead to an identity with more grants.",
        not: "Approval without the signer.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take the signer out of the role.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["csr-client-cert", "csr-node-cert", "csr-sign"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
