//! How a rule's texts and a binding's subjects match, each rule as a switch (RBAC-01 to RBAC-13,
//! RBAC-32).
//!
//! Follows kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go` and
//! `plugin/pkg/auth/authorizer/rbac/rbac.go`. The switches that are off are the ways in which
//! others loosen the matching; [`mutants`] turns each switch over, for `cargo xtask mutants`.
//! In the program they are constants, so that none of them is ever asked.

use ringfort_model::mutation::Mutants;
use ringfort_model::{active_rules, switches};

switches! {
    /// Which texts match which.
    pub struct Rules {
        /// `*` as a verb is every verb.
        verb_star: true,
        /// `*` as an API group is every group.
        group_star: true,
        /// `*` as a resource is every resource and subresource.
        resource_star: true,
        /// `*/log` is that subresource of every resource.
        subresource_star: true,
        /// `*` as a path is every path.
        url_star: true,
        /// A path that ends in `*` is every path that begins with it.
        url_prefix: true,
        /// A rule without names allows every name.
        no_names_is_any_name: true,
        /// A ServiceAccount without a namespace is one of the binding's.
        account_in_own_namespace: true,
        /// A subject of kind User matches by name.
        users_match: true,
        /// A subject of kind Group matches by the user's groups.
        groups_match: true,
        /// A RoleBinding may refer to a ClusterRole.
        cluster_role_in_namespace: true,
        /// `get*` is every verb that begins with it.
        prefix_verbs: false,
        /// `GET` is `get`.
        verbs_in_any_case: false,
        /// The empty group is every group.
        core_group_is_any: false,
        /// `pods` is `pods/log` too.
        resource_covers_subresources: false,
        /// `pods/*` is every subresource of pods.
        resource_slash_star: false,
        /// `*/*` is every subresource of every resource.
        star_slash_star: false,
        /// `*/log` is the resource `log` too.
        subresource_star_bare: false,
        /// `*` as a name is every name.
        name_star: false,
        /// A rule with names allows requests without one.
        names_allow_unnamed: false,
        /// `/a/*` is `/a` too.
        url_star_is_directory: false,
        /// `/a` is `/a/b` too.
        url_without_star_is_prefix: false,
        /// A subject of kind User matches by the user's groups too.
        users_match_groups: false,
        /// A ClusterRoleBinding may refer to a Role of any namespace.
        role_in_cluster_binding: false,
        /// A RoleBinding grants in every namespace.
        role_binding_is_everywhere: false,
        /// A rule with names covers one without.
        names_cover_unnamed: false,
        /// A rule that lists verbs covers `*`.
        list_covers_star: false,
    }
}

/// The rules as the API server has them.
pub static UPSTREAM: Rules = Rules::UPSTREAM;

active_rules!("authz", Rules);

/// Tables with one switch turned over, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Rules::ALL, |rules| rules);
    found.all()
}
