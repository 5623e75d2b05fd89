//! `impersonate-constrained`: The identity makes certain requests as another: the server lets it for the verbs and resources that its rules name.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "impersonate-constrained",
    title: "act as the identity for some requests",
    zone: Zone::InCluster,
    attack: &["T1078"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity makes certain requests as another: the server lets it for the verbs and resources that its rules name.",
        when: "impersonate:user-info on users (and groups), impersonate:serviceaccount on serviceaccounts, impersonate:arbitrary-node or impersonate:associated-node on nodes, all of authentication.k8s.io, together with impersonate-on:<mode>:<verb> on the target of the request. What is left of the other's rules is an identity of its own.",
        not: "One of the two grants alone; 1.35 with the gate off and every version before; system:masters, which is refused; impersonate-on:<mode>:*, which is no wildcard.",
        controls: "On by default from 1.36; the API server's command line decides where it can be seen.",
        cut: "Drop one of the two verbs.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation/mode.go; KEP-5284",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let on = crate::constrained::is_on(context);
    for acting in &context.acting {
        let to = NodeKey::Subject(acting.to.clone());
        let detail = context.subject_name(&acting.to);
        maker.conjunction(&TECHNIQUE, &acting.by, &detail, |at| {
            let draft = Draft::new(at, to.clone());
            match on {
                None => draft.unknown("the version of the API server, which has it on from 1.36"),
                Some(_) => draft,
            }
        });
    }
}
