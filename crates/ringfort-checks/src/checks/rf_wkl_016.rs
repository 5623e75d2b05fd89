//! RF-WKL-016: Windows HostProcess container.

use crate::outcome::Verdict;
use crate::pods;
use crate::world::{Place, World};
use ringfort_attack::Zone;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-016",
    title: "Windows HostProcess container",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["PSS windowsHostProcess", "KSV-0103", "C-0202", "CIS 5.2.10"],
    reads: &[],
    doc: Doc {
        why: "It runs on the node itself, as a user of the node.",
        fails: "Pod Security refuses windowsOptions.hostProcess at baseline.",
        not: "false, or the field absent.",
        unknown: "Never.",
        fix: "Set hostProcess to false.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let checks = [("windowsHostProcess", "windowsOptions.hostProcess")];
    Verdict::of(pods::refused(world, place, &checks))
}
