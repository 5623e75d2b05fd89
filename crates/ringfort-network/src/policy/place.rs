//! Ends of a connection as people name them, and what passes between two of them.
//!
//! Beyond the verdict of classes this knows what depends on the two ends themselves: a pod
//! reaches itself, a node the pods that run on it (NP-07), a Service stands for its endpoints
//! at their target ports (NP-09), and policies have an effect only where something enforces
//! them (NP-11).

use std::collections::BTreeMap;
use std::net::IpAddr;

use ringfort_model::record::network::EndpointSlice;
use ringfort_model::record::{Pod, Service};
use ringfort_model::table::Id;
use ringfort_model::{Cluster, EntityId, IntOrString, Str};

use crate::exposure::{is_added, service_of};
use crate::policy::class::{Class, Segment};
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::decide::{Reason, Verdict};
use crate::policy::network::Network;
use crate::policy::rule::{Direction, PolicyName, Tri};
use crate::policy::rules::rules;

/// One end of a connection.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its id or address.
    pub name: String,
    /// Its class.
    pub class: Class,
    /// The pod, if it is one that exists.
    pub pod: Option<Id<Pod>>,
    /// The node that it is or runs on; empty if not known or outside.
    pub node: Str,
    /// The connections that are asked about where it is a destination.
    pub ports: ConnectionSet,
}

/// A name that stands for no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not an id that can be an end of a connection.
    #[error(
        "\"{0}\" is no end of a connection: pod/NS/NAME, workload/KIND/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME, internet, or an address"
    )]
    Name(String),
    /// There is no such object.
    #[error("{0} is not in the cluster")]
    Absent(String),
    /// The object has nothing that runs.
    #[error("{0} has no pod that runs")]
    Empty(String),
}

/// What passes from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// What certainly passes, policies as far as they are enforced.
    pub allowed: ConnectionSet,
    /// What perhaps passes.
    pub unknown: ConnectionSet,
    /// Why, in words.
    pub why: Vec<String>,
}

impl Passage {
    /// Whether anything passes.
    #[must_use]
    pub fn answer(&self) -> Tri {
        if !self.allowed.is_empty() {
            Tri::Yes
        } else if self.unknown.is_empty() {
            Tri::No
        } else {
            Tri::Unknown
        }
    }
}

impl Network {
    /// The places that a name stands for, in order.
    pub fn places(&self, cluster: &Cluster, name: &str) -> Result<Vec<Place>, PlaceError> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(vec![self.address(cluster, address)]);
        }
        let absent = || PlaceError::Absent(name.to_owned());
        let id: EntityId = name.parse().map_err(|_| PlaceError::Name(name.to_owned()))?;
        let found = match &id {
            EntityId::Internet => {
                self.internet().iter().map(|class| self.outside_place(*class)).collect()
            }
            EntityId::Pod(namespace, pod) => {
                let pod = cluster.pods.find(namespace, pod).ok_or_else(absent)?;
                self.pod_place(cluster, pod).into_iter().collect()
            }
            EntityId::Node(node) => {
                let node = cluster.nodes.find("", node).ok_or_else(absent)?;
                vec![Place {
                    name: name.to_owned(),
                    class: self.of_node(node),
                    pod: None,
                    node: cluster.nodes[node].metadata.name.clone(),
                    ports: ConnectionSet::all(),
                }]
            }
            EntityId::Workload(kind, namespace, workload) => {
                if cluster.workload(*kind, namespace, workload).is_none() {
                    return Err(absent());
                }
                let mut found: Vec<Place> = cluster
                    .pods
                    .in_namespace(namespace)
                    .filter(|(_, pod)| {
                        cluster
                            .top_owner(&pod.metadata)
                            .is_some_and(|owner| owner == (*kind, workload.clone()))
                    })
                    .filter_map(|(pod, _)| self.pod_place(cluster, pod))
                    .collect();
                if found.is_empty() {
                    found.extend(
                        self.of_template(*kind, namespace, workload)
                            .map(|class| Self::template_place(name.to_owned(), class)),
                    );
                }
                found
            }
            EntityId::Namespace(namespace) => {
                if !cluster.namespace_names().contains(namespace) {
                    return Err(absent());
                }
                self.namespace_places(cluster, namespace)
            }
            EntityId::Service(namespace, service) => {
                let service = cluster.services.get(namespace, service).ok_or_else(absent)?;
                self.service_places(cluster, service)
            }
            _ => return Err(PlaceError::Name(name.to_owned())),
        };
        if found.is_empty() { Err(PlaceError::Empty(name.to_owned())) } else { Ok(found) }
    }

    /// Every pod of a namespace and every template that stands for pods there.
    #[must_use]
    pub fn namespace_places(&self, cluster: &Cluster, namespace: &Str) -> Vec<Place> {
        let pods = cluster.pods.in_namespace(namespace);
        let mut found: Vec<Place> =
            pods.filter_map(|(pod, _)| self.pod_place(cluster, pod)).collect();
        for workload in cluster.workloads.in_namespace(namespace).map(|(_, workload)| workload) {
            let (kind, name) = (workload.kind, &workload.metadata.name);
            if let Some(class) = self.of_template(kind, namespace, name) {
                let id = format!("workload/{}/{namespace}/{name}", kind.name());
                found.push(Self::template_place(id, class));
            }
        }
        found
    }

    fn pod_place(&self, cluster: &Cluster, id: Id<Pod>) -> Option<Place> {
        let pod = &cluster.pods[id];
        Some(Place {
            name: format!("pod/{}", pod.metadata.full_name()),
            class: self.of_pod(id)?,
            pod: Some(id),
            node: pod.node_name.clone(),
            ports: ConnectionSet::all(),
        })
    }

    fn template_place(name: String, class: Class) -> Place {
        Place { name, class, pod: None, node: Str::default(), ports: ConnectionSet::all() }
    }

    fn outside_place(&self, class: Class) -> Place {
        let set = self.outside().find(|(known, _)| *known == class).map(|(_, set)| set);
        let mut name = "internet".to_owned();
        if let (Some(set), true) = (set, self.internet().len() > 1) {
            // Where policies cut the internet, a piece is told by its first addresses.
            let text = set.to_string();
            let first = text.split(',').next().unwrap_or_default();
            let more = if first.len() < text.len() { ",…" } else { "" };
            name = format!("internet ({first}{more})");
        }
        Self::template_place(name, class)
    }

    fn address(&self, cluster: &Cluster, address: IpAddr) -> Place {
        let is = |text: &str| text.parse::<IpAddr>().is_ok_and(|own| own == address);
        let node = cluster.nodes.iter().find(|node| {
            ["InternalIP", "ExternalIP"].iter().any(|kind| node.addresses(kind).any(|own| is(own)))
        });
        if let Some(node) = node {
            let id = cluster.nodes.find("", &node.metadata.name).expect("it is in the table");
            return Place {
                name: format!("node/{}", node.metadata.name),
                class: self.of_node(id),
                pod: None,
                node: node.metadata.name.clone(),
                ports: ConnectionSet::all(),
            };
        }
        let pod = cluster.pods.ids().find(|(_, pod)| {
            !pod.is_terminated()
                && (is(&pod.status.pod_ip) || pod.status.pod_ips.iter().any(|one| is(&one.ip)))
        });
        if let Some(place) = pod.and_then(|(id, _)| self.pod_place(cluster, id)) {
            return place;
        }
        Self::template_place(address.to_string(), self.of_address(address))
    }

    /// The pods behind a Service, each with the target ports of the Service on it.
    fn service_places(&self, cluster: &Cluster, service: &Service) -> Vec<Place> {
        let Some(spec) = &service.spec else { return Vec::new() };
        let namespace = &service.metadata.namespace;
        let selected = |labels: &ringfort_model::Map| {
            !spec.selector.is_empty()
                && spec.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        let mut found = Vec::new();
        for (id, pod) in cluster.pods.in_namespace(namespace) {
            if selected(&pod.metadata.labels)
                && let Some(mut place) = self.pod_place(cluster, id)
            {
                place.ports = target_ports(service, &pod.spec);
                found.push(place);
            }
        }
        for workload in cluster.workloads.in_namespace(namespace).map(|(_, workload)| workload) {
            let Some(template) = workload.pod_template() else { continue };
            let labels = template.metadata.clone().unwrap_or_default().labels;
            let class = self.of_template(workload.kind, namespace, &workload.metadata.name);
            if let (Some(class), Some(pod), true) = (class, &template.spec, selected(&labels)) {
                let name = &workload.metadata.name;
                let id = format!("workload/{}/{namespace}/{name}", workload.kind.name());
                let mut place = Self::template_place(id, class);
                place.ports = target_ports(service, pod);
                found.push(place);
            }
        }
        for slice in cluster.endpoint_slices.in_namespace(namespace).map(|(_, slice)| slice) {
            let is_of = service_of(slice).is_some_and(|name| *name == service.metadata.name);
            if is_of && (spec.selector.is_empty() || is_added(slice)) {
                found.extend(self.endpoints(cluster, slice));
            }
        }
        found
    }

    /// Where the endpoints of a slice are, each with the slice's ports.
    fn endpoints(&self, cluster: &Cluster, slice: &EndpointSlice) -> Vec<Place> {
        let ports = slice.ports.iter().fold(ConnectionSet::none(), |all, port| {
            let name = if port.protocol.is_empty() { "TCP" } else { port.protocol.as_str() };
            let Some(protocol) = Protocol::from_name(name) else { return all };
            let range = match port.port {
                // Without a number it is every port.
                None => Some((1, u16::MAX)),
                Some(number) => u16::try_from(number).ok().map(|number| (number, number)),
            };
            range.map_or(all.clone(), |(from, to)| {
                all.union(&ConnectionSet::ports(protocol, from, to))
            })
        });
        let addresses = slice.endpoints.iter().flat_map(|endpoint| endpoint.addresses.iter());
        let known = addresses.filter_map(|address| address.parse().ok());
        known
            .map(|address| Place { ports: ports.clone(), ..self.address(cluster, address) })
            .collect()
    }

    /// What passes from one place to another, and why.
    #[must_use]
    pub fn passage(&self, from: &Place, to: &Place) -> Passage {
        let asked = &to.ports;
        if let Some(why) = self.always(from, to) {
            let why = vec![why.to_owned()];
            return Passage { allowed: asked.clone(), unknown: ConnectionSet::none(), why };
        }
        let between = self.between(from.class, to.class);
        let enforced = |place: &Place| match self.segment(place.class) {
            Segment::Outside => (Tri::Yes, String::new()),
            _ => self.enforcement().on_node(&place.node),
        };
        let (out, out_why) = enforced(from);
        let (into, into_why) = enforced(to);
        let (allowed, unknown) = between.effective(out, into);
        let mut why = Vec::new();
        let mut said = |direction, verdict: &Verdict, enforced, evidence: &str| {
            why.extend(self.said(direction, verdict, asked));
            let subject = if direction == Direction::Egress { from } else { to };
            why.extend(self.not_enforced(direction, subject.class));
            let denies = !asked.is_subset(&verdict.allowed);
            if denies && enforced != Tri::Yes {
                let word = if enforced == Tri::No {
                    "nothing enforces it"
                } else {
                    "enforcement is not proven"
                };
                why.push(format!("{direction}: {word}: {evidence}"));
            }
        };
        said(Direction::Egress, between.egress, out, &out_why);
        said(Direction::Ingress, between.ingress, into, &into_why);
        Passage { allowed: allowed.intersection(asked), unknown: unknown.intersection(asked), why }
    }

    /// The kinds of policies that select a class of pods and that perhaps no agent enforces.
    fn not_enforced(&self, direction: Direction, class: Class) -> Vec<String> {
        let mut doubted: BTreeMap<(Tri, &'static str), &PolicyName> = BTreeMap::new();
        for policy in self.policies().iter().filter(|policy| policy.enforced != Tri::Yes) {
            if policy.side(direction).applies && self.holds(&policy.subject, class) {
                doubted.entry((policy.enforced, policy.name.kind)).or_insert(&policy.name);
            }
        }
        let lines = doubted.into_iter().map(|((enforced, kind), name)| {
            let word = match enforced {
                Tri::No => "no agent that is seen enforces",
                _ => "it is not known whether an agent enforces",
            };
            format!("{direction}: {word} a {kind}: {name}")
        });
        lines.collect()
    }

    /// Why everything passes whatever policies say.
    fn always(&self, from: &Place, to: &Place) -> Option<&'static str> {
        let rule = &rules().switches;
        if from.pod.is_some() && from.pod == to.pod && rule.pod_reaches_itself {
            return Some("a pod always reaches itself");
        }
        let is_host = self.segment(from.class) == Segment::Hosts;
        let here = is_host && !from.node.is_empty() && from.node == to.node;
        if here && rule.node_reaches_its_pods {
            return Some("a node always reaches what runs on it");
        }
        None
    }

    /// The outcomes of one direction with the policy and rule of each.
    fn said(&self, direction: Direction, verdict: &Verdict, asked: &ConnectionSet) -> Vec<String> {
        let mut by_reason: BTreeMap<(bool, &Reason), ConnectionSet> = BTreeMap::new();
        for piece in &verdict.pieces {
            let set = piece.connections.intersection(asked);
            if !set.is_empty() {
                let known = by_reason.entry((!piece.allowed, &piece.reason)).or_default();
                *known = known.union(&set);
            }
        }
        let lines = by_reason.into_iter().map(|((denied, reason), set)| {
            let word = if denied { "denied" } else { "allowed" };
            format!("{direction}: {set} {word}: {}", self.words(direction, reason))
        });
        lines.collect()
    }
}

/// The ports of a pod that a Service leads to.
fn target_ports(service: &Service, pod: &ringfort_model::PodSpec) -> ConnectionSet {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter());
    ports.fold(ConnectionSet::none(), |all, port| {
        let name = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
        let Some(protocol) = Protocol::from_name(name) else { return all };
        let target = port.target_port.as_ref();
        let number = match target.filter(|_| rules().switches.service_leads_to_target) {
            Some(IntOrString::Text(name)) => {
                // Also those of sidecars (kubernetes `pkg/api/v1/pod/util.go`, FindPort).
                let sidecars = pod
                    .init_containers
                    .iter()
                    .filter(|one| one.is_sidecar() && rules().switches.side_cars_have_ports);
                let containers = pod.containers.iter().chain(sidecars);
                let mut own = containers.flat_map(|one| one.ports.iter()).filter(|own| {
                    own.name == *name
                        && (own.protocol == protocol.name() || own.protocol.is_empty())
                });
                own.next().and_then(|own| own.container_port)
            }
            Some(IntOrString::Int(number)) if *number > 0 => Some(*number),
            _ => port.port,
        };
        match number.and_then(|number| u16::try_from(number).ok()) {
            Some(number) => all.union(&ConnectionSet::ports(protocol, number, number)),
            None => all,
        }
    })
}
