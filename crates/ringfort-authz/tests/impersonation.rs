//! Acting as somebody else: who may, by which mode, and what is left of the other's rules.

use proptest::prelude::*;
use ringfort_authz::impersonation::{Mode, Target, is_constrained, result_groups};
use ringfort_authz::limited::{REQUEST_VERBS, asked_beside, limited};
use ringfort_authz::{Authz, Request, RuleRequest, User, rule_names};
use ringfort_model::record::PolicyRule;
use ringfort_model::{Cluster, ClusterBuilder, KubeVersion, Object, SourceKind, Str};
use serde_json::{Value, json};

const AUTHENTICATION: &str = "authentication.k8s.io";

/// A cluster in which user `ann` (and every account) holds the rules everywhere.
fn cluster(rules: &Value) -> Cluster {
    let mut builder = ClusterBuilder::new(SourceKind::Dump);
    let api = "rbac.authorization.k8s.io/v1";
    for object in [
        json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": rules}),
        json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
            "roleRef": {"kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "User", "name": "ann"},
                {"kind": "Group", "name": "system:serviceaccounts"}]}),
    ] {
        builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
    }
    builder.freeze()
}

fn rule(verb: &str, group: &str, resource: &str, names: &[&str]) -> Value {
    json!({"verbs": [verb], "apiGroups": [group], "resources": [resource], "resourceNames": names})
}

fn target(user: &str, groups: &[&str]) -> Target {
    Target {
        user: Str::new(user),
        groups: groups.iter().map(|group| Str::new(group)).collect(),
        ..Target::default()
    }
}

/// The modes by which `ann` may get a Secret as the target, with the feature on or off.
fn modes(rules: &Value, target: &Target, on: bool) -> Vec<Mode> {
    let cluster = cluster(rules);
    let ann = User::named("ann");
    let get = Request::resource(ann.clone(), "get", ("", "secrets"), "n", "s");
    Authz::new(&cluster).impersonate(&ann, None, target, &get, on)
}

#[test]
fn both_grants_are_needed_and_the_feature() {
    let who = rule("impersonate:user-info", AUTHENTICATION, "users", &["bob"]);
    let on = rule("impersonate-on:user-info:get", "", "secrets", &[]);
    let bob = target("bob", &[]);
    let found = [Mode::Constrained("user-info")];
    assert_eq!(modes(&json!([who, on]), &bob, true), found);
    assert!(modes(&json!([who, on]), &bob, false).is_empty());
    assert!(modes(&json!([who]), &bob, true).is_empty());
    assert!(modes(&json!([on]), &bob, true).is_empty());
    assert!(modes(&json!([who, on]), &target("eve", &[]), true).is_empty());
    // Another verb, another resource, another mode.
    for other in [
        rule("impersonate-on:user-info:list", "", "secrets", &[]),
        rule("impersonate-on:user-info:get", "", "pods", &[]),
        rule("impersonate-on:serviceaccount:get", "", "secrets", &[]),
        rule("impersonate-on:user-info:*", "", "secrets", &[]),
    ] {
        assert!(modes(&json!([who, other]), &bob, true).is_empty(), "{other}");
    }
    // A verb `*` takes in both.
    let all = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    assert_eq!(modes(&all, &bob, true), [Mode::Constrained("user-info"), Mode::Legacy]);
}

#[test]
fn kinds_of_names_have_their_own_mode() {
    let on = |mode: &str| rule(&format!("impersonate-on:{mode}:get"), "", "secrets", &[]);
    let users = rule("impersonate:user-info", AUTHENTICATION, "users", &[]);
    // user-info takes no node and no account.
    for name in ["system:node:n", "system:serviceaccount:a:s"] {
        assert!(modes(&json!([users, on("user-info")]), &target(name, &[]), true).is_empty());
    }
    // A name that is no name of a node is a user's.
    let odd = target("system:node:Not_A_Node", &[]);
    assert_eq!(
        modes(&json!([users, on("user-info")]), &odd, true),
        [Mode::Constrained("user-info")]
    );
    let accounts = rule("impersonate:serviceaccount", AUTHENTICATION, "serviceaccounts", &["s"]);
    let account = target("system:serviceaccount:a:s", &[]);
    assert_eq!(
        modes(&json!([accounts, on("serviceaccount")]), &account, true),
        [Mode::Constrained("serviceaccount")]
    );
    // With groups the account's mode does not apply.
    let grouped = target("system:serviceaccount:a:s", &["g"]);
    assert!(modes(&json!([accounts, on("serviceaccount")]), &grouped, true).is_empty());
    let nodes = rule("impersonate:arbitrary-node", AUTHENTICATION, "nodes", &["n"]);
    assert_eq!(
        modes(&json!([nodes, on("arbitrary-node")]), &target("system:node:n", &[]), true),
        [Mode::Constrained("arbitrary-node")]
    );
    assert!(
        modes(&json!([nodes, on("arbitrary-node")]), &target("system:node:m", &[]), true)
            .is_empty()
    );
}

#[test]
fn an_associated_node_is_that_of_the_accounts_own_token() {
    let rules = |name: &[&str]| {
        json!([
            rule("impersonate:associated-node", AUTHENTICATION, "nodes", name),
            rule("impersonate-on:associated-node:get", "", "secrets", &[])
        ])
    };
    let may = |rules: &Value, requester: &User, node: Option<&str>| {
        let cluster = cluster(rules);
        let get = Request::resource(requester.clone(), "get", ("", "secrets"), "n", "s");
        let target = target("system:node:n", &[]);
        !Authz::new(&cluster).impersonate(requester, node, &target, &get, true).is_empty()
    };
    let account = User::service_account("a", "s");
    assert!(may(&rules(&[]), &account, Some("n")) && may(&rules(&["*"]), &account, Some("n")));
    // The server asks for the name `*`, not for the node's.
    assert!(!may(&rules(&["n"]), &account, Some("n")));
    assert!(!may(&rules(&[]), &account, Some("m")) && !may(&rules(&[]), &account, None));
    assert!(!may(&rules(&[]), &User::named("ann"), Some("n")));
}

#[test]
fn masters_are_for_the_legacy_mode_only() {
    let on = rule("impersonate-on:user-info:get", "", "secrets", &[]);
    let constrained = json!([
        rule("impersonate:user-info", AUTHENTICATION, "users", &[]),
        rule("impersonate:user-info", AUTHENTICATION, "groups", &[]),
        on
    ]);
    assert_eq!(modes(&constrained, &target("bob", &["g"]), true).len(), 1);
    assert!(modes(&constrained, &target("bob", &["system:masters"]), true).is_empty());
    assert!(modes(&constrained, &target("bob", &["g", ""]), true).is_empty());
    let legacy =
        json!([rule("impersonate", "", "users", &[]), rule("impersonate", "", "groups", &[])]);
    assert_eq!(modes(&legacy, &target("bob", &["system:masters"]), true), [Mode::Legacy]);
    // A user name is mandatory.
    assert!(modes(&legacy, &target("", &["g"]), true).is_empty());
}

#[test]
fn four_groups_or_extras_are_first_asked_as_a_star() {
    let on = rule("impersonate-on:user-info:get", "", "secrets", &[]);
    let users = rule("impersonate:user-info", AUTHENTICATION, "users", &[]);
    let rules = json!([users, on, rule("impersonate:user-info", AUTHENTICATION, "groups", &["*"])]);
    assert_eq!(modes(&rules, &target("bob", &["a", "b", "c", "d"]), true).len(), 1);
    assert!(modes(&rules, &target("bob", &["a", "b", "c"]), true).is_empty());
    let with = |count: usize| Target {
        user: "bob".into(),
        extras: (0..count)
            .map(|at| (Str::new("example.org/k"), Str::from(at.to_string())))
            .collect(),
        ..Target::default()
    };
    let extras = rule("impersonate:user-info", AUTHENTICATION, "userextras/*", &["*"]);
    let rules = json!([users, on, extras]);
    assert_eq!(modes(&rules, &with(4), true).len(), 1);
    assert!(modes(&rules, &with(3), true).is_empty());
    let named = rule("impersonate:user-info", AUTHENTICATION, "userextras/example.org/k", &["0"]);
    assert_eq!(modes(&json!([users, on, named]), &with(1), true).len(), 1);
    assert!(modes(&json!([users, on, named]), &with(2), true).is_empty());
}

#[test]
fn the_server_adds_groups() {
    let groups =
        |target: &Target| result_groups(target).iter().map(Str::to_string).collect::<Vec<_>>();
    assert_eq!(groups(&target("bob", &["g"])), ["g", "system:authenticated"]);
    assert_eq!(groups(&target("system:anonymous", &[])), ["system:unauthenticated"]);
    assert_eq!(groups(&target("bob", &["system:unauthenticated"])), ["system:unauthenticated"]);
    assert_eq!(
        groups(&target("system:serviceaccount:a:s", &[])),
        ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"]
    );
    assert_eq!(is_constrained(Some(KubeVersion::minor(36))), Some(true));
    assert_eq!(is_constrained(Some(KubeVersion::minor(35))), Some(false));
    assert_eq!(is_constrained(None), None);
}

fn policy(verbs: &'static [&'static str]) -> impl Strategy<Value = PolicyRule> {
    let some = |words: &'static [&'static str], most: usize| {
        prop::collection::vec(prop::sample::select(words), 0..most)
    };
    let resources = ["pods", "pods/log", "*", "*/log", "pods/*", "secrets"].as_slice();
    (some(verbs, 4), some(&["", "apps", "*"], 3), some(resources, 3), some(&["a", "b"], 2))
        .prop_map(|(verbs, groups, resources, names)| {
            let json = json!({"verbs": verbs, "apiGroups": groups, "resources": resources,
                "resourceNames": names});
            serde_json::from_value(json).expect("a rule")
        })
}

proptest! {
    /// The limited rule allows a request exactly if both rules do.
    #[test]
    fn limited_is_both(
        of in policy(&["get", "list", "create", "bind", "impersonate", "*"]),
        on in policy(&["impersonate-on:m:get", "impersonate-on:m:create", "impersonate-on:x:list",
            "get", "*"]),
    ) {
        let met = limited(&of, &on, "m");
        for verb in REQUEST_VERBS {
            for group in ["", "apps", "batch"] {
                for resource in ["pods", "pods/log", "secrets", "nodes/log", "nodes"] {
                    for name in ["", "a", "b", "c"] {
                        let allows = |rule: &PolicyRule, verb: &str| {
                            rule_names(rule, &RuleRequest { verb, group, resource })
                                .is_some_and(|names| names.allow(name))
                        };
                        let wanted = allows(&of, verb)
                            && allows(&on, &format!("impersonate-on:m:{verb}"));
                        let found = met.as_ref().is_some_and(|met| allows(met, verb));
                        prop_assert_eq!(found, wanted, "{} {} {} {}", verb, group, resource, name);
                    }
                }
            }
        }
        // Nothing but requests is left, and what is asked beside them is no request.
        prop_assert!(met.iter().all(|met| met.verbs.iter().all(|v| REQUEST_VERBS.contains(&v.as_str()))));
        let beside = asked_beside(&of);
        prop_assert!(beside.iter().all(|b| b.verbs.iter().all(|v| !REQUEST_VERBS.contains(&v.as_str()))));
    }
}
