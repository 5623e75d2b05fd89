//! `token-request`: The identity asks the API server for a token of a ServiceAccount.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "token-request",
    title: "request a token for the account",
    zone: Zone::InCluster,
    attack: &["T1528"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity asks the API server for a token of a ServiceAccount.",
        when: "create on serviceaccounts/token; resourceNames limit it to those accounts.",
        not: "create on serviceaccounts; get on serviceaccounts/token.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["create"], "", "serviceaccounts/token"),
        Power::MintTokens,
        draw::accounts_named,
    );
}
