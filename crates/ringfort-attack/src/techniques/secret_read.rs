//! `secret-read`: The identity reads the values of Secrets through the API.

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
        when: "get, list or watch on secrets; patch, for the answer to an empty patch is the Secret; delete, for with propagationPolicy Orphan or Foreground the Secret waits for the garbage collector and is the answer, and deletecollection, whose answer is the list, both also in a dry run. resourceNames limit all but the last to those.",
        not: "get on configmaps; create or update, whose answers show what was sent; list with resourceNames reads only the named object; deletecollection with resourceNames, which allows nothing.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go; staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go: Update, Delete, DeleteCollection; pkg/registry/core/secret/strategy.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let held = context.reading("", "secrets", true);
    draw::power_of(context, maker, held, Power::ReadSecrets, draw::secrets_named);
}
