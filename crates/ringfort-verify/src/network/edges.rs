//! Edges as the suite's tool writes them: between workloads, and between workloads and ranges
//! of addresses cut at every border.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ringfort_model::record::IpBlock;
use ringfort_network::policy::{AddressSet, Class, ConnectionSet, Protocol};
use serde::Deserialize;

use crate::network::input::Input;

/// A case's options.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Flags {
    pub(crate) focus_workloads: Vec<String>,
    pub(crate) focus_workload_peers: Vec<String>,
    pub(crate) focus_direction: String,
    pub(crate) focus_conn: String,
    pub(crate) exposure: bool,
    pub(crate) explain: bool,
    pub(crate) explain_only: String,
    pub(crate) multiple_networks: bool,
    pub(crate) ref_names: Vec<String>,
}

impl Flags {
    /// The connection that alone matters, if one is given.
    pub(crate) fn focus(&self) -> Option<ConnectionSet> {
        let (protocol, port) = self.focus_conn.split_once('-')?;
        let protocol = Protocol::from_name(&protocol.to_ascii_uppercase())?;
        let port = port.parse().ok()?;
        Some(ConnectionSet::ports(protocol, port, port))
    }

    fn names(list: &[String], name: &str, full: &str) -> bool {
        list.is_empty() || list.iter().any(|one| one == name || one == full)
    }

    pub(crate) fn is_focus(&self, end: &End) -> bool {
        Self::names(&self.focus_workloads, &end.name, &end.full)
    }

    fn is_peer(&self, end: &End) -> bool {
        self.focus_workloads.is_empty()
            || Self::names(&self.focus_workload_peers, &end.name, &end.full)
    }

    /// Whether a pair is asked about.
    pub(crate) fn asks(&self, from: &End, to: &End) -> bool {
        let direction = match self.focus_direction.as_str() {
            "ingress" => self.is_focus(to),
            "egress" => self.is_focus(from),
            _ => true,
        };
        let either =
            (self.is_focus(from) && self.is_peer(to)) || (self.is_focus(to) && self.is_peer(from));
        from.label != to.label && direction && either
    }
}

/// One end of an edge.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) full: String,
    pub(crate) class: Class,
    pub(crate) workload: Option<usize>,
}

/// An edge; an empty set says that nothing passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) connections: ConnectionSet,
}

/// Borders of ranges of addresses: where each begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cuts {
    pub(crate) sources: BTreeSet<u32>,
    pub(crate) destinations: BTreeSet<u32>,
}

impl Cuts {
    /// The borders of every block of every policy, whether or not its direction applies.
    pub(crate) fn of(input: &Input) -> Self {
        let mut cuts = Self { sources: BTreeSet::from([0]), destinations: BTreeSet::from([0]) };
        let block = |block: &IpBlock| {
            let mut set = AddressSet::cidr(&block.cidr).unwrap_or_default();
            for hole in &block.except {
                set = set.difference(&AddressSet::cidr(hole).unwrap_or_default());
            }
            set
        };
        for policy in &input.cluster.network_policies {
            let Some(spec) = policy.spec.spec() else { continue };
            let from = spec.ingress.iter().flat_map(|rule| rule.from.iter());
            let to = spec.egress.iter().flat_map(|rule| rule.to.iter());
            for one in from.filter_map(|peer| peer.ip_block.as_ref()) {
                borders(&block(one), &mut cuts.sources);
            }
            for one in to.filter_map(|peer| peer.ip_block.as_ref()) {
                borders(&block(one), &mut cuts.destinations);
            }
        }
        let admin = input.cluster.admin_network_policies.iter().map(|policy| &policy.spec);
        let base = input.cluster.baseline_admin_network_policies.iter().map(|policy| &policy.spec);
        for spec in admin.chain(base) {
            let Some(spec) = spec.spec() else { continue };
            let peers = spec.egress.iter().flat_map(|rule| rule.to.iter());
            for network in peers.flat_map(|peer| peer.networks.iter().flat_map(|all| all.iter())) {
                borders(&AddressSet::cidr(network).unwrap_or_default(), &mut cuts.destinations);
            }
        }
        cuts
    }

    /// Both sides cut wherever either is.
    pub(crate) fn join(&mut self, other: &Self) {
        self.sources.extend(&other.sources);
        self.destinations.extend(&other.destinations);
    }
}

fn borders(set: &AddressSet, cuts: &mut BTreeSet<u32>) {
    for &(first, last) in set.v4.ranges() {
        cuts.insert(first);
        cuts.extend(last.checked_add(1));
    }
}

/// The ranges between borders, as `(first, last)`.
pub(crate) fn ranges(cuts: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let starts: Vec<u32> = cuts.iter().copied().collect();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([u32::MAX]);
    starts.iter().copied().zip(ends).collect()
}

/// A range's name.
pub(crate) fn external((first, last): (u32, u32)) -> String {
    format!("{}-{}[External]", Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last))
}

/// Every end that may be a source, and every one that may be a destination.
pub(crate) fn ends(input: &Input, cuts: &Cuts) -> (Vec<End>, Vec<End>) {
    let outside = |cuts: &BTreeSet<u32>| -> Vec<End> {
        ranges(cuts)
            .into_iter()
            .map(|range| End {
                label: external(range),
                name: String::new(),
                full: "/".to_owned(),
                class: input.network.of_address(Ipv4Addr::from_bits(range.0).into()),
                workload: None,
            })
            .collect()
    };
    let workloads: Vec<End> = input
        .workloads
        .iter()
        .enumerate()
        .map(|(at, workload)| End {
            label: workload.label.clone(),
            name: workload.name.clone(),
            full: format!("{}/{}", workload.namespace, workload.name),
            class: input.class(at),
            workload: Some(at),
        })
        .collect();
    let with = |mut ends: Vec<End>| {
        ends.extend(workloads.iter().cloned());
        ends
    };
    (with(outside(&cuts.sources)), with(outside(&cuts.destinations)))
}

/// Whether one of the workloads that are asked about exists; a question about none that does
/// has no edges.
pub(crate) fn answerable(input: &Input, flags: &Flags) -> bool {
    let known = |list: &[String]| {
        list.is_empty()
            || list.iter().any(|wanted| {
                (wanted == "ingress-controller" && input.controller.is_some())
                    || input.workloads.iter().any(|workload| {
                        workload.name == *wanted
                            || format!("{}/{}", workload.namespace, workload.name) == *wanted
                    })
            })
    };
    known(&flags.focus_workloads)
        && (flags.focus_workloads.is_empty() || known(&flags.focus_workload_peers))
}

/// Every pair that is asked about with what passes, also nothing, without ingress resources.
pub(crate) fn pairs(input: &Input, cuts: &Cuts, flags: &Flags) -> Result<Vec<Edge>, String> {
    if !answerable(input, flags) {
        return Ok(Vec::new());
    }
    let (sources, destinations) = ends(input, cuts);
    let mut found = Vec::new();
    for from in &sources {
        for to in &destinations {
            if (from.workload.is_none() && to.workload.is_none()) || !flags.asks(from, to) {
                continue;
            }
            let between = input.network.between(from.class, to.class);
            if !between.unknown().is_empty() {
                return Err(format!(
                    "{} => {} is unknown: {}",
                    from.label,
                    to.label,
                    between.unknown()
                ));
            }
            found.push(Edge {
                from: from.label.clone(),
                to: to.label.clone(),
                connections: between.allowed(),
            });
        }
    }
    Ok(found)
}

/// What ingress resources let in, as far as policies allow it.
pub(crate) fn ingress(input: &Input, flags: &Flags) -> Vec<Edge> {
    let Some(class) = input.controller else { return Vec::new() };
    if !answerable(input, flags) {
        return Vec::new();
    }
    let controller = End {
        label: "{ingress-controller}".to_owned(),
        name: "ingress-controller".to_owned(),
        full: "ingress-controller-ns/ingress-controller".to_owned(),
        class,
        workload: None,
    };
    let mut found = Vec::new();
    for (at, workload) in input.workloads.iter().enumerate() {
        let to = End {
            label: workload.label.clone(),
            name: workload.name.clone(),
            full: format!("{}/{}", workload.namespace, workload.name),
            class: input.class(at),
            workload: Some(at),
        };
        let ports = input.opened.iter().filter(|opened| opened.workload == at);
        let ports = ports.flat_map(|opened| &opened.ports);
        let opened = ports.fold(ConnectionSet::none(), |all, port| {
            all.union(&ConnectionSet::ports(Protocol::Tcp, *port, *port))
        });
        let connections = opened.intersection(&input.network.between(class, to.class).allowed());
        if !connections.is_empty() && flags.asks(&controller, &to) {
            found.push(Edge { from: controller.label.clone(), to: to.label, connections });
        }
    }
    found
}

/// The edges of a case.
pub(crate) fn connections(input: &Input, flags: &Flags) -> Result<Vec<Edge>, String> {
    let mut found = pairs(input, &Cuts::of(input), flags)?;
    found.retain(|edge| !edge.connections.is_empty());
    found.extend(ingress(input, flags));
    if let Some(focus) = flags.focus() {
        found.retain(|edge| focus.is_subset(&edge.connections));
        for edge in &mut found {
            edge.connections = focus.clone();
        }
    }
    Ok(found)
}

/// A set as the tool writes it; `names` are those of stand-ins, with their protocol.
pub(crate) fn text(set: &ConnectionSet, names: &[(String, String)]) -> String {
    if ConnectionSet::all().is_subset(set) {
        return "All Connections".to_owned();
    }
    if set.is_empty() {
        return "No Connections".to_owned();
    }
    let mut parts = Vec::new();
    let mut named: Vec<&(String, String)> =
        set.symbols().filter_map(|at| names.get(usize::from(at))).collect();
    named.sort();
    let protocols = Protocol::ALL.map(Protocol::name);
    for protocol in std::iter::once("").chain(protocols) {
        let mut ports: Vec<String> = Vec::new();
        if let Some(known) = Protocol::from_name(protocol) {
            ports.extend(set.ranges_of(known).map(|(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            }));
        }
        let own = named.iter().filter(|(of, _)| of == protocol);
        ports.extend(own.map(|(_, name)| name.clone()));
        if !ports.is_empty() {
            parts.push(format!("{protocol} {}", ports.join(",")));
        }
    }
    parts.join(",")
}
