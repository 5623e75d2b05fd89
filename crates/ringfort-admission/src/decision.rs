//! What is answered: admitted, refused by whom, or unknown for which reasons.

use std::fmt;

use ringfort_model::Str;
use ringfort_podsec::Level;

/// Something that has a say in admission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// The Pod Security plug-in at the level that the namespace enforces.
    PodSecurity(Level),
    /// A ValidatingAdmissionPolicy, through a binding unless the policy itself is at fault.
    ValidatingPolicy {
        /// The policy.
        policy: Str,
        /// The binding.
        binding: Option<Str>,
    },
    /// A MutatingAdmissionPolicy through a binding.
    MutatingPolicy {
        /// The policy.
        policy: Str,
        /// The binding.
        binding: Option<Str>,
    },
    /// A webhook.
    Webhook {
        /// Name of its configuration.
        configuration: Str,
        /// Its own name.
        name: Str,
        /// Whether it may change the object.
        mutating: bool,
    },
    /// Controls of this resource that may exist: it was not, or not wholly, listed.
    Unlisted(Str),
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PodSecurity(level) => write!(f, "Pod Security level {level}"),
            Self::ValidatingPolicy { policy, .. } => {
                write!(f, "ValidatingAdmissionPolicy {policy}")
            }
            Self::MutatingPolicy { policy, .. } => write!(f, "MutatingAdmissionPolicy {policy}"),
            Self::Webhook { name, .. } => write!(f, "webhook {name}"),
            Self::Unlisted(resource) => write!(f, "{resource}"),
        }
    }
}

/// A control and what it does, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Who.
    pub control: Control,
    /// What it says, or what is missing to know that.
    pub reason: String,
}

impl Finding {
    pub(crate) fn new(control: Control, reason: impl Into<String>) -> Self {
        Self { control, reason: reason.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.control, self.reason)
    }
}

/// Whether a request would be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing refuses it.
    Admitted,
    /// Refused by each of these, in the server's order. Proven: nothing that is unknown could
    /// admit it.
    Refused(Vec<Finding>),
    /// Nothing that is known refuses it, but each of these may.
    Unknown(Vec<Finding>),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it would be admitted.
    pub verdict: Verdict,
    /// Where it is refused: what would still have to be known if nothing refused it.
    pub doubts: Vec<Finding>,
    /// Warnings that the server would send.
    pub warnings: Vec<Finding>,
    /// Controls that see the request and are present without holding: they ignore their own
    /// failure, only audit, or can be evaded by the maker of the object (EFF-ADM).
    pub ineffective: Vec<Finding>,
}

impl Decision {
    /// Controls other than resources that were not listed whose say is not known.
    pub fn opaque(&self) -> impl Iterator<Item = &Finding> {
        let unknown = match &self.verdict {
            Verdict::Unknown(findings) => findings.as_slice(),
            Verdict::Admitted | Verdict::Refused(_) => &[],
        };
        unknown.iter().filter(|finding| !matches!(finding.control, Control::Unlisted(_)))
    }
}

/// Collects findings on the way to a [`Decision`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) refused: Vec<Finding>,
    pub(crate) unknown: Vec<Finding>,
    /// What may change the object in a way that is not known.
    pub(crate) changes: Vec<Finding>,
    pub(crate) warnings: Vec<Finding>,
    pub(crate) ineffective: Vec<Finding>,
}

impl Tally {
    pub(crate) fn decide(mut self) -> Decision {
        self.unknown.sort();
        self.unknown.dedup();
        self.ineffective.sort();
        self.ineffective.dedup();
        let mut doubts = Vec::new();
        let verdict = if !self.refused.is_empty() {
            doubts = self.unknown;
            Verdict::Refused(self.refused)
        } else if !self.unknown.is_empty() {
            Verdict::Unknown(self.unknown)
        } else {
            Verdict::Admitted
        };
        Decision { verdict, doubts, warnings: self.warnings, ineffective: self.ineffective }
    }
}

/// Something in a policy or webhook that the server would not accept, or that is not
/// understood here. Its own verdicts are unknown, all others are computed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{object}: {field}: {reason}")]
pub struct Problem {
    /// `Kind name`.
    pub object: String,
    /// Path of the field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}
