//! What a change of policies opens: who may write them may lift them, as far as what stands
//! before and beside them allows (NP-01, NP-20, NP-41).

use ringfort_network::policy::Change;
use serde_json::{Value, json};

use crate::world::{WEB, World};

/// Whether something more could connect to `pod/a/web` without the policies of a kind.
fn lifts(policies: &[Value], kind: &str) -> bool {
    let world = World::new(policies);
    let all = world.network.policies();
    let gone: Vec<u32> =
        (0..all.len() as u32).filter(|at| all[*at as usize].name.kind == kind).collect();
    assert!(!gone.is_empty(), "{kind}");
    world.network.gains(world.class(WEB), &Change::Without(&gone))
}

/// Whether something more could connect to it with a rule of a kind that allows everything.
fn opens(policies: &[Value], kind: &str) -> bool {
    let world = World::new(policies);
    world.network.gains(world.class(WEB), &Change::Allowing(kind))
}

fn plain(name: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["podSelector"] = json!({"matchLabels": {"app": "web"}});
    spec["policyTypes"] = json!(["Ingress"]);
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "a", "name": name}, "spec": spec})
}

fn isolating() -> Value {
    plain("deny", json!({}))
}

/// An AdminNetworkPolicy, or the baseline, with one rule about pods of a namespace's labels.
fn admin(kind: &str, action: &str, namespaces: Value) -> Value {
    let name = if kind == "AdminNetworkPolicy" { "p" } else { "default" };
    let mut spec = json!({
        "subject": {"namespaces": {"matchLabels": {"team": "red"}}},
        "ingress": [{"action": action, "from": [{"namespaces": namespaces}]}]});
    if kind == "AdminNetworkPolicy" {
        spec["priority"] = json!(5);
    }
    json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
        "metadata": {"name": name}, "spec": spec})
}

/// Denies all pods before NetworkPolicies.
fn first() -> Value {
    admin("AdminNetworkPolicy", "Deny", json!({}))
}

/// Denies pods, and allows whatever else.
fn calico(name: &str, order: u32, tier: &str) -> Value {
    json!({"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy",
        "metadata": {"name": name}, "spec": {"selector": "app == 'web'", "order": order,
            "tier": tier, "types": ["Ingress"], "ingress": [
                {"action": "Deny", "source": {"namespaceSelector": "all()"}},
                {"action": "Allow"}]}})
}

fn tier(name: &str, order: u32) -> Value {
    json!({"apiVersion": "projectcalico.org/v3", "kind": "Tier", "metadata": {"name": name},
        "spec": {"order": order}})
}

/// A policy of Cilium that denies those peers and isolates from nobody else.
fn denying(rule: Value) -> Value {
    cilium(json!({"ingressDeny": [rule], "enableDefaultDeny": {"ingress": false}}))
}

fn cilium(rest: Value) -> Value {
    let mut spec = rest;
    spec["endpointSelector"] = json!({"matchLabels": {"app": "web"}});
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"namespace": "a", "name": "c"}, "spec": spec})
}

/// Cilium's selector of every pod.
fn every_pod() -> Value {
    json!({"fromEndpoints": [{"matchExpressions": [
        {"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"}]}]})
}

#[test]
fn a_policy_that_is_gone_no_longer_isolates() {
    assert!(lifts(&[isolating()], "NetworkPolicy"));
    // Another one that stays isolates as well.
    assert!(!lifts(&[isolating(), first(), cilium(json!({"ingress": [{}]}))], "NetworkPolicy"));
    assert!(!lifts(&[isolating(), first()], "AdminNetworkPolicy"));
    // What it allows is not gained.
    assert!(!lifts(&[plain("allow", json!({"ingress": [{}]}))], "NetworkPolicy"));
    assert!(!lifts(&[admin("AdminNetworkPolicy", "Allow", json!({}))], "AdminNetworkPolicy"));
    // One port of one kind of peers is enough.
    assert!(lifts(
        &[plain("some", json!({"ingress": [{"ports": [{"port": 80}]}]}))],
        "NetworkPolicy"
    ));
}

#[test]
fn a_policy_that_selects_others_changes_nothing() {
    let other = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": "b", "name": "deny"}, "spec": {"podSelector": {}}});
    assert!(!lifts(std::slice::from_ref(&other), "NetworkPolicy"));
    assert!(!opens(&[other], "NetworkPolicy"));
    assert!(!opens(&[], "NetworkPolicy"));
}

#[test]
fn peers_of_each_sort_count() {
    let outside = |block: &str| denying(json!({"fromCIDR": [block]}));
    let all_but = |rules: &[Value]| cilium(json!({"ingress": rules}));
    let world = json!({"fromEntities": ["world"]});
    assert!(lifts(&[denying(every_pod())], "CiliumNetworkPolicy"), "pods");
    assert!(lifts(&[all_but(&[every_pod(), world.clone()])], "CiliumNetworkPolicy"), "nodes");
    let nodes = json!({"fromEntities": ["cluster"]});
    assert!(!lifts(&[all_but(&[nodes, world])], "CiliumNetworkPolicy"), "all are let in");
    assert!(lifts(&[outside("192.0.2.0/24")], "CiliumNetworkPolicy"), "addresses");
    // A rule that means nobody takes nothing away.
    assert!(!lifts(&[denying(json!({"fromEntities": ["none"]}))], "CiliumNetworkPolicy"));
    // Who is not named by any rule is the one who gains here.
    let named = json!({"ingress": [{"from": [{"namespaceSelector": {}}]}]});
    assert!(lifts(&[plain("named", named)], "NetworkPolicy"));
}

#[test]
fn a_named_port_is_the_subjects() {
    let on = |name: &str| {
        let mut policy = first();
        policy["spec"]["ingress"][0]["ports"] = json!([{"namedPort": name}]);
        lifts(&[policy], "AdminNetworkPolicy")
    };
    assert!(on("http"));
    assert!(!on("https"), "the pod has no such port");
}

#[test]
fn a_rule_that_allows_goes_after_the_stages_before_its_own() {
    assert!(opens(&[isolating()], "NetworkPolicy"));
    // Nodes and addresses are isolated too, and no rule of an admin policy means them.
    assert!(opens(&[isolating(), first()], "NetworkPolicy"));
    assert!(!opens(&[first()], "NetworkPolicy"), "what is denied before stays denied");
    assert!(opens(&[first()], "AdminNetworkPolicy"));
    assert!(opens(&[first()], "ClusterNetworkPolicy"));
    // The baseline comes last.
    let last = admin("BaselineAdminNetworkPolicy", "Deny", json!({}));
    assert!(opens(std::slice::from_ref(&last), "NetworkPolicy"));
    assert!(opens(&[last], "BaselineAdminNetworkPolicy"));
    assert!(!opens(&[isolating()], "BaselineAdminNetworkPolicy"));
}

#[test]
fn a_rule_that_allows_goes_after_those_of_its_stage_that_stand_before_it() {
    // NetworkPolicy has order 1000 in Calico's tier `default`.
    assert!(!opens(&[calico("g", 10, "default")], "NetworkPolicy"));
    assert!(opens(&[calico("g", 2000, "default")], "NetworkPolicy"));
    // What no rule before it took ends at the end of the tier, which is after it.
    let mut silent = calico("g", 10, "default");
    silent["spec"]["ingress"] = json!([]);
    assert!(opens(&[silent], "NetworkPolicy"));
    // Cilium denies before it allows.
    assert!(!opens(&[denying(json!({"fromEntities": ["all"]}))], "NetworkPolicy"));
}

#[test]
fn who_writes_a_policy_of_calico_chooses_its_tier() {
    let early = [tier("early", 10), calico("early.g", 10, "early")];
    let late = [tier("late", 2_000_000), calico("late.g", 10, "late")];
    for kind in ["CalicoNetworkPolicy", "CalicoGlobalNetworkPolicy"] {
        assert!(opens(&early, kind), "{kind}");
        assert!(opens(&late, kind), "{kind}");
        // Without a tier before it an admin policy goes first.
        assert!(!opens(&[first(), late[0].clone(), late[1].clone()], kind), "{kind}");
        assert!(opens(&[first(), early[0].clone(), early[1].clone()], kind), "{kind}");
        assert!(!opens(&[first()], kind), "{kind}");
    }
    assert!(!opens(&early, "NetworkPolicy"));
    assert!(opens(&late, "NetworkPolicy"));
}

#[test]
fn what_is_perhaps_open_is_not_gained_and_what_is_perhaps_denied_is() {
    // Which of the peers a block of addresses means depends on the implementation.
    let anywhere = json!({"ingress": [{"from": [
        {"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]}]});
    assert!(!lifts(&[plain("anywhere", anywhere)], "NetworkPolicy"));
    let half = json!({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/1"}},
        {"ipBlock": {"cidr": "::/0"}}]}]});
    assert!(lifts(&[plain("half", half)], "NetworkPolicy"), "addresses outside are certain");
    // Where the API server runs is not known.
    let server = |rest: Value| {
        let mut rules = vec![every_pod(), json!({"fromEntities": ["world"]})];
        rules.push(rest);
        lifts(&[cilium(json!({"ingress": rules}))], "CiliumNetworkPolicy")
    };
    assert!(!server(json!({"fromEntities": ["kube-apiserver"]})));
    assert!(server(json!({"fromEntities": ["none"]})));
    // A denial that is not certain may be none, and then the rule opens what is isolated.
    let deny = |entity: &str| {
        let doubtful = denying(json!({"fromEntities": [entity]}));
        let mut allow = plain(
            "allow",
            json!({"ingress": [{"from": [
            {"namespaceSelector": {}}, {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.9.0.0/16"]}},
            {"ipBlock": {"cidr": "::/0"}}]}]}),
        );
        allow["spec"]["podSelector"] = json!({});
        opens(&[doubtful, allow], "NetworkPolicy")
    };
    assert!(deny("kube-apiserver"));
}

#[test]
fn a_policy_that_is_not_understood_leaves_nothing_to_gain() {
    let broken = plain("broken", json!({"ingress": [{"from": [{"ipBlock": {"cidr": "x"}}]}]}));
    assert!(!lifts(std::slice::from_ref(&broken), "NetworkPolicy"));
    assert!(!opens(&[broken], "NetworkPolicy"));
}
