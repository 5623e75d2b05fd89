//! `impersonate-sa`: The identity sends requests in the name of a ServiceAccount.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "impersonate-sa",
    title: "impersonate the account",
    zone: Zone::InCluster,
    attack: &["T1078"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity sends requests in the name of a ServiceAccount.",
        when: "impersonate on serviceaccounts of the core group.",
        not: "impersonate on serviceaccounts of group authentication.k8s.io.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["impersonate"], "", "serviceaccounts"),
        Power::ImpersonateAccounts,
        draw::accounts_named,
    );
}
