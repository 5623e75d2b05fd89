//! `role-claim-dangling`: A binding names a role that does not exist; whoever creates it decides what its subjects may do.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::{BindingKey, Why};
use ringfort_model::{Kind, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "role-claim-dangling",
    title: "create the role that a binding waits for",
    zone: Zone::InCluster,
    attack: &["T1098.006"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Delete],
    doc: Doc {
        what: "A binding names a role that does not exist; whoever creates it decides what its subjects may do.",
        when: "The identity is a subject of the binding, or in a group that is, and holds create and escalate on the missing kind of role.",
        not: "create without escalate: rules that are held already bring nothing new; a binding whose role exists.",
        controls: "",
        cut: "Delete the binding.",
        upstream: "kubernetes/kubernetes pkg/registry/rbac/validation/rule.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    for (resource, cluster) in [("clusterroles", true), ("roles", false)] {
        let ask = |verb: &'static [&'static str]| {
            let ask = Ask::unnamed(verb, GROUP, resource);
            if cluster { ask.cluster() } else { ask }
        };
        let kind = if cluster { Kind::ClusterRole } else { Kind::Role };
        let known = context.cluster.coverage.is_complete(kind);
        let (escalate, create) =
            (context.held(&ask(&["escalate"])), context.held(&ask(&["create"])));
        for conjunction in conjoin(context, &[&escalate, &create], None) {
            for (scope, binding, index) in dangling(context, &conjunction.at, cluster) {
                let inside = match &scope {
                    Scope::Namespace(namespace) => conjunction.scope.reaches(Some(namespace)),
                    Scope::Cluster => conjunction.scope == Scope::Cluster,
                };
                if !inside {
                    continue;
                }
                let to = NodeKey::Power(Power::Everything, scope);
                let why = Why::Bound { binding, subject: index };
                maker.conjunction(&TECHNIQUE, &conjunction, resource, |at| {
                    let draft = Draft::new(at, to.clone()).because(why.clone());
                    // A role that was not read may be there.
                    if known { draft } else { draft.unknown(format!("all {resource}")) }
                });
            }
        }
    }
}

/// Bindings of the identity whose role is missing: where they hold, and the subject's index.
fn dangling(context: &Context<'_>, at: &NodeKey, cluster: bool) -> Vec<(Scope, BindingKey, u32)> {
    let NodeKey::Subject(subject) = at else { return Vec::new() };
    let mut members = vec![subject.clone()];
    members.extend(subject.implicit_groups().into_iter().map(Subject::Group));
    let kind = if cluster { "ClusterRole" } else { "Role" };
    let mut found = Vec::new();
    let mut add = |scope: Scope, key: BindingKey, subjects: &[_], namespace: &str| {
        for (index, named) in subjects.iter().enumerate() {
            let is_one = crate::context::named(named, namespace)
                .is_some_and(|named| members.contains(&named));
            if is_one {
                found.push((scope.clone(), key.clone(), index as u32));
                break;
            }
        }
    };
    if cluster {
        for binding in &context.cluster.cluster_role_bindings {
            if binding.role_ref.kind == kind
                && context.authz.referenced(&binding.role_ref, "").is_none()
            {
                let key = BindingKey::Cluster(binding.metadata.name.clone());
                add(Scope::Cluster, key, &binding.subjects, "");
            }
        }
    }
    for binding in &context.cluster.role_bindings {
        let namespace: &Str = &binding.metadata.namespace;
        if binding.role_ref.kind == kind
            && context.authz.referenced(&binding.role_ref, namespace).is_none()
        {
            let key = BindingKey::Namespaced(namespace.clone(), binding.metadata.name.clone());
            add(Scope::Namespace(namespace.clone()), key, &binding.subjects, namespace);
        }
    }
    found
}
