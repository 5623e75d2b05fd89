//! `token-mounted`: A process in the container reads the ServiceAccount token from its file and acts as that account.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::{TokenSource, Why};
use ringfort_isolation::{Audience, TokenSource as Source};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "token-mounted",
    title: "read the token mounted in the container",
    zone: Zone::InCluster,
    attack: &["T1528", "MS-TA9016"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod, FixKind::Rbac],
    doc: Doc {
        what: "A process in the container reads the ServiceAccount token from its file and acts as that account.",
        when: "The container mounts a token for the API server: by automount, a projected volume, or a token Secret.",
        not: "automountServiceAccountToken false on the pod; a projected token for another audience.",
        controls: "Expiry does not help: the kubelet renews the file.",
        cut: "Set automountServiceAccountToken to false where the API is not needed.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/serviceaccount/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let kept = crate::network::kept_from_api(context);
    for (at, unit) in context.units.iter().enumerate() {
        let at = at as u32;
        let account = Subject::ServiceAccount(unit.namespace.clone(), unit.spec.account().into());
        for container in context.tokens(at) {
            for file in &container.files {
                if file.audience != Audience::Api {
                    continue;
                }
                let (how, target) = match &file.how {
                    Source::Automount => (TokenSource::Automount, account.clone()),
                    Source::Projected => (TokenSource::Projected, account.clone()),
                    // The account of a Secret is the one that the Secret names.
                    Source::SecretVolume(_) => continue,
                };
                for place in context.places(at) {
                    let from =
                        NodeKey::Container(at, place, container.kind, container.index as u32);
                    let why = Why::Token {
                        unit: at,
                        kind: container.kind,
                        container: container.index as u32,
                        path: file.path.clone(),
                        how,
                    };
                    let draft = Draft::new(from, NodeKey::Subject(target.clone())).because(why);
                    maker.edge(match kept.contains(&(at, place)) {
                        // The token can be carried to where the API server is reached.
                        true => draft.weakened(
                            &TECHNIQUE,
                            "an enforced policy keeps the pod from the API server",
                        ),
                        false => draft,
                    });
                }
            }
        }
    }
}
