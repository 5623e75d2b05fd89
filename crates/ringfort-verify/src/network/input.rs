//! The manifests of a case as the suite's tool reads them.
//!
//! Its conventions, none of which an engine shares: every workload object stands for pods of
//! its own, pods are collapsed to their direct controller, pods of the host's network and
//! pods that have ended count like any other, addresses of pods do not matter, only container
//! ports count as ports, and every container port counts as TCP for ingress resources.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::Pod;
use ringfort_model::table::Id;
use ringfort_model::{Cluster, ClusterBuilder, IntOrString, Object, SourceKind, defaults};
use ringfort_network::policy::{Assumptions, Class, Network, Protocol, Tri};
use serde_json::{Value, json};

/// The folder of a case's files, by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Where the tool's stand-in for ingress controllers lives, and its name.
const CONTROLLER: (&str, &str) = ("ingress-controller-ns", "ingress-controller");

/// Marks a pod that stands for a workload's.
const STAND_IN: &str = "stand-in";

/// A workload or a bare pod, as edges name it.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) pods: Vec<Id<Pod>>,
}

/// Ports that ingress resources open on a workload, from one resource and service.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) workload: usize,
    pub(crate) ports: BTreeSet<u16>,
}

/// A case's manifests.
pub(crate) struct Input {
    pub(crate) cluster: Cluster,
    pub(crate) network: Network,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) opened: Vec<Opened>,
    /// The stand-in for ingress controllers, where an ingress resource and a service exist.
    pub(crate) controller: Option<Class>,
    /// Objects that do not read at all.
    pub(crate) unread: Vec<String>,
    /// Namespaces whose pods have a primary network of their own.
    pub(crate) apart: BTreeSet<String>,
    /// Whether there are objects of kind Pod, and not only workloads that stand for some.
    pub(crate) has_pods: bool,
}

/// Why a case cannot be read.
#[derive(Debug)]
pub(crate) struct NoInput;

impl Input {
    /// Reads every manifest at or below `path`. Files that do not parse are left out.
    pub(crate) fn read(files: &Files, path: &str) -> Result<Self, NoInput> {
        let below = format!("{path}/");
        let mut documents = Vec::new();
        let mut found = false;
        for (name, bytes) in files.range(path.to_owned()..) {
            if name != path && !name.starts_with(&below) {
                if name.as_str() > below.as_str() {
                    break;
                }
                continue;
            }
            let text = String::from_utf8_lossy(bytes);
            if name.ends_with(".json") {
                found = true;
                documents.extend(serde_json::from_str::<Value>(&text).ok());
            } else if name.ends_with(".yaml") || name.ends_with(".yml") {
                found = true;
                documents.extend(yaml(&text));
            }
        }
        if !found {
            return Err(NoInput);
        }
        let mut reading = Reading::default();
        for document in documents {
            reading.document(document);
        }
        Ok(reading.finish())
    }

    /// Whether a pod stands for those of a workload object.
    pub(crate) fn is_stand_in(pod: &Pod) -> bool {
        pod.metadata.uid == STAND_IN
    }

    /// The class of a workload: that of its first pod.
    pub(crate) fn class(&self, workload: usize) -> Class {
        let pod = self.workloads[workload].pods[0];
        self.network.of_pod(pod).expect("no pod of a case has ended or uses the host's network")
    }
}

/// The documents of a file up to the first that does not parse.
fn yaml(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut document = String::new();
    for line in text.lines().chain(["---"]) {
        if !line.starts_with("---") {
            document.push_str(line);
            document.push('\n');
            continue;
        }
        let text = std::mem::take(&mut document);
        let Ok(values) = ringfort_collect::yaml_values(&text) else { break };
        found.extend(values);
    }
    found
}

#[derive(Default)]
struct Reading {
    objects: Vec<Object>,
    services: Vec<Value>,
    ingresses: Vec<Value>,
    routes: Vec<Value>,
    unread: Vec<String>,
    apart: BTreeSet<String>,
    has_pods: bool,
}

impl Reading {
    fn document(&mut self, mut value: Value) {
        if !value.is_object() {
            return;
        }
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let version = value["apiVersion"].as_str().unwrap_or_default().to_owned();
        if let (Some(of), Some(items)) = (kind.strip_suffix("List"), value["items"].as_array_mut())
        {
            for mut item in std::mem::take(items) {
                if item["kind"].is_null() {
                    item["kind"] = json!(of);
                    item["apiVersion"] = json!(version);
                }
                self.document(item);
            }
            return;
        }
        if !value["metadata"].is_object() {
            return;
        }
        let namespaced = !matches!(
            kind.as_str(),
            "Namespace" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "Node"
        );
        let namespace = &mut value["metadata"]["namespace"];
        if namespaced && namespace.as_str().is_none_or(str::is_empty) {
            *namespace = json!("default");
        }
        match kind.as_str() {
            "Service" => self.services.push(value),
            "Ingress" => self.ingresses.push(value),
            "Route" => self.routes.push(value),
            "UserDefinedNetwork" => {
                let spec = &value["spec"];
                let layers = [&spec["layer2"]["role"], &spec["layer3"]["role"]];
                if layers.into_iter().any(|role| role == "Primary") {
                    let namespace = value["metadata"]["namespace"].as_str().unwrap_or_default();
                    self.apart.insert(namespace.to_owned());
                }
            }
            "Namespace" | "NetworkPolicy" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" => {
                self.add(&version, &kind, &value);
            }
            "Pod" => {
                let pod = json!({"metadata": value["metadata"], "spec": plain(&value["spec"])});
                self.has_pods = true;
                self.add("v1", "Pod", &pod);
            }
            _ => self.template(&kind, &value),
        }
    }

    fn add(&mut self, version: &str, kind: &str, value: &Value) {
        match Object::read_as(version, kind, value.to_string().as_bytes()) {
            Ok(mut object) => {
                defaults::object(&mut object, None);
                self.objects.push(object);
            }
            Err(error) => {
                let meta = &value["metadata"];
                self.unread.push(format!("{} {}: {error}", meta["namespace"], meta["name"]));
            }
        }
    }

    /// The pod that a workload object stands for.
    fn template(&mut self, kind: &str, value: &Value) {
        let template = match kind {
            "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "Job"
            | "ReplicationController" => &value["spec"]["template"],
            "CronJob" => &value["spec"]["jobTemplate"]["spec"]["template"],
            _ => return,
        };
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        let pod = json!({
            "metadata": {
                "namespace": value["metadata"]["namespace"], "name": format!("{name}-1"),
                "labels": template["metadata"]["labels"],
                "uid": STAND_IN,
                "ownerReferences": [{"kind": kind, "name": name, "controller": true}],
            },
            "spec": plain(&template["spec"]),
        });
        self.add("v1", "Pod", &pod);
    }

    fn finish(mut self) -> Input {
        let routed = !self.ingresses.is_empty() || !self.routes.is_empty();
        let controlled = routed && !self.services.is_empty();
        if controlled {
            let (namespace, name) = CONTROLLER;
            self.add(
                "v1",
                "Pod",
                &json!({"metadata": {"namespace": namespace, "name": name}, "spec": {}}),
            );
        }
        let mut builder = ClusterBuilder::new(SourceKind::Manifests);
        for object in self.objects {
            builder.add(object);
        }
        let cluster = builder.freeze();
        let assumptions =
            Assumptions { blocks_match_pods: Some(Tri::No), networks_match_pods: Some(Tri::No) };
        let network = Network::with(&cluster, &[], &assumptions);
        let mut by_label: BTreeMap<String, Workload> = BTreeMap::new();
        let mut controller = None;
        for (id, pod) in cluster.pods.ids() {
            let meta = &pod.metadata;
            if (&*meta.namespace, &*meta.name) == CONTROLLER {
                controller = network.of_pod(id);
                continue;
            }
            let owner = meta.controller().filter(|owner| owner.kind != "Node");
            let (kind, name) = owner.map_or(("Pod", &meta.name), |one| {
                (if one.kind.is_empty() { "Pod" } else { &*one.kind }, &one.name)
            });
            let label = format!("{}/{name}[{kind}]", meta.namespace);
            let workload = by_label.entry(label.clone()).or_insert_with(|| Workload {
                namespace: meta.namespace.to_string(),
                name: name.to_string(),
                label,
                pods: Vec::new(),
            });
            workload.pods.push(id);
        }
        let workloads: Vec<Workload> = by_label.into_values().collect();
        let ingress =
            Ingress { cluster: &cluster, workloads: &workloads, services: &self.services };
        let mut opened = Vec::new();
        for resource in &self.ingresses {
            for (service, port) in backends(resource) {
                opened.extend(ingress.open(resource, &service, &port));
            }
        }
        for resource in &self.routes {
            for (service, port) in targets(resource) {
                opened.extend(ingress.open(resource, &service, &port));
            }
        }
        // A namespace takes part only if it is labelled so.
        self.apart.retain(|name| {
            cluster.namespaces.get("", name).is_some_and(|namespace| {
                namespace.metadata.labels.get("k8s.ovn.org/primary-user-defined-network").is_some()
            })
        });
        Input {
            cluster,
            network,
            workloads,
            opened,
            controller,
            unread: self.unread,
            apart: self.apart,
            has_pods: self.has_pods,
        }
    }
}

/// A pod specification as if it used the pod network.
fn plain(spec: &Value) -> Value {
    let mut spec = spec.as_object().cloned().unwrap_or_default();
    spec.remove("hostNetwork");
    Value::Object(spec)
}

/// Services and ports of an Ingress.
fn backends(ingress: &Value) -> Vec<(String, Value)> {
    let spec = &ingress["spec"];
    let rules = spec["rules"].as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
    let all = std::iter::once(&spec["defaultBackend"]).chain(paths.map(|path| &path["backend"]));
    all.filter_map(|backend| {
        let service = &backend["service"];
        let name = service["name"].as_str()?.to_owned();
        let port = &service["port"];
        let port = if port["name"].is_string() { &port["name"] } else { &port["number"] };
        Some((name, port.clone()))
    })
    .collect()
}

/// Services and ports of an OpenShift Route.
fn targets(route: &Value) -> Vec<(String, Value)> {
    let spec = &route["spec"];
    let others = spec["alternateBackends"].as_array().into_iter().flatten();
    std::iter::once(&spec["to"])
        .chain(others)
        .filter(|target| matches!(target["kind"].as_str(), None | Some("" | "Service")))
        .filter_map(|target| {
            Some((target["name"].as_str()?.to_owned(), spec["port"]["targetPort"].clone()))
        })
        .collect()
}

struct Ingress<'a> {
    cluster: &'a Cluster,
    workloads: &'a [Workload],
    services: &'a [Value],
}

impl Ingress<'_> {
    /// What a resource opens through a service of its namespace.
    fn open(&self, resource: &Value, service: &str, port: &Value) -> Vec<Opened> {
        let namespace = resource["metadata"]["namespace"].as_str().unwrap_or_default();
        let mut found = Vec::new();
        for candidate in self.services {
            let meta = &candidate["metadata"];
            if meta["namespace"] != namespace || meta["name"] != service {
                continue;
            }
            let Some(selector) = candidate["spec"]["selector"].as_object() else { continue };
            let wanted = wanted(&candidate["spec"]["ports"], port);
            for (at, workload) in self.workloads.iter().enumerate() {
                let pod = &self.cluster.pods[workload.pods[0]];
                let selected = workload.namespace == namespace
                    && selector.iter().all(|(key, value)| {
                        pod.metadata.labels.get(key).map(|own| &**own) == value.as_str()
                    });
                if selected {
                    let ports = wanted.iter().filter_map(|port| container_port(pod, port));
                    found.push(Opened { workload: at, ports: ports.collect() });
                }
            }
        }
        found
    }
}

/// The target ports of a service that a resource's port means; all if it names none.
fn wanted(ports: &Value, required: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for port in ports.as_array().into_iter().flatten() {
        let target = &port["targetPort"];
        let empty = target.is_null() || *target == json!(0) || *target == json!("");
        let access = if empty { &port["port"] } else { target };
        let unset = required.is_null() || *required == json!(0) || *required == json!("");
        if unset {
            found.push(access.clone());
            continue;
        }
        let by_name = required.is_string() && port["name"] == *required;
        if by_name || port["port"] == *required || target == required {
            return vec![access.clone()];
        }
    }
    found
}

/// The number of a pod's container port, named or numbered, if it declares it.
fn container_port(pod: &Pod, wanted: &Value) -> Option<u16> {
    let wanted: IntOrString = serde_json::from_value(wanted.clone()).ok()?;
    let declared = pod.spec.containers.iter().flat_map(|container| container.ports.iter());
    let mut own = declared.filter(|port| match &wanted {
        IntOrString::Int(number) => port.container_port == Some(*number),
        IntOrString::Text(name) => port.name == *name && port.protocol == Protocol::Tcp.name(),
    });
    own.next().and_then(|port| u16::try_from(port.container_port?).ok())
}
