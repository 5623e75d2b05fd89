//! What fixes claim: whatever is offered for a reason takes away the edges that rest on it, on
//! the cluster evaluated again.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_attack::{Attack, Engines, Why};
use ringfort_graph::EdgeId;
use ringfort_model::{Cluster, Kind};
use ringfort_plan::edits::changes;
use ringfort_plan::plan_file::edge_name;
use ringfort_plan::{Catalogue, Change, Costs, Edit, Fix, Question, Remedies, apply};
use serde_json::{Value, json};

mod clusters;

use clusters::{cluster, clusters};

/// An edge, and object, field and value of all that it rests on.
type Named = (String, Vec<(String, String, String)>);

/// An edge with all that it rests on, by names that do not depend on other objects.
fn edge(attack: &Attack<'_>, at: EdgeId) -> Named {
    let whys = attack.edge(at).why_ids.iter().map(|&id| {
        let evidence = attack.evidence(attack.why(id));
        (evidence.object, evidence.field, evidence.value)
    });
    (edge_name(attack, at), whys.collect())
}

fn edges(attack: &Attack<'_>) -> BTreeSet<Named> {
    (0..attack.graph.edge_count()).map(|at| edge(attack, EdgeId(at as u32))).collect()
}

/// Applies every fix of the catalogue by itself; the edges that it should cut and does not.
fn disproved(cluster: &Cluster, is_meant: impl Fn(&Fix) -> bool) -> (usize, Vec<String>) {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut all = attack.no_edges();
    (0..attack.graph.edge_count()).for_each(|at| _ = all.insert(at));
    let catalogue = Catalogue::new(&attack, &all, &Costs::default());
    let mut cut: BTreeMap<u32, Vec<EdgeId>> = BTreeMap::new();
    for at in 0..attack.graph.edge_count() {
        let at = EdgeId(at as u32);
        for fix in catalogue.of_edge(&attack, at) {
            cut.entry(fix).or_default().push(at);
        }
    }
    let (mut tried, mut wrong) = (0, Vec::new());
    for (fix, claimed) in cut {
        let fix = &catalogue.fixes[fix as usize];
        if !is_meant(fix) {
            continue;
        }
        tried += 1;
        let changed = apply(cluster, &changes(&fix.edits))
            .unwrap_or_else(|error| panic!("{}: {error}", fix.id));
        let engines = Engines::new(&changed);
        let after = edges(&Attack::new(&changed, &engines));
        let left = claimed.iter().map(|&at| edge(&attack, at)).find(|one| after.contains(one));
        wrong.extend(left.map(|one| format!("{} leaves {one:?}", fix.id)));
    }
    (tried, wrong)
}

#[test]
fn no_fix_is_offered_that_leaves_the_edges_it_should_cut() {
    for (name, cluster) in clusters() {
        // Of the large one every sixth is enough for a test that is run often.
        let step = if name == "shop" { 6 } else { 1 };
        let count = std::cell::Cell::new(0);
        let (tried, wrong) = disproved(&cluster, |_| {
            count.set(count.get() + 1);
            count.get() % step == 0
        });
        assert!(tried > 10, "{name}: {tried} fixes");
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

/// The fixes of every way in of some vectors, with its name.
fn of_entries(attack: &Attack<'_>, vectors: &[&str]) -> Vec<(String, Vec<Fix>)> {
    let remedies = Remedies::new(attack, Costs::default());
    let entries = attack.entries().filter(|(one, _)| vectors.contains(&one.vector));
    let all = entries.map(|(one, _)| {
        let fixes = one.why.iter().flat_map(|why: &Why| remedies.of(why)).collect();
        (format!("{}/{}", one.vector, one.name), fixes)
    });
    all.collect()
}

/// Applies each fix of a way in by itself: it is no way in any more.
fn close(cluster: &Cluster, vectors: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut found = BTreeMap::new();
    for (entry, fixes) in of_entries(&attack, vectors) {
        for fix in &fixes {
            let changed = apply(cluster, &changes(&fix.edits))
                .unwrap_or_else(|error| panic!("{}: {error}", fix.id));
            let engines = Engines::new(&changed);
            let after = Attack::new(&changed, &engines);
            let open = of_entries(&after, vectors).into_iter().any(|(name, _)| name == entry);
            assert!(!open, "{entry} is still there after {}", fix.id);
        }
        found.insert(entry, fixes.into_iter().map(|fix| fix.id).collect());
    }
    found
}

fn exposed(provider: &str) -> Vec<Value> {
    let pod = |name: &str, more: Value| {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name,
            "namespace": "a", "uid": name, "labels": {"app": name}},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i",
                "ports": [{"containerPort": 80}]}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}});
        if let (Some(spec), Some(more)) = (pod["spec"].as_object_mut(), more.as_object()) {
            spec.extend(more.clone());
        }
        pod
    };
    let service = |name: &str, spec: Value, ip: Option<&str>| {
        let mut service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "a"},
            "spec": {"selector": {"app": "web"}, "clusterIP": "10.96.0.9",
                "ports": [{"port": 80, "nodePort": 30080}, {"port": 81, "nodePort": 30081}]}});
        if let (Some(own), Some(spec)) = (service["spec"].as_object_mut(), spec.as_object()) {
            own.extend(spec.clone());
        }
        if let Some(ip) = ip {
            service["status"] = json!({"loadBalancer": {"ingress": [{"ip": ip}]}});
        }
        service
    };
    let host_port = json!({"containers": [{"name": "c", "image": "i", "ports": [
        {"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 8081}]}]});
    let host_network = json!({"hostNetwork": true, "containers": [{"name": "c", "image": "i",
        "ports": [{"containerPort": 80, "hostPort": 80}]}]});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "spec": {"providerID": format!("{provider}://x/n")},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.1"},
                {"type": "ExternalIP", "address": "34.1.2.3"}]}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "a"}}),
        pod("web", json!({})),
        pod("ports", host_port),
        pod("net", host_network),
        service(
            "balanced",
            json!({"type": "LoadBalancer", "externalTrafficPolicy": "Cluster",
            "loadBalancerSourceRanges": ["0.0.0.0/0"]}),
            Some("34.5.6.7"),
        ),
        service("opened", json!({"type": "NodePort"}), None),
        pod("nginx", json!({})),
        service(
            "nginx",
            json!({"type": "LoadBalancer", "selector": {"app": "nginx"}}),
            Some("34.6.6.6"),
        ),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "site", "namespace": "a"},
            "spec": {"ingressClassName": "nginx", "rules": [{"host": "a.example", "http": {
                "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service":
                    {"name": "addressed", "port": {"number": 80}}}}]}}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "34.6.6.6"}]}}}),
        service(
            "addressed",
            json!({"type": "ClusterIP", "externalIPs": ["34.9.9.9", "34.9.9.8"],
            "ports": [{"port": 80}]}),
            None,
        ),
    ]
}

#[test]
fn what_is_exposed_is_closed_by_each_of_its_fixes() {
    let cluster = cluster(&exposed("gce"));
    let found = close(&cluster, &["V7", "V8"]);
    let has = |entry: &str, fixes: &[&str]| {
        let known = found.get(entry).unwrap_or_else(|| panic!("no {entry}: {found:#?}"));
        let fixes: BTreeSet<String> = fixes.iter().map(ToString::to_string).collect();
        assert_eq!(*known, fixes, "{entry}");
    };
    has("V7/a/balanced", &["inside:Service a/balanced", "internal:Service a/balanced"]);
    has("V8/a/balanced", &["inside:Service a/balanced", "no-node-ports:Service a/balanced"]);
    has("V7/Ingress/a/site", &["delete:Ingress a/site"]);
    has("V8/a/opened", &["inside:Service a/opened"]);
    has("V7/a/addressed:externalIPs", &["no-external-ips:Service a/addressed"]);
    has("V8/a/ports:hostPort", &["no-host-ports:Pod a/ports"]);
    has("V8/a/net:hostPort", &["unset:hostNetwork:Pod a/net"]);
    has("V8/a/net:hostNetwork", &["unset:hostNetwork:Pod a/net"]);
    // Where the controller keeps its load balancer, or is not known, none is promised.
    for provider in ["openstack", "aws", "none"] {
        let found = close(&clusters::cluster(&exposed(provider)), &["V7"]);
        let fixes = &found["V7/a/balanced"];
        assert!(!fixes.iter().any(|fix| fix.starts_with("internal:")), "{provider}: {fixes:?}");
    }
}

#[test]
fn every_way_in_is_closed_by_each_of_its_fixes() {
    let all: Vec<&str> = ringfort_attack::vectors::ids().collect();
    for (name, cluster) in clusters() {
        let found = close(&cluster, &all);
        let count: usize = found.values().map(BTreeSet::len).sum();
        assert!(count > 0, "{name}: {found:#?}");
    }
}

/// Without one of its rules a role that is open to everybody is still open to everybody.
#[test]
fn a_rule_among_others_is_no_way_to_close_an_entry() {
    let rules = json!([
        {"verbs": ["list"], "apiGroups": [""], "resources": ["events"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}
    ]);
    let mut bound = binding("open", ("ClusterRole", "open"), &[]);
    bound["subjects"] = json!([{"kind": "Group", "name": "system:authenticated"}]);
    let cluster = clusters::cluster(&[role("ClusterRole", "open", &rules), bound]);
    let found = close(&cluster, &["V1", "V2"]);
    let fixes: Vec<&String> = found.values().flatten().collect();
    assert!(!fixes.is_empty() && fixes.iter().all(|id| !id.contains("rule")), "{found:#?}");
}

#[test]
fn the_shops_ways_in_are_closed_by_each_of_their_fixes() {
    let Some((_, shop)) = clusters().into_iter().find(|(name, _)| *name == "shop") else {
        println!("skipped: no shop");
        return;
    };
    let found = close(&shop, &["V7", "V8"]);
    let with = found.values().filter(|fixes| !fixes.is_empty()).count();
    assert!(with > 0, "{found:#?}");
    let services = found.values().flatten().filter(|fix| fix.contains(":Service ")).count();
    assert!(services > 0, "{found:#?}");
}

fn role(kind: &str, name: &str, rules: &Value) -> Value {
    let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": name}, "rules": rules});
    if kind == "Role" {
        role["metadata"]["namespace"] = json!("a");
    }
    role
}

fn binding(name: &str, to: (&str, &str), accounts: &[&str]) -> Value {
    let subjects: Vec<Value> = accounts
        .iter()
        .map(|one| json!({"kind": "ServiceAccount", "namespace": "a", "name": one}))
        .collect();
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": name}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": to.0, "name": to.1}})
}

/// Pods of some accounts, each with its token.
fn accounts(names: &[&str]) -> Vec<Value> {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
    ];
    for name in names {
        objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": "a"}}));
        objects.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "a", "uid": name},
            "spec": {"nodeName": "n", "serviceAccountName": name, "containers": [
                {"name": "c", "image": "i", "volumeMounts": [{"name": "kube-api-access-abcde",
                    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
                "volumes": [{"name": "kube-api-access-abcde", "projected": {"sources": [
                    {"serviceAccountToken": {"path": "token"}}]}}]},
            "status": {"phase": "Running"}}));
    }
    objects
}

/// Fixes between a position and a target, by id.
fn between(cluster: &Cluster, from: &str, to: &str) -> (BTreeMap<String, Fix>, usize) {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let goal = format!("no path from {from} to {to}").parse().expect("a goal");
    let question = Question { goals: vec![goal], ..Question::default() };
    let asked = question.ask(&attack, true).expect("it can be asked");
    let edges = ringfort_plan::question::between(&attack, &asked);
    let catalogue = Catalogue::new(&attack, &edges, &Costs::default());
    let pairs = ringfort_plan::question::connected(&attack, &asked).len();
    (catalogue.fixes.into_iter().map(|fix| (fix.id.clone(), fix)).collect(), pairs)
}

#[test]
fn a_rule_loses_the_verbs_that_are_used_and_keeps_the_others() {
    let rules = json!([{"apiGroups": [""], "resources": ["secrets", "configmaps"],
        "verbs": ["get", "watch", "create"]}]);
    let mut objects = accounts(&["one"]);
    objects.push(role("ClusterRole", "r", &rules));
    objects.push(binding("b", ("ClusterRole", "r"), &["one"]));
    let cluster = cluster(&objects);
    let (fixes, pairs) = between(&cluster, "sa/a/one", "impact/all-secrets");
    assert_eq!(pairs, 1);
    let fix = &fixes["narrow:ClusterRole r/rules[0]/verbs/get,watch"];
    assert_eq!(fix.cost, Costs::default().grant);
    assert!(fix.breaks.iter().any(|one| one.contains("pod/a/one")), "{:?}", fix.breaks);
    let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
    let left = &changed.cluster_roles.get("", "r").expect("the role").rules[0];
    assert_eq!(left.verbs.iter().map(ringfort_model::Str::as_str).collect::<Vec<_>>(), ["create"]);
    assert_eq!(between(&changed, "sa/a/one", "impact/all-secrets").1, 0);
    // With the rest of its verbs taken by another fix the rule goes, which the server accepts.
    let resource = &fixes["narrow:ClusterRole r/rules[0]/secrets"];
    let both = apply(&cluster, &changes(fix.edits.iter().chain(&resource.edits))).expect("both");
    assert_eq!(both.cluster_roles.get("", "r").expect("the role").rules.len(), 1);

    // Whatever is answered with the object goes with them, of Secrets and of others.
    let key = concat!("AKIA", "ABCDEFGHIJKLMNOP");
    for (resource, target) in
        [("secrets", "impact/all-secrets"), ("configmaps", "impact/cloud-role")]
    {
        let mut objects = accounts(&["one"]);
        let verbs = ["get", "patch", "create", "delete", "deletecollection", "update"];
        let rules = json!([{"apiGroups": [""], "resources": [resource], "verbs": verbs}]);
        objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"note": key},
            "metadata": {"name": "c", "namespace": "a"}}));
        objects.push(role("ClusterRole", "r", &rules));
        objects.push(binding("b", ("ClusterRole", "r"), &["one"]));
        let cluster = clusters::cluster(&objects);
        let (fixes, pairs) = between(&cluster, "sa/a/one", target);
        assert_eq!(pairs, 1, "{resource}");
        let id = "narrow:ClusterRole r/rules[0]/verbs/get,patch,delete,deletecollection";
        let fix = fixes.get(id).unwrap_or_else(|| panic!("{:?}", fixes.keys()));
        let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
        assert_eq!(between(&changed, "sa/a/one", target).1, 0, "{resource}");
    }

    // A wildcard names no verb that could be taken out; all verbs together are the rule.
    for verbs in [json!(["*"]), json!(["get", "list"])] {
        let mut objects = accounts(&["one"]);
        let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": verbs}]);
        objects.push(role("ClusterRole", "r", &rules));
        objects.push(binding("b", ("ClusterRole", "r"), &["one"]));
        let (fixes, pairs) =
            between(&clusters::cluster(&objects), "sa/a/one", "impact/all-secrets");
        assert_eq!(pairs, 1);
        assert!(fixes.keys().all(|id| !id.contains("/verbs/")), "{fixes:#?}");
    }
}

#[test]
fn a_role_that_several_hold_is_split_for_one_of_them() {
    let rules = json!([
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    ]);
    let mut objects = accounts(&["one", "two"]);
    objects.push(role("ClusterRole", "r", &rules));
    objects.push(binding("b", ("ClusterRole", "r"), &["one", "two"]));
    let shared = cluster(&objects);
    let (fixes, _) = between(&shared, "sa/a/one", "impact/all-secrets");
    let fix = &fixes["split:ClusterRoleBinding b#0"];
    assert!(fix.cost < fixes["unbind:ClusterRoleBinding b#0"].cost);
    let changed = apply(&shared, &changes(&fix.edits)).expect("it applies");
    assert_eq!(between(&changed, "sa/a/one", "impact/all-secrets").1, 0);
    assert_eq!(between(&changed, "sa/a/two", "impact/all-secrets").1, 1, "the other keeps it");
    let copy = changed.cluster_roles.get("", "r-for-one").expect("the copy");
    assert_eq!(copy.rules.len(), 1);
    let engines = Engines::new(&changed);
    let mut reads = engines.authz.cluster_role_rules("r-for-one").iter();
    assert!(reads.any(|rule| rule.resources.iter().any(|one| *one == *"configmaps")));

    // Who holds a role alone needs no copy of it, and of a role that is all danger none is left.
    let mut objects = accounts(&["one"]);
    objects.push(role("ClusterRole", "r", &rules));
    objects.push(binding("b", ("ClusterRole", "r"), &["one"]));
    let mut all = accounts(&["one", "two"]);
    all.push(role("ClusterRole", "r", &json!([rules[0]])));
    all.push(binding("b", ("ClusterRole", "r"), &["one", "two"]));
    for objects in [objects, all] {
        let (fixes, pairs) = between(&cluster(&objects), "sa/a/one", "impact/all-secrets");
        assert_eq!(pairs, 1);
        assert!(fixes.keys().all(|id| !id.starts_with("split:")), "{:?}", fixes.keys());
    }
    // A default role is written again by the server, a copy of it is not.
    let mut objects = accounts(&["one"]);
    let mut default = role("ClusterRole", "r", &rules);
    default["metadata"]["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    objects.push(default);
    objects.push(binding("b", ("ClusterRole", "r"), &["one"]));
    let (fixes, _) = between(&cluster(&objects), "sa/a/one", "impact/all-secrets");
    let ids: Vec<&str> = fixes.keys().map(String::as_str).collect();
    assert!(ids.contains(&"split:ClusterRoleBinding b#0"), "{ids:?}");
    assert!(ids.iter().all(|id| !id.contains("rules[")), "{ids:?}");
}

#[test]
fn a_runtime_in_the_range_of_an_advisory_is_upgraded_on_every_node() {
    let node = |name: &str, runtime: &str| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
            "status": {"nodeInfo": {"containerRuntimeVersion": runtime,
                "kernelVersion": "6.8.0", "kubeletVersion": "v1.36.1"}}})
    };
    let objects = [
        node("a", "cri-o://1.22.2"),
        node("b", "cri-o://1.22.2"),
        node("c", "cri-o://1.30.0"),
        node("d", "containerd://1.6.0"),
    ];
    let cluster = cluster(&objects);
    let found = close(&cluster, &["V13"]);
    // What no version proves has no fix and is no way in.
    assert_eq!(found.len(), 1, "{found:#?}");
    let fixes = found.values().next().expect("one");
    assert_eq!(fixes.iter().collect::<Vec<_>>(), ["upgrade:cri-o://1.22.2"]);
    let (fixes, pairs) = between(&cluster, "vector/V13/cri-o://1.22.2+6.8.0", "node/*");
    assert_eq!(pairs, 2);
    let fix = &fixes["upgrade:cri-o://1.22.2"];
    assert_eq!((fix.cost, fix.edits.len()), (Costs::default().architecture, 2));
    let commands: Vec<String> = changes(&fix.edits).iter().map(Change::command).collect();
    assert_eq!(
        commands[0],
        "# on node a: upgrade until status.nodeInfo.containerRuntimeVersion is cri-o://1.22.3"
    );
}

#[test]
fn a_user_namespace_is_offered_where_it_is_sure_to_hold() {
    let set = |handlers: Value, kernel: &str, more: Value| {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "status": {"runtimeHandlers": handlers, "nodeInfo": {"kernelVersion": kernel,
                "containerRuntimeVersion": "containerd://2.1.0", "kubeletVersion": "v1.36.1"}}});
        let mut spec = json!({"nodeName": "n", "containers": [{"name": "c", "image": "i",
            "securityContext": {"privileged": true}}]});
        spec.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        let mut template = spec.clone();
        template.as_object_mut().expect("fields").remove("nodeName");
        cluster(&[
            node,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": "a"}}),
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
                "metadata": {"name": "d", "namespace": "a", "uid": "d"},
                "spec": {"template": {"spec": template}}}),
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "d-x", "namespace": "a", "uid": "p", "ownerReferences": [
                    {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "d",
                        "controller": true}]},
                "spec": spec, "status": {"phase": "Running"}}),
        ])
    };
    let yes = json!([{"name": "", "features": {"userNamespaces": true}}]);
    let id = "user-namespace:DaemonSet a/d";
    let sure = set(yes.clone(), "6.8.0", json!({}));
    let (fixes, pairs) = between(&sure, "workload/DaemonSet/a/d", "node/n");
    assert!(pairs > 0);
    let fix = fixes.get(id).unwrap_or_else(|| panic!("{:?}", fixes.keys()));
    let changed = apply(&sure, &changes(&fix.edits)).expect("it applies");
    assert_eq!(between(&changed, "workload/DaemonSet/a/d", "node/n").1, 0);
    let (tried, wrong) = disproved(&sure, |fix| fix.id == id);
    assert!(tried == 1 && wrong.is_empty(), "{wrong:?}");
    for (what, near) in [
        ("the node does not say", set(json!([]), "6.8.0", json!({}))),
        ("it says no", set(json!([{"features": {"userNamespaces": false}}]), "6.8.0", json!({}))),
        ("an old kernel", set(yes.clone(), "5.15.0", json!({}))),
        ("refused with hostPID", set(yes.clone(), "6.8.0", json!({"hostPID": true}))),
        (
            "a volume that may not map ids",
            set(
                yes,
                "6.8.0",
                json!({"volumes": [
            {"name": "v", "hostPath": {"path": "/data"}}]}),
            ),
        ),
    ] {
        let (fixes, pairs) = between(&near, "workload/DaemonSet/a/d", "node/n");
        assert!(pairs > 0, "{what}");
        assert!(!fixes.contains_key(id), "{what}");
    }
}

#[test]
fn an_aggregated_rule_is_changed_where_it_comes_from() {
    let secrets = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]);
    let aggregated = |name: &str, label: &str, more: &str| {
        let mut role = role("ClusterRole", name, &secrets);
        role["aggregationRule"] =
            json!({"clusterRoleSelectors": [{"matchLabels": {label: "yes"}}]});
        if !more.is_empty() {
            role["metadata"]["labels"] = json!({more: "yes"});
        }
        role
    };
    let mut source = role("ClusterRole", "source", &secrets);
    source["metadata"]["labels"] = json!({"to-inner": "yes"});
    let mut objects = accounts(&["one"]);
    objects.extend([
        source,
        aggregated("inner", "to-inner", "to-outer"),
        aggregated("outer", "to-outer", ""),
        binding("b", ("ClusterRole", "outer"), &["one"]),
    ]);
    let cluster = cluster(&objects);
    let (fixes, pairs) = between(&cluster, "sa/a/one", "impact/all-secrets");
    assert_eq!(pairs, 1);
    let of_roles: Vec<&str> =
        fixes.keys().map(String::as_str).filter(|id| id.contains("rules[")).collect();
    assert_eq!(of_roles, ["drop:ClusterRole source/rules[0]"]);
    let fix = &fixes["drop:ClusterRole source/rules[0]"];
    assert!(fix.breaks.iter().any(|one| one.contains("pod/a/one")), "{:?}", fix.breaks);
    let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
    for role in ["source", "inner", "outer"] {
        let rules = &changed.cluster_roles.get("", role).expect("the role").rules;
        assert!(rules.is_empty(), "{role}: {rules:?}");
    }
    // What is written into an aggregated role itself is written over.
    let emptied = Edit::Merge(json!({"rules": []}));
    let own = Change::of(Kind::ClusterRole, &"".into(), &"outer".into(), emptied);
    let kept = apply(&cluster, &[own]).expect("it applies");
    assert_eq!(kept.cluster_roles.get("", "outer").expect("the role").rules.len(), 1);
}

#[test]
fn an_annotation_with_a_credential_is_taken_away_and_no_other() {
    let key = concat!("AKIA", "ABCDEFGHIJKLMNOP");
    let mut objects = accounts(&["one"]);
    objects.extend([
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a",
            "annotations": {"example.com/note": key,
                "service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "i", "namespace": "a",
                "annotations": {"example.com/db~/password": "hunter2"}}}),
        role(
            "ClusterRole",
            "r",
            &json!([
            {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get"]}]),
        ),
        binding("b", ("ClusterRole", "r"), &["one"]),
    ]);
    let cluster = cluster(&objects);
    let (fixes, pairs) = between(&cluster, "sa/a/one", "impact/cloud-role");
    assert_eq!(pairs, 1);
    let id = "drop-annotation:Service a/s:example.com/note";
    let fix = fixes.get(id).unwrap_or_else(|| panic!("{:?}", fixes.keys()));
    let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
    assert_eq!(between(&changed, "sa/a/one", "impact/cloud-role").1, 0);
    let service = changed.services.get("a", "s").expect("a Service");
    let left: Vec<&str> = service.metadata.annotations.iter().map(|(key, _)| &**key).collect();
    assert_eq!(left, ["service.beta.kubernetes.io/aws-load-balancer-type"]);
    // An Ingress is not deleted for what its annotation says; names are escaped in pointers.
    let account = "account/named-as-secret/Ingress/a/i/example.com/db~/password";
    let (fixes, pairs) = between(&cluster, "sa/a/one", account);
    assert_eq!(pairs, 1);
    assert!(fixes.keys().all(|id| !id.starts_with("delete:Ingress")), "{:?}", fixes.keys());
    let fix = &fixes["drop-annotation:Ingress a/i:example.com/db~/password"];
    let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
    let engines = Engines::new(&changed);
    assert!(Attack::new(&changed, &engines).find(account).is_empty());
}
