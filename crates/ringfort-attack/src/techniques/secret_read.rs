//! `secret-read`: The identity reads the values of Secrets through the API.

use crate::context::Ask;
use crate::context::Context;
use crate::draw;
use crate::maker::Maker;
use crate::node::Power;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-read",
    title: "read the Secret",
    zone: Zone::InCluster,
    attack: &["T1552.007", "MS-TA9025"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity reads the values of Secrets through the API.",
        when: "get, list or watch on secrets; resourceNames limit it to those.",
        not: "get on configmaps; list with resourceNames reads only the named object.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power(
        context,
        maker,
        &Ask::named(&["get", "list", "watch"], "", "secrets"),
        Power::ReadSecrets,
        draw::secrets_named,
    );
}
