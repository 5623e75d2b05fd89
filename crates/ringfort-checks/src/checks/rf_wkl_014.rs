//! RF-WKL-014: appArmor or SELinux confinement switched off.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-014",
    title: "AppArmor or SELinux confinement switched off",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["PSS appArmorProfile, seLinuxOptions", "KSV-0002", "KSV-0025", "C-0055"],
    reads: &[],
    doc: Doc {
        why: "The second fence around a container is gone.",
        fails: "Pod Security refuses the AppArmor profile (field or annotation) or the SELinux options at baseline.",
        not: "localhost/x and runtime/default; a container type that the standard allows.",
        unknown: "Never.",
        fix: "Take the profile or the options out.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let checks = [("appArmorProfile", "appArmorProfile"), ("seLinuxOptions", "seLinuxOptions")];
    Verdict::of(pods::refused(world, place, &checks))
}
