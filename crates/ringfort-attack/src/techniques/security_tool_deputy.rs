//! `security-tool-deputy`: Scanners, sensors, admission controllers and backup agents hold wide permissions; whoever runs code in one holds them.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::{TokenSource, Why};
use ringfort_isolation::{Audience, TokenSource as Source};
use ringfort_model::ContainerKind;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "security-tool-deputy",
    title: "use the power of the security tool",
    zone: Zone::InCluster,
    attack: &["T1078"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Pod],
    doc: Doc {
        what: "Scanners, sensors, admission controllers and backup agents hold wide permissions; whoever runs code in one holds them.",
        when: "A running container of a known tool that mounts an API token.",
        not: "The tool without a token.",
        controls: "",
        cut: "Give the tool the permissions of its function only.",
        upstream: "initial access: the tool's own documentation of its permissions",
    },
    find,
};

const TOOLS: &[&str] = &[
    "aquasec/trivy-operator",
    "aquasecurity/trivy-operator",
    "aquasec/kube-bench",
    "falcosecurity/falco",
    "falcosecurity/falco-no-driver",
    "kubescape/kubescape",
    "kubescape/operator",
    "kyverno/kyverno",
    "kyverno/background-controller",
    "kyverno/reports-controller",
    "kyverno/cleanup-controller",
    "openpolicyagent/gatekeeper",
    "velero/velero",
    "neuvector/controller",
    "stackrox/main",
    "rhacs-main",
    "cilium/tetragon",
    "anchore/k8s-inventory",
    "datadog/agent",
    "crowdstrike/falcon-sensor",
    "wiz-sensor",
    "sysdig/agent",
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let tools = context.images.of(TOOLS).into_iter();
    for (at, kind, index) in tools.filter(|(_, kind, _)| *kind == ContainerKind::Regular) {
        let unit = &context.units[at as usize];
        let mut tokens = context.tokens(at).iter();
        let own = tokens.find(|one| (one.kind, one.index as u32) == (kind, index));
        if let Some(container) = own {
            for file in container.files.iter().filter(|file| file.audience == Audience::Api) {
                let how = match &file.how {
                    Source::Automount => TokenSource::Automount,
                    Source::Projected => TokenSource::Projected,
                    Source::SecretVolume(_) => continue,
                };
                let why = Why::Token {
                    unit: at,
                    kind: container.kind,
                    container: container.index as u32,
                    path: file.path.clone(),
                    how,
                };
                let account =
                    Subject::ServiceAccount(unit.namespace.clone(), unit.spec.account().into());
                for place in context.places(at) {
                    let from =
                        NodeKey::Container(at, place, container.kind, container.index as u32);
                    let draft = Draft::new(from, NodeKey::Subject(account.clone()));
                    maker.edge(draft.because(why.clone()));
                }
            }
        }
    }
}
