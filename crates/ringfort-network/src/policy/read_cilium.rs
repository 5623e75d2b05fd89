//! CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy in the common form (NP-40;
//! cilium/cilium `pkg/policy/api`, `pkg/k8s/apis/cilium.io/v2`). docs/network.md lists the
//! fields.
//!
//! Cilium has one pool: rules of its own kinds and of NetworkPolicy allow together, and a deny
//! rule of any policy comes first. So every rule set becomes two policies, one that denies, and
//! one that allows and isolates.

use ringfort_model::record::{LabelSelector, Meta};
use ringfort_model::{Cluster, Str};
use serde_json::Value;

use crate::policy::address::AddressSet;
use crate::policy::cilium_labels::{ACCOUNT, Labels, NAMESPACE_LABELS};
use crate::policy::cni_rules::rules;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::{Expr, Key};
use crate::policy::gather::{KUBERNETES, KUBERNETES_GROUP};
use crate::policy::label;
use crate::policy::read::{Refused, refuse};
use crate::policy::rule::{
    Action, Direction, Peer, Place, Policy, PolicyName, Ports, Rule, Side, Tri,
};
use crate::policy::settings::{Cilium, Setting};
use crate::policy::strict::Fields;

/// Namespace of a pod, among its labels.
const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// The same as a label of Kubernetes' alone.
const K8S_POD_NAMESPACE: &str = "k8s:io.kubernetes.pod.namespace";
/// The kind under which the agent's settings are reported.
pub(crate) const SETTINGS: &str = "ConfigMap";

/// Reads every policy; what is wrong with one makes it broken. `nodes` is whether blocks mean
/// nodes, by direction.
pub(crate) fn policies(
    cluster: &Cluster,
    labels: &Labels,
    nodes: [Tri; 2],
) -> Vec<(Policy, Option<Refused>)> {
    let mut found = Vec::new();
    found.extend(always(cluster).map(|policy| (policy, None)));
    let reading = Reading { namespace: None, labels, nodes, subject: Expr::nothing(), hosts: None };
    for one in &cluster.cilium_network_policies {
        let object = ("CiliumNetworkPolicy", &one.metadata);
        reading.object(object, &one.spec.0, &one.specs.0, &mut found);
    }
    for one in &cluster.cilium_clusterwide_network_policies {
        let object = ("CiliumClusterwideNetworkPolicy", &one.metadata);
        reading.object(object, &one.spec.0, &one.specs.0, &mut found);
    }
    found
}

/// With `enable-policy: always` every endpoint is isolated, selected or not.
fn always(cluster: &Cluster) -> Option<Policy> {
    let enforced = match Cilium::of(cluster).get("enable-policy") {
        Setting::To(mode) if mode == "always" && rules().switches.cilium_always_isolates => {
            Tri::Yes
        }
        Setting::Unknown => Tri::Unknown,
        Setting::To(_) | Setting::Default => return None,
    };
    let closed = Side { applies: true, isolates: true, rules: Vec::new() };
    let config = cluster.config_maps.iter().find(|one| one.metadata.name == "cilium-config");
    let namespace = config.map(|config| config.metadata.namespace.clone()).unwrap_or_default();
    Some(Policy {
        name: PolicyName { kind: SETTINGS, namespace, name: Str::new("cilium-config") },
        place: Place { stage: KUBERNETES, lane: 0, group: KUBERNETES_GROUP },
        subject: Expr::everything(),
        hosts: None,
        enforced,
        broken: None,
        ingress: closed.clone(),
        egress: closed,
    })
}

impl Reading<'_> {
    fn object(
        &self,
        (kind, meta): (&'static str, &Meta),
        spec: &Value,
        specs: &Value,
        found: &mut Vec<(Policy, Option<Refused>)>,
    ) {
        let mut all = Vec::new();
        if !spec.is_null() {
            all.push(("spec".to_owned(), spec));
        }
        for (at, spec) in specs.as_array().into_iter().flatten().enumerate() {
            all.push((format!("specs[{at}]"), spec));
        }
        for (path, spec) in all {
            let name =
                PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() };
            let mut reading = Reading {
                labels: self.labels,
                nodes: self.nodes,
                namespace: (!meta.namespace.is_empty()).then(|| meta.namespace.clone()),
                subject: match meta.namespace.as_str() {
                    "" => Expr::everything(),
                    _ => Expr::namespace(&meta.namespace),
                },
                hosts: None,
            };
            let read = reading.sides(spec, &path);
            let policy = |group: u64, ingress: Side, egress: Side, broken: Option<Str>| Policy {
                name: name.clone(),
                place: Place { stage: KUBERNETES, lane: 0, group },
                subject: reading.subject.clone(),
                hosts: reading.hosts.clone(),
                enforced: Tri::Yes,
                broken,
                ingress,
                egress,
            };
            match read {
                Ok(Sides {
                    denied: [in_denied, out_denied],
                    allowed: [in_allowed, out_allowed],
                }) => {
                    if in_denied.applies || out_denied.applies {
                        let first = rules().switches.cilium_deny_first;
                        let group = if first { 0 } else { KUBERNETES_GROUP + 1 };
                        found.push((policy(group, in_denied, out_denied, None), None));
                    }
                    found.push((policy(KUBERNETES_GROUP, in_allowed, out_allowed, None), None));
                }
                Err(refused) => {
                    let open = Side { applies: true, isolates: false, rules: Vec::new() };
                    let why = Str::from(refused.to_string());
                    found.push((policy(0, open.clone(), open, Some(why)), Some(refused)));
                }
            }
        }
    }
}

/// Ingress and egress, of what is denied and of what is allowed.
struct Sides {
    denied: [Side; 2],
    allowed: [Side; 2],
}

struct Reading<'a> {
    /// The policy's namespace; nothing for clusterwide policies.
    namespace: Option<Str>,
    /// The labels that identities have.
    labels: &'a Labels,
    /// Whether blocks mean nodes, by direction.
    nodes: [Tri; 2],
    subject: Expr,
    hosts: Option<Expr>,
}

impl Reading<'_> {
    fn sides(&mut self, spec: &Value, path: &str) -> Result<Sides, Refused> {
        let mut fields = Fields::of(spec, path)?;
        fields.skip(&["description", "labels", "log"]);
        match (fields.take("endpointSelector"), fields.take("nodeSelector")) {
            (Some(mut selector), None) => {
                // Whichever namespace it names, the agent puts the policy's own in its place.
                let own = self.namespace.is_some();
                if let (true, Some(labels)) = (
                    own && rules().switches.cilium_subject_in_own_namespace,
                    selector["matchLabels"].as_object_mut(),
                ) {
                    labels.remove(K8S_POD_NAMESPACE);
                }
                let selected =
                    self.endpoints(&selector, &format!("{path}.endpointSelector"), false)?;
                self.subject = self.subject.clone().and(selected);
            }
            (None, Some(_)) => {
                self.subject = Expr::nothing();
                self.hosts = Some(Expr::everything());
                let field = format!("{path}.nodeSelector");
                return Err(refuse(field, "whether the host firewall is on is not known"));
            }
            _ => return Err(refuse(path, "needs one of endpointSelector and nodeSelector")),
        }
        let mut given = Fields::of(
            &fields.take("enableDefaultDeny").unwrap_or_default(),
            &format!("{path}.enableDefaultDeny"),
        )?;
        let set = [given.flag("ingress")?, given.flag("egress")?]
            .map(|flag| flag.filter(|_| rules().switches.cilium_default_deny_counts));
        given.end()?;
        let mut sides = Sides { denied: Default::default(), allowed: Default::default() };
        for (at, direction) in [Direction::Ingress, Direction::Egress].into_iter().enumerate() {
            let allowed = fields.list(&direction.to_string())?.unwrap_or_default();
            let denied = fields.list(&format!("{direction}Deny"))?.unwrap_or_default();
            let switch = &rules().switches;
            let rules = |list: &[Value], action: Action, name: &str| {
                let read = list.iter().enumerate().map(|(at, rule)| {
                    self.rule(rule, direction, action, at, &format!("{path}.{name}[{at}]"))
                });
                read.collect::<Result<Vec<Rule>, Refused>>()
            };
            let touched = !allowed.is_empty() || !denied.is_empty();
            let isolates = (!allowed.is_empty() && switch.cilium_rules_isolate)
                || (!denied.is_empty() && switch.cilium_denial_isolates);
            sides.denied[at] = Side {
                applies: !denied.is_empty(),
                isolates: false,
                rules: rules(&denied, Action::Deny, &format!("{direction}Deny"))?,
            };
            sides.allowed[at] = Side {
                applies: touched || set[at] == Some(true),
                isolates: set[at].unwrap_or(isolates),
                rules: rules(&allowed, Action::Allow, &direction.to_string())?,
            };
        }
        fields.end()?;
        Ok(sides)
    }

    fn rule(
        &self,
        rule: &Value,
        direction: Direction,
        action: Action,
        at: usize,
        path: &str,
    ) -> Result<Rule, Refused> {
        let side = if direction == Direction::Ingress { "from" } else { "to" };
        let mut fields = Fields::of(rule, path)?;
        self::combined(rule, side, path)?;
        if rules().switches.cilium_rules_are_validated {
            self::ports_refused(rule, direction, action, path)?;
        }
        let mut peers: Option<Vec<Peer>> = None;
        let mut add = |found: Vec<Peer>| peers.get_or_insert_default().extend(found);
        let nodes = self.nodes[direction as usize];
        let field = |name: &str| format!("{side}{name}");
        let below = |name: &str| format!("{path}.{side}{name}");
        if let Some(list) = fields.list(&field("Endpoints"))? {
            let mut found = Vec::new();
            for (at, selector) in list.iter().enumerate() {
                let path = format!("{}[{at}]", below("Endpoints"));
                found.push(self.peer(selector, &path)?);
            }
            add(found);
        }
        if let Some(list) = fields.texts(&field("Entities"))? {
            let mut found = Vec::new();
            for (at, entity) in list.iter().enumerate() {
                found.extend(self::entity(entity, &format!("{}[{at}]", below("Entities")))?);
            }
            add(found);
        }
        if let Some(list) = fields.texts(&field("CIDR"))? {
            let mut found = Vec::new();
            for (at, block) in list.iter().enumerate() {
                found.push(self::block(block, nodes, &format!("{}[{at}]", below("CIDR")))?);
            }
            add(found);
        }
        if let Some(list) = fields.list(&field("CIDRSet"))? {
            let mut found = Vec::new();
            for (at, set) in list.iter().enumerate() {
                found.push(self::block_set(set, nodes, &format!("{}[{at}]", below("CIDRSet")))?);
            }
            add(found);
        }
        if direction == Direction::Egress
            && let Some(list) = fields.list("toFQDNs")?
        {
            let said: Vec<String> = list.iter().map(ToString::to_string).collect();
            let why = format!("addresses of {}", said.join(", "));
            add(if list.is_empty() || !rules().switches.cilium_names_are_learned {
                Vec::new()
            } else {
                vec![perhaps([false, false, true], &why)]
            });
        }
        let to_ports = fields.list("toPorts")?;
        // A rule about ICMP says nothing about ports, and does not open all of them either.
        let icmps = fields.list("icmps")?.is_some();
        fields.end()?;
        let ports = match (&to_ports, icmps) {
            (Some(list), _) if !list.is_empty() => self::ports(list, &format!("{path}.toPorts"))?,
            (_, true) if !rules().switches.cilium_icmp_opens_ports => {
                Ports::fixed(ConnectionSet::none())
            }
            _ => Ports::all(),
        };
        let switch = &rules().switches;
        let limited = to_ports.as_ref().is_some_and(|list| !list.is_empty());
        let limited = (limited && switch.cilium_ports_alone_is_everybody)
            || switch.cilium_empty_rule_is_everybody;
        // Without a peer field a rule with ports means everybody, and an empty rule nobody.
        let peers = peers.unwrap_or_else(|| if limited { vec![Peer::Any] } else { Vec::new() });
        Ok(Rule { name: Str::from(format!("#{}", at + 1)), action, peers, ports })
    }

    /// A selector of peers; with a reserved label it means something that is no pod.
    fn peer(&self, selector: &Value, path: &str) -> Result<Peer, Refused> {
        Ok(Peer::Pods(self.endpoints(selector, path, true)?))
    }

    /// The pods that a selector means. As a peer of a namespaced policy it means the policy's
    /// own namespace, unless it asks about namespaces itself.
    fn endpoints(&self, selector: &Value, path: &str, peer: bool) -> Result<Expr, Refused> {
        let mut fields = Fields::of(selector, path)?;
        let given = serde_json::json!({
            "matchLabels": fields.take("matchLabels"),
            "matchExpressions": fields.take("matchExpressions"),
        });
        fields.end()?;
        let mut given: LabelSelector =
            serde_json::from_value(given).map_err(|error| refuse(path, error.to_string()))?;
        // Sources are prefixes of keys; pods have labels of source k8s.
        let plain = |key: &Str| -> Result<Str, Refused> {
            match key.split_once(':') {
                Some(("k8s" | "any", rest)) => Ok(Str::new(rest)),
                None => Ok(key.clone()),
                Some((source, _)) => {
                    Err(refuse(path, format!("labels of source {source} are not modelled")))
                }
            }
        };
        let labels: Result<Vec<(Str, Str)>, Refused> = given
            .match_labels
            .iter()
            .map(|(key, value)| Ok((plain(key)?, value.clone())))
            .collect();
        given.match_labels = labels?.into_iter().collect();
        for need in given.match_expressions.iter_mut() {
            need.key = plain(&need.key)?;
        }
        if let Some((below, reason)) = label::refusal(&given) {
            return Err(refuse(format!("{path}.{below}"), reason));
        }
        let mut asks_namespace = false;
        let expr = Expr::of(&given, |name| {
            if *name == POD_NAMESPACE {
                Key::Namespace
            } else if let Some(label) = name.strip_prefix(NAMESPACE_LABELS) {
                Key::NamespaceLabel(Str::new(label))
            } else if *name == ACCOUNT {
                Key::Account
            } else {
                Key::Label(name.clone())
            }
        });
        for name in given
            .match_labels
            .iter()
            .map(|(name, _)| name)
            .chain(given.match_expressions.iter().map(|need| &need.key))
        {
            asks_namespace |= rules().switches.cilium_asked_namespaces
                && (*name == POD_NAMESPACE || name.starts_with(NAMESPACE_LABELS));
        }
        let (expr, doubt) = self.labels.see(expr);
        if let Some(label) = doubt {
            let reason = format!("whether Cilium keeps the label {label} is not known");
            return Err(refuse(path, reason));
        }
        Ok(match &self.namespace {
            Some(own) if peer && !asks_namespace && rules().switches.cilium_own_namespace => {
                Expr::namespace(own).and(expr)
            }
            _ => expr,
        })
    }
}

/// Refuses what an agent refuses: a rule that names its peers in two fields, and one with ICMP and
/// ports (`pkg/policy/api/rule_validation.go`).
fn combined(rule: &Value, side: &str, path: &str) -> Result<(), Refused> {
    let switch = &rules().switches;
    let filled = |field: &str| rule[field].as_array().is_some_and(|all| !all.is_empty());
    let names = ["Endpoints", "CIDR", "CIDRSet", "Entities", "FQDNs"];
    let names = names.map(|name| format!("{side}{name}"));
    let mut named = names.iter().filter(|name| filled(name));
    if let (Some(first), Some(second), true) =
        (named.next(), named.next(), switch.cilium_one_peer_field)
    {
        return Err(refuse(format!("{path}.{second}"), format!("not together with {first}")));
    }
    if filled("icmps") && filled("toPorts") && switch.cilium_icmp_without_ports {
        return Err(refuse(format!("{path}.icmps"), "not together with toPorts"));
    }
    Ok(())
}

/// Addresses outside: rules about blocks do not mean what Cilium manages.
fn outside(set: AddressSet, nodes: Tri) -> Peer {
    let pods = if rules().switches.cilium_blocks_mean_pods { Tri::Yes } else { Tri::No };
    Peer::Addresses { set, pods, nodes }
}

fn perhaps(segments: [bool; 3], why: &str) -> Peer {
    Peer::Perhaps { segments, why: Str::new(why) }
}

fn entity(name: &str, path: &str) -> Result<Vec<Peer>, Refused> {
    let family = |block: &str| AddressSet::cidr(block).expect("the table holds blocks");
    if rules().nobody.contains(&name) {
        // No pod of the model has these identities.
        return Ok(Vec::new());
    }
    if !rules().entities.contains(&name) {
        return Err(refuse(path, format!("entity \"{name}\" is not modelled")));
    }
    Ok(match name {
        "all" => vec![Peer::Any],
        "world" => vec![outside(AddressSet::all(), Tri::No)],
        "world-ipv4" => vec![outside(family("0.0.0.0/0"), Tri::No)],
        "world-ipv6" => vec![outside(family("::/0"), Tri::No)],
        "cluster" if !rules().switches.cilium_cluster_has_nodes => {
            vec![Peer::Pods(Expr::everything())]
        }
        "cluster" => {
            let mut found = vec![Peer::Pods(Expr::everything()), Peer::Nodes(Expr::everything())];
            if rules().switches.cilium_cluster_has_api_server {
                let why = "the API server is of the cluster wherever it runs";
                found.push(perhaps([false, false, true], why));
            }
            found
        }
        // Which node is the own one depends on where the pod runs.
        "host" | "remote-node" => {
            vec![perhaps([false, true, false], "which nodes are meant depends on the pod's node")]
        }
        // The API server.
        _ => vec![perhaps([false, true, true], "where the API server runs is not known")],
    })
}

fn block(text: &str, nodes: Tri, path: &str) -> Result<Peer, Refused> {
    if let Ok(address) = text.parse() {
        return Ok(outside(AddressSet::one(address), nodes));
    }
    let set = AddressSet::cidr(text).map_err(|error| refuse(path, error.to_string()))?;
    Ok(outside(set, nodes))
}

fn block_set(value: &Value, nodes: Tri, path: &str) -> Result<Peer, Refused> {
    let mut fields = Fields::of(value, path)?;
    let cidr = fields.text("cidr")?;
    let except = fields.texts("except")?.unwrap_or_default();
    fields.end()?;
    let text = cidr.ok_or_else(|| refuse(format!("{path}.cidr"), "must be set"))?;
    let read = |text: &str, path: String| {
        AddressSet::cidr(text).map_err(|error| refuse(path, error.to_string()))
    };
    let mut set = read(&text, format!("{path}.cidr"))?;
    let whole = set.clone();
    for (at, hole) in except.iter().enumerate() {
        let field = format!("{path}.except[{at}]");
        let hole = read(hole, field.clone())?;
        let begins_inside = hole.first().is_some_and(|first| whole.contains(first));
        if !begins_inside && rules().switches.cilium_rules_are_validated {
            return Err(refuse(field, format!("does not lie in {text}")));
        }
        if rules().switches.cilium_except_counts {
            set = set.difference(&hole);
        }
    }
    Ok(outside(set, nodes))
}

/// Refuses what an agent refuses about the ports of a rule (`pkg/policy/api/rule_validation.go`).
fn ports_refused(
    rule: &Value,
    direction: Direction,
    action: Action,
    path: &str,
) -> Result<(), Refused> {
    let most = rules().most_cilium_ports as usize;
    let items = |value: &Value, field: &str| value[field].as_array().cloned().unwrap_or_default();
    for (at, entry) in items(rule, "icmps").iter().enumerate() {
        if items(entry, "fields").len() > most {
            let field = format!("{path}.icmps[{at}].fields");
            return Err(refuse(field, format!("has more than {most} entries")));
        }
    }
    for (at, entry) in items(rule, "toPorts").iter().enumerate() {
        let path = format!("{path}.toPorts[{at}]");
        let ports = items(entry, "ports");
        if ports.len() > most {
            return Err(refuse(format!("{path}.ports"), format!("has more than {most} entries")));
        }
        let none = serde_json::Map::new();
        let inside = entry["rules"].as_object().unwrap_or(&none);
        let kinds = ["http", "kafka", "dns", "l7"].map(|kind| items(&entry["rules"], kind));
        let asks = kinds.iter().any(|kind| !kind.is_empty()) || inside.contains_key("l7proto");
        let field = format!("{path}.rules");
        if !asks {
            continue;
        }
        if action == Action::Deny {
            return Err(refuse(field, "stands in a rule that denies"));
        }
        let dns = !kinds[2].is_empty();
        if dns && direction == Direction::Ingress {
            return Err(refuse(format!("{field}.dns"), "is for egress only"));
        }
        if dns && ports.is_empty() {
            return Err(refuse(format!("{field}.dns"), "needs ports"));
        }
        if kinds.iter().filter(|kind| !kind.is_empty()).count() > 1 {
            return Err(refuse(field, "holds rules of several protocols"));
        }
        let tls = !entry["terminatingTLS"].is_null();
        if !items(entry, "serverNames").is_empty() && !tls {
            return Err(refuse(format!("{path}.serverNames"), "not together with rules"));
        }
        for (at, port) in ports.iter().enumerate() {
            let path = format!("{path}.ports[{at}]");
            if port["protocol"].as_str().is_none_or(|protocol| protocol != "TCP") && !dns {
                return Err(refuse(format!("{path}.protocol"), "must be TCP beside rules"));
            }
            if port["port"] == "0" {
                return Err(refuse(format!("{path}.port"), "must not be 0 beside rules"));
            }
        }
    }
    Ok(())
}

fn ports(list: &[Value], path: &str) -> Result<Ports, Refused> {
    let mut found = Ports::fixed(ConnectionSet::none());
    for (at, entry) in list.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let mut fields = Fields::of(entry, &path)?;
        let ports = fields.list("ports")?.unwrap_or_default();
        let mut set = ConnectionSet::none();
        let mut named = Vec::new();
        for (at, port) in ports.iter().enumerate() {
            one_port(port, &format!("{path}.ports[{at}]"), &mut set, &mut named)?;
        }
        if ports.is_empty() {
            set = ConnectionSet::all();
        }
        // What looks into the connection lets less through than the port.
        let mut narrowed = fields
            .take("rules")
            .is_some_and(|rules| rules.as_object().is_none_or(|rules| !rules.is_empty()));
        narrowed |= fields.list("serverNames")?.is_some_and(|names| !names.is_empty());
        fields.skip(&["terminatingTLS", "originatingTLS"]);
        fields.end()?;
        if narrowed && rules().switches.cilium_sections_narrow {
            if !named.is_empty() {
                return Err(refuse(path, "a named port with rules inside it is not modelled"));
            }
            let known = found.perhaps.take().map_or_else(ConnectionSet::none, |(set, _)| set);
            let why = Str::new("a section looks into the connection");
            found.perhaps = Some((known.union(&set), why));
        } else {
            found.fixed = found.fixed.union(&set);
            found.named.extend(named);
        }
    }
    Ok(found)
}

fn one_port(
    value: &Value,
    path: &str,
    set: &mut ConnectionSet,
    named: &mut Vec<(Str, Option<Protocol>)>,
) -> Result<(), Refused> {
    let mut fields = Fields::of(value, path)?;
    let port = fields.text("port")?.unwrap_or_default();
    let end = fields.take("endPort").unwrap_or_default();
    let protocol = fields.text("protocol")?.unwrap_or_default();
    fields.end()?;
    let protocols: Vec<Protocol> = match protocol.as_str() {
        "" | "ANY" if rules().switches.cilium_any_protocol => Protocol::ALL.to_vec(),
        "" | "ANY" => vec![Protocol::Tcp],
        "ICMP" | "ICMPv6" | "VRRP" | "IGMP" => Vec::new(),
        name => vec![Protocol::from_name(name).ok_or_else(|| {
            refuse(format!("{path}.protocol"), format!("\"{name}\" is no protocol"))
        })?],
    };
    let Ok(first) = port.parse::<u16>() else {
        if port.is_empty() {
            return Err(refuse(format!("{path}.port"), "must be set"));
        } else if port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse(format!("{path}.port"), format!("\"{port}\" is no port")));
        }
        named.extend(protocols.iter().map(|one| (Str::new(&port), Some(*one))));
        return Ok(());
    };
    let last = match (end.as_u64().and_then(|end| u16::try_from(end).ok()), end.is_null()) {
        (None | Some(0), true) | (Some(0), false) => first,
        (Some(end), _) if end >= first && !rules().switches.cilium_end_port_counts => first,
        (Some(end), _) if end >= first => end,
        _ => {
            return Err(refuse(
                format!("{path}.endPort"),
                format!("{end} is no port after {first}"),
            ));
        }
    };
    // Port 0 means all of them.
    let all = first == 0 && rules().switches.cilium_zero_is_every_port;
    let (first, last) = if all { (1, 65535) } else { (first, last) };
    for protocol in protocols {
        *set = set.union(&ConnectionSet::ports(protocol, first, last));
    }
    Ok(())
}
