//! `secret-read`: The identity reads the values of Secrets through the API.

use std::collections::BTreeSet;

use crate::context::{Ask, Context, Held};
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
        when: "get, list or watch on secrets; patch, for the answer to an empty patch is the Secret; deletecollection, whose answer is the list, also in a dry run. resourceNames limit all but the last to those.",
        not: "get on configmaps; update or delete, whose answers show what was sent or nothing; list with resourceNames reads only the named object; deletecollection with resourceNames, which allows nothing.",
        controls: "None in RBAC.",
        cut: "Drop the verb from the role, name single objects, or remove the subject from the binding.",
        upstream: "kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go; staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go: Update, DeleteCollection",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    draw::power_of(context, maker, reading(context), Power::ReadSecrets, draw::secrets_named);
}

/// Rules that allow a request whose answer holds Secrets, each once.
pub(crate) fn reading(context: &Context<'_>) -> Vec<Held> {
    let mut all = context.held(&Ask::named(&["get", "list", "watch", "patch"], "", "secrets"));
    let rules: BTreeSet<(usize, u32)> = all.iter().map(|held| (held.grant, held.rule)).collect();
    let deleting = context.held(&Ask::unnamed(&["deletecollection"], "", "secrets")).into_iter();
    all.extend(deleting.filter(|held| !rules.contains(&(held.grant, held.rule))));
    all
}
