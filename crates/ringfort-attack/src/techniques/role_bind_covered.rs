//! `role-bind-covered`: The identity binds rules that it holds itself to an identity of its choice, which survives the removal of the entry.

use crate::context::Ask;
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "role-bind-covered",
    title: "give own rules to another identity",
    zone: Zone::Impact,
    attack: &["T1098.006"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity binds rules that it holds itself to an identity of its choice, which survives the removal of the entry.",
        when: "create, update or patch on rolebindings or clusterrolebindings.",
        not: "get on bindings; it never gives the identity itself anything new.",
        controls: "",
        cut: "Drop the verb.",
        upstream: "kubernetes/kubernetes pkg/registry/rbac/rolebinding/policybased/storage.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    const VERBS: &[&str] = &["create", "update", "patch"];
    let mut held = context.held(&Ask::named(VERBS, GROUP, "rolebindings"));
    held.extend(context.held(&Ask::named(VERBS, GROUP, "clusterrolebindings").cluster()));
    for one in held {
        let to = NodeKey::Impact(Impact::Persistence);
        maker.edge(Draft::new(one.node(context), to).because(one.why(context, None)));
    }
}
