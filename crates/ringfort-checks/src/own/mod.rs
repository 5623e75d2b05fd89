//! Checks that are no part of the catalogue: rules of the user's own, written in CEL, and the
//! validating policies of a cluster or a folder, asked about what exists.
//!
//! ```text
//!  rule files ─► read ──► Rule, Check ──┐
//!  policies ───► Refusals, Check ───────┤
//!                                       ▼
//!  the source, read a second time ─► Asking ─► Answers ─► World ─► findings like all others
//! ```
//!
//! Records hold what the engines read; an expression may look at anything. So the source is gone
//! through a second time, each object is judged whole as it passes by, and of it nothing is kept
//! but the result. Without rules there is no second reading.

mod asking;
mod read;
mod seen;

use ringfort_admission::own::Rule;
use ringfort_attack::Zone;
use ringfort_model::record::admission::LabelSelector;

use crate::check::{Check, Doc, Judge, Severity};

pub use asking::{Asking, KEPT, Passing, Reading};
pub use read::{OwnError, read};
pub use seen::Answers;

/// Ids of the checks that validating policies are: this and the policy's name.
pub const POLICY: &str = "vap.";

/// The id of the check that says which policies of a cluster could not be read.
pub const POLICIES: &str = "vap";

/// A rule and the check that it is.
#[derive(Debug)]
pub struct OwnRule {
    /// Metadata. It lives as long as the program, as that of the catalogue does.
    pub check: &'static Check,
    pub(crate) rule: Rule,
    pub(crate) kinds: Vec<(String, String)>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) labels: Option<LabelSelector>,
    /// Where it stands, for what is said of it.
    pub place: String,
}

/// A text that lives as long as the program.
fn kept(text: impl Into<String>) -> &'static str {
    Box::leak(text.into().into_boxed_str())
}

/// The check that a validating policy is.
pub(crate) fn of_policy(name: &str) -> &'static Check {
    let title = format!("Object that ValidatingAdmissionPolicy {name} refuses");
    let check = Check {
        id: kept(format!("{POLICY}{name}")),
        title: kept(title),
        zone: Zone::InCluster,
        severity: Severity::Medium,
        modifiers: &[],
        references: &[],
        reads: &[],
        doc: Doc {
            why: "The object could not be created again: a policy refuses it as it stands.",
            fails: "The policy, asked about the creation of the object through one of its bindings, refuses. A binding that denies makes it medium, one that warns low, one that audits info.",
            not: "An object that the policy or its bindings do not match, and one about which every validation is true.",
            unknown: "The policy looks at what is written after creation, at values of Secrets, at parameters that were not read, or asks the authorizer.",
            fix: "Change the object so that the policy admits it, or the policy.",
        },
        judge: Judge::Asked,
    };
    Box::leak(Box::new(check))
}

/// The check that stands for the policies that could not be read.
pub(crate) static UNREAD: Check = Check {
    id: POLICIES,
    title: "Validating policies that were not read",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &[],
    reads: &[],
    doc: Doc {
        why: "A policy that was not read may refuse anything.",
        fails: "Never: what each policy refuses is a check of its own.",
        not: "Policies and bindings were listed.",
        unknown: "They were not.",
        fix: "Let the scan list validatingadmissionpolicies and validatingadmissionpolicybindings.",
    },
    judge: Judge::Asked,
};
