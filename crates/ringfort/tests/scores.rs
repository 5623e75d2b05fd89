//! Scores of zones: no control and no path less lowers one, nothing unknown raises one, and
//! without coverage there is none.

mod fixture;

use std::collections::BTreeMap;

use fixture::cluster;
use ringfort_attack::{Attack, Engines};
use ringfort_model::{Cluster, Coverage, Kind, Listed, Str, WorkloadKind};
use ringfort_plan::{Catalogue, Change, Costs, Edit, apply, edits};
use ringfort_report::{Head, Report, Zone};
use serde_json::{Value, json};

const DEMO: &str = include_str!("../src/demo.yaml");

/// The report on a cluster.
fn report(cluster: &Cluster) -> Report {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let text = String::new;
    let head = Head {
        version: text(),
        place: text(),
        described: text(),
        base: text(),
        generated_at: text(),
    };
    ringfort_report::build(&attack, &[], &[], None, head)
}

fn judged(cluster: &Cluster) -> Vec<Zone> {
    report(cluster).zones
}

/// The objects of the demo, each on a line of its own.
fn demo() -> Vec<Value> {
    let lines = DEMO.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Holds that no zone has fewer points than before; says how many have more.
fn never_less(before: &[Zone], after: &[Zone], what: &str) -> usize {
    let mut more = 0;
    for (old, new) in before.iter().zip(after) {
        let scores = (old.score.expect("all was read"), new.score.expect("all was read"));
        assert!(scores.1 >= scores.0, "{what} lowers {}: {scores:?}", old.id);
        assert!(new.score <= Some(new.at_most), "{what}: {} is beyond its bound", new.id);
        more += usize::from(scores.1 > scores.0);
    }
    more
}

/// Every change that the planner knows takes something away from an attacker.
#[test]
fn no_fix_lowers_a_score() {
    let cluster = cluster(&demo(), 36);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let mut all = attack.no_edges();
    for edge in 0..attack.graph.edge_count() {
        all.insert(edge);
    }
    let catalogue = Catalogue::new(&attack, &all, &Costs::default());
    let before = judged(&cluster);
    let (mut tried, mut better) = (0, 0);
    for fix in &catalogue.fixes {
        let Ok(changed) = apply(&cluster, &edits::changes(&fix.edits)) else { continue };
        better += never_less(&before, &judged(&changed), &fix.title.to_string());
        tried += 1;
    }
    assert!(tried > 10 && better > 3, "{tried} tried, {better} scores better");
}

/// The points that initial access loses, from the figures that a report prints: its ways in by
/// state, and the vectors that are unknown without a way in that shows it (`docs/scores.md`).
fn by_hand(report: &Report) -> [f64; 2] {
    let [open, unknown, guarded] = report.zones[0].entries;
    let silent = |one: &&ringfort_report::Vector| one.state == "unknown" && one.entries[1] == 0;
    let unknown = unknown + report.vectors.iter().filter(silent).count();
    let worst: f64 = match (open, unknown, guarded) {
        (0, 0, 0) => 0.0,
        (0, 0, _) => 0.2,
        (0, ..) => 0.5,
        _ => 1.0,
    };
    let number = |count: usize| f64::from(u32::try_from(count).expect("few"));
    let sum = number(open) + number(unknown) / 2.0 + number(guarded) / 5.0;
    let spread = (50.0 * (1.0 + sum).log2() / 10.0).min(50.0);
    [(50.0 * worst).ceil(), spread.ceil()]
}

#[test]
fn the_score_of_initial_access_is_that_of_the_figures_beside_it() {
    let mut some = 0;
    for seed in 0..40 {
        let objects = match seed {
            0 => demo(),
            _ => small(&mut Dice(seed)),
        };
        let report = report(&cluster(&objects, 36));
        let zone = &report.zones[0];
        assert_eq!(zone.lost.map(|lost| lost.map(f64::from)), Some(by_hand(&report)), "{seed}");
        let shown: Vec<usize> =
            (0..3).map(|at| report.vectors.iter().map(|one| one.entries[at]).sum()).collect();
        assert_eq!(zone.entries.to_vec(), shown, "seed {seed}: zone and vectors");
        some += zone.entries.iter().sum::<usize>();
    }
    assert!(some > 40, "{some} ways in");
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Once in that many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one<'v>(&mut self, values: &'v [Value]) -> &'v Value {
        &values[self.below(values.len())]
    }
}

fn meta(namespace: &str, name: &str) -> Value {
    let mut meta = json!({"name": name, "uid": name, "resourceVersion": "1"});
    if !namespace.is_empty() {
        meta["namespace"] = namespace.into();
    }
    meta
}

/// The specification of a workload's pods, as careless as the dice say.
fn pod_spec(dice: &mut Dice) -> Value {
    let account = *["s", "t", "default"].get(dice.below(3)).expect("one of three");
    let image = match dice.below(3) {
        0 => {
            "registry.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        }
        1 => "registry.example/app:1",
        _ => "app:latest",
    };
    let mut container = json!({"name": "c", "image": image, "ports": [{"containerPort": 8080}]});
    let mut spec = json!({"serviceAccountName": account});
    let privileged = dice.once_in(3);
    let able = !privileged && dice.once_in(3);
    if privileged {
        container["securityContext"] = json!({"privileged": true});
    } else if able {
        container["securityContext"] = json!({"capabilities": {"add": ["SYS_ADMIN"]}});
    }
    for field in ["hostPID", "hostNetwork"] {
        if dice.once_in(5) {
            spec[field] = true.into();
        }
    }
    if dice.once_in(4) {
        let path = *["/", "/var/log", "/var/run/docker.sock"].get(dice.below(3)).expect("a path");
        spec["volumes"] = json!([{"name": "v", "hostPath": {"path": path}}]);
        container["volumeMounts"] = json!([{"name": "v", "mountPath": "/host"}]);
    }
    spec["containers"] = json!([container]);
    spec
}

/// What a Deployment has made, with the token that a server mounts.
fn pod(namespace: &str, owner: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["nodeName"] = "n".into();
    let mut push = |field: &str, value: Value| match spec[field].as_array_mut() {
        Some(list) => list.push(value),
        None => spec[field] = json!([value]),
    };
    push(
        "volumes",
        json!({"name": "kube-api-access-x", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}}),
    );
    let mount = json!({"name": "kube-api-access-x", "readOnly": true,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    match spec["containers"][0]["volumeMounts"].as_array_mut() {
        Some(list) => list.push(mount),
        None => spec["containers"][0]["volumeMounts"] = json!([mount]),
    }
    let mut meta = meta(namespace, &format!("{owner}-0"));
    meta["labels"] = json!({"app": owner});
    meta["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "Deployment",
        "name": owner, "uid": owner, "controller": true}]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec,
        "status": {"phase": "Running", "podIP": "10.42.0.19"}})
}

/// A small cluster.
fn small(dice: &mut Dice) -> Vec<Value> {
    let rules = [
        json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"]}),
        json!({"verbs": ["create"], "apiGroups": [""], "resources": ["pods"]}),
        json!({"verbs": ["create", "get"], "apiGroups": [""], "resources": ["pods/exec"]}),
        json!({"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"]}),
        json!({"verbs": ["create"], "apiGroups": [""], "resources": ["serviceaccounts/token"]}),
        json!({"verbs": ["get"], "apiGroups": [""], "resources": ["nodes/proxy"]}),
        json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}),
        json!({"verbs": ["create", "bind"], "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["rolebindings", "clusterrolebindings", "clusterroles"]}),
        json!({"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}),
    ];
    let mut objects = Vec::new();
    for name in ["n", "m"] {
        let kind = if dice.once_in(2) { "ExternalIP" } else { "InternalIP" };
        objects.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": meta("", name),
            "status": {"addresses": [{"type": kind, "address": "203.0.113.1"}]}}));
    }
    for namespace in ["a", "b"] {
        objects.push(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta("", namespace)}),
        );
        for name in ["s", "t"] {
            objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": meta(namespace, name)}));
        }
        objects
            .push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta(namespace, "x"),
            "type": "Opaque"}));
        for at in 0..=dice.below(2) {
            let name = format!("w{at}");
            let labels = json!({"app": name});
            let spec = pod_spec(dice);
            objects.push(pod(namespace, &name, &spec));
            objects.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": meta(namespace, &name),
                "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": spec}}}));
            let kind = *["LoadBalancer", "NodePort", "ClusterIP"].get(dice.below(3)).expect("one");
            let mut service = json!({"apiVersion": "v1", "kind": "Service",
                "metadata": meta(namespace, &name),
                "spec": {"type": kind, "selector": labels,
                    "ports": [{"port": 80, "targetPort": 8080}]}});
            if kind == "LoadBalancer" {
                service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}});
            }
            objects.push(service);
        }
    }
    for (at, scope) in ["", "a", "b", ""].into_iter().enumerate().take(1 + dice.below(4)) {
        let (role, binding) = match scope {
            "" => ("ClusterRole", "ClusterRoleBinding"),
            _ => ("Role", "RoleBinding"),
        };
        let name = format!("r{at}");
        let api = "rbac.authorization.k8s.io/v1";
        let held = [dice.one(&rules).clone(), dice.one(&rules).clone()];
        objects.push(json!({"apiVersion": api, "kind": role, "metadata": meta(scope, &name),
            "rules": held}));
        let owner = *["a", "b"].get(dice.below(2)).expect("one of two");
        let account = *["s", "t"].get(dice.below(2)).expect("one of two");
        let subject = match dice.once_in(8) {
            true => json!({"kind": "Group", "name": "system:unauthenticated",
                "apiGroup": "rbac.authorization.k8s.io"}),
            false => json!({"kind": "ServiceAccount", "name": account, "namespace": owner}),
        };
        objects.push(json!({"apiVersion": api, "kind": binding, "metadata": meta(scope, &name),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
            "subjects": [subject]}));
    }
    objects
}

/// A control that is added to an object of the cluster as it is now, typed as a change, and the
/// object after it; null if it is gone.
fn control(object: &Value, dice: &mut Dice) -> Option<(&'static str, Change, Value)> {
    let kind = object["kind"].as_str()?;
    let namespace = Str::new(object["metadata"]["namespace"].as_str().unwrap_or_default());
    let name = Str::new(object["metadata"]["name"].as_str().expect("a name"));
    let change = |kind: Kind, edit| Change::of(kind, &namespace, &name, edit);
    let merge = |kind, patch| change(kind, Edit::Merge(patch));
    let made = |kind: Kind, made: &str, value| {
        Change::of(kind, &name, &Str::new(made), Edit::Create(value))
    };
    let mut after = object.clone();
    let (what, change) = match kind {
        "Namespace" => match dice.below(3) {
            0 => {
                let level = *["baseline", "restricted"].get(dice.below(2)).expect("a level");
                let labels = json!({"pod-security.kubernetes.io/enforce": level});
                let patch = json!({"metadata": {"labels": labels}});
                // A level that is there already is never replaced by a weaker one.
                if object["restricted"] == true {
                    return None;
                }
                after["restricted"] = (level == "restricted").into();
                ("a level of Pod Security", merge(Kind::Namespace, patch))
            }
            1 => {
                let side = *["Ingress", "Egress"].get(dice.below(2)).expect("a side");
                let title = format!("deny-{}", side.to_lowercase());
                let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                    "metadata": meta(&name, &title),
                    "spec": {"podSelector": {}, "policyTypes": [side]}});
                ("a policy that denies", made(Kind::NetworkPolicy, &title, policy))
            }
            _ => {
                let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
                    "metadata": meta(&name, "q"), "spec": {"hard": {"pods": "5"}}});
                ("a quota", made(Kind::ResourceQuota, "q", quota))
            }
        },
        "Deployment" => {
            let spec = &mut after["spec"]["template"]["spec"];
            let what = harden(spec, dice);
            let patch = json!({"spec": {"template": {"spec": spec.clone()}}});
            (what, merge(Kind::Workload(WorkloadKind::Deployment), patch))
        }
        "ServiceAccount" => {
            let patch = json!({"automountServiceAccountToken": false});
            ("no token by default", merge(Kind::ServiceAccount, patch))
        }
        "Service" => {
            let patch = json!({"spec": {"type": "ClusterIP"}, "status": null});
            ("a Service from inside only", merge(Kind::Service, patch))
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let of =
                if kind == "RoleBinding" { Kind::RoleBinding } else { Kind::ClusterRoleBinding };
            after = Value::Null;
            ("a binding less", change(of, Edit::Delete))
        }
        "Role" | "ClusterRole" => {
            let of = if kind == "Role" { Kind::Role } else { Kind::ClusterRole };
            after["rules"].as_array_mut()?.pop()?;
            ("a rule less", merge(of, json!({"rules": after["rules"].clone()})))
        }
        _ => return None,
    };
    Some((what, change, after))
}

/// One field of a pod's specification, set as it should be.
fn harden(spec: &mut Value, dice: &mut Dice) -> &'static str {
    let container = &mut spec["containers"][0];
    match dice.below(9) {
        0 => {
            spec["automountServiceAccountToken"] = false.into();
            "no token in a pod"
        }
        1 => {
            container["securityContext"]["privileged"] = false.into();
            "no privileged container"
        }
        2 => {
            container["securityContext"]["capabilities"] = json!({"add": null, "drop": ["ALL"]});
            "no capability"
        }
        3 => {
            container["securityContext"]["runAsNonRoot"] = true.into();
            container["securityContext"]["runAsUser"] = 1000.into();
            "a user that is not root"
        }
        4 => {
            container["securityContext"]["seccompProfile"] = json!({"type": "RuntimeDefault"});
            "a profile of system calls"
        }
        5 => {
            container["securityContext"]["readOnlyRootFilesystem"] = true.into();
            "a root filesystem that is only read"
        }
        6 => {
            spec["hostPID"] = false.into();
            "no processes of the node"
        }
        7 => {
            container["volumeMounts"] = json!([]);
            spec["volumes"] = json!([]);
            "no files of the node"
        }
        _ => {
            let digest = "0".repeat(64);
            container["image"] = format!("registry.example/app@sha256:{digest}").into();
            "an image by digest"
        }
    }
}

/// Adds controls one after the other to small clusters.
#[test]
fn no_control_lowers_a_score() {
    const CLUSTERS: u64 = 40;
    let mut better: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut connected, mut added) = (0, 0);
    for seed in 0..CLUSTERS {
        let mut dice = Dice(seed);
        let mut objects = small(&mut dice);
        let mut now = cluster(&objects, 36);
        let first = report(&now);
        connected += usize::from(first.pairs > 0);
        let mut before = first.zones;
        for _ in 0..8 {
            let at = dice.below(objects.len());
            let Some((what, change, object)) = control(&objects[at], &mut dice) else { continue };
            // What was added or taken away already does not apply again.
            let Ok(changed) = apply(&now, std::slice::from_ref(&change)) else { continue };
            let after = judged(&changed);
            let more = never_less(&before, &after, &format!("cluster {seed}: {what}: {change:?}"));
            *better.entry(what).or_default() += more;
            (now, before, objects[at]) = (changed, after, object);
            added += 1;
        }
    }
    assert!(connected > CLUSTERS as usize / 2 && added > 100, "{connected} connected, {added}");
    let raised = better.values().filter(|&&count| count > 0).count();
    assert!(raised >= 5, "controls that raise a score: {better:?}");
}

/// Whatever is not read: no score, and a bound that is not below what all of it would give.
#[test]
fn nothing_that_is_not_read_raises_a_score() {
    let objects = demo();
    let all = judged(&cluster(&objects, 36));
    let mut hidden = 0;
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    for kind in Kind::PLAIN.iter().copied().chain(workloads) {
        let rest = objects.iter().filter(|object| object["kind"] != kind.name());
        let rest: Vec<Value> = rest.cloned().collect();
        hidden += usize::from(rest.len() < objects.len());
        let mut cluster = cluster(&rest, 36);
        cluster.coverage.note(&Coverage::key(kind), Listed::Forbidden("403".into()));
        let zones = judged(&cluster);
        for (known, zone) in all.iter().zip(&zones) {
            let name = kind.name();
            assert_eq!(zone.score, None, "{} without {name}", zone.id);
            let least = known.score.expect("all was read");
            assert!(zone.at_most >= least, "{} without {name}", zone.id);
            assert!(zone.coverage < 100, "{} without {name}", zone.id);
        }
    }
    assert!(hidden >= 8, "{hidden} kinds of the demo were hidden");
}

/// Policies that were not read may deny everything: the bound is not below what is left then.
#[test]
fn controls_that_are_not_read_do_not_break_the_bound() {
    let (mut bounded, mut changed) = (0, 0);
    for seed in 100..120 {
        let objects = small(&mut Dice(seed));
        let mut hidden = cluster(&objects, 36);
        let policies = Coverage::key(Kind::NetworkPolicy);
        hidden.coverage.note(&policies, Listed::Forbidden("403".into()));
        let denied = ["a", "b"].map(|namespace| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": meta(namespace, "deny"),
                "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
        });
        let open = report(&cluster(&objects, 36));
        let closed = report(&cluster(&fixture::with(objects, denied), 36));
        changed += usize::from(open.cluster.edges != closed.cluster.edges);
        for (bound, closed) in judged(&hidden).iter().zip(closed.zones) {
            assert_eq!(bound.score, None, "{seed}: {}", bound.id);
            let least = closed.score.expect("all was read");
            assert!(bound.at_most >= least, "{seed}: {} {least} {bound:?}", bound.id);
            bounded += usize::from(bound.at_most < 100);
        }
    }
    assert!(bounded > 20 && changed > 10, "{bounded} below 100, {changed} changed by policies");
}

#[test]
fn an_empty_cluster_and_an_unreadable_one_are_told_apart() {
    let read = |complete| {
        let mut cluster = Cluster::default();
        cluster.coverage.rest_is_complete = complete;
        judged(&cluster)
    };
    let empty = read(true);
    let scores: Vec<Option<u32>> = empty.iter().map(|zone| zone.score).collect();
    // Laptops and pipelines show in no object, so that not all of the first is left.
    assert!(scores[0].is_some_and(|score| score > 30 && score < 100), "{scores:?}");
    assert_eq!(scores[1..], [Some(100); 2]);
    for zone in read(false) {
        assert_eq!((zone.score, zone.lost, zone.coverage), (None, None, 0), "{}", zone.id);
        assert_eq!(zone.at_most, 100, "{}", zone.id);
    }
}
