//! Calico's NetworkPolicy, GlobalNetworkPolicy, Tier, NetworkSet, GlobalNetworkSet and
//! HostEndpoint in the common form (NP-41; projectcalico/api `pkg/apis/projectcalico/v3`).
//! docs/network.md lists the fields.

use std::collections::BTreeMap;

use ringfort_model::record::Meta;
use ringfort_model::{Cluster, Str};
use serde_json::Value;

use crate::policy::address::AddressSet;
use crate::policy::calico_order::{self, DEFAULT_TIER, Ordered};
use crate::policy::calico_ports::{destination_ports, protocol_set};
use crate::policy::calico_selector::{Of, Whose, parse};
use crate::policy::cni_rules::rules;
use crate::policy::connection::ConnectionSet;
use crate::policy::expr::{Expr, Key, Op};
use crate::policy::gather::KUBERNETES;
use crate::policy::read::{Refused, refuse};
use crate::policy::rule::{Action, Direction, Peer, Place, Policy, PolicyName, Rule, Side, Tri};
use crate::policy::strict::Fields;

/// A tier: its stage, and whether its end denies.
#[derive(Clone, Copy)]
struct Tier {
    stage: u64,
    denies: bool,
}

/// Named blocks of addresses with labels.
struct Set {
    name: Str,
    labels: ringfort_model::Map,
    namespace: Option<Str>,
    blocks: AddressSet,
}

struct Calico<'a> {
    cluster: &'a Cluster,
    tiers: BTreeMap<String, Tier>,
    sets: Vec<Set>,
}

/// Reads every policy; what is wrong with one makes it broken.
pub(crate) fn policies(
    cluster: &Cluster,
    version: Option<(u32, u32)>,
) -> Vec<(Policy, Option<Refused>)> {
    let mut calico = Calico { cluster, tiers: BTreeMap::new(), sets: Vec::new() };
    let mut broken = Vec::new();
    calico.tiers(&mut broken);
    let sets = cluster
        .calico_network_sets
        .iter()
        .map(|one| ("CalicoNetworkSet", &one.metadata, &one.spec.0));
    let global = cluster.calico_global_network_sets.iter();
    for (kind, meta, spec) in
        sets.chain(global.map(|one| ("CalicoGlobalNetworkSet", &one.metadata, &one.spec.0)))
    {
        match blocks(spec, "nets", "spec") {
            Ok(blocks) => calico.sets.push(Set {
                name: meta.name.clone(),
                labels: meta.labels.clone(),
                namespace: (!meta.namespace.is_empty()).then(|| meta.namespace.clone()),
                blocks,
            }),
            Err(refused) => broken.push(unknown(kind, meta, refused)),
        }
    }
    for endpoint in &cluster.calico_host_endpoints {
        // What reaches a protected host depends on interfaces and fail-safe ports.
        let mut policy = unknown(
            "CalicoHostEndpoint",
            &endpoint.metadata,
            refuse("spec", "what protects hosts is not modelled"),
        )
        .0;
        policy.subject = Expr::nothing();
        policy.hosts = Some(Expr::everything());
        broken.push((policy, None));
    }
    let mut found: Vec<(Ordered, Policy, Option<Refused>)> = Vec::new();
    for one in &cluster.calico_network_policies {
        found.push(calico.policy("CalicoNetworkPolicy", &one.metadata, &one.spec.0, false));
    }
    for one in &cluster.calico_global_network_policies {
        found.push(calico.policy("CalicoGlobalNetworkPolicy", &one.metadata, &one.spec.0, true));
    }
    let (ordered, read): (Vec<Ordered>, Vec<_>) =
        found.into_iter().map(|(ordered, policy, refused)| (ordered, (policy, refused))).unzip();
    let kubernetes = cluster.network_policies.iter();
    let kubernetes: Vec<(&str, &str)> = kubernetes
        .map(|one| (one.metadata.namespace.as_str(), one.metadata.name.as_str()))
        .collect();
    let groups = calico_order::groups(&ordered, &kubernetes, version);
    let placed = read.into_iter().zip(groups).map(|((mut policy, refused), group)| {
        policy.place.group = group;
        (policy, refused)
    });
    placed.chain(broken).collect()
}

/// Something that makes every verdict unknown.
fn unknown(kind: &'static str, meta: &Meta, refused: Refused) -> (Policy, Option<Refused>) {
    let open = Side { applies: true, isolates: false, rules: Vec::new() };
    let policy = Policy {
        name: PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() },
        place: Place { stage: 0, lane: 0, group: 0 },
        subject: Expr::everything(),
        hosts: None,
        enforced: Tri::Yes,
        broken: Some(Str::from(refused.to_string())),
        ingress: open.clone(),
        egress: open,
    };
    (policy, Some(refused))
}

/// A tier's order, and whether its end denies.
fn read_tier(spec: &Value) -> Result<(Option<f64>, bool), Refused> {
    let mut fields = Fields::of(spec, "spec")?;
    let order = fields.number("order")?;
    let denies = match fields.text("defaultAction")?.as_deref() {
        None | Some("Deny") => true,
        Some("Pass") => !rules().switches.calico_tier_may_pass,
        Some(other) => {
            return Err(refuse("spec.defaultAction", format!("\"{other}\" is no action")));
        }
    };
    fields.end()?;
    Ok((order, denies))
}

fn blocks(spec: &Value, field: &str, path: &str) -> Result<AddressSet, Refused> {
    let mut fields = Fields::of(spec, path)?;
    let blocks = fields.texts(field)?.unwrap_or_default();
    fields.end()?;
    union(&blocks, &format!("{path}.{field}"))
}

fn union(blocks: &[Str], path: &str) -> Result<AddressSet, Refused> {
    blocks.iter().enumerate().try_fold(AddressSet::default(), |all, (at, block)| {
        // A single address stands for itself.
        let text = match block.parse::<std::net::IpAddr>() {
            Ok(address) => return Ok(all.union(&AddressSet::one(address))),
            Err(_) => block,
        };
        let set =
            AddressSet::cidr(text).map_err(|e| refuse(format!("{path}[{at}]"), e.to_string()))?;
        Ok(all.union(&set))
    })
}

fn selector(text: &str, of: Of, whose: Whose<'_>, path: &str) -> Result<Expr, Refused> {
    parse(text, of, whose).map_err(|reason| refuse(path, reason))
}

impl Calico<'_> {
    /// Reads the tiers; `default` is there whether an object says so or not.
    fn tiers(&mut self, broken: &mut Vec<(Policy, Option<Refused>)>) {
        let switch = &rules().switches;
        let own = Some(1_000_000.0);
        let mut read: Vec<(&str, Option<f64>, bool, Option<&Meta>)> = Vec::new();
        for tier in &self.cluster.calico_tiers {
            let name = tier.metadata.name.as_str();
            match read_tier(&tier.spec.0) {
                Ok((order, denies)) => {
                    let order = if name == DEFAULT_TIER { own } else { order };
                    read.push((name, order, denies, Some(&tier.metadata)));
                }
                Err(refused) => broken.push(unknown("CalicoTier", &tier.metadata, refused)),
            }
        }
        if read.iter().all(|(name, ..)| *name != DEFAULT_TIER) {
            read.push((DEFAULT_TIER, own, true, None));
        }
        let orders: Vec<(&str, Option<f64>)> = read
            .iter()
            .map(|(name, order, ..)| {
                let counts = switch.calico_tiers_have_order || *name == DEFAULT_TIER;
                (*name, order.filter(|_| counts))
            })
            .collect();
        let clusterwide = !self.cluster.cluster_network_policies.is_empty();
        let admin = clusterwide || !self.cluster.admin_network_policies.is_empty();
        let baseline = clusterwide || !self.cluster.baseline_admin_network_policies.is_empty();
        let stages = calico_order::stages(&orders, admin, baseline);
        for ((name, _, denies, meta), stage) in read.into_iter().zip(stages) {
            match (stage, meta) {
                (Some(stage), _) => {
                    let denies = denies && switch.calico_tier_denies;
                    self.tiers.insert(name.to_owned(), Tier { stage, denies });
                }
                (None, Some(meta)) => {
                    let reason = "its place beside the admin kinds depends on the version";
                    broken.push(unknown("CalicoTier", meta, refuse("spec.order", reason)));
                }
                (None, None) => {}
            }
        }
    }

    /// Pods of the cluster, for selectors.
    fn pods(&self) -> Whose<'_> {
        Whose::Pods(self.cluster)
    }

    fn policy(
        &self,
        kind: &'static str,
        meta: &Meta,
        spec: &Value,
        global: bool,
    ) -> (Ordered, Policy, Option<Refused>) {
        let mut policy = Policy {
            name: PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() },
            place: Place { stage: KUBERNETES, lane: 0, group: 0 },
            subject: if global { Expr::everything() } else { Expr::namespace(&meta.namespace) },
            hosts: None,
            enforced: Tri::Yes,
            broken: None,
            ingress: Side::default(),
            egress: Side::default(),
        };
        let mut ordered = Ordered {
            stage: KUBERNETES,
            order: f64::INFINITY,
            tier: DEFAULT_TIER.to_owned(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
        };
        let read = self.fill(&mut policy, &mut ordered, spec, global);
        let refused = read.err();
        if let Some(refused) = &refused {
            policy.broken = Some(Str::from(refused.to_string()));
            policy.ingress.applies = true;
            policy.egress.applies = true;
        }
        (ordered, policy, refused)
    }

    fn fill(
        &self,
        policy: &mut Policy,
        ordered: &mut Ordered,
        spec: &Value,
        global: bool,
    ) -> Result<(), Refused> {
        let mut fields = Fields::of(spec, "spec")?;
        fields.skip(&["performanceHints"]);
        let tier = fields.text("tier")?.unwrap_or_else(|| DEFAULT_TIER.to_owned());
        // Whom it selects first: of a policy that is wrong elsewhere that is still known.
        let own = fields.text("selector")?.unwrap_or_default();
        let own = selector(&own, Of::Endpoints, self.pods(), "spec.selector")?;
        policy.subject = policy.subject.clone().and(own);
        let Some(found) = self.tiers.get(&tier).copied() else {
            return Err(refuse("spec.tier", format!("there is no tier \"{tier}\"")));
        };
        ordered.tier = tier;
        let tier = found;
        ordered.stage = tier.stage;
        policy.place.stage = tier.stage;
        ordered.order = fields.number("order")?.unwrap_or(f64::INFINITY);
        let switch = &rules().switches;
        let selects = global && switch.calico_global_selects_namespaces;
        if let Some(text) = fields.text("namespaceSelector")?.filter(|_| selects) {
            let namespaces =
                selector(&text, Of::Namespaces, self.pods(), "spec.namespaceSelector")?;
            policy.subject = policy.subject.clone().and(namespaces);
        }
        if let Some(text) = fields.text("serviceAccountSelector")? {
            let accounts =
                selector(&text, Of::Accounts, self.pods(), "spec.serviceAccountSelector")?;
            policy.subject = policy.subject.clone().and(accounts);
        }
        for host_only in ["doNotTrack", "preDNAT"] {
            if fields.flag(host_only)? == Some(true) && switch.calico_untracked_is_for_hosts {
                // Untracked policies and those before DNAT are for hosts alone.
                policy.subject = Expr::nothing();
            }
        }
        if fields.flag("applyOnForward")? == Some(true)
            && !self.cluster.calico_host_endpoints.is_empty()
        {
            return Err(refuse("spec.applyOnForward", "is not modelled"));
        }
        let ingress = fields.list("ingress")?.unwrap_or_default();
        let egress = fields.list("egress")?.unwrap_or_default();
        let types = fields.texts("types")?.unwrap_or_default();
        fields.end()?;
        let has = |name: &str| types.iter().any(|kind| kind == name);
        // Without types: what has rules, and ingress where nothing has.
        let (into, out) = if types.is_empty() || !switch.calico_types_count {
            (
                !ingress.is_empty() || (egress.is_empty() && switch.calico_ingress_by_default),
                !egress.is_empty() && switch.calico_egress_by_rules,
            )
        } else {
            (has("Ingress"), has("Egress"))
        };
        let reading =
            Reading { calico: self, namespace: (!global).then(|| policy.name.namespace.clone()) };
        let side = |applies: bool, rules: &[Value], direction: Direction| {
            let rules = reading.rules(rules, direction)?;
            let rules = if applies { rules } else { Vec::new() };
            Ok::<_, Refused>(Side { applies, isolates: applies && tier.denies, rules })
        };
        policy.ingress = side(into, &ingress, Direction::Ingress)?;
        policy.egress = side(out, &egress, Direction::Egress)?;
        Ok(())
    }
}

struct Reading<'a> {
    calico: &'a Calico<'a>,
    /// The policy's namespace; nothing for global policies.
    namespace: Option<Str>,
}

/// The side of a rule that names the other end, or the own one.
#[derive(Default)]
struct Entity {
    nets: Option<AddressSet>,
    not_nets: Option<AddressSet>,
    selector: Option<String>,
    not_selector: Option<String>,
    namespaces: Option<String>,
    account_names: Vec<Str>,
    accounts: Option<String>,
    ports: Option<Vec<Value>>,
    not_ports: Option<Vec<Value>>,
}

impl Entity {
    fn names_somebody(&self) -> bool {
        self.nets.is_some()
            || self.not_nets.is_some()
            || self.selector.is_some()
            || self.not_selector.is_some()
            || self.namespaces.is_some()
            || self.accounts.is_some()
            || !self.account_names.is_empty()
    }
}

impl Reading<'_> {
    fn rules(&self, rules: &[Value], direction: Direction) -> Result<Vec<Rule>, Refused> {
        let mut read = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let path = format!("spec.{direction}[{at}]");
            read.extend(self.rule(rule, direction, at, &path)?);
        }
        Ok(read)
    }

    /// One rule; nothing for one that only logs.
    fn rule(
        &self,
        rule: &Value,
        direction: Direction,
        at: usize,
        path: &str,
    ) -> Result<Option<Rule>, Refused> {
        let mut fields = Fields::of(rule, path)?;
        fields.skip(&["metadata"]);
        let action = match fields.text("action")?.unwrap_or_default().as_str() {
            "Allow" => Action::Allow,
            "Deny" => Action::Deny,
            "Pass" if !rules().switches.calico_pass_leaves => Action::Allow,
            "Pass" => Action::Pass,
            "Log" if rules().switches.calico_log_allows => Action::Allow,
            "Log" => return Ok(None),
            other => {
                return Err(refuse(format!("{path}.action"), format!("\"{other}\" is no action")));
            }
        };
        let protocol = fields.take("protocol");
        let not_protocol = fields.take("notProtocol");
        let source = entity(&fields.take("source").unwrap_or_default(), &format!("{path}.source"))?;
        let destination = entity(
            &fields.take("destination").unwrap_or_default(),
            &format!("{path}.destination"),
        )?;
        // A rule about ICMP alone says nothing about ports.
        let icmp = fields.take("icmp").is_some() || fields.take("notICMP").is_some();
        fields.end()?;
        let switch = &rules().switches;
        let mut set = match &protocol {
            Some(protocol) => protocol_set(protocol, &format!("{path}.protocol"))?,
            None => ConnectionSet::all(),
        };
        if let Some(not) = not_protocol.as_ref().filter(|_| switch.calico_not_protocol_counts) {
            set = set.difference(&protocol_set(not, &format!("{path}.notProtocol"))?);
        }
        if icmp && !switch.calico_icmp_opens_ports {
            set = ConnectionSet::none();
        }
        let (own, other, own_path) = match direction {
            Direction::Ingress => (&destination, &source, "destination"),
            Direction::Egress => (&source, &destination, "source"),
        };
        if own.names_somebody() {
            return Err(refuse(format!("{path}.{own_path}"), "is not modelled for the own end"));
        }
        if rules().switches.calico_ports_need_a_protocol {
            ports_refused(protocol.as_ref(), [&source, &destination], path)?;
        }
        let mut ports = destination_ports(
            destination.ports.as_deref(),
            destination.not_ports.as_deref(),
            &set,
            &format!("{path}.destination"),
        )?;
        let asks = source.ports.is_some() || source.not_ports.is_some();
        if asks && switch.calico_source_ports_are_unknown {
            // Which port a client sends from is not known.
            let all = std::mem::replace(&mut ports.fixed, ConnectionSet::none());
            ports.named.clear();
            ports.perhaps = Some((all, Str::new("the rule asks for source ports")));
        }
        let name = Str::from(format!("#{}", at + 1));
        Ok(Some(Rule { name, action, peers: self.peers(other, path)?, ports }))
    }

    fn peers(&self, entity: &Entity, path: &str) -> Result<Vec<Peer>, Refused> {
        if !entity.names_somebody() {
            return Ok(vec![Peer::Any]);
        }
        let by_address = entity.nets.is_some() || entity.not_nets.is_some();
        let by_label = entity.selector.is_some()
            || entity.not_selector.is_some()
            || entity.namespaces.is_some()
            || entity.accounts.is_some()
            || !entity.account_names.is_empty();
        if by_address && by_label {
            return Err(refuse(path, "addresses beside selectors are not modelled"));
        }
        if by_address {
            let set = entity.nets.clone().unwrap_or_else(AddressSet::all);
            let switch = &rules().switches;
            let not = entity.not_nets.clone().filter(|_| switch.calico_not_nets_count);
            let set = set.difference(&not.unwrap_or_default());
            let means = if switch.calico_nets_mean_pods { Tri::Yes } else { Tri::No };
            return Ok(vec![Peer::Addresses { set, pods: means, nodes: means }]);
        }
        let pods = self.means(entity, self.calico.pods(), path)?;
        let mut peers = vec![Peer::Pods(pods.all())];
        let switch = &rules().switches;
        if pods.asks_nothing() && switch.calico_negation_takes_outside {
            // What is no endpoint has no labels that could be held.
            peers.push(Peer::Addresses { set: AddressSet::all(), pods: Tri::No, nodes: Tri::Yes });
        }
        if self.calico.sets.is_empty() || !switch.calico_sets_count {
            return Ok(peers);
        }
        let wanted = self.means(entity, Whose::Sets, path)?;
        for set in &self.calico.sets {
            let home = set.namespace.as_ref();
            let labels = home.and_then(|own| self.calico.cluster.namespaces.get("", own));
            let look = SetLook { set, namespace: labels.map(|one| &one.metadata.labels) };
            if wanted.not.as_ref().is_some_and(|not| not.holds(&look)) {
                let reason = format!("holds the set {}, which is not modelled", set.name);
                return Err(refuse(format!("{path}.notSelector"), reason));
            }
            let is_own = entity.namespaces.is_none() && self.namespace.is_some();
            let in_namespace = match home {
                None => {
                    wanted.namespaces.as_ref().is_none_or(|wanted| wanted.holds(&look))
                        || !switch.calico_global_sets_need_global
                }
                Some(_) => {
                    wanted.namespaces.as_ref().is_none_or(|wanted| wanted.holds(&look))
                        && (!is_own || switch.calico_sets_of_own_namespace)
                }
            };
            let by_selector = entity.selector.is_some() || switch.calico_sets_by_namespace_alone;
            let held = in_namespace && by_selector && wanted.labels.holds(&look);
            if held && !wanted.asks_nothing() {
                let set = set.blocks.clone();
                peers.push(Peer::Addresses { set, pods: Tri::Yes, nodes: Tri::Yes });
            }
        }
        Ok(peers)
    }

    /// What the selectors of an end say together (`getEndpointSelector` of libcalico-go): the own
    /// namespace is asked for as soon as there is any selector.
    fn means(&self, entity: &Entity, whose: Whose<'_>, path: &str) -> Result<Means, Refused> {
        let switch = &rules().switches;
        let mut labels = Expr::everything();
        if let Some(text) = &entity.selector {
            let path = format!("{path}.selector");
            labels = labels.and(selector(text, Of::Endpoints, whose, &path)?);
        }
        if !entity.account_names.is_empty() {
            let named = Op::In(entity.account_names.clone());
            labels = labels.and(Expr::Test(Key::Account, named));
        }
        if let Some(text) = &entity.accounts {
            let path = format!("{path}.serviceAccounts.selector");
            labels = labels.and(selector(text, Of::Accounts, whose, &path)?);
        }
        let not = entity
            .not_selector
            .as_ref()
            .map(|text| selector(text, Of::Endpoints, whose, &format!("{path}.notSelector")));
        let negates_alone = entity.selector.is_none()
            && entity.accounts.is_none()
            && entity.account_names.is_empty();
        let asks = !negates_alone || switch.calico_negation_in_own_namespace;
        let namespaces = match (&entity.namespaces, &self.namespace) {
            (Some(text), _) => {
                let path = format!("{path}.namespaceSelector");
                Some(selector(text, Of::Namespaces, whose, &path)?)
            }
            (None, Some(own)) if switch.calico_own_namespace && asks => Some(Expr::namespace(own)),
            (None, _) => None,
        };
        let is_only_negation = negates_alone && namespaces.is_none();
        Ok(Means { labels, namespaces, not: not.transpose()?, is_only_negation })
    }
}

/// What the selectors of an end say.
struct Means {
    labels: Expr,
    namespaces: Option<Expr>,
    not: Option<Expr>,
    is_only_negation: bool,
}

impl Means {
    /// Whether only a negation is there: then what is no endpoint is meant too.
    fn asks_nothing(&self) -> bool {
        self.is_only_negation
    }

    /// All of it.
    fn all(&self) -> Expr {
        let mut all = self.labels.clone();
        if let Some(namespaces) = &self.namespaces {
            all = all.and(namespaces.clone());
        }
        match &self.not {
            Some(not) => all.and(Expr::Not(Box::new(not.clone()))),
            None => all,
        }
    }
}

/// Ports need a protocol that has ports (libcalico-go `lib/validator/v3`, validateRule).
fn ports_refused(protocol: Option<&Value>, ends: [&Entity; 2], path: &str) -> Result<(), Refused> {
    let has_ports = match protocol {
        None => false,
        Some(protocol) => !protocol_set(protocol, &format!("{path}.protocol"))?.is_empty(),
    };
    for (end, name) in ends.into_iter().zip(["source", "destination"]) {
        for (ports, field) in [(&end.ports, "ports"), (&end.not_ports, "notPorts")] {
            if ports.is_some() && !has_ports {
                let reason = "needs a protocol: TCP, UDP or SCTP";
                return Err(refuse(format!("{path}.{name}.{field}"), reason));
            }
        }
    }
    Ok(())
}

/// A set, as selectors see it.
struct SetLook<'a> {
    set: &'a Set,
    namespace: Option<&'a ringfort_model::Map>,
}

impl crate::policy::expr::Labelled for SetLook<'_> {
    fn value(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Label(name) => self.set.labels.get(name).map(Str::as_str),
            Key::Namespace => self.set.namespace.as_ref().map(Str::as_str),
            Key::NamespaceLabel(name) => self.namespace?.get(name).map(Str::as_str),
            Key::Account => None,
        }
    }
}

fn entity(value: &Value, path: &str) -> Result<Entity, Refused> {
    let mut fields = Fields::of(value, path)?;
    let nets = fields.texts("nets")?.filter(|nets| !nets.is_empty());
    let not_nets = fields.texts("notNets")?.filter(|nets| !nets.is_empty());
    let mut accounts = Fields::of(
        &fields.take("serviceAccounts").unwrap_or_default(),
        &format!("{path}.serviceAccounts"),
    )?;
    let account_names = accounts.texts("names")?.unwrap_or_default();
    let by_label = accounts.text("selector")?.filter(|text| !text.is_empty());
    accounts.end()?;
    let text = |fields: &mut Fields, name: &str| {
        Ok::<_, Refused>(fields.text(name)?.filter(|text| !text.is_empty()))
    };
    let found = Entity {
        nets: nets.map(|nets| union(&nets, &format!("{path}.nets"))).transpose()?,
        not_nets: not_nets.map(|nets| union(&nets, &format!("{path}.notNets"))).transpose()?,
        selector: text(&mut fields, "selector")?,
        not_selector: text(&mut fields, "notSelector")?,
        namespaces: text(&mut fields, "namespaceSelector")?,
        account_names,
        accounts: by_label,
        ports: fields.list("ports")?.filter(|ports| !ports.is_empty()),
        not_ports: fields.list("notPorts")?.filter(|ports| !ports.is_empty()),
    };
    fields.end()?;
    Ok(found)
}
