//! Network policies that are offered: they cut what they claim, keep what is declared, select
//! what is meant, and are offered only where something is known to enforce them.

use std::collections::BTreeSet;

use ringfort_attack::technique::FixKind;
use ringfort_attack::{Attack, Engines};
use ringfort_graph::EdgeId;
use ringfort_graph::cut::FixId;
use ringfort_model::Cluster;
use ringfort_plan::edits::changes;
use ringfort_plan::plan_file::edge_name;
use ringfort_plan::question::connected_without;
use ringfort_plan::{
    Catalogue, Costs, Edit, Fix, GoalText, Pair, Question, Wish, apply, pose, tried,
};
use serde_json::{Value, json};

mod clusters;

/// Two namespaces with a web server in one of them, and what may enforce policies.
struct Setting {
    /// Image of the DaemonSet that connects pods; none is seen where it is empty.
    agent: &'static str,
    /// Whether its pod runs on the node.
    runs: bool,
    more: Vec<Value>,
}

impl Setting {
    fn new(agent: &'static str) -> Self {
        Self { agent, runs: true, more: Vec::new() }
    }

    /// The setting with an object, which takes the place of one of its name.
    fn with(mut self, object: Value) -> Self {
        self.more.push(object);
        self
    }

    fn cluster(&self) -> Cluster {
        let mut objects = vec![json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n"}, "spec": {"providerID": "aws:///z/i-1"}})];
        for namespace in ["shop", "guest"] {
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": namespace,
                    "labels": {"kubernetes.io/metadata.name": namespace}}}));
        }
        objects.push(pod("shop", "web", "web", "10.0.0.1"));
        objects.push(pod("shop", "till", "till", "10.0.0.2"));
        objects.push(pod("guest", "visitor", "visitor", "10.0.0.3"));
        if !self.agent.is_empty() {
            let spec = json!({"containers": [{"name": "agent", "image": self.agent}]});
            objects.push(json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
                "metadata": {"name": "agent", "namespace": "kube-system", "uid": "agent"},
                "spec": {"selector": {"matchLabels": {"app": "agent"}},
                    "template": {"metadata": {"labels": {"app": "agent"}}, "spec": spec}}}));
            if self.runs {
                let mut agent = pod("kube-system", "agent-x", "agent", "10.1.0.1");
                agent["spec"] = json!({"nodeName": "n", "hostNetwork": true,
                    "containers": [{"name": "agent", "image": self.agent}]});
                agent["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1",
                    "kind": "DaemonSet", "name": "agent", "uid": "agent", "controller": true}]);
                objects.push(agent);
            }
        }
        let name = |one: &Value| (one["kind"].clone(), one["metadata"]["name"].clone());
        objects.retain(|known| self.more.iter().all(|one| name(one) != name(known)));
        objects.extend(self.more.iter().cloned());
        clusters::cluster(&objects)
    }
}

fn pod(namespace: &str, name: &str, app: &str, ip: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": {"app": app}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i",
            "ports": [{"containerPort": 80}]}]},
        "status": {"phase": "Running", "podIP": ip}})
}

fn service(kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": kind, "clusterIP": "10.96.0.1", "selector": {"app": "web"},
            "ports": [{"port": 80, "nodePort": if kind == "NodePort" { 30080 } else { 0 }}]}})
}

/// The policies that are offered for some edge.
fn offered(cluster: &Cluster) -> Vec<Fix> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut all = attack.no_edges();
    (0..attack.graph.edge_count()).for_each(|at| _ = all.insert(at));
    let catalogue = Catalogue::new(&attack, &all, &Costs::default());
    catalogue.fixes.into_iter().filter(|fix| fix.kind == FixKind::Netpol).collect()
}

fn ids(fixes: &[Fix]) -> Vec<&str> {
    fixes.iter().map(|fix| fix.id.as_str()).collect()
}

/// Whether some pod of a namespace connects to another.
fn connects(cluster: &Cluster, from: (&str, &str), to: (&str, &str)) -> bool {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let find = |id: String| attack.find(&id).into_iter().map(|(_, node)| node);
    let start: Vec<_> = find(format!("pod/{}/{}", from.0, from.1)).collect();
    assert!(!start.is_empty());
    let end = find(format!("pod/{}/{}", to.0, to.1)).next().expect("a pod");
    let listens = format!("-> {}", attack.id(attack.key(end)));
    let reached = attack.reach(&start);
    (0..attack.graph.edge_count()).map(|at| EdgeId(at as u32)).any(|at| {
        let name = edge_name(&attack, at);
        let from = attack.graph.edge(at).from;
        reached.contains(from.index())
            && name.contains("-net-reach->")
            && name.contains(listens.trim_start_matches("-> "))
    })
}

const CALICO: &str = "quay.io/calico/node:v3.29.1";
const WEB: &str = "only-own-namespace:NetworkPolicy shop/web-only-own-namespace";
const WEB_META: &str = "no-metadata:NetworkPolicy shop/web-no-metadata";

#[test]
fn a_policy_keeps_other_namespaces_out_and_its_own_in() {
    let cluster = Setting::new(CALICO).with(service("ClusterIP")).cluster();
    let fixes = offered(&cluster);
    let fix = fixes.iter().find(|fix| fix.id == WEB).unwrap_or_else(|| panic!("{:?}", ids(&fixes)));
    assert!(connects(&cluster, ("guest", "visitor"), ("shop", "web")), "it is open before");
    let made = changes(&fix.edits);
    let changed = apply(&cluster, &made).expect("it applies");
    assert!(!connects(&changed, ("guest", "visitor"), ("shop", "web")));
    assert!(connects(&changed, ("shop", "till"), ("shop", "web")), "its own clients are kept");
    assert!(connects(&changed, ("guest", "visitor"), ("shop", "till")), "no other pod is meant");
    assert!(connects(&changed, ("shop", "web"), ("guest", "visitor")), "only one direction");
    // What is written: name, namespace, selector, direction.
    let [change] = made.as_slice() else { panic!("one object") };
    let Edit::Create(object) = &change.edit else { panic!("a new object") };
    assert_eq!(object["metadata"], json!({"name": "web-only-own-namespace", "namespace": "shop"}));
    assert_eq!(object["spec"]["podSelector"], json!({"matchLabels": {"app": "web"}}));
    assert_eq!(object["spec"]["policyTypes"], json!(["Ingress"]));
    assert!(fix.breaks.iter().any(|one| one.contains("other namespaces")), "{:?}", fix.breaks);
    assert_eq!(fix.cost, Costs::default().grant);
    let back = ringfort_plan::rollback::rollbacks(&cluster, &made);
    let again = apply(&changed, &back).expect("the way back");
    assert_eq!(again.network_policies.len(), 0);
}

#[test]
fn a_policy_keeps_pods_from_the_metadata_service_only() {
    let cluster = Setting::new(CALICO).cluster();
    let fixes = offered(&cluster);
    let fix =
        fixes.iter().find(|fix| fix.id == WEB_META).unwrap_or_else(|| panic!("{:?}", ids(&fixes)));
    let changed = apply(&cluster, &changes(&fix.edits)).expect("it applies");
    let metadata = |cluster: &Cluster| -> BTreeSet<String> {
        let engines = Engines::new(cluster);
        let attack = Attack::new(cluster, &engines);
        (0..attack.graph.edge_count())
            .map(|at| edge_name(&attack, EdgeId(at as u32)))
            .filter(|name| name.contains("net-imds"))
            .collect()
    };
    let gone: Vec<String> = metadata(&cluster).difference(&metadata(&changed)).cloned().collect();
    assert!(gone.iter().all(|name| name.starts_with("pod/shop/web:c ")), "{gone:?}");
    assert_eq!(gone.len(), 1, "{:?}", metadata(&cluster));
    for to in [("shop", "till"), ("guest", "visitor")] {
        assert!(connects(&changed, ("shop", "web"), to), "{to:?} is still reached");
    }
    let Edit::Create(object) = &changes(&fix.edits)[0].edit else { panic!("a new object") };
    assert_eq!(object["spec"]["policyTypes"], json!(["Egress"]));
}

#[test]
fn no_policy_is_offered_that_would_cut_nothing() {
    let nothing = |what: &str, setting: &Setting, id: &str| {
        let fixes = offered(&setting.cluster());
        assert!(!ids(&fixes).contains(&id), "{what}: {:?}", ids(&fixes));
    };
    for id in [WEB, WEB_META] {
        nothing("nothing is known to enforce policies", &Setting::new(""), id);
        nothing("an opaque implementation", &Setting::new("example.com/own-cni:1"), id);
        nothing("one that enforces none", &Setting::new("docker.io/flannel/flannel:v0.26"), id);
        let elsewhere = Setting { runs: false, ..Setting::new(CALICO) };
        nothing("no agent on the pod's node", &elsewhere, id);
    }
    let policy = |spec: Value| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "other", "namespace": "shop"}, "spec": spec})
    };
    // Policies add to each other: what one of them lets in stays in.
    let lets_in = policy(json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}));
    nothing("a policy that lets all in", &Setting::new(CALICO).with(lets_in), WEB);
    let lets_out = policy(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}));
    nothing("a policy that lets all out", &Setting::new(CALICO).with(lets_out), WEB_META);
    // What the outside or the API server calls would not work any more.
    nothing("a node port", &Setting::new(CALICO).with(service("NodePort")), WEB);
    let called = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"},
        "webhooks": [{"name": "w.example.com", "clientConfig": {"service":
            {"namespace": "shop", "name": "web"}}, "admissionReviewVersions": ["v1"],
            "sideEffects": "None", "rules": []}]});
    let webhook = Setting::new(CALICO).with(service("ClusterIP")).with(called);
    nothing("a webhook", &webhook, WEB);
    let mut bare = pod("shop", "bare", "x", "10.0.0.9");
    bare["metadata"]["labels"] = json!({});
    let unlabelled = Setting::new(CALICO).with(bare);
    let fixes = offered(&unlabelled.cluster());
    assert!(ids(&fixes).iter().all(|id| !id.contains("bare")), "{:?}", ids(&fixes));
}

/// The pairs of a question that are connected once fixes are made: by the graph before them, and
/// by the cluster after them.
fn foretold_and_found(
    cluster: &Cluster,
    wish: &Wish,
    id: &str,
) -> (BTreeSet<Pair>, BTreeSet<Pair>) {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let posed = pose(&attack, wish).expect("a question");
    let known = &posed.catalogue.fixes;
    let at =
        known.iter().position(|fix| fix.id == id).unwrap_or_else(|| panic!("{:?}", ids(known)));
    let blocked = posed.problem.blocked_by(&[FixId(at as u32)]);
    let foretold = connected_without(&attack, &posed.asked, &blocked);
    let found = tried(cluster, &attack, &changes(&known[at].edits), &wish.question);
    (foretold, found.expect("it applies"))
}

#[test]
fn a_policy_is_not_credited_with_keeping_the_own_node_out() {
    // What shares the network of the node reaches its pods past every policy (NP-07).
    let redis = |node: &str| {
        let mut pod = pod("shop", "web", "web", "10.0.0.1");
        pod["spec"]["nodeName"] = json!(node);
        pod["spec"]["containers"][0]["image"] = json!("redis:7");
        pod
    };
    let far = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far"}});
    let goal = |from: &str| GoalText { from: from.to_owned(), to: "pod/shop/web:c".to_owned() };
    let question = Question {
        goals: vec![goal("pod/kube-system/agent-x"), goal("pod/guest/visitor")],
        ..Question::default()
    };
    let wish = Wish { question, ..Wish::default() };
    let pair = |from: &str| (from.to_owned(), "pod/shop/web:c".to_owned());
    // The pod, and its container.
    let host =
        BTreeSet::from([pair("pod/kube-system/agent-x"), pair("pod/kube-system/agent-x:agent")]);
    let guest = pair("pod/guest/visitor");
    let near = Setting::new(CALICO).with(redis("n")).cluster();
    let (foretold, found) = foretold_and_found(&near, &wish, WEB);
    assert_eq!(found, host, "the node of the pod is let in, others are not");
    assert_eq!(foretold, found);
    // On another node it comes from an address as any.
    let mut elsewhere = Setting::new(CALICO).with(far).with(redis("far"));
    let mut agent = pod("kube-system", "agent-far", "agent", "10.1.0.2");
    agent["spec"]["nodeName"] = json!("far");
    agent["spec"]["containers"][0]["image"] = json!(CALICO);
    agent["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1",
        "kind": "DaemonSet", "name": "agent", "uid": "agent", "controller": true}]);
    elsewhere = elsewhere.with(agent);
    let (foretold, found) = foretold_and_found(&elsewhere.cluster(), &wish, WEB);
    assert!(!found.contains(&guest) && found.is_empty(), "{found:?}");
    assert_eq!(foretold, found);
}

#[test]
fn unlike_pods_of_one_workload_have_one_policy() {
    let owned = |name: &str, tier: &str, ip: &str| {
        let mut pod = pod("shop", name, "db", ip);
        pod["metadata"]["labels"]["tier"] = json!(tier);
        pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1",
            "kind": "StatefulSet", "name": "db", "uid": "db", "controller": true}]);
        pod
    };
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop", "uid": "db"},
        "spec": {"selector": {"matchLabels": {"app": "db"}}, "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let setting = Setting::new(CALICO)
        .with(set)
        .with(owned("db-0", "first", "10.0.0.7"))
        .with(owned("db-1", "second", "10.0.0.8"));
    let fixes = offered(&setting.cluster());
    let own: Vec<&Fix> = fixes
        .iter()
        .filter(|fix| fix.id.starts_with("only-own-namespace:NetworkPolicy shop/statefulset-db"))
        .collect();
    assert_eq!(own.len(), 1, "{:?}", ids(&fixes));
    let Edit::Create(object) = &changes(&own[0].edits)[0].edit else { panic!("a new object") };
    assert_eq!(object["spec"]["podSelector"], json!({"matchLabels": {"app": "db"}}));
    let changed = apply(&setting.cluster(), &changes(&own[0].edits)).expect("it applies");
    for pod in ["db-0", "db-1"] {
        assert!(!connects(&changed, ("guest", "visitor"), ("shop", pod)), "{pod}");
    }
}

/// Labels that admission or a hand has put on the pods that run, the next ones may not have.
#[test]
fn a_policy_selects_by_what_the_template_gives() {
    let template = json!({"metadata": {"labels": {"app": "web", "tier": "front"}},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}});
    let workload = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "web-set", "namespace": "shop", "uid": "w"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}});
    let mut web = pod("shop", "web", "web", "10.0.0.1");
    web["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet",
        "name": "web-set", "uid": "w", "controller": true}]);
    web["metadata"]["labels"] = json!({"app": "web", "tier": "front", "by-hand": "x",
        "topology.kubernetes.io/zone": "z"});
    let setting = Setting::new(CALICO).with(service("ClusterIP")).with(workload).with(web);
    let fixes = offered(&setting.cluster());
    let meant = "only-own-namespace:NetworkPolicy shop/statefulset-web-set-only-own-namespace";
    let fix =
        fixes.iter().find(|fix| fix.id == meant).unwrap_or_else(|| panic!("{:?}", ids(&fixes)));
    let Edit::Create(object) = &changes(&fix.edits)[0].edit else { panic!("a new object") };
    let labels = json!({"app": "web", "tier": "front"});
    assert_eq!(object["spec"]["podSelector"], json!({"matchLabels": labels}));
}
