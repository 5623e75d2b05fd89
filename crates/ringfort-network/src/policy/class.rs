//! Classes of endpoints that no policy can tell apart.
//!
//! ```text
//!  pods, templates ─ labels that policies ask about ─► groups ─ sets of every selector ─► classes
//!  nodes           ─ labels, regions of addresses   ─►  hosts
//!  address space   ─ cut at every border            ─►  regions outside
//! ```
//!
//! A group keeps, of every label, only whether a policy names its value. Two groups that are in
//! the same sets are one class. Everything later works on classes, so that replicas cost
//! nothing. A pod's own full labels decide, also those that controllers add.

use std::net::IpAddr;

use ringfort_model::record::{Node, Pod, PodSpec, WorkloadKind};
use ringfort_model::{Cluster, Map, SourceKind, Str, Unit};
use rustc_hash::FxHashMap;

use crate::policy::atoms::Atoms;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::{Expr, Key, Labelled, Vocabulary};
use crate::policy::rules::rules;

/// A class of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class(pub(crate) u32);

impl Class {
    /// Its number, from 0 without gaps.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The three kinds of endpoints, in the order of their classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// Pods of the pod network.
    Pods,
    /// Nodes, and pods that share their network.
    Hosts,
    /// Addresses of nothing that is known.
    Outside,
}

/// A workload's template that stands for pods.
pub type TemplateKey = (WorkloadKind, Str, Str);

/// Named container ports, sorted: name and the connections that it opens.
pub type NamedPorts = Vec<(Str, Protocol, u16)>;

/// What a group of pods looks like to policies.
#[derive(Clone, Debug)]
pub(crate) struct Looks {
    pub(crate) namespace: Str,
    pub(crate) namespace_labels: Map,
    pub(crate) labels: Map,
    pub(crate) account: Str,
}

impl Labelled for Looks {
    fn value(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Label(name) => self.labels.get(name).map(Str::as_str),
            Key::NamespaceLabel(name) => self.namespace_labels.get(name).map(Str::as_str),
            Key::Namespace => Some(&self.namespace),
            Key::Account => Some(&self.account),
        }
    }
}

/// A group or class of pods.
#[derive(Clone, Debug)]
pub(crate) struct PodClass {
    pub(crate) looks: Looks,
    /// Index of its named ports.
    pub(crate) ports: u32,
    /// Regions of its addresses; `None` where an address is not known.
    pub(crate) regions: Option<Vec<u32>>,
}

/// A class of hosts.
#[derive(Clone, Debug)]
pub(crate) struct HostClass {
    /// Labels of the node; `None` for a pod whose node is not known.
    pub(crate) labels: Option<Map>,
    pub(crate) regions: Option<Vec<u32>>,
}

/// All classes and who is in which.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    pub(crate) pods: Vec<PodClass>,
    pub(crate) hosts: Vec<HostClass>,
    pub(crate) ports: Vec<NamedPorts>,
    /// By position in the table of pods; `u32::MAX` for pods that have ended.
    pub(crate) of_pod: Vec<u32>,
    pub(crate) of_template: FxHashMap<TemplateKey, u32>,
    pub(crate) of_node: Vec<u32>,
}

/// Marks a member of `of_pod` that is a host class, until hosts have their final numbers.
const HOST: u32 = 1 << 31;

/// What decides about groups beside the objects.
pub(crate) struct Grouping<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) node_vocabulary: &'a Vocabulary,
    /// Names of ports that a policy names.
    pub(crate) port_names: &'a [Str],
    pub(crate) atoms: &'a Atoms,
    /// Whether some block may mean pods, nodes by their address.
    pub(crate) by_address: bool,
}

impl Classes {
    /// Groups pods, templates and nodes.
    pub(crate) fn new(cluster: &Cluster, units: &[Unit], by: &Grouping<'_>) -> Self {
        let mut making = Making::new(cluster, by);
        for node in &cluster.nodes {
            let class = making.node(node);
            making.classes.of_node.push(class);
        }
        for pod in &cluster.pods {
            let class = making.pod(pod);
            making.classes.of_pod.push(class);
        }
        for unit in units.iter().filter(|unit| unit.from_template) {
            let Some((kind, name)) = &unit.owner else { continue };
            let class = if unit.spec.host_network == Some(true) {
                making.host_of(None) | HOST
            } else {
                making.group(&unit.namespace, &unit.labels, &unit.spec, None)
            };
            let key = (*kind, unit.namespace.clone(), name.clone());
            making.classes.of_template.insert(key, class);
        }
        making.classes
    }

    /// Joins groups that are in the same of `sets`, which are changed to name the classes.
    pub(crate) fn join(&mut self, sets: &mut [Vec<u32>]) {
        // Blocks of the partition: refined by each set in turn, numbered in order of first use.
        let mut block: Vec<u32> = {
            let mut seen: FxHashMap<(u32, Option<Vec<u32>>), u32> = FxHashMap::default();
            let ids = self.pods.iter().map(|pod| {
                let next = seen.len() as u32;
                *seen.entry((pod.ports, pod.regions.clone())).or_insert(next)
            });
            ids.collect()
        };
        let mut blocks = block.iter().max().map_or(0, |most| most + 1);
        for set in sets.iter() {
            let mut moved: FxHashMap<u32, u32> = FxHashMap::default();
            for &group in set {
                let old = block[group as usize];
                block[group as usize] = *moved.entry(old).or_insert_with(|| {
                    blocks += 1;
                    blocks - 1
                });
            }
        }
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut kept = Vec::new();
        let class: Vec<u32> = block
            .iter()
            .zip(&self.pods)
            .map(|(block, pod)| {
                *numbers.entry(*block).or_insert_with(|| {
                    kept.push(pod.clone());
                    kept.len() as u32 - 1
                })
            })
            .collect();
        for set in sets.iter_mut() {
            for group in set.iter_mut() {
                *group = class[*group as usize];
            }
            set.sort_unstable();
            set.dedup();
        }
        self.pods = kept;
        let first_host = self.pods.len() as u32;
        let place = |number: u32| match number {
            u32::MAX => u32::MAX,
            host if host & HOST != 0 => first_host + (host & !HOST),
            group => class[group as usize],
        };
        self.of_pod.iter_mut().for_each(|number| *number = place(*number));
        self.of_template.values_mut().for_each(|number| *number = place(*number));
        self.of_node.iter_mut().for_each(|number| *number += first_host);
    }
}

/// The connections that a name opens on pods with these ports.
#[must_use]
pub fn resolve(ports: &NamedPorts, name: &str, protocol: Option<Protocol>) -> ConnectionSet {
    ports
        .iter()
        .filter(|(known, of, _)| known == name && protocol.is_none_or(|wanted| wanted == *of))
        .fold(ConnectionSet::none(), |all, (_, of, port)| {
            all.union(&ConnectionSet::ports(*of, *port, *port))
        })
}

/// Labels that a class keeps: what policies see of each key, in the vocabulary's order.
type Seen = Vec<Option<u32>>;

struct Making<'a> {
    by: &'a Grouping<'a>,
    namespaces: FxHashMap<Str, Map>,
    live: bool,
    nodes: FxHashMap<Str, u32>,
    keys: Vec<&'a Key>,
    node_keys: Vec<&'a Key>,
    values: FxHashMap<Str, u32>,
    ports: FxHashMap<NamedPorts, u32>,
    groups: FxHashMap<(Seen, u32, Option<Vec<u32>>), u32>,
    hosts: FxHashMap<(Option<Seen>, Option<Vec<u32>>), u32>,
    classes: Classes,
}

impl<'a> Making<'a> {
    fn new(cluster: &Cluster, by: &'a Grouping<'a>) -> Self {
        let namespaces = cluster
            .namespaces
            .iter()
            .map(|one| (one.metadata.name.clone(), one.metadata.labels.clone()))
            .collect();
        let mut making = Self {
            by,
            namespaces,
            live: cluster.source != SourceKind::Manifests,
            nodes: FxHashMap::default(),
            keys: by.vocabulary.keys().collect(),
            node_keys: by.node_vocabulary.keys().collect(),
            values: FxHashMap::default(),
            ports: FxHashMap::default(),
            groups: FxHashMap::default(),
            hosts: FxHashMap::default(),
            classes: Classes::default(),
        };
        // Index 0 is a pod without a port that anybody names.
        making.ports.insert(Vec::new(), 0);
        making.classes.ports.push(Vec::new());
        making
    }

    fn node(&mut self, node: &Node) -> u32 {
        let texts = node.addresses("InternalIP").chain(node.addresses("ExternalIP"));
        let addresses: Vec<IpAddr> = texts.filter_map(|text| text.parse().ok()).collect();
        let regions = self.regions(&addresses);
        let class = self.host(Some(&node.metadata.labels), regions);
        self.nodes.insert(node.metadata.name.clone(), class);
        class
    }

    /// The class of a host pod on a node of that name.
    fn host_of(&mut self, node: Option<&Str>) -> u32 {
        match node.and_then(|name| self.nodes.get(name)) {
            Some(class) => *class,
            None => self.host(None, None),
        }
    }

    fn host(&mut self, labels: Option<&Map>, regions: Option<Vec<u32>>) -> u32 {
        let seen = labels.map(|labels| {
            let keys = self.node_keys.clone();
            self.seen(&keys, labels, true)
        });
        let regions = if self.by.by_address { regions } else { Some(Vec::new()) };
        let hosts = &mut self.classes.hosts;
        *self.hosts.entry((seen, regions.clone())).or_insert_with(|| {
            hosts.push(HostClass { labels: labels.cloned(), regions });
            hosts.len() as u32 - 1
        })
    }

    fn pod(&mut self, pod: &Pod) -> u32 {
        if pod.is_terminated() && !rules().switches.ended_pods_are_pods {
            return u32::MAX;
        }
        if pod.spec.host_network == Some(true) && !rules().switches.host_pods_are_pods {
            return self.host_of(Some(&pod.node_name)) | HOST;
        }
        let mut addresses: Vec<IpAddr> =
            pod.status.pod_ips.iter().filter_map(|one| one.ip.parse().ok()).collect();
        if addresses.is_empty() {
            addresses.extend(pod.status.pod_ip.parse::<IpAddr>().ok());
        }
        let known = self.live && !addresses.is_empty();
        let addresses = known.then_some(addresses);
        let meta = &pod.metadata;
        self.group(&meta.namespace, &meta.labels, &pod.spec, addresses.as_deref())
    }

    fn group(
        &mut self,
        namespace: &Str,
        labels: &Map,
        spec: &PodSpec,
        addresses: Option<&[IpAddr]>,
    ) -> u32 {
        let looks = Looks {
            namespace: namespace.clone(),
            namespace_labels: self.namespaces.get(namespace).cloned().unwrap_or_default(),
            labels: labels.clone(),
            account: Str::new(spec.account()),
        };
        let keys = self.keys.clone();
        let seen = self.seen(&keys, &looks, false);
        let ports = self.named_ports(spec);
        let regions = match (self.by.by_address, addresses) {
            (false, _) => Some(Vec::new()),
            (true, None) => None,
            (true, Some(addresses)) => self.regions(addresses),
        };
        let groups = &mut self.classes.pods;
        *self.groups.entry((seen, ports, regions.clone())).or_insert_with(|| {
            groups.push(PodClass { looks, ports, regions });
            groups.len() as u32 - 1
        })
    }

    fn regions(&self, addresses: &[IpAddr]) -> Option<Vec<u32>> {
        if addresses.is_empty() {
            return None;
        }
        let mut found: Vec<u32> = addresses.iter().map(|ip| self.by.atoms.of(*ip)).collect();
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    fn seen(&mut self, keys: &[&Key], of: &impl Labelled, node: bool) -> Seen {
        let vocabulary = if node { self.by.node_vocabulary } else { self.by.vocabulary };
        keys.iter()
            .map(|key| {
                let value = vocabulary.seen(key, of.value(key)?);
                if let Some(known) = self.values.get(value) {
                    return Some(*known);
                }
                let next = self.values.len() as u32;
                self.values.insert(Str::new(value), next);
                Some(next)
            })
            .collect()
    }

    /// NP-04: regular containers and side-cars.
    fn named_ports(&mut self, spec: &PodSpec) -> u32 {
        if self.by.port_names.is_empty() {
            return 0;
        }
        let rule = &rules().switches;
        let sidecars = spec.init_containers.iter().filter(|container| {
            (container.is_sidecar() && rule.side_cars_have_ports) || rule.init_containers_have_ports
        });
        let mut found: NamedPorts = Vec::new();
        for port in spec.containers.iter().chain(sidecars).flat_map(|one| one.ports.iter()) {
            let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
            let number = port.container_port.and_then(|port| u16::try_from(port).ok());
            if let (Some(protocol), Some(number)) = (Protocol::from_name(protocol), number)
                && self.by.port_names.binary_search(&port.name).is_ok()
            {
                found.push((port.name.clone(), protocol, number));
            }
        }
        found.sort();
        found.dedup();
        let all = &mut self.classes.ports;
        *self.ports.entry(found).or_insert_with_key(|ports| {
            all.push(ports.clone());
            all.len() as u32 - 1
        })
    }
}

/// Groups by what is commonly asked first, so that a selector looks at few of them.
pub(crate) struct Index {
    by_value: FxHashMap<(Key, Str), Vec<u32>>,
}

impl Index {
    pub(crate) fn new(groups: &[PodClass], vocabulary: &Vocabulary) -> Self {
        let mut by_value: FxHashMap<(Key, Str), Vec<u32>> = FxHashMap::default();
        for (at, group) in groups.iter().enumerate() {
            for key in vocabulary.keys() {
                if let Some(value) = group.looks.value(key) {
                    let value = Str::new(vocabulary.seen(key, value));
                    by_value.entry((key.clone(), value)).or_default().push(at as u32);
                }
            }
        }
        Self { by_value }
    }

    /// The groups that an expression selects, in order.
    pub(crate) fn select(&self, groups: &[PodClass], expr: &Expr) -> Vec<u32> {
        let mut fewest: Option<&[u32]> = None;
        for (key, value) in expr.anchors() {
            let found = self.by_value.get(&(key.clone(), value.clone()));
            let found = found.map_or(&[][..], Vec::as_slice);
            if fewest.is_none_or(|known| found.len() < known.len()) {
                fewest = Some(found);
            }
        }
        let holds = |at: &u32| expr.holds(&groups[*at as usize].looks);
        match fewest {
            Some(candidates) => candidates.iter().copied().filter(holds).collect(),
            None => (0..groups.len() as u32).filter(holds).collect(),
        }
    }
}
