//! Every rule of the semantics about controls (section 6), by its id: who judges it, and which
//! verdicts it never gives. What is tested of each rule is enumerated from here.

use crate::effect::Effect;

/// Who judges a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// This crate.
    Isolation,
    /// The engine of admission.
    Admission,
    /// The graph, which joins this crate's answer with what the network engine says.
    Graph,
}

/// A rule about a control.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable id.
    pub id: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Who judges it.
    pub engine: Engine,
    /// Names of verdicts ([`Effect::name`]) that it never gives, and why.
    pub never: &'static [(&'static str, &'static str)],
}

const fn rule(id: &'static str, about: &'static str) -> Rule {
    Rule { id, about, engine: Engine::Isolation, never: &[] }
}

impl Rule {
    const fn of(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }
    const fn never(self, never: &'static [(&'static str, &'static str)]) -> Self {
        Self { never, ..self }
    }
}

/// All of them, in the order of the semantics. EFF-01 says what the verdicts are.
pub const RULES: &[Rule] = &[
    rule("EFF-UNS", "user namespaces"),
    rule("EFF-RTC", "sandbox runtime"),
    rule("EFF-NP", "network policies").of(Engine::Graph),
    rule("EFF-AUTO", "no token is mounted"),
    rule("EFF-SEC", "seccomp"),
    rule("EFF-AA", "AppArmor"),
    rule("EFF-SEL", "SELinux"),
    rule("EFF-RO", "read-only root filesystem"),
    rule("EFF-NONROOT", "no process is root"),
    rule("EFF-CAPS", "dropped capabilities"),
    rule("EFF-APE", "no new privileges").never(&[("unknown", "the pod's own fields decide")]),
    rule("EFF-PROC", "masked paths of /proc"),
    rule("EFF-PSS", "Pod Security"),
    rule("EFF-ADM", "admission control").of(Engine::Admission),
    rule("EFF-QUOTA", "quota"),
    rule("EFF-IMG", "images by digest"),
    rule("EFF-SIG", "signed images").of(Engine::Admission),
    rule("EFF-PULLCRED", "credentials of pulled images"),
    rule("EFF-IMDS", "metadata service out of reach")
        .of(Engine::Graph)
        .never(&[("absent", "the block is on the machine, where no pod asks for it")]),
    rule("EFF-WI", "workload identity").never(&[("effective", "only the cloud knows")]),
    rule("EFF-AUD", "audit log").never(&[("effective", "only the sink knows")]),
    rule("EFF-ENC", "encryption of Secrets")
        .never(&[("effective", "only the configuration file knows")]),
    rule("EFF-SCHED", "dedicated nodes"),
    rule("EFF-MESH", "mutual TLS of a mesh"),
    rule("EFF-02", "what a user namespace excludes"),
    rule("EFF-03", "where admission mounts a token"),
    rule("EFF-04", "automount by pod and account"),
    rule("EFF-05", "Secrets that an account may mount"),
    rule("EFF-06", "init and ephemeral containers"),
    rule("EFF-07", "versions of features"),
];

impl Effect {
    /// Stable name of the verdict.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::PresentNotEffective(_) => "not effective",
            Self::Effective => "effective",
            Self::Unknown(_) => "unknown",
        }
    }
}
