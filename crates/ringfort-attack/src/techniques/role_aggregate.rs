//! `role-aggregate`: The identity writes a ClusterRole whose labels an aggregated ClusterRole selects; the controller copies its rules into that role.

use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, RoleKey};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "role-aggregate",
    title: "write a role that is merged into one that is held",
    zone: Zone::InCluster,
    attack: &["T1098.006"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "The identity writes a ClusterRole whose labels an aggregated ClusterRole selects; the controller copies its rules into that role.",
        when: "escalate on clusterroles and create, update or patch on them, where an aggregated ClusterRole is bound to the identity.",
        not: "create without escalate: the rules must be held already; no aggregated ClusterRole bound to the identity; setting aggregationRule without full authority.",
        controls: "",
        cut: "Drop escalate, or bind a role without aggregation.",
        upstream: "kubernetes/kubernetes pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let escalate = context.held(&Ask::unnamed(&["escalate"], GROUP, "clusterroles").cluster());
    let write = context
        .held(&Ask::unnamed(&["create", "update", "patch"], GROUP, "clusterroles").cluster());
    for conjunction in conjoin(context, &[&escalate, &write], None) {
        for (role, scope) in context.roles_at(&conjunction.at) {
            let RoleKey::Cluster(name) = &role else { continue };
            let aggregated = context
                .cluster
                .cluster_roles
                .get("", name)
                .and_then(|role| role.aggregation_rule.as_ref())
                .is_some_and(|rule| !rule.cluster_role_selectors.is_empty());
            if aggregated {
                let to = NodeKey::Power(Power::Everything, scope.clone());
                maker.conjunction(&TECHNIQUE, &conjunction, name, |at| Draft::new(at, to.clone()));
            }
        }
    }
}
