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

/// The field that an error here must name for a part of the tool's message.
const FIELDS: &[(&str, &[&str])] = &[
    ("CIDR", &["ipBlock.cidr", "networks["]),
    ("selector error", &["Selector.match"]),
    ("cannot have both IPBlock", &[".from[", ".to["]),
    ("cannot have empty rule peer", &[".from[", ".to["]),
    ("endPort field", &["endPort"]),
    ("port range", &["endPort", "portRange.end"]),
    ("Invalid Priority Value", &["spec.priority"]),
    ("set in a subject", &["spec.subject"]),
    ("to field must be defined", &["].to"]),
    ("from field must be defined", &["].from"]),
    ("set in a rule peer", &["].to[", "].from["]),
    ("AdminNetworkPolicyPort", &["].ports["]),
    ("unrecognized action", &["].action"]),
    ("metadata.name=default", &["metadata.name"]),
    // One of two objects of one name is lost, and said to be.
    ("already exists", &["appears more than once"]),
];

fn refused(files: &Files, case: &Case) -> Result<(), String> {
    let mut found = Vec::new();
    for path in &case.input {
        let input = input_of(files, path)?;
        found.extend(input.network.errors().iter().map(ToString::to_string));
        found.extend(
            input.cluster.gaps.iter().map(|gap| format!("{}: {}", gap.subject, gap.reason)),
        );
        found.extend(input.unread);
    }
    for message in &case.message_contains {
        let known = FIELDS.iter().find(|(part, _)| message.contains(part));
        let Some((_, fields)) = known else { return Err(format!("unknown message {message}")) };
        if !found.iter().any(|error| fields.iter().any(|field| error.contains(field))) {
            return Err(format!("{message}: here {found:?}"));
        }
    }
    Ok(())
}
