//! `admission-exempt-user`: Users that the configuration of Pod Security exempts start any pod, whatever their namespace enforces.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::webhooks;
use ringfort_podsec::{EscapeClass, NamespacePolicy, admits};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "admission-exempt-user",
    title: "start a privileged pod as an exempted user",
    zone: Zone::InCluster,
    attack: &["T1562"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Admission],
    doc: Doc {
        what: "Users that the configuration of Pod Security exempts start any pod, whatever their namespace enforces.",
        when: "pod-create in a namespace that enforces a level, and the API server is started with a configuration file of admission plug-ins, or its command line cannot be seen: the file is no object, so whether the identity's user name is exempted is unknown.",
        not: "An API server whose command line shows no such file exempts nobody; an exempted namespace without a grant in it.",
        controls: "Rests on a fact that nothing among the objects points at: no path passes it unless it is assumed.",
        cut: "Exempt no users in the configuration of the PodSecurity plug-in.",
        upstream: "kubernetes/pod-security-admission admission/api/types.go: PodSecurityExemptions",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if server::flag(context.cluster, "admission-control-config-file") == server::Flag::Unset {
        return;
    }
    let enforced = context.namespaces.iter().filter(|name| {
        let policy = NamespacePolicy::of(&webhooks::labels_of(context, name));
        let leaves = [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];
        !leaves.into_iter().any(|class| admits(&policy, context.version, class))
    });
    let from: Vec<Draft> = enforced
        .map(|name| {
            let power = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
            Draft::new(power, NodeKey::EveryNode)
        })
        .collect();
    maker.assuming(
        "the AdmissionConfiguration of the API server: which users Pod Security exempts",
        from,
        NodeKey::EveryNode,
    );
}
