//! Whether a mesh makes the peers of a pod prove who they are (semantics EFF-MESH, NP-43).
//!
//! Follows istio/istio `pilot/pkg/security/authn` (the workload's PeerAuthentication goes before
//! the namespace's, that before the mesh's, and `UNSET` inherits), istio-iptables (which traffic
//! is redirected to the side-car) and linkerd/linkerd2 `policy-controller` (the default inbound
//! policy). Which of two policies of one scope is older, and so in force, no record here tells.

mod authorization;

use std::collections::BTreeMap;

use ringfort_model::record::{LabelSelector, Meta};
use ringfort_model::{Cluster, Container, ContainerKind, Map, PodSpec, SourceKind, Str};
use serde_json::Value as Json;

use crate::capability::{CapabilityUse, capability_use};
use crate::effect::{Control, Effect, container_path};
use crate::mesh_rules::rules;
use crate::user::{Uid, uid, uid_field};
use authorization::Authorization;
pub use authorization::Ports;

/// Group and resources of the policies.
const GROUP: &str = "security.istio.io";
const RESOURCE: &str = "peerauthentications.security.istio.io";
const AUTHORIZATIONS: &str = "authorizationpolicies.security.istio.io";

const NOT_CAPTURED: &str = "the pod has no side-car, and no node's agent took it in";

/// One PeerAuthentication.
#[derive(Debug)]
struct Policy {
    namespace: Str,
    name: Str,
    selector: Option<LabelSelector>,
    mode: Mode,
    ports: BTreeMap<String, Mode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Unset,
    Strict,
    /// Plain text is taken too, or alone.
    Plain,
    /// No mode that the mesh knows.
    Other,
}

impl Policy {
    fn read(meta: &Meta, spec: &Json) -> Self {
        // One without labels is a policy of the whole namespace.
        let labelled = spec["selector"]["matchLabels"].as_object().is_some_and(|l| !l.is_empty());
        let selector = spec.get("selector").filter(|_| labelled).cloned();
        let ports = spec["portLevelMtls"].as_object().into_iter().flatten();
        Self {
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            selector: selector.and_then(|one| serde_json::from_value(one).ok()),
            mode: Mode::of(&spec["mtls"]["mode"]),
            ports: ports.map(|(port, one)| (port.clone(), Mode::of(&one["mode"]))).collect(),
        }
    }
}

impl Mode {
    fn of(value: &Json) -> Self {
        let rule = &rules().switches;
        match value.as_str() {
            None | Some("UNSET") => Self::Unset,
            Some("STRICT") => Self::Strict,
            Some("PERMISSIVE") if rule.permissive_is_plain => Self::Plain,
            Some("DISABLE") if rule.disable_is_plain => Self::Plain,
            Some("PERMISSIVE" | "DISABLE") => Self::Strict,
            Some(_) if rule.other_modes_are_unknown => Self::Other,
            Some(_) => Self::Strict,
        }
    }
}

/// The mesh's rules about who may connect, read once.
#[derive(Debug)]
pub struct Mesh {
    /// By namespace.
    policies: BTreeMap<Str, Vec<Policy>>,
    authorizations: BTreeMap<Str, Vec<Authorization>>,
    /// Policies of which the specification was not read: first those about authentication.
    blind: [Vec<String>; 2],
    /// Whether all policies of each sort were listed.
    complete: [bool; 2],
    manifests: bool,
}

/// The pod that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its labels; of a template the template's.
    pub labels: &'a Map,
    /// Its annotations.
    pub annotations: &'a Map,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its specification.
    pub spec: &'a PodSpec,
    /// Labels and annotations of its namespace, where that is known.
    pub namespace_meta: Option<&'a Meta>,
}

impl Mesh {
    /// Reads the policies of a cluster.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let mut policies: BTreeMap<Str, Vec<Policy>> = BTreeMap::new();
        let mut authorizations: BTreeMap<Str, Vec<Authorization>> = BTreeMap::new();
        let mut blind = [Vec::new(), Vec::new()];
        for other in cluster.others.iter().filter(|other| other.group() == GROUP) {
            let sort = match other.kind.as_str() {
                "PeerAuthentication" => 0,
                "AuthorizationPolicy" => 1,
                _ => continue,
            };
            let spec = other.engine_spec.as_ref().map(|text| serde_json::from_str::<Json>(text));
            // An object without a specification says nothing, a list of names does not say.
            let Some(Ok(spec)) = spec else {
                blind[sort].push(format!("{} {}", other.kind, other.metadata.full_name()));
                continue;
            };
            let namespace = other.metadata.namespace.clone();
            if sort == 0 {
                let policy = Policy::read(&other.metadata, &spec);
                policies.entry(namespace).or_default().push(policy);
            } else if let Some(policy) = Authorization::read(other, &spec) {
                authorizations.entry(namespace).or_default().push(policy);
            }
        }
        let complete = [RESOURCE, AUTHORIZATIONS].map(|resource| {
            let listed = cluster.coverage.of_resource(resource);
            matches!(listed, ringfort_model::Listed::Complete | ringfort_model::Listed::Absent)
        });
        let manifests = cluster.source == SourceKind::Manifests;
        Self { policies, authorizations, blind, complete, manifests }
    }

    /// What was not read of one of the two sorts of policies.
    fn unread(&self, sort: usize) -> Option<String> {
        match (self.blind[sort].first(), self.complete[sort]) {
            (Some(one), _) => Some(format!("the specification of {one}")),
            (None, false) => Some(format!("all {}", [RESOURCE, AUTHORIZATIONS][sort])),
            (None, true) => None,
        }
    }

    fn unread_authorization(&self) -> Option<String> {
        self.unread(1)
    }

    /// Judges whether only peers that prove an identity of the mesh can connect to the pod.
    #[must_use]
    pub fn strict(&self, pod: &Member<'_>) -> Control {
        let side_car = side_car(pod.spec);
        if side_car.is_some_and(|(container, _)| container.name == "linkerd-proxy") {
            return self.linkerd(pod);
        }
        let (mode, deciding, mut evidence) = match self.mode(pod) {
            Ok(found) => found,
            Err(control) => return control,
        };
        if mode == Mode::Plain {
            let reason = format!("{deciding} lets plain text in");
            return Control::new(Effect::without(reason), evidence);
        }
        if let Some(found) = self.captured(pod, &mut evidence) {
            return Control::new(found, evidence);
        }
        Control::new(Effect::Effective, evidence)
    }

    /// The mode in force, by whom, and what was read; or the verdict that needs no more.
    fn mode(&self, pod: &Member<'_>) -> Result<(Mode, String, Vec<String>), Control> {
        let (rule, root) = (&rules().switches, rules().root);
        // The workload's, the namespace's, the mesh's.
        let in_scope = |scope: usize, one: &Policy| match (scope, &one.selector) {
            (0, Some(selector)) => {
                (*one.namespace == *pod.namespace || !rule.selector_in_own_namespace)
                    && (*one.namespace != *root || !rule.root_takes_no_selector)
                    && (selector.matches(pod.labels) || !rule.selector_counts)
            }
            (1, None) => *one.namespace == *pod.namespace || !rule.policy_of_own_namespace,
            (2, None) => *one.namespace == *root && rule.root_is_the_mesh,
            _ => false,
        };
        let mut evidence = Vec::new();
        if let Some(missing) = self.unread(0).filter(|_| rule.unread_is_unknown) {
            let field = "PeerAuthentication */* spec.mtls.mode".to_owned();
            // A pod that is in no mesh asks for nothing, whatever the policies say.
            let plain = self.policies.is_empty() && self.blind[0].is_empty();
            let effect = match self.may_be_in(pod) {
                true => Effect::missing(missing),
                false if plain => Effect::Absent,
                false => Effect::without(NOT_CAPTURED),
            };
            return Err(Control::new(effect, [field]));
        }
        let lists: Vec<&Vec<Policy>> =
            match rule.selector_in_own_namespace && rule.policy_of_own_namespace {
                true => {
                    let near = [pod.namespace, root];
                    let near = &near[..if pod.namespace == root { 1 } else { 2 }];
                    near.iter().filter_map(|one| self.policies.get(*one)).collect()
                }
                false => self.policies.values().collect(),
            };
        let policies = || lists.iter().copied().flatten();
        let scopes = if rule.narrower_goes_first { [0, 1, 2] } else { [2, 1, 0] };
        for scope in scopes {
            let here: Vec<&Policy> = policies().filter(|one| in_scope(scope, one)).collect();
            let Some(first) = here.first() else { continue };
            let title = format!("PeerAuthentication {}/{}", first.namespace, first.name);
            if let Some(other) =
                here.iter().find(|one| one.mode != first.mode || one.ports != first.ports)
                && rule.two_are_unknown
            {
                evidence.push(format!("{title} spec.mtls.mode"));
                let missing = format!("which of {} and {} is older", first.name, other.name);
                return Err(Control::new(Effect::missing(missing), evidence));
            }
            // Ports count where a workload is selected.
            let open = first.ports.iter().find(|(_, mode)| **mode == Mode::Plain);
            let counts = match first.selector {
                Some(_) => rule.ports_count,
                None => rule.ports_count_without_selector,
            };
            if let (Some((port, _)), true) = (open, counts) {
                evidence.push(format!("{title} spec.portLevelMtls[{port}].mode"));
                let reason = format!("{title} lets plain text in at port {port}");
                return Err(Control::new(Effect::without(reason), evidence));
            }
            evidence.push(format!("{title} spec.mtls.mode"));
            match first.mode {
                Mode::Unset if rule.unset_inherits => {}
                Mode::Other => {
                    let effect = Effect::missing(format!("the mode of {title}"));
                    return Err(Control::new(effect, evidence));
                }
                mode => return Ok((mode, title, evidence)),
            }
        }
        // Nobody asked for more than the mesh's own default, which lets plain text in.
        if evidence.is_empty() {
            evidence.push("PeerAuthentication */* spec.mtls.mode".to_owned());
            return Err(Control::new(Effect::Absent, evidence));
        }
        let default = if rule.plain_by_default { Mode::Plain } else { Mode::Strict };
        Ok((default, "the default of the mesh".to_owned(), evidence))
    }

    /// What speaks against the pod's traffic being taken by the mesh.
    fn captured(&self, pod: &Member<'_>, evidence: &mut Vec<String>) -> Option<Effect> {
        if pod.spec.host_network == Some(true) && rules().switches.host_network_is_left_out {
            evidence.push("spec.hostNetwork".to_owned());
            return Some(Effect::without("traffic of the node's network is not redirected"));
        }
        let annotations = pod.annotations;
        let side_car = side_car(pod.spec);
        if let Some(field) = gateway(pod, side_car.map(|(proxy, _)| proxy)) {
            evidence.push(field);
            return Some(Effect::without("a gateway asks for what its own listeners say"));
        }
        if let Some(key) = left_out(annotations, side_car.is_some()) {
            evidence.push(format!("metadata.annotations[{key}]"));
            return Some(Effect::without(format!("{key} leaves inbound traffic out")));
        }
        let Some((proxy, default)) = side_car else {
            return self.by_the_node(pod, evidence);
        };
        evidence.push(container_path(pod.spec, proxy));
        let own = match uid(pod.spec, proxy) {
            Uid::Known(uid) if rules().switches.proxy_may_have_another_uid => uid,
            Uid::Known(_) | Uid::NonRoot | Uid::AssumedRoot => default,
        };
        bypass(pod.spec, proxy, own, evidence)
    }

    /// Without a side-car: the node's agent of an ambient mesh takes the traffic, or nobody.
    fn by_the_node(&self, pod: &Member<'_>, evidence: &mut Vec<String>) -> Option<Effect> {
        let rule = &rules().switches;
        let redirected = annotation(pod.annotations, "ambient.istio.io/redirection");
        let manifests = self.manifests && rule.manifests_are_unknown;
        evidence.push("metadata.annotations[ambient.istio.io/redirection]".to_owned());
        match redirected {
            Some("enabled") if rule.redirected_needs_no_side_car => None,
            _ if manifests && (ambient(pod) || injected(pod)) => {
                Some(Effect::missing("whether the mesh takes the pod in when it is made"))
            }
            _ if manifests && pod.namespace_meta.is_none() => {
                Some(Effect::missing(format!("the labels of Namespace {}", pod.namespace)))
            }
            _ => Some(Effect::without(NOT_CAPTURED)),
        }
    }

    /// Whether something shows that the mesh takes the pod's traffic, or may.
    fn may_be_in(&self, pod: &Member<'_>) -> bool {
        let redirected = annotation(pod.annotations, "ambient.istio.io/redirection");
        side_car(pod.spec).is_some()
            || ambient(pod)
            || redirected == Some("enabled")
            || (self.manifests && injected(pod))
    }

    /// A pod of Linkerd: the default inbound policy, in which a Server of the API can set ports
    /// apart.
    fn linkerd(&self, pod: &Member<'_>) -> Control {
        const KEY: &str = "config.linkerd.io/default-inbound-policy";
        let rule = &rules().switches;
        let own = annotation(pod.annotations, KEY).map(|value| (value, "metadata"));
        let shared = pod.namespace_meta.filter(|_| rule.linkerd_namespace_counts);
        let shared = shared.and_then(|meta| annotation(&meta.annotations, KEY));
        let shared = shared.map(|value| (value, "Namespace metadata"));
        let mut evidence = vec![format!("metadata.annotations[{KEY}]")];
        let (first, second) =
            if rule.linkerd_pod_goes_first { (own, shared) } else { (shared, own) };
        let effect = match first.or(second) {
            None => Effect::missing("the default inbound policy of the control plane"),
            Some((policy, place)) if rules().authenticated.contains(&policy) => {
                evidence = vec![format!("{place}.annotations[{KEY}]")];
                match self.captured(pod, &mut evidence) {
                    Some(found) => found,
                    None if !rule.linkerd_servers_count => Effect::Effective,
                    None => Effect::missing("which Servers and authorizations set ports apart"),
                }
            }
            Some((other, place)) => {
                evidence = vec![format!("{place}.annotations[{KEY}]")];
                Effect::without(format!("{other} lets peers without an identity in"))
            }
        };
        Control::new(effect, evidence)
    }
}

fn annotation<'a>(annotations: &'a Map, key: &str) -> Option<&'a str> {
    annotations.get(key).map(Str::as_str)
}

/// The container that takes the pod's traffic: a regular one, or an initial one that goes on
/// running.
fn side_car(spec: &PodSpec) -> Option<(&Container, i64)> {
    let rule = &rules().switches;
    spec.all_containers().find_map(|(kind, _, container)| {
        let (_, uid) = rules().side_cars.iter().find(|(name, _)| container.name == *name)?;
        let stays = match kind {
            ContainerKind::Regular => true,
            ContainerKind::Init => {
                rule.side_car_may_end || rule.side_car_may_be_initial && container.is_sidecar()
            }
            ContainerKind::Ephemeral => rule.side_car_may_be_ephemeral,
        };
        stays.then_some((container, i64::from(*uid)))
    })
}

/// The field that shows that the pod is a gateway: what connects to it comes from outside of the
/// mesh, and PeerAuthentications are not about it.
fn gateway(pod: &Member<'_>, proxy: Option<&Container>) -> Option<String> {
    const TEMPLATES: &str = "inject.istio.io/templates";
    let asked = annotation(pod.annotations, TEMPLATES);
    if asked.is_some_and(|all| all.split(',').any(|one| one.trim() == "gateway")) {
        return Some(format!("metadata.annotations[{TEMPLATES}]"));
    }
    let proxy = proxy?;
    let routes = proxy.args.iter().any(|word| *word == *"router");
    routes.then(|| format!("{}.args", container_path(pod.spec, proxy)))
}

/// Whether the labels ask the node's agent to take the pod in.
fn ambient(pod: &Member<'_>) -> bool {
    let mode = |labels: &Map| labels.get("istio.io/dataplane-mode").cloned();
    let shared = || mode(&pod.namespace_meta?.labels);
    mode(pod.labels).or_else(shared).is_some_and(|mode| mode == *"ambient")
}

/// Whether the labels ask the injector for a side-car.
fn injected(pod: &Member<'_>) -> bool {
    let asks = |labels: &Map| {
        rules().injected.iter().any(|(key, value)| {
            labels.get(key).is_some_and(|one| value.is_empty() || *one == **value)
        })
    };
    asks(pod.labels) || pod.namespace_meta.is_some_and(|meta| asks(&meta.labels))
}

/// The annotation that keeps inbound traffic from the mesh.
fn left_out(annotations: &Map, has_side_car: bool) -> Option<&'static str> {
    let rule = &rules().switches;
    if !has_side_car {
        const BYPASS: &str = "ambient.istio.io/bypass-inbound-capture";
        let bypass = annotation(annotations, BYPASS).is_some_and(|v| v == "true");
        return (bypass && rule.bypass_counts).then_some(BYPASS);
    }
    const MODE: &str = "sidecar.istio.io/interceptionMode";
    const INCLUDED: &str = "traffic.sidecar.istio.io/includeInboundPorts";
    for (key, own) in rules().left_out {
        let mut ports = annotation(annotations, key).into_iter().flat_map(|all| all.split(','));
        let other = ports.any(|port| match port.trim() {
            "" => !rule.empty_leaves_nothing_out,
            port => !own.contains(&port),
        });
        if other {
            return Some(key);
        }
    }
    if annotation(annotations, MODE) == Some("NONE") && rule.interception_counts {
        return Some(MODE);
    }
    let some = |ports: &str| ports.trim() != "*" || !rule.star_includes_all;
    let included = annotation(annotations, INCLUDED).is_some_and(some);
    (included && rule.included_ports_count).then_some(INCLUDED)
}

/// A container that can act as the proxy's uid, whose traffic is not redirected, or change the
/// redirection.
fn bypass(
    spec: &PodSpec,
    proxy: &Container,
    own: i64,
    evidence: &mut Vec<String>,
) -> Option<Effect> {
    let rule = &rules().switches;
    let mut missing = Vec::new();
    for (kind, _, container) in spec.all_containers() {
        // What only runs before the others changes nothing that they do.
        let stays = container.is_sidecar() && rule.side_cars_stay;
        let over = kind == ContainerKind::Init && !stays && rule.initial_is_over;
        if container.name == proxy.name || over {
            continue;
        }
        let path = container_path(spec, container);
        let holds = |name| capability_use(spec, container, name) != CapabilityUse::None;
        let root = uid(spec, container) == Uid::Known(0);
        if root && holds("NET_ADMIN") && rule.root_changes_redirection {
            evidence.push(format!("{path}.securityContext.capabilities"));
            let reason = format!("container {} can change the redirection", container.name);
            return Some(Effect::without(reason));
        }
        let as_proxy = |reason: &str| {
            let name = &container.name;
            Some(Effect::without(format!("container {name} {reason} uid {own}, as the proxy")))
        };
        match uid(spec, container) {
            Uid::Known(known) if known == own && rule.uid_goes_past => {
                evidence.push(uid_field(spec, container));
                return as_proxy("runs as");
            }
            Uid::Known(0) if holds("SETUID") && rule.root_becomes_proxy => {
                evidence.push(uid_field(spec, container));
                return as_proxy("is root and can become");
            }
            Uid::AssumedRoot
                if rule.assumed_root_is_unknown && (holds("SETUID") || holds("NET_ADMIN")) =>
            {
                evidence.push(uid_field(spec, container));
                missing.push(format!("the uid that the image of {} has", container.name));
            }
            _ => {}
        }
    }
    (!missing.is_empty()).then_some(Effect::Unknown(missing))
}
