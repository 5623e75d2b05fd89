//! A small cluster with one question at a time.

use ringfort_model::{ClusterBuilder, Object, SourceKind};
use ringfort_network::policy::{Assumptions, Class, Network, Passage, Protocol, Tri};
use serde_json::{Value, json};

/// The answer about `TCP 80` and the like, from one place to another.
pub(crate) struct World {
    pub(crate) network: Network,
    cluster: ringfort_model::Cluster,
}

impl World {
    pub(crate) fn new(policies: &[Value]) -> Self {
        let pod = |namespace: &str, name: &str, labels: Value, account: &str, ip: &str| {
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": namespace, "name": name, "labels": labels},
                "spec": {"serviceAccountName": account, "containers": [{"name": "main",
                    "ports": [{"name": "http", "containerPort": 80}]}]},
                "status": {"phase": "Running", "podIP": ip}})
        };
        let mut objects = vec![
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"team": "red"}}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b", "labels": {"team": "blue"}}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"namespace": "a", "name": "worker", "labels": {"role": "batch"}}}),
            json!({"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": "n1", "labels": {"zone": "edge"}},
                "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.1"}]}}),
            pod("a", "web", json!({"app": "web"}), "default", "10.0.0.1"),
            pod("a", "job", json!({"app": "job"}), "worker", "10.0.0.2"),
            pod("b", "web", json!({"app": "web", "tier": "back-1"}), "default", "10.0.1.1"),
        ];
        objects.extend(policies.iter().cloned());
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for object in objects {
            builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
        }
        builder.coverage().rest_is_complete = true;
        let cluster = builder.freeze();
        let network = Network::with(&cluster, &cluster.units(), &Assumptions::default());
        Self { network, cluster }
    }

    pub(crate) fn class(&self, name: &str) -> Class {
        self.network.places(&self.cluster, name).expect(name)[0].class
    }

    /// Pairs, open ones, unknown ones.
    pub(crate) fn cut_share(&self) -> (u64, u64, u64) {
        let share = self.network.cut_share(&self.cluster);
        (share.pairs, share.open, share.unknown)
    }

    /// `TCP 80`, between ids or addresses.
    pub(crate) fn ask(&self, from: &str, to: &str, connection: &str) -> Tri {
        let place = |name: &str| self.class(name);
        let (protocol, port) = read(connection);
        let between = self.network.between(place(from), place(to));
        if between.allowed().contains(protocol, port) {
            Tri::Yes
        } else if between.possible().contains(protocol, port) {
            Tri::Unknown
        } else {
            Tri::No
        }
    }

    /// Whether the name stands for a place.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.network.places(&self.cluster, name).is_ok()
    }

    /// What passes, as far as policies are enforced.
    fn passage(&self, from: &str, to: &str) -> Passage {
        let place = |name: &str| self.network.places(&self.cluster, name).expect(name).remove(0);
        self.network.passage(&place(from), &place(to))
    }

    /// Whether anything passes.
    pub(crate) fn answer(&self, from: &str, to: &str) -> Tri {
        self.passage(from, to).answer()
    }

    /// Whether a connection passes.
    pub(crate) fn passes(&self, from: &str, to: &str, connection: &str) -> Tri {
        let passage = self.passage(from, to);
        let (protocol, port) = read(connection);
        if passage.allowed.contains(protocol, port) {
            Tri::Yes
        } else if passage.unknown.contains(protocol, port) {
            Tri::Unknown
        } else {
            Tri::No
        }
    }

    /// Checks several questions; the policy must be without errors.
    #[track_caller]
    pub(crate) fn answers(&self, expected: &[(&str, &str, &str, Tri)]) {
        assert!(self.network.errors().is_empty(), "{:?}", self.network.errors());
        for (from, to, connection, answer) in expected {
            assert_eq!(self.ask(from, to, connection), *answer, "{from} -> {to} {connection}");
        }
    }

    /// Checks that a field is refused and that the verdicts of `pod/a/web` are unknown.
    #[track_caller]
    pub(crate) fn is_unknown(&self, field: &str) {
        let errors = self.network.errors();
        assert!(errors.iter().any(|error| error.field == field), "{field}: {errors:?}");
        let out = field.starts_with("spec.egress");
        let (from, to) = if out { (WEB, JOB) } else { (JOB, WEB) };
        assert_eq!(self.ask(from, to, "TCP 80"), Tri::Unknown, "{field}");
    }
}

/// `TCP 80`.
fn read(connection: &str) -> (Protocol, u16) {
    let (protocol, port) = connection.split_once(' ').expect("protocol and port");
    (Protocol::from_name(protocol).expect("a protocol"), port.parse().expect("a number"))
}

pub(crate) const WEB: &str = "pod/a/web";
pub(crate) const JOB: &str = "pod/a/job";
pub(crate) const OTHER: &str = "pod/b/web";
pub(crate) const OUT: &str = "192.0.2.1";
pub(crate) const NODE: &str = "node/n1";
