//! AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy in the common form
//! (NP-20, NP-30 to NP-34), with the checks of their definitions
//! (kubernetes-sigs/network-policy-api `apis/v1alpha1`, `apis/v1alpha2`).

use ringfort_model::Str;
use ringfort_model::record::{
    AdminNetworkPolicySpec, AdminPeer, AdminPort, AdminPortRange, AdminRule, Checked, ClusterPorts,
    ClusterProtocol, LabelSelector, Meta,
};

use crate::policy::address::AddressSet;
use crate::policy::connection::{ConnectionSet, Protocol};
use crate::policy::expr::Expr;
use crate::policy::read::{Refused, refuse, unread};
use crate::policy::read_v1::{number_of, selector};
use crate::policy::rule::{
    Action, Direction, Peer, Place, Policy, PolicyName, Ports, Rule, Side, Tri,
};
use crate::policy::rules::rules;

/// The three kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Admin,
    Baseline,
    Cluster,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "AdminNetworkPolicy",
            Self::Baseline => "BaselineAdminNetworkPolicy",
            Self::Cluster => "ClusterNetworkPolicy",
        }
    }

    fn most_rules(self) -> usize {
        rules().most_rules[self.family()] as usize
    }

    fn most_peers(self) -> usize {
        rules().most_peers[self.family()] as usize
    }

    fn most_ports(self) -> usize {
        rules().most_ports[self.family()] as usize
    }

    /// Position in tables of limits.
    fn family(self) -> usize {
        usize::from(self == Self::Cluster)
    }
}

/// Stages of the two tiers around the NetworkPolicy tier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiers {
    pub(crate) admin: u64,
    pub(crate) baseline: u64,
    /// Whether `networks` mean pods and nodes by their address.
    pub(crate) networks: Tri,
}

/// Reads one policy; what is wrong with it makes it broken.
pub(crate) fn policy(
    kind: Kind,
    meta: &Meta,
    spec: &Checked<AdminNetworkPolicySpec>,
    tiers: Tiers,
) -> (Policy, Option<Refused>) {
    let name = PolicyName { kind: kind.name(), namespace: Str::default(), name: meta.name.clone() };
    let mut policy = Policy {
        name,
        place: Place { stage: tiers.admin, lane: 0, group: 0 },
        subject: Expr::everything(),
        hosts: None,
        enforced: Tri::Yes,
        broken: None,
        ingress: Side::default(),
        egress: Side::default(),
    };
    let read = match spec {
        Checked::Read(spec) => fill(&mut policy, kind, spec, tiers),
        Checked::Partly(spec, reason) => {
            let refused = unread(reason);
            // Whom it selects is known unless that is what does not read.
            if !refused.field.starts_with("spec.subject")
                && let Err(other) = fill(&mut policy, kind, spec, tiers)
                && other.field.starts_with("spec.subject")
            {
                Err(other)
            } else {
                Err(refused)
            }
        }
        Checked::Unreadable(reason) => Err(unread(reason)),
    };
    let Err(refused) = read else { return (policy, None) };
    policy.broken = Some(Str::from(refused.to_string()));
    // What is wrong with rules of one direction says nothing about the other, if that has none.
    let silent = |rules: fn(&AdminNetworkPolicySpec) -> bool, other: &str| {
        spec.spec().is_some_and(rules) && refused.field.starts_with(other)
    };
    policy.ingress.applies = !silent(|spec| spec.ingress.is_empty(), "spec.egress");
    policy.egress.applies = !silent(|spec| spec.egress.is_empty(), "spec.ingress");
    (policy, Some(refused))
}

fn fill(
    policy: &mut Policy,
    kind: Kind,
    spec: &AdminNetworkPolicySpec,
    tiers: Tiers,
) -> Result<(), Refused> {
    // The subject first: of a policy that is wrong elsewhere it is still known whom it selects.
    let subject = spec.subject.clone().unwrap_or_default();
    policy.subject = pods_of(&subject, "spec.subject")?
        .ok_or_else(|| refuse("spec.subject", "exactly one of namespaces and pods must be set"))?;
    let baseline = match (kind, spec.tier.as_deref()) {
        (Kind::Admin, _) | (Kind::Cluster, Some("Admin")) => false,
        (Kind::Baseline, _) | (Kind::Cluster, Some("Baseline")) => true,
        (Kind::Cluster, other) => {
            let tier = other.unwrap_or_default();
            return Err(refuse("spec.tier", format!("\"{tier}\" is no tier")));
        }
    };
    let rule = &rules().switches;
    policy.place.lane = u8::from(kind == Kind::Cluster && rule.kinds_have_no_order);
    policy.place.stage = if baseline { tiers.baseline } else { tiers.admin };
    if kind == Kind::Baseline {
        if policy.name.name != "default" && !rule.baseline_of_any_name {
            return Err(refuse("metadata.name", "only the name \"default\" is allowed"));
        }
    } else {
        let priority = spec.priority.unwrap_or(-1);
        let most = i64::from(rules().most_priority);
        if !(0..=most).contains(&priority) {
            let said = spec.priority.map_or("none".to_owned(), |number| number.to_string());
            return Err(refuse("spec.priority", format!("{said} is not between 0 and {most}")));
        }
        let order = if rule.greater_number_first { most - priority } else { priority };
        policy.place.group = u64::try_from(order).unwrap_or_default();
    }
    let kind = Rules { kind, networks: tiers.networks };
    policy.ingress = kind.side(&spec.ingress, Direction::Ingress, "spec.ingress")?;
    policy.egress = kind.side(&spec.egress, Direction::Egress, "spec.egress")?;
    Ok(())
}

/// The pods that `namespaces` or `pods` select; nothing if not exactly one of them is set.
fn pods_of(peer: &AdminPeer, field: &str) -> Result<Option<Expr>, Refused> {
    let checked = |one: &Option<LabelSelector>, below: &str| {
        let found = selector(one.as_ref(), &format!("{field}.{below}"))?;
        Ok::<_, Refused>(found.unwrap_or_default())
    };
    Ok(match (&peer.namespaces, &peer.pods) {
        (Some(_), None) => Some(Expr::namespaces(&checked(&peer.namespaces, "namespaces")?)),
        (None, Some(pods)) => {
            let namespaces = checked(&pods.namespace_selector, "pods.namespaceSelector")?;
            let pods = checked(&pods.pod_selector, "pods.podSelector")?;
            Some(Expr::namespaces(&namespaces).and(Expr::pods(&pods)))
        }
        _ => None,
    })
}

/// What the readers of rules need to know.
#[derive(Clone, Copy)]
struct Rules {
    kind: Kind,
    networks: Tri,
}

impl Rules {
    fn side(self, rules: &[AdminRule], direction: Direction, field: &str) -> Result<Side, Refused> {
        if rules.len() > self.kind.most_rules() {
            return Err(refuse(field, format!("has more than {} rules", self.kind.most_rules())));
        }
        let mut read = Vec::with_capacity(rules.len());
        for (at, rule) in rules.iter().enumerate() {
            read.push(self.rule(rule, direction, at, &format!("{field}[{at}]"))?);
        }
        // A policy without rules in a direction does not touch it, and selecting never isolates.
        let applies = !read.is_empty();
        let isolates = applies && crate::policy::rules::rules().switches.admin_isolates;
        Ok(Side { applies, isolates, rules: read })
    }

    fn rule(
        self,
        rule: &AdminRule,
        direction: Direction,
        at: usize,
        field: &str,
    ) -> Result<Rule, Refused> {
        let action = match (self.kind, rule.action.as_str()) {
            (Kind::Cluster, "Accept") | (Kind::Admin | Kind::Baseline, "Allow") => Action::Allow,
            (_, "Deny") => Action::Deny,
            (Kind::Admin | Kind::Cluster, "Pass") => Action::Pass,
            (Kind::Baseline, "Pass") if rules().switches.baseline_may_pass => Action::Pass,
            (_, other) => {
                return Err(refuse(format!("{field}.action"), format!("\"{other}\" is no action")));
            }
        };
        let foreign = match self.kind {
            Kind::Cluster => rule.ports.is_some().then_some("ports"),
            Kind::Admin | Kind::Baseline => rule.protocols.is_some().then_some("protocols"),
        };
        if let (Some(name), true) = (foreign, rules().switches.fields_of_the_kind_alone) {
            return Err(refuse(format!("{field}.{name}"), "is no field of this kind"));
        }
        let (given, peers_field) = match direction {
            Direction::Ingress => (&rule.from, "from"),
            Direction::Egress => (&rule.to, "to"),
        };
        let peers_field = format!("{field}.{peers_field}");
        if given.is_empty() {
            return Err(refuse(peers_field, "must hold at least one peer"));
        }
        if given.len() > self.kind.most_peers() {
            return Err(refuse(
                peers_field,
                format!("has more than {} peers", self.kind.most_peers()),
            ));
        }
        let mut peers = Vec::new();
        let mut closed = false;
        for (peer_at, one) in given.iter().enumerate() {
            let peer_field = format!("{peers_field}[{peer_at}]");
            match self.peer(one, direction, action, &peer_field)? {
                Some(found) => peers.extend(found),
                None => closed = true,
            }
        }
        let mut read = Rule {
            name: if rule.name.is_empty() {
                Str::from(format!("#{}", at + 1))
            } else {
                rule.name.clone()
            },
            action,
            peers,
            ports: ports(self.kind, rule, field)?,
        };
        if self.kind == Kind::Cluster
            && !read.ports.named.is_empty()
            && given.iter().any(|peer| {
                peer.networks.is_some() || peer.nodes.is_some() || peer.domain_names.is_some()
            })
        {
            let reason = "a named port cannot stand beside networks, nodes or domainNames";
            return Err(refuse(format!("{field}.protocols"), reason));
        }
        if closed && rules().switches.unknown_peer_fails_closed {
            // NP-32: an unknown field. What is allowed shrinks to nothing, the rest denies all.
            if action == Action::Allow {
                read.peers.clear();
            } else {
                read.action = Action::Deny;
                read.peers = vec![Peer::Any];
                read.ports = Ports::all();
            }
        }
        Ok(read)
    }

    /// One peer; nothing where no known field is set in a kind that then fails closed.
    fn peer(
        self,
        peer: &AdminPeer,
        direction: Direction,
        action: Action,
        field: &str,
    ) -> Result<Option<Vec<Peer>>, Refused> {
        let outside = [peer.nodes.is_some(), peer.networks.is_some(), peer.domain_names.is_some()];
        let set = usize::from(peer.namespaces.is_some())
            + usize::from(peer.pods.is_some())
            + outside.iter().filter(|set| **set).count();
        if set == 0 && self.kind == Kind::Cluster {
            return Ok(None);
        }
        if set != 1 {
            return Err(refuse(field, "exactly one field must be set"));
        }
        let rule = &rules().switches;
        if direction == Direction::Ingress && outside.contains(&true) && !rule.ingress_from_outside
        {
            return Err(refuse(field, "ingress takes namespaces and pods only"));
        }
        if let Some(pods) = pods_of(peer, field)? {
            return Ok(Some(vec![Peer::Pods(pods)]));
        }
        if peer.nodes.is_some() {
            let nodes =
                selector(peer.nodes.as_ref(), &format!("{field}.nodes"))?.unwrap_or_default();
            return Ok(Some(vec![Peer::Nodes(Expr::pods(&nodes))]));
        }
        if let Some(networks) = &peer.networks {
            if networks.is_empty() || networks.len() > rules().most_networks as usize {
                return Err(refuse(format!("{field}.networks"), "must hold 1 to 25 blocks"));
            }
            let mut set = AddressSet::default();
            for (at, block) in networks.iter().enumerate() {
                let block = AddressSet::cidr(block)
                    .map_err(|e| refuse(format!("{field}.networks[{at}]"), e.to_string()))?;
                set = set.union(&block);
            }
            // NP-31: networks match pod and node addresses too.
            return Ok(Some(vec![Peer::Addresses {
                set,
                pods: self.networks,
                nodes: self.networks,
            }]));
        }
        let names = peer.domain_names.as_deref().unwrap_or_default();
        if action != Action::Allow && !rule.domains_may_be_denied {
            return Err(refuse(
                format!("{field}.domainNames"),
                "stands in a rule that does not allow",
            ));
        }
        if names.is_empty() || names.len() > rules().most_domains as usize {
            return Err(refuse(format!("{field}.domainNames"), "must hold 1 to 25 names"));
        }
        let said = names.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
        Ok(Some(vec![Peer::Perhaps {
            segments: [false, false, true],
            why: Str::from(format!("addresses of {said}")),
        }]))
    }
}

fn ports(kind: Kind, rule: &AdminRule, field: &str) -> Result<Ports, Refused> {
    match (kind, &rule.ports, &rule.protocols) {
        (Kind::Cluster, _, Some(protocols)) => cluster_ports(protocols, field),
        (Kind::Admin | Kind::Baseline, Some(ports), _)
            if !ports.is_empty() || !rules().switches.empty_ports_are_every_port =>
        {
            admin_ports(ports, field)
        }
        _ => Ok(Ports::all()),
    }
}

fn admin_ports(ports: &[AdminPort], field: &str) -> Result<Ports, Refused> {
    if ports.len() > Kind::Admin.most_ports() {
        return Err(refuse(format!("{field}.ports"), "has more than 100 entries"));
    }
    let mut read = Ports::fixed(ConnectionSet::none());
    for (at, port) in ports.iter().enumerate() {
        let field = format!("{field}.ports[{at}]");
        let found = match (&port.port_number, &port.port_range, &port.named_port) {
            (Some(number), None, None) => {
                let protocol = protocol(&number.protocol, &format!("{field}.portNumber.protocol"))?;
                let port =
                    number_of(number.port.unwrap_or(0), &format!("{field}.portNumber.port"))?;
                ConnectionSet::ports(protocol, port, port)
            }
            (None, Some(range), None) => {
                let protocol = protocol(&range.protocol, &format!("{field}.portRange.protocol"))?;
                let (first, last) = range_of(range, &format!("{field}.portRange"))?;
                ConnectionSet::ports(protocol, first, last)
            }
            (None, None, Some(name)) => {
                read.named.push((name.clone(), protocol_of_names()));
                continue;
            }
            _ => return Err(refuse(field, "exactly one field must be set")),
        };
        read.fixed = read.fixed.union(&found);
    }
    Ok(read)
}

/// A name of the admin kinds means whichever protocol the port has.
fn protocol_of_names() -> Option<Protocol> {
    rules().switches.admin_named_port_is_tcp.then_some(Protocol::Tcp)
}

fn protocol(name: &str, field: &str) -> Result<Protocol, Refused> {
    if name.is_empty() {
        return Ok(Protocol::Tcp);
    }
    Protocol::from_name(name).ok_or_else(|| refuse(field, format!("\"{name}\" is no protocol")))
}

fn range_of(range: &AdminPortRange, field: &str) -> Result<(u16, u16), Refused> {
    let first = number_of(range.start.unwrap_or(0), &format!("{field}.start"))?;
    let last = number_of(range.end.unwrap_or(0), &format!("{field}.end"))?;
    if last <= first && !(last == first && rules().switches.range_of_one) {
        return Err(refuse(format!("{field}.end"), format!("{last} is not above start {first}")));
    }
    Ok((first, last))
}

fn cluster_ports(protocols: &[ClusterProtocol], field: &str) -> Result<Ports, Refused> {
    let field = format!("{field}.protocols");
    if protocols.is_empty() || protocols.len() > Kind::Cluster.most_ports() {
        return Err(refuse(field, "must hold 1 to 25 entries"));
    }
    let mut read = Ports::fixed(ConnectionSet::none());
    for (at, one) in protocols.iter().enumerate() {
        let field = format!("{field}[{at}]");
        let found = match (&one.tcp, &one.udp, &one.sctp, &one.destination_named_port) {
            (Some(ports), None, None, None) => one_protocol(Protocol::Tcp, ports, &field, "tcp")?,
            (None, Some(ports), None, None) => one_protocol(Protocol::Udp, ports, &field, "udp")?,
            (None, None, Some(ports), None) => one_protocol(Protocol::Sctp, ports, &field, "sctp")?,
            (None, None, None, Some(name)) if !name.is_empty() => {
                read.named.push((name.clone(), protocol_of_names()));
                continue;
            }
            _ => return Err(refuse(field, "exactly one field must be set")),
        };
        read.fixed = read.fixed.union(&found);
    }
    Ok(read)
}

fn one_protocol(
    protocol: Protocol,
    ports: &ClusterPorts,
    field: &str,
    below: &str,
) -> Result<ConnectionSet, Refused> {
    let field = format!("{field}.{below}.destinationPort");
    let Some(port) = &ports.destination_port else {
        return Err(refuse(field, "must be set"));
    };
    match (port.number, &port.range) {
        (Some(number), None) => {
            let number = number_of(number, &format!("{field}.number"))?;
            Ok(ConnectionSet::ports(protocol, number, number))
        }
        (None, Some(range)) => {
            let (first, last) = range_of(range, &format!("{field}.range"))?;
            Ok(ConnectionSet::ports(protocol, first, last))
        }
        _ => Err(refuse(field, "exactly one of number and range must be set")),
    }
}
