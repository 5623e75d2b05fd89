//! RF-RBAC-016: may create node-side PersistentVolumes.

use crate::gain;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-016",
    title: "May create node-side PersistentVolumes",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0278", "CIS 5.1.9"],
    reads: gain::READS,
    doc: Doc {
        why: "A volume is any path of a node, past Pod Security.",
        fails: "create on PersistentVolumes together with what mounts them leads to files of a node.",
        not: "create on claims alone.",
        unknown: "A control or a fact on the way is not known.",
        fix: "Leave PersistentVolumes to provisioners.",
    },
    judge: Judge::Cluster(judge),
};

/// The techniques that are meant.
const TECHNIQUES: &[&str] = &["pv-hostpath-create"];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    gain::judge(world, out, TECHNIQUES, &[]);
}
