//! What is behind a Service: pods by its selector, and what EndpointSlices say that no controller
//! made of it (EXP-02). An endpoint is its addresses: the object that a slice names beside them is
//! for people (kubernetes `pkg/proxy/endpointslicecache.go` reads addresses alone).
//!
//! Labels are indexed by namespace, key and value, so a Service looks only at the units that
//! carry the rarest of its labels. A selector on a label that tells replicas apart is matched
//! on pods.

use std::sync::{Arc, OnceLock};

use ringfort_model::record::network::{Endpoint, EndpointSlice, ServicePort};
use ringfort_model::record::{Container, Node, Service};
use ringfort_model::{Cluster, Id, IntOrString, Map, Pod, Str, Unit};
use rustc_hash::FxHashMap;

use super::rules::rules;

/// What stands behind a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backends {
    /// Units, by position in [`Cluster::units`], sorted.
    pub units: Vec<u32>,
    /// The pods, where not every pod of the units is behind it; sorted.
    pub some_pods: Option<Vec<Id<Pod>>>,
    /// Addresses and names that are no pod's.
    pub outside: Vec<Str>,
}

/// Labels of units, and slices of Services.
pub(super) struct Index<'a> {
    cluster: &'a Cluster,
    units: &'a [Unit],
    by_label: FxHashMap<(&'a str, &'a str, &'a str), Vec<u32>>,
    in_namespace: FxHashMap<&'a str, Vec<u32>>,
    slices: FxHashMap<&'a str, FxHashMap<&'a str, Vec<&'a EndpointSlice>>>,
    unit_of: FxHashMap<Id<Pod>, u32>,
    /// Pods by address, but for those that share the one of their node; made when it is asked for.
    by_address: OnceLock<FxHashMap<&'a str, Id<Pod>>>,
}

const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Whether a slice of a Service with a selector says more than the selector does: no controller
/// made it of the selector.
pub(crate) fn is_added(slice: &EndpointSlice) -> bool {
    let by = slice.metadata.labels.get("endpointslice.kubernetes.io/managed-by");
    by.is_none_or(|by| *by != *"endpointslice-controller.k8s.io")
}

/// The name of the Service that a slice is of.
pub(crate) fn service_of(slice: &EndpointSlice) -> Option<&Str> {
    slice.metadata.labels.get(SERVICE_NAME)
}

impl<'a> Index<'a> {
    pub(super) fn new(cluster: &'a Cluster, units: &'a [Unit]) -> Self {
        let mut by_label: FxHashMap<_, Vec<u32>> = FxHashMap::default();
        let mut in_namespace: FxHashMap<_, Vec<u32>> = FxHashMap::default();
        let mut unit_of = FxHashMap::default();
        for (at, unit) in units.iter().enumerate() {
            for &pod in &unit.pods {
                unit_of.insert(pod, at as u32);
            }
            if unit.latent {
                continue;
            }
            in_namespace.entry(unit.namespace.as_str()).or_default().push(at as u32);
            for (key, value) in unit.labels.iter() {
                let key = (unit.namespace.as_str(), key.as_str(), value.as_str());
                by_label.entry(key).or_default().push(at as u32);
            }
        }
        let mut slices: FxHashMap<_, FxHashMap<_, Vec<_>>> = FxHashMap::default();
        for slice in &cluster.endpoint_slices {
            let Some(service) = service_of(slice) else { continue };
            let namespace = slices.entry(slice.metadata.namespace.as_str()).or_default();
            namespace.entry(service.as_str()).or_default().push(slice);
        }
        let by_address = OnceLock::new();
        Self { cluster, units, by_label, in_namespace, slices, unit_of, by_address }
    }

    /// Units of a namespace that carry all labels of a selector. An empty one selects all.
    pub(super) fn select(&self, namespace: &str, selector: &Map) -> Vec<u32> {
        let rarest = selector
            .iter()
            .map(|(key, value)| {
                self.by_label
                    .get(&(namespace, key.as_str(), value.as_str()))
                    .map_or(&[][..], Vec::as_slice)
            })
            .min_by_key(|list| list.len());
        let candidates = match rarest {
            Some(list) => list,
            None => self.in_namespace.get(namespace).map_or(&[][..], Vec::as_slice),
        };
        let carries = |&&unit: &&u32| {
            let labels = &self.units[unit as usize].labels;
            selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        candidates.iter().filter(carries).copied().collect()
    }

    /// Units of any namespace that carry all labels.
    pub(super) fn select_anywhere(&self, selector: &Map) -> Vec<u32> {
        let mut found: Vec<u32> = self
            .in_namespace
            .keys()
            .flat_map(|namespace| self.select(namespace, selector))
            .collect();
        found.sort_unstable();
        found
    }

    /// EndpointSlices of a Service.
    pub(super) fn slices<'s>(&'s self, service: &Service) -> &'s [&'a EndpointSlice] {
        let meta = &service.metadata;
        let namespace = self.slices.get(meta.namespace.as_str());
        let found = namespace.and_then(|namespace| namespace.get(meta.name.as_str()));
        found.map_or(&[][..], Vec::as_slice)
    }

    /// What is behind a Service.
    pub(super) fn behind(&self, service: &Service) -> Arc<Backends> {
        let Some(spec) = &service.spec else { return Arc::default() };
        if *spec.kind == *"ExternalName" {
            return Arc::new(Backends {
                outside: vec![spec.external_name.clone()],
                ..Backends::default()
            });
        }
        if spec.selector.is_empty() {
            if !rules().switches.slices_lead {
                return Arc::default();
            }
            let (pods, outside) = self.sliced(self.slices(service).iter().copied());
            return Arc::new(self.exactly(pods, outside));
        }
        let selected = self.selected(service, &spec.selector);
        if !rules().switches.slices_lead {
            return Arc::new(selected);
        }
        let added = self.slices(service).iter().copied().filter(|slice| is_added(slice));
        let (pods, outside) = self.sliced(added);
        Arc::new(self.with(selected, pods, outside))
    }

    /// The pods that a Service selects.
    fn selected(&self, service: &Service, selector: &Map) -> Backends {
        let namespace = &service.metadata.namespace;
        let replica = ringfort_model::unit::is_replica_label;
        if !selector.iter().any(|(key, _)| replica(key)) {
            return Backends { units: self.select(namespace, selector), ..Backends::default() };
        }
        let shared = selector.filtered(|key, _| !replica(key));
        let mut pods: Vec<Id<Pod>> = Vec::new();
        for unit in self.select(namespace, &shared) {
            pods.extend(self.units[unit as usize].pods.iter().filter(|&&pod| {
                let labels = &self.cluster.pods[pod].metadata.labels;
                selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            }));
        }
        self.exactly(pods, Vec::new())
    }

    /// Backends with some more.
    fn with(&self, selected: Backends, pods: Vec<Id<Pod>>, mut outside: Vec<Str>) -> Backends {
        let is_new = |pod: &Id<Pod>| match (&selected.some_pods, self.unit_of.get(pod)) {
            (Some(known), _) => known.binary_search(pod).is_err(),
            (None, Some(unit)) => selected.units.binary_search(unit).is_err(),
            (None, None) => true,
        };
        outside.extend(selected.outside.iter().cloned());
        outside.sort();
        outside.dedup();
        if !pods.iter().any(is_new) {
            return Backends { outside, ..selected };
        }
        let of_units = selected.units.iter().flat_map(|&unit| &self.units[unit as usize].pods);
        let known = selected.some_pods.clone().unwrap_or_else(|| of_units.copied().collect());
        let all = self.exactly(known.into_iter().chain(pods).collect(), outside);
        // Templates have no pods yet.
        let mut units: Vec<u32> = all.units.iter().chain(&selected.units).copied().collect();
        units.sort_unstable();
        units.dedup();
        Backends { units, ..all }
    }

    fn exactly(&self, mut pods: Vec<Id<Pod>>, mut outside: Vec<Str>) -> Backends {
        pods.sort_unstable();
        pods.dedup();
        outside.sort();
        outside.dedup();
        let mut units: Vec<u32> =
            pods.iter().filter_map(|pod| self.unit_of.get(pod).copied()).collect();
        units.sort_unstable();
        units.dedup();
        let all: usize = units.iter().map(|&unit| self.units[unit as usize].pods.len()).sum();
        let some_pods = (all != pods.len()).then_some(pods);
        Backends { units, some_pods, outside }
    }

    /// Where slices lead: pods, and addresses that are no pod's.
    fn sliced(&self, slices: impl Iterator<Item = &'a EndpointSlice>) -> (Vec<Id<Pod>>, Vec<Str>) {
        let mut pods = Vec::new();
        let mut outside = Vec::new();
        for slice in slices {
            for endpoint in &slice.endpoints {
                for address in &endpoint.addresses {
                    match self.at(address, endpoint, &slice.metadata.namespace) {
                        Some(pod) => pods.push(pod),
                        None => outside.push(address.clone()),
                    }
                }
            }
        }
        (pods, outside)
    }

    /// The pod at an address. Pods that share the address of their node, and those whose address
    /// is not known, are told by the object that is named beside it.
    fn at(&self, address: &Str, endpoint: &Endpoint, namespace: &Str) -> Option<Id<Pod>> {
        if let Some(pod) = self.addresses().get(address.as_str()) {
            return Some(*pod);
        }
        let target = endpoint.target_ref.as_ref().filter(|target| *target.kind == *"Pod")?;
        let namespace = if target.namespace.is_empty() { namespace } else { &target.namespace };
        let id = self.cluster.pods.find(namespace, &target.name)?;
        let pod = &self.cluster.pods[id];
        let mut known = addresses(pod).peekable();
        (known.peek().is_none() || known.any(|own| *own == *address)).then_some(id)
    }

    fn addresses(&self) -> &FxHashMap<&'a str, Id<Pod>> {
        self.by_address.get_or_init(|| {
            let running = self
                .cluster
                .pods
                .ids()
                .filter(|(_, pod)| !pod.is_terminated() && pod.spec.host_network != Some(true));
            running
                .flat_map(|(id, pod)| addresses(pod).map(move |one| (one.as_str(), id)))
                .collect()
        })
    }

    /// Those of the backends that have the port's target: a named port that no container of a
    /// unit declares leads nowhere there (endpointslice `FindPort`).
    pub(super) fn on_port(&self, backends: &Arc<Backends>, port: &ServicePort) -> Arc<Backends> {
        let Some(IntOrString::Text(name)) = &port.target_port else { return backends.clone() };
        if name.parse::<u16>().is_ok() {
            return backends.clone();
        }
        let protocol = if port.protocol.is_empty() { "TCP" } else { port.protocol.as_str() };
        let rule = &rules().switches;
        let declares = |unit: u32| {
            let spec = &self.units[unit as usize].spec;
            let counts = |c: &&Container| c.is_sidecar() && rule.side_cars_have_ports;
            let sidecars = spec.init_containers.iter().filter(counts);
            spec.containers.iter().chain(sidecars).flat_map(|c| c.ports.iter()).any(|declared| {
                let own = declared.protocol.as_str();
                let own = if own.is_empty() { "TCP" } else { own };
                declared.name == *name && (own == protocol || !rule.port_name_of_protocol)
            })
        };
        if backends.units.iter().all(|&unit| declares(unit)) {
            return backends.clone();
        }
        let units: Vec<u32> =
            backends.units.iter().copied().filter(|&unit| declares(unit)).collect();
        let some_pods = backends.some_pods.as_ref().map(|pods| {
            let kept = |pod: &&Id<Pod>| {
                self.unit_of.get(*pod).is_some_and(|unit| units.binary_search(unit).is_ok())
            };
            pods.iter().filter(kept).copied().collect()
        });
        Arc::new(Backends { units, some_pods, outside: backends.outside.clone() })
    }

    /// The nodes that answer for `externalTrafficPolicy: Local`: those with a local endpoint
    /// that is ready, or that still serves while it terminates (EXP-03, EXP-08). `None` where
    /// places are not known. pkg/proxy/topology.go `CategorizeEndpoints` decides on each node
    /// by itself.
    pub(super) fn local_nodes(
        &self,
        service: &Service,
        backends: &Backends,
    ) -> Option<Vec<Id<Node>>> {
        let unready = service
            .spec
            .as_ref()
            .is_some_and(|spec| spec.publish_not_ready_addresses == Some(true))
            && rules().switches.unready_may_be_published;
        let rule = &rules().switches;
        let mut nodes = Vec::new();
        let slices = self.slices(service);
        for endpoint in slices.iter().flat_map(|slice| slice.endpoints.iter()) {
            let name = endpoint.node_name.as_ref();
            let Some(node) = name.and_then(|name| self.cluster.nodes.find("", name)) else {
                continue;
            };
            let conditions = endpoint.conditions.clone().unwrap_or_default();
            // A missing condition is unknown, which consumers take for ready.
            let ready = unready || conditions.ready.unwrap_or(rule.missing_is_ready);
            let ending = conditions.serving != Some(false)
                && conditions.terminating == Some(true)
                && rule.ending_answers;
            if ready || ending {
                nodes.push(node);
            }
        }
        if slices.is_empty() {
            let template = |&unit: &u32| self.units[unit as usize].nodes.is_empty();
            if backends.units.iter().any(template) {
                return None;
            }
            match &backends.some_pods {
                Some(pods) => nodes.extend(pods.iter().filter_map(|&pod| {
                    self.cluster.nodes.find("", &self.cluster.pods[pod].node_name)
                })),
                None => nodes.extend(
                    backends.units.iter().flat_map(|&unit| &self.units[unit as usize].nodes),
                ),
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        Some(nodes)
    }
}

/// The addresses of a pod.
fn addresses(pod: &Pod) -> impl Iterator<Item = &Str> {
    let one = std::iter::once(&pod.status.pod_ip).filter(|ip| !ip.is_empty());
    one.chain(pod.status.pod_ips.iter().map(|one| &one.ip))
}
