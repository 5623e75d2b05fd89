//! RF-RBAC-009: exec, attach, port-forward or proxy into pods stronger than the subject.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-009",
    title: "Exec, attach, port-forward or proxy into pods stronger than the subject",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["KSV-0053", "KSV-0054", "C-0002", "C-0063", "CKV2_K8S_2", "MS-TA9006"],
    reads: gain::READS,
    doc: Doc {
        why: "A shell in a pod is the pod's account, its Secrets and its way to the node.",
        fails: "The subject may exec, attach or add a container into pods that hold an account, a Secret or a way to the node that it does not have; by the verb that the version asks for.",
        not: "get on pods/exec from 1.35 on; pods/*, which matches nothing.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Take the subresource out of the role.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["pod-exec", "pod-attach", "ephemeral-container"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
