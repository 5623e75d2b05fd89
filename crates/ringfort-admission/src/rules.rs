//! Who sees a request and what their answer does, as tables (semantics ADM-01 to ADM-06).
//!
//! Follows apiserver `pkg/admission/plugin/policy/matching/matching.go`,
//! `pkg/admission/plugin/policy/generic`, `pkg/admission/plugin/webhook/predicates/{rules,
//! namespace,object}` and `pkg/registry/admissionregistration`. [`mutants`] makes wrong tables of
//! it, for `cargo xtask mutants`.

use ringfort_model::mutation::{Mutants, without};
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// Without failurePolicy a failure refuses.
        fail_by_default: true,
        /// failurePolicy Ignore lets a failure pass.
        ignore_lets_pass: true,
        /// A webhook that ignores its own failure does not hold.
        ignoring_webhook_does_not_hold: true,
        /// A configuration of parameters that is wrong refuses as failurePolicy says.
        wrong_params_refuse: true,
        /// Without matchPolicy other versions of the resource match.
        equivalent_by_default: true,
        /// matchPolicy Exact matches the named version only.
        exact_is_exact: true,
        /// Where the served versions are not known a rule for another one may match.
        other_versions_are_unknown: true,
        /// `*` as an operation is every operation.
        operation_star: true,
        /// `*` as a group is every group.
        group_star: true,
        /// `*` as a version is every version.
        version_star: true,
        /// `*` as a resource is every resource.
        resource_star: true,
        /// `*` as a resource is every subresource too.
        resource_star_is_subresources: false,
        /// `pods` is `pods/exec` too.
        resource_is_subresources: false,
        /// `/*` is every subresource.
        subresource_star: true,
        /// A rule's scope counts.
        scope_counts: true,
        /// A Namespace object is of scope Cluster.
        namespaces_are_cluster_scoped: true,
        /// A rule without names takes every name.
        no_names_is_any_name: true,
        /// Names of a rule count.
        names_count: true,
        /// Without resource rules everything matches.
        no_rules_is_everything: true,
        /// Excluding rules take out.
        exclusions_count: true,
        /// An empty selector takes everything.
        empty_selects_everything: true,
        /// Selectors for namespaces count.
        namespace_selector_counts: true,
        /// What has no namespace is taken by every selector for namespaces.
        no_namespace_is_taken: true,
        /// A Namespace is judged by its own labels.
        namespace_is_its_own: true,
        /// The label with a namespace's name is there whatever its object says.
        namespaces_carry_their_name: true,
        /// Selectors for objects count.
        object_selector_counts: true,
        /// The object before counts too.
        old_object_counts: true,
        /// The object after counts.
        new_object_counts: true,
        /// A selector that the server would refuse leaves nothing known.
        wrong_selector_is_unknown: true,
        /// A binding's own selection counts.
        binding_selects: true,
        /// Only Deny refuses.
        deny_needed: true,
        /// Warn warns.
        warn_warns: true,
        /// Audit refuses.
        audit_refuses: false,
        /// A condition that is false goes before one that fails.
        false_condition_first: true,
        /// An expression that fails refuses as failurePolicy says.
        failure_refuses: true,
        /// A validation must be true; otherwise one that is no bool passes.
        only_true_passes: true,
        /// Missing parameters refuse where the binding says Deny.
        missing_params_may_refuse: true,
        /// A name and a selector for parameters exclude each other.
        name_or_selector: true,
        /// Parameters of a namespaced kind are those of the request's namespace.
        params_of_own_namespace: true,
        /// A parameter kind of the cluster takes no namespace.
        cluster_params_without_namespace: true,
        /// Pod Security is asked.
        pod_security_asked: true,
        /// Namespaces may be exempt from Pod Security.
        exempt_namespaces: true,
        /// Users may be exempt from Pod Security.
        exempt_users: true,
        /// Runtime classes may be exempt from Pod Security.
        exempt_classes: true,
        /// An update that changes nothing of weight is not looked at.
        only_significant_updates: true,
        /// A webhook that mutates may refuse.
        mutating_webhook_is_unknown: true,
        /// A resource that was not wholly listed may refuse.
        unlisted_is_unknown: true,
        /// An engine that only audits does not hold.
        passive_engines: true,
    }
}

/// Pairs of group and version.
pub type Versions = &'static [(&'static str, &'static str)];

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// The first minor in which validating policies are on, and the first that has them.
    pub validating: (u32, u32),
    /// The same for mutating policies.
    pub mutating: (u32, u32),
    /// Versions of built-in resources besides that of the request through which the same object
    /// can be reached on servers of today: plural, and every (group, version).
    pub equivalents: &'static [(&'static str, Versions)],
    /// Groups whose resources have one version on servers of today.
    pub one_version: &'static [&'static str],
    /// Kinds that webhooks do not see (ADM-02).
    pub webhook_exempt: &'static [&'static str],
    /// Kinds that policies do not see, of the same group.
    pub policy_exempt: &'static [&'static str],
    /// Reviews, which are not stored, and which policies do not see.
    pub reviews: &'static [(&'static str, &'static str)],
    /// Longest message of a validation, in bytes.
    pub longest_message: u32,
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    validating: (30, 26),
    mutating: (36, 32),
    equivalents: &[
        ("horizontalpodautoscalers", &[("autoscaling", "v1"), ("autoscaling", "v2")]),
        ("events", &[("", "v1"), ("events.k8s.io", "v1")]),
    ],
    one_version: &[
        "",
        "apps",
        "batch",
        "policy",
        "rbac.authorization.k8s.io",
        "discovery.k8s.io",
        "node.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "scheduling.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
    ],
    webhook_exempt: &[
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ],
    policy_exempt: &[
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    ],
    reviews: &[
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
    ],
    longest_message: 5 * 1024,
};

ringfort_model::active_rules!("admission", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.bound("validating policies on", |rules| &mut rules.validating.0);
    found.bound("validating policies exist", |rules| &mut rules.validating.1);
    found.bound("mutating policies on", |rules| &mut rules.mutating.0);
    found.bound("mutating policies exist", |rules| &mut rules.mutating.1);
    for (at, (resource, versions)) in UPSTREAM.equivalents.iter().enumerate() {
        for (of, version) in versions.iter().enumerate() {
            found.add(format!("equivalents/{resource} not {version:?}"), |rules| {
                let mut all = rules.equivalents.to_vec();
                all[at].1 = without(versions, of);
                rules.equivalents = all.leak();
            });
        }
    }
    found.list("one version", |rules| &mut rules.one_version);
    found.list("webhooks do not see", |rules| &mut rules.webhook_exempt);
    found.list("policies do not see", |rules| &mut rules.policy_exempt);
    found.list("reviews", |rules| &mut rules.reviews);
    found.limit("longest message", |rules| &mut rules.longest_message);
    found.all()
}
