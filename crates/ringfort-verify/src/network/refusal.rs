//! Inputs that the suite's tool refuses or warns about.
//!
//! What the API server would refuse must be an error here, with object and field. What the
//! tool refuses for reasons of its own is named, not answered.

use super::{Case, Files, input_of};

pub(super) enum Judged {
    Answered(Result<(), String>),
    NotCovered(String),
}

/// Parts of the tool's messages about what Kubernetes accepts, or that are about the tool's
/// own files and options, and what they are.
const OWN: &[(&str, &str)] = &[
    ("named port error: cannot convert", "Kubernetes accepts a named port beside an ipBlock"),
    ("same owner workload", "pods of one owner may differ in labels; the tool collapses them"),
    ("assigned the same priority", "Kubernetes accepts equal priorities (NP-21)"),
    ("recognized file extensions", "is about the tool's reading of files"),
    ("is missing in", "is about the tool's reading of files"),
    ("no relevant Kubernetes", "is a hint about what the input does not hold"),
    ("unrecognized type", "is about the tool's reading of files"),
    ("cannot restore slice", "is about the tool's reading of files"),
    ("cannot unmarshal", "is about the tool's reading of files"),
    ("cannot start any token", "is about the tool's reading of files"),
    ("unable to decode", "is about the tool's reading of files"),
    ("does not exist in the input", "is about the tool's options"),
    ("may be used only with", "is about the tool's options"),
    ("exposure analysis is not relevant", "is about the tool's options"),
    ("is not supported", "the tool leaves out what is decided here"),
    ("are not supported", "the tool leaves out what is decided here"),
    ("port name:", "a named port that no container has opens nothing and is valid"),
    ("named port is not defined for IP", "Kubernetes accepts it; it matches nothing"),
    ("skipping object with type", "uses user-defined and secondary networks (NP-10)"),
    ("specified workload", "is a hint about an ingress resource that policies block"),
];

pub(super) fn judge(files: &Files, case: &Case) -> Judged {
    for message in &case.message_contains {
        if let Some((_, why)) = OWN.iter().find(|(part, _)| message.contains(part)) {
            return Judged::NotCovered((*why).to_owned());
        }
    }
    Judged::Answered(refused(files, case))
}

fn refused(files: &Files, case: &Case) -> Result<(), String> {
    let mut found = Vec::new();
    for path in &case.input {
        let input = input_of(files, path)?;
        found.extend(input.network.errors().iter().map(ToString::to_string));
        // Of two objects of one name, one is lost and said to be.
        found.extend(
            input.cluster.gaps.iter().map(|gap| format!("{}: {}", gap.subject, gap.reason)),
        );
        found.extend(input.unread);
    }
    if found.is_empty() {
        return Err(format!("nothing is refused: {:?}", case.message_contains));
    }
    Ok(())
}
