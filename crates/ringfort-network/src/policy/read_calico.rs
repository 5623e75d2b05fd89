//! Calico's NetworkPolicy, GlobalNetworkPolicy, Tier, NetworkSet, GlobalNetworkSet and
//! HostEndpoint in the common form (NP-41; projectcalico/api `pkg/apis/projectcalico/v3`).
//! docs/network.md lists the fields.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ringfort_model::record::Meta;
use ringfort_model::{Cluster, Str};
use serde_json::Value;

use crate::policy::address::AddressSet;
use crate::policy::calico_ports::{destination_ports, protocol_set};
use crate::policy::calico_selector::{Of, parse};
use crate::policy::cni_rules::rules;
use crate::policy::connection::ConnectionSet;
use crate::policy::expr::{Expr, Key, Op};
use crate::policy::gather::{KUBERNETES, KUBERNETES_GROUP, stage};
use crate::policy::read::{Refused, refuse};
use crate::policy::rule::{Action, Direction, Peer, Place, Policy, PolicyName, Rule, Side, Tri};
use crate::policy::strict::Fields;

/// The tier of policies that name none, and of NetworkPolicy.
const DEFAULT_TIER: &str = "default";

/// The name that Calico gives NetworkPolicy.
const KUBERNETES_NAME: &str = "knp.default.";

/// A tier: its stage, and whether its end denies.
#[derive(Clone, Copy)]
struct Tier {
    stage: u64,
    denies: bool,
}

/// Named blocks of addresses with labels.
struct Set {
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
pub(crate) fn policies(cluster: &Cluster) -> Vec<(Policy, Option<Refused>)> {
    let mut calico = Calico { cluster, tiers: BTreeMap::new(), sets: Vec::new() };
    let mut broken = Vec::new();
    let denies = rules().switches.calico_tier_denies;
    calico.tiers.insert(DEFAULT_TIER.to_owned(), Tier { stage: KUBERNETES, denies });
    for tier in &cluster.calico_tiers {
        match read_tier(&tier.spec.0) {
            Ok(read) => {
                calico.tiers.insert(tier.metadata.name.to_string(), read);
            }
            Err(refused) => broken.push(unknown("CalicoTier", &tier.metadata, refused)),
        }
    }
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
    let mut found: Vec<(f64, String, Policy, Option<Refused>)> = Vec::new();
    for one in &cluster.calico_network_policies {
        found.push(calico.policy("CalicoNetworkPolicy", &one.metadata, &one.spec.0, false));
    }
    for one in &cluster.calico_global_network_policies {
        found.push(calico.policy("CalicoGlobalNetworkPolicy", &one.metadata, &one.spec.0, true));
    }
    // Policies of a tier by order, then name; NetworkPolicy has its place among them.
    let switch = &rules().switches;
    found.sort_by(|a, b| {
        let order = if switch.calico_order_counts { a.0.total_cmp(&b.0) } else { Ordering::Equal };
        order.then_with(|| if switch.calico_names_order { a.1.cmp(&b.1) } else { b.1.cmp(&a.1) })
    });
    let ranked = found.into_iter().enumerate().map(|(rank, (order, name, mut policy, refused))| {
        let own = (f64::from(rules().kubernetes_order), KUBERNETES_NAME);
        let before = (order, name.as_str()) < own;
        let after = if before { 0 } else { KUBERNETES_GROUP + 1 };
        policy.place.group = after + rank as u64;
        (policy, refused)
    });
    ranked.chain(broken).collect()
}

/// Something that makes every verdict unknown.
fn unknown(kind: &'static str, meta: &Meta, refused: Refused) -> (Policy, Option<Refused>) {
    let open = Side { applies: true, isolates: false, rules: Vec::new() };
    let policy = Policy {
        name: PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() },
        place: Place { stage: 0, lane: 0, group: 0 },
        subject: Expr::everything(),
        hosts: None,
        broken: Some(Str::from(refused.to_string())),
        ingress: open.clone(),
        egress: open,
    };
    (policy, Some(refused))
}

fn read_tier(spec: &Value) -> Result<Tier, Refused> {
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
    let switch = &rules().switches;
    let order = order.filter(|_| switch.calico_tiers_have_order);
    // No order comes last.
    let stage = order.map_or(u64::MAX, stage);
    Ok(Tier { stage, denies: denies && switch.calico_tier_denies })
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

fn selector(text: &str, of: Of, path: &str) -> Result<Expr, Refused> {
    parse(text, of).map_err(|reason| refuse(path, reason))
}

impl Calico<'_> {
    fn policy(
        &self,
        kind: &'static str,
        meta: &Meta,
        spec: &Value,
        global: bool,
    ) -> (f64, String, Policy, Option<Refused>) {
        let mut policy = Policy {
            name: PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() },
            place: Place { stage: KUBERNETES, lane: 0, group: 0 },
            subject: if global { Expr::everything() } else { Expr::namespace(&meta.namespace) },
            hosts: None,
            broken: None,
            ingress: Side::default(),
            egress: Side::default(),
        };
        let mut order = f64::INFINITY;
        let read = self.fill(&mut policy, &mut order, spec, global);
        let refused = read.err();
        if let Some(refused) = &refused {
            policy.broken = Some(Str::from(refused.to_string()));
            policy.ingress.applies = true;
            policy.egress.applies = true;
        }
        (order, meta.name.to_string(), policy, refused)
    }

    fn fill(
        &self,
        policy: &mut Policy,
        order: &mut f64,
        spec: &Value,
        global: bool,
    ) -> Result<(), Refused> {
        let mut fields = Fields::of(spec, "spec")?;
        fields.skip(&["performanceHints"]);
        let tier = fields.text("tier")?.unwrap_or_else(|| DEFAULT_TIER.to_owned());
        let Some(tier) = self.tiers.get(&tier).copied() else {
            return Err(refuse("spec.tier", format!("there is no tier \"{tier}\"")));
        };
        policy.place.stage = tier.stage;
        *order = fields.number("order")?.unwrap_or(f64::INFINITY);
        let own = selector(
            &fields.text("selector")?.unwrap_or_default(),
            Of::Endpoints,
            "spec.selector",
        )?;
        policy.subject = policy.subject.clone().and(own);
        let switch = &rules().switches;
        let selects = global && switch.calico_global_selects_namespaces;
        if let Some(text) = fields.text("namespaceSelector")?.filter(|_| selects) {
            let namespaces = selector(&text, Of::Namespaces, "spec.namespaceSelector")?;
            policy.subject = policy.subject.clone().and(namespaces);
        }
        if let Some(text) = fields.text("serviceAccountSelector")? {
            let accounts = self.accounts(&text, "spec.serviceAccountSelector")?;
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

    /// The pods whose account's labels a selector holds.
    fn accounts(&self, text: &str, path: &str) -> Result<Expr, Refused> {
        let wanted = selector(text, Of::Endpoints, path)?;
        let accounts = self.cluster.service_accounts.iter();
        let all = !rules().switches.calico_accounts_count;
        let held = accounts.filter(|account| all || wanted.holds(&account.metadata.labels));
        Ok(Expr::Any(
            held.map(|account| {
                let named = Op::In(vec![account.metadata.name.clone()]);
                Expr::namespace(&account.metadata.namespace).and(Expr::Test(Key::Account, named))
            })
            .collect(),
        ))
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
        let mut pods = Expr::everything();
        let mut labels = Expr::everything();
        if let Some(text) = &entity.selector {
            labels = labels.and(selector(text, Of::Endpoints, &format!("{path}.selector"))?);
        }
        if let Some(text) = &entity.not_selector {
            let not = selector(text, Of::Endpoints, &format!("{path}.notSelector"))?;
            labels = labels.and(Expr::Not(Box::new(not)));
        }
        pods = pods.and(labels.clone());
        let global = entity.namespaces.as_deref().is_some_and(|text| text.contains("global("));
        let namespaces = match (&entity.namespaces, &self.namespace) {
            (Some(text), _) => {
                Some(selector(text, Of::Namespaces, &format!("{path}.namespaceSelector"))?)
            }
            (None, Some(own)) if rules().switches.calico_own_namespace => {
                Some(Expr::namespace(own))
            }
            (None, _) => None,
        };
        if let Some(namespaces) = &namespaces {
            pods = pods.and(namespaces.clone());
        }
        if !entity.account_names.is_empty() {
            let named = Op::In(entity.account_names.clone());
            pods = pods.and(Expr::Test(Key::Account, named));
        }
        if let Some(text) = &entity.accounts {
            pods =
                pods.and(self.calico.accounts(text, &format!("{path}.serviceAccounts.selector"))?);
        }
        let mut peers = vec![Peer::Pods(pods)];
        let accounts = entity.accounts.is_some() || !entity.account_names.is_empty();
        if entity.selector.is_none()
            && entity.not_selector.is_some()
            && entity.namespaces.is_none()
            && !accounts
            && rules().switches.calico_negation_takes_outside
        {
            // What is no endpoint has no labels that could be held.
            peers.push(Peer::Addresses { set: AddressSet::all(), pods: Tri::No, nodes: Tri::Yes });
        }
        let switch = &rules().switches;
        if entity.selector.is_some() && !accounts && switch.calico_sets_count {
            for set in &self.calico.sets {
                let meant = match (&set.namespace, &entity.namespaces, &self.namespace) {
                    // A global set has no namespace: only a rule without namespaces means it,
                    // or one that asks for global ones.
                    (None, None, None) => true,
                    (None, _, _) => global || !switch.calico_global_sets_need_global,
                    (Some(_), None, None) => true,
                    (Some(own), None, Some(namespace)) => {
                        own == namespace && switch.calico_sets_of_own_namespace
                    }
                    (Some(own), Some(_), _) => namespaces.as_ref().is_some_and(|wanted| {
                        let labels = self.calico.cluster.namespaces.get("", own);
                        wanted.holds(&Home {
                            name: own.clone(),
                            labels: labels
                                .map(|one| one.metadata.labels.clone())
                                .unwrap_or_default(),
                        })
                    }),
                };
                if meant && labels.holds(&set.labels) {
                    let set = set.blocks.clone();
                    peers.push(Peer::Addresses { set, pods: Tri::Yes, nodes: Tri::Yes });
                }
            }
        }
        Ok(peers)
    }
}

/// A namespace, to ask a selector of namespaces about.
struct Home {
    name: Str,
    labels: ringfort_model::Map,
}

impl crate::policy::expr::Labelled for Home {
    fn value(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Namespace => Some(&self.name),
            Key::NamespaceLabel(name) => self.labels.get(name).map(Str::as_str),
            _ => None,
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
