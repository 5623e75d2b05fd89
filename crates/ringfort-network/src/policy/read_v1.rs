//! NetworkPolicy of networking.k8s.io/v1 in the common form (NP-01 to NP-06), with the checks
//! of kubernetes `pkg/apis/networking/validation` (ValidateNetworkPolicy).

use ringfort_model::record::{
    Checked, IpBlock, LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicyRule, NetworkPolicySpec,
};
use ringfort_model::{IntOrString, Str};

use crate::policy::address::AddressSet;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::Expr;
use crate::policy::label;
use crate::policy::read::{Refused, blocks_match, refuse, unread};
use crate::policy::rule::{Action, Peer, Place, Policy, PolicyName, Ports, Rule, Side, Tri};
use crate::policy::rules::rules as active;

/// The name under which its rules are reported.
pub(crate) const KIND: &str = "NetworkPolicy";

/// Reads one policy; what is wrong with it makes it broken.
pub(crate) fn policy(record: &NetworkPolicy, place: Place, pods: Tri) -> (Policy, Option<Refused>) {
    let namespace = &record.metadata.namespace;
    let name =
        PolicyName { kind: KIND, namespace: namespace.clone(), name: record.metadata.name.clone() };
    let own = Expr::namespace(namespace);
    let mut policy = Policy {
        name,
        place,
        subject: own.clone(),
        hosts: None,
        enforced: Tri::Yes,
        broken: None,
        ingress: Side::default(),
        egress: Side::default(),
    };
    // The API server drops what it does not know of its own kinds: named, and without effect.
    let mut dropped = None;
    let spec = match &record.spec {
        Checked::Read(spec) => spec,
        Checked::Partly(spec, reason) => {
            dropped = Some(unread(reason));
            spec
        }
        Checked::Unreadable(reason) => {
            let refused = unread(reason);
            return (broken(policy, refused.reason.as_str()), Some(refused));
        }
    };
    // Which pods an invalid policy selects is still known where its selector is valid.
    let selected = match selector(spec.pod_selector.as_ref(), "spec.podSelector") {
        Ok(selected) => selected.map_or_else(Expr::everything, |found| Expr::pods(&found)),
        Err(refused) => return (broken(policy, &refused.to_string()), Some(refused)),
    };
    policy.subject =
        if active().switches.subject_in_own_namespace { own.and(selected) } else { selected };
    match sides(spec, namespace, pods) {
        Ok((ingress, egress)) => {
            policy.ingress = ingress;
            policy.egress = egress;
            (policy, dropped)
        }
        Err(refused) => (broken(policy, &refused.to_string()), Some(refused)),
    }
}

fn broken(mut policy: Policy, reason: &str) -> Policy {
    policy.broken = Some(Str::new(reason));
    policy.ingress.applies = true;
    policy.egress.applies = true;
    policy
}

/// Checks a selector; absent stays absent.
pub(crate) fn selector(
    given: Option<&LabelSelector>,
    field: &str,
) -> Result<Option<LabelSelector>, Refused> {
    let Some(selector) = given else { return Ok(None) };
    match label::refusal(selector) {
        Some((below, reason)) => Err(refuse(format!("{field}.{below}"), reason)),
        None => Ok(Some(selector.clone())),
    }
}

fn sides(spec: &NetworkPolicySpec, namespace: &Str, pods: Tri) -> Result<(Side, Side), Refused> {
    let rule = &active().switches;
    for (at, kind) in spec.policy_types.iter().enumerate() {
        if !matches!(kind.as_str(), "Ingress" | "Egress") && !rule.other_types_are_left_out {
            let field = format!("spec.policyTypes[{at}]");
            return Err(refuse(field, format!("\"{kind}\" is no policy type")));
        }
    }
    if spec.policy_types.len() > 2 {
        return Err(refuse("spec.policyTypes", "has more than two entries"));
    }
    // NP-02: the default depends on whether there is an egress rule, not on the field.
    let by_default = spec.policy_types.is_empty();
    let has_egress = !spec.egress.is_empty();
    let ingress = if by_default {
        rule.ingress_by_default
    } else {
        spec.policy_types.has("Ingress") || rule.ingress_always
    };
    let egress = if by_default {
        (has_egress && rule.egress_by_rules) || rule.egress_by_default
    } else {
        spec.policy_types.has("Egress") || (has_egress && rule.egress_rules_are_a_type)
    };
    let ingress_rules = rules(&spec.ingress, "spec.ingress", "from", namespace, pods)?;
    let egress_rules = rules(&spec.egress, "spec.egress", "to", namespace, pods)?;
    let side = |applies: bool, rules: Vec<Rule>| Side {
        applies,
        isolates: applies && rule.selecting_isolates,
        rules: if applies { rules } else { Vec::new() },
    };
    Ok((side(ingress, ingress_rules), side(egress, egress_rules)))
}

fn rules(
    rules: &[NetworkPolicyRule],
    field: &str,
    peers_field: &str,
    namespace: &Str,
    pods: Tri,
) -> Result<Vec<Rule>, Refused> {
    let mut read = Vec::with_capacity(rules.len());
    for (at, rule) in rules.iter().enumerate() {
        let peers = if peers_field == "from" { &rule.from } else { &rule.to };
        let mut found = Vec::with_capacity(peers.len());
        for (peer_at, one) in peers.iter().enumerate() {
            let field = format!("{field}[{at}].{peers_field}[{peer_at}]");
            found.push(peer(one, &field, namespace, pods)?);
        }
        if peers.is_empty() && active().switches.no_peers_is_everybody {
            found.push(Peer::Any);
        }
        read.push(Rule {
            name: Str::from(format!("#{}", at + 1)),
            action: Action::Allow,
            peers: found,
            ports: ports(&rule.ports, &format!("{field}[{at}].ports"))?,
        });
    }
    Ok(read)
}

fn peer(
    peer: &NetworkPolicyPeer,
    field: &str,
    namespace: &Str,
    pods: Tri,
) -> Result<Peer, Refused> {
    let by_pod = selector(peer.pod_selector.as_ref(), &format!("{field}.podSelector"))?;
    let by_namespace =
        selector(peer.namespace_selector.as_ref(), &format!("{field}.namespaceSelector"))?;
    let rule = &active().switches;
    if let Some(block) = &peer.ip_block {
        if (by_pod.is_some() || by_namespace.is_some()) && !rule.block_beside_selector {
            return Err(refuse(field, "ipBlock stands beside a selector"));
        }
        let set = addresses(block, &format!("{field}.ipBlock"))?;
        return Ok(Peer::Addresses { set, pods, nodes: blocks_match(pods) });
    }
    let chosen = by_pod.as_ref().map(Expr::pods);
    Ok(Peer::Pods(match (by_namespace.as_ref().map(Expr::namespaces), chosen) {
        (Some(namespaces), Some(pods)) if rule.peer_selectors_together => namespaces.and(pods),
        (Some(namespaces), Some(pods)) => Expr::Any(vec![namespaces, pods]),
        (Some(namespaces), None) => namespaces,
        (None, Some(pods)) if rule.pod_peer_in_own_namespace => {
            Expr::namespace(namespace).and(pods)
        }
        (None, Some(pods)) => pods,
        (None, None) => return Err(refuse(field, "has neither selector nor ipBlock")),
    }))
}

/// A block without its exceptions, each of which must lie inside it and not be all of it.
fn addresses(block: &IpBlock, field: &str) -> Result<AddressSet, Refused> {
    let whole = AddressSet::cidr(&block.cidr)
        .map_err(|error| refuse(format!("{field}.cidr"), error.to_string()))?;
    let rule = &active().switches;
    let mut left = whole.clone();
    for (at, text) in block.except.iter().enumerate() {
        let field = format!("{field}.except[{at}]");
        let hole = AddressSet::cidr(text).map_err(|error| refuse(&*field, error.to_string()))?;
        if (!hole.is_subset(&whole) && rule.except_lies_inside)
            || (hole == whole && !rule.except_may_be_all)
        {
            let reason = format!("\"{text}\" is not strictly inside \"{}\"", block.cidr);
            return Err(refuse(field, reason));
        }
        if rule.except_is_left_out {
            left = left.difference(&hole);
        }
    }
    Ok(left)
}

/// NP-04.
fn ports(ports: &[NetworkPolicyPort], field: &str) -> Result<Ports, Refused> {
    let rule = &active().switches;
    if ports.is_empty() && rule.no_ports_is_every_port {
        return Ok(Ports::all());
    }
    let mut read = Ports::fixed(ConnectionSet::none());
    for (at, port) in ports.iter().enumerate() {
        let field = format!("{field}[{at}]");
        let protocol = match port.protocol.as_deref() {
            None | Some("") if rule.tcp_by_default => Protocol::Tcp,
            None | Some("") => Protocol::Udp,
            Some(name) => Protocol::from_name(name).ok_or_else(|| {
                refuse(format!("{field}.protocol"), format!("\"{name}\" is no protocol"))
            })?,
        };
        let found = match (&port.port, port.end_port) {
            (None, None) if rule.no_number_is_every_port => ConnectionSet::protocol(protocol),
            (None, None) => ConnectionSet::none(),
            (None, Some(_)) => {
                return Err(refuse(format!("{field}.endPort"), "needs a numeric port"));
            }
            (Some(IntOrString::Int(number)), end) => {
                let first = number_of(*number, &format!("{field}.port"))?;
                let last = match end.filter(|_| rule.end_port_counts) {
                    Some(end) => number_of(end, &format!("{field}.endPort"))?,
                    None => first,
                };
                if last < first && !rule.end_port_may_be_less {
                    let reason = format!("{last} is less than port {first}");
                    return Err(refuse(format!("{field}.endPort"), reason));
                }
                ConnectionSet::ports(protocol, first, last)
            }
            (Some(IntOrString::Text(name)), end) => {
                if end.is_some() && !rule.end_port_beside_name {
                    return Err(refuse(format!("{field}.endPort"), "needs a numeric port"));
                }
                if !is_port_name(name) {
                    let reason = format!("\"{name}\" is no port name");
                    return Err(refuse(format!("{field}.port"), reason));
                }
                let of = rule.named_port_of_protocol.then_some(protocol);
                read.named.push((name.clone(), of));
                continue;
            }
        };
        read.fixed = read.fixed.union(&found);
    }
    Ok(read)
}

/// A port number, 1 to 65535.
pub(crate) fn number_of(number: i64, field: &str) -> Result<u16, Refused> {
    match u16::try_from(number) {
        Ok(port) if port > 0 || active().switches.zero_is_a_port => Ok(port),
        _ => Err(refuse(field, format!("{number} is not between 1 and 65535"))),
    }
}

/// IANA service name (apimachinery `IsValidPortName`).
pub(crate) fn is_port_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=15).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
