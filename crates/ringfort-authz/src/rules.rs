//! How a rule's texts and a binding's subjects match, each rule as a switch (RBAC-01 to RBAC-13,
//! RBAC-32).
//!
//! Follows kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go` and
//! `plugin/pkg/auth/authorizer/rbac/rbac.go`. The switches that are off are the ways in which
//! others loosen the matching; [`mutants`] turns each switch over, for `cargo xtask mutants`.
//! In the program they are constants, so that none of them is ever asked.

use ringfort_model::mutation::Mutants;

/// Which texts match which.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `*` as a verb is every verb.
    pub verb_star: bool,
    /// `*` as an API group is every group.
    pub group_star: bool,
    /// `*` as a resource is every resource and subresource.
    pub resource_star: bool,
    /// `*/log` is that subresource of every resource.
    pub subresource_star: bool,
    /// `*` as a path is every path.
    pub url_star: bool,
    /// A path that ends in `*` is every path that begins with it.
    pub url_prefix: bool,
    /// A rule without names allows every name.
    pub no_names_is_any_name: bool,
    /// A ServiceAccount without a namespace is one of the binding's.
    pub account_in_own_namespace: bool,
    /// A subject of kind User matches by name.
    pub users_match: bool,
    /// A subject of kind Group matches by the user's groups.
    pub groups_match: bool,
    /// A RoleBinding may refer to a ClusterRole.
    pub cluster_role_in_namespace: bool,
    /// `get*` is every verb that begins with it.
    pub prefix_verbs: bool,
    /// `GET` is `get`.
    pub verbs_in_any_case: bool,
    /// The empty group is every group.
    pub core_group_is_any: bool,
    /// `pods` is `pods/log` too.
    pub resource_covers_subresources: bool,
    /// `pods/*` is every subresource of pods.
    pub resource_slash_star: bool,
    /// `*/*` is every subresource of every resource.
    pub star_slash_star: bool,
    /// `*/log` is the resource `log` too.
    pub subresource_star_bare: bool,
    /// `*` as a name is every name.
    pub name_star: bool,
    /// A rule with names allows requests without one.
    pub names_allow_unnamed: bool,
    /// `/a/*` is `/a` too.
    pub url_star_is_directory: bool,
    /// `/a` is `/a/b` too.
    pub url_without_star_is_prefix: bool,
    /// A subject of kind User matches by the user's groups too.
    pub users_match_groups: bool,
    /// A ClusterRoleBinding may refer to a Role of any namespace.
    pub role_in_cluster_binding: bool,
    /// A RoleBinding grants in every namespace.
    pub role_binding_is_everywhere: bool,
    /// A rule with names covers one without.
    pub names_cover_unnamed: bool,
    /// A rule that lists verbs covers `*`.
    pub list_covers_star: bool,
}

/// The rules as the API server has them.
pub const UPSTREAM: Rules = Rules {
    verb_star: true,
    group_star: true,
    resource_star: true,
    subresource_star: true,
    url_star: true,
    url_prefix: true,
    no_names_is_any_name: true,
    account_in_own_namespace: true,
    users_match: true,
    groups_match: true,
    cluster_role_in_namespace: true,
    prefix_verbs: false,
    verbs_in_any_case: false,
    core_group_is_any: false,
    resource_covers_subresources: false,
    resource_slash_star: false,
    star_slash_star: false,
    subresource_star_bare: false,
    name_star: false,
    names_allow_unnamed: false,
    url_star_is_directory: false,
    url_without_star_is_prefix: false,
    users_match_groups: false,
    role_in_cluster_binding: false,
    role_binding_is_everywhere: false,
    names_cover_unnamed: false,
    list_covers_star: false,
};

/// The rules in force: the server's, but in a test build that is told to be a mutant.
#[cfg(not(feature = "mutants"))]
#[must_use]
#[inline]
pub const fn rules() -> Rules {
    UPSTREAM
}

/// The rules in force: the server's, but in a test build that is told to be a mutant.
#[cfg(feature = "mutants")]
#[must_use]
pub fn rules() -> Rules {
    static CHOSEN: std::sync::LazyLock<Rules> =
        std::sync::LazyLock::new(|| ringfort_model::mutation::chosen("authz", &UPSTREAM, mutants));
    *CHOSEN
}

/// A switch by name.
type Switch = (&'static str, fn(&mut Rules) -> &mut bool);

const SWITCHES: &[Switch] = &[
    ("verb_star", |rules| &mut rules.verb_star),
    ("group_star", |rules| &mut rules.group_star),
    ("resource_star", |rules| &mut rules.resource_star),
    ("subresource_star", |rules| &mut rules.subresource_star),
    ("url_star", |rules| &mut rules.url_star),
    ("url_prefix", |rules| &mut rules.url_prefix),
    ("no_names_is_any_name", |rules| &mut rules.no_names_is_any_name),
    ("account_in_own_namespace", |rules| &mut rules.account_in_own_namespace),
    ("users_match", |rules| &mut rules.users_match),
    ("groups_match", |rules| &mut rules.groups_match),
    ("cluster_role_in_namespace", |rules| &mut rules.cluster_role_in_namespace),
    ("prefix_verbs", |rules| &mut rules.prefix_verbs),
    ("verbs_in_any_case", |rules| &mut rules.verbs_in_any_case),
    ("core_group_is_any", |rules| &mut rules.core_group_is_any),
    ("resource_covers_subresources", |rules| &mut rules.resource_covers_subresources),
    ("resource_slash_star", |rules| &mut rules.resource_slash_star),
    ("star_slash_star", |rules| &mut rules.star_slash_star),
    ("subresource_star_bare", |rules| &mut rules.subresource_star_bare),
    ("name_star", |rules| &mut rules.name_star),
    ("names_allow_unnamed", |rules| &mut rules.names_allow_unnamed),
    ("url_star_is_directory", |rules| &mut rules.url_star_is_directory),
    ("url_without_star_is_prefix", |rules| &mut rules.url_without_star_is_prefix),
    ("users_match_groups", |rules| &mut rules.users_match_groups),
    ("role_in_cluster_binding", |rules| &mut rules.role_in_cluster_binding),
    ("role_binding_is_everywhere", |rules| &mut rules.role_binding_is_everywhere),
    ("names_cover_unnamed", |rules| &mut rules.names_cover_unnamed),
    ("list_covers_star", |rules| &mut rules.list_covers_star),
];

/// Tables with one switch turned over, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    for (name, switch) in SWITCHES {
        found.add(*name, |rules| *switch(rules) = !*switch(rules));
    }
    found.all()
}
