//! The suite's exposure sections: what each workload would let in and out for pods that do not
//! exist, one for every pair of selectors that a rule names, and one for "the entire cluster".
//!
//! Such a pod is meant by a rule iff the rule's selectors are empty or equal to its own, not by
//! whether they would select it: the tool's convention, not Kubernetes'.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::record::LabelSelector;
use ringfort_network::policy::expr::{Expr, Key};
use ringfort_network::policy::{
    Class, ConnectionSet, Direction, Peer, Ports, Reason, Tri, Verdict, resolve,
};

use crate::network::edges::{Edge, Flags, answerable, text};
use crate::network::input::Input;

const NAMESPACE: &str = "kubernetes.io/metadata.name";

/// The three sections, as lines: direction arrow, workload, peer, connections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) lines: BTreeSet<(String, String, String, String)>,
    pub(crate) unprotected: BTreeSet<String>,
}

/// Peers and connections of one direction; nothing where no policy selects the workload.
type Section = Option<Vec<(String, String)>>;

/// A pod that does not exist.
struct Absent {
    label: String,
    namespaces: Vec<Expr>,
    pods: Vec<Expr>,
}

struct Exposing<'a> {
    input: &'a Input,
    flags: &'a Flags,
    names: Vec<(String, String)>,
    absent: Vec<Absent>,
}

/// The exposure of a case, with `edges` its edges.
pub(crate) fn exposure(input: &Input, flags: &Flags, edges: &[Edge]) -> Exposure {
    let mut found = Exposure::default();
    let useless = !flags.focus_workloads.is_empty() && !flags.focus_workload_peers.is_empty();
    if !answerable(input, flags) || useless || (flags.explain && !flags.explain_only.is_empty()) {
        return found;
    }
    let names = names(input);
    let absent = absent(input);
    let exposing = Exposing { input, flags, names, absent };
    for (at, workload) in input.workloads.iter().enumerate() {
        let full = format!("{}/{}", workload.namespace, workload.name);
        let named = |one: &String| *one == workload.name || *one == full;
        if !flags.focus_workloads.is_empty() && !flags.focus_workloads.iter().any(named) {
            continue;
        }
        let sides: Vec<(Direction, Section)> =
            [(Direction::Ingress, "ingress"), (Direction::Egress, "egress")]
                .into_iter()
                .filter(|(_, word)| {
                    flags.focus_direction.is_empty() || flags.focus_direction == *word
                })
                .map(|(direction, _)| (direction, exposing.side(input.class(at), direction)))
                .collect();
        // A workload that no section mentions is left out with its external edges.
        let mentioned = |side: &Section| side.as_ref().is_none_or(|lines| !lines.is_empty());
        if !sides.iter().any(|(_, side)| mentioned(side)) {
            continue;
        }
        for (direction, side) in sides {
            let (arrow, word) = match direction {
                Direction::Ingress => ("<=", "Ingress"),
                Direction::Egress => ("=>", "Egress"),
            };
            let mut add = |peer: String, connections: String| {
                let line = (arrow.to_owned(), workload.label.clone(), peer, connections);
                found.lines.insert(line);
            };
            match side {
                Some(lines) => lines.into_iter().for_each(|(peer, set)| add(peer, set)),
                None => add("entire-cluster".to_owned(), text(&ConnectionSet::all(), &[])),
            }
            for edge in edges {
                let (own, peer) = match direction {
                    Direction::Ingress => (&edge.to, &edge.from),
                    Direction::Egress => (&edge.from, &edge.to),
                };
                if *own == workload.label && peer.ends_with("[External]") {
                    add(peer.clone(), text(&edge.connections, &[]));
                }
            }
            if input.network.selecting_policies(direction, input.class(at)).is_empty() {
                found.unprotected.insert(format!("{} is not protected on {word}", workload.label));
            }
        }
    }
    found
}

/// Named ports of rules with their protocol; position is the stand-in.
fn names(input: &Input) -> Vec<(String, String)> {
    let policies = input.network.policies().iter();
    let rules = policies.flat_map(|one| one.ingress.rules.iter().chain(&one.egress.rules));
    let names: BTreeSet<(String, String)> = rules
        .flat_map(|rule| &rule.ports.named)
        .map(|(name, protocol)| {
            (
                protocol.map_or("", ringfort_network::policy::Protocol::name).to_owned(),
                name.to_string(),
            )
        })
        .collect();
    names.into_iter().collect()
}

/// Parts about the namespace, parts about the pod.
fn split(expr: &Expr) -> (Vec<Expr>, Vec<Expr>) {
    let parts = match expr {
        Expr::All(parts) => parts.clone(),
        one => vec![one.clone()],
    };
    let (mut namespaces, mut pods): (Vec<Expr>, Vec<Expr>) = parts
        .into_iter()
        .partition(|part| matches!(part, Expr::Test(Key::Namespace | Key::NamespaceLabel(_), _)));
    namespaces.sort();
    pods.sort();
    (namespaces, pods)
}

/// The absent pods that rules name, without those that are plainly there.
fn absent(input: &Input) -> Vec<Absent> {
    let mut found: BTreeMap<(Vec<Expr>, Vec<Expr>), (bool, Absent)> = BTreeMap::new();
    let mut add = |namespaces: &LabelSelector, pods: Option<&LabelSelector>| {
        let pods = pods.cloned().unwrap_or_default();
        let expr = Expr::namespaces(namespaces).and(Expr::pods(&pods));
        let (own_namespaces, own_pods) = split(&expr);
        let plain = namespaces.match_expressions.is_empty() && pods.match_expressions.is_empty();
        let is_there = plain
            && !own_namespaces.is_empty()
            && !own_pods.is_empty()
            && (0..input.workloads.len()).any(|at| input.network.holds(&expr, input.class(at)));
        let label = format!("{}/{}", namespace_label(namespaces), pod_label(&pods));
        found
            .entry((own_namespaces.clone(), own_pods.clone()))
            .or_insert((is_there, Absent { label, namespaces: own_namespaces, pods: own_pods }));
    };
    let everything = |selector: &LabelSelector| {
        selector.match_labels.is_empty() && selector.match_expressions.is_empty()
    };
    for policy in &input.cluster.network_policies {
        let Some(spec) = policy.spec.spec() else { continue };
        let own = LabelSelector {
            match_labels: [(NAMESPACE.into(), policy.metadata.namespace.clone())]
                .into_iter()
                .collect(),
            ..LabelSelector::default()
        };
        let by_default = spec.policy_types.is_empty();
        let ingress = by_default || spec.policy_types.has("Ingress");
        let egress = spec.policy_types.has("Egress") || (by_default && !spec.egress.is_empty());
        let from = spec.ingress.iter().filter(|_| ingress).map(|rule| &rule.from);
        let to = spec.egress.iter().filter(|_| egress).map(|rule| &rule.to);
        for peers in from.chain(to) {
            // A rule that means the entire cluster names nobody in particular.
            let whole = peers.iter().any(|peer| {
                peer.namespace_selector.as_ref().is_some_and(everything)
                    && peer.pod_selector.as_ref().is_none_or(everything)
            });
            for peer in peers.iter().filter(|peer| !whole && peer.ip_block.is_none()) {
                add(peer.namespace_selector.as_ref().unwrap_or(&own), peer.pod_selector.as_ref());
            }
        }
    }
    let admin = input.cluster.admin_network_policies.iter().map(|policy| &policy.spec);
    let base = input.cluster.baseline_admin_network_policies.iter().map(|policy| &policy.spec);
    for spec in admin.chain(base) {
        let Some(spec) = spec.spec() else { continue };
        let from = spec.ingress.iter().flat_map(|rule| rule.from.iter());
        let to = spec.egress.iter().flat_map(|rule| rule.to.iter());
        for peer in from.chain(to) {
            match (&peer.namespaces, &peer.pods) {
                (Some(namespaces), None) if !everything(namespaces) => add(namespaces, None),
                (None, Some(pods)) => {
                    let namespaces = pods.namespace_selector.clone().unwrap_or_default();
                    let chosen = pods.pod_selector.clone().unwrap_or_default();
                    if !(everything(&namespaces) && everything(&chosen)) {
                        add(&namespaces, Some(&chosen));
                    }
                }
                _ => {}
            }
        }
    }
    found.into_values().filter(|(is_there, _)| !is_there).map(|(_, absent)| absent).collect()
}

fn selector_text(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let mut needs: Vec<String> = selector
        .match_expressions
        .iter()
        .map(|need| {
            let values: Vec<&str> = need.values.iter().map(|value| &**value).collect();
            format!(
                "{{Key:{},Operator:{},Values:[{}],}}",
                need.key,
                need.operator,
                values.join(" ")
            )
        })
        .collect();
    needs.sort();
    labels.chain(needs).collect::<Vec<_>>().join(",")
}

fn namespace_label(selector: &LabelSelector) -> String {
    if selector.match_expressions.is_empty()
        && selector.match_labels.len() == 1
        && let Some(name) = selector.match_labels.get(NAMESPACE)
    {
        return name.to_string();
    }
    match selector_text(selector).as_str() {
        "" => "[all namespaces]".to_owned(),
        text => format!("[namespace with {{{text}}}]"),
    }
}

fn pod_label(selector: &LabelSelector) -> String {
    match selector_text(selector).as_str() {
        "" => "[all pods]".to_owned(),
        text => format!("[pod with {{{text}}}]"),
    }
}

impl Exposing<'_> {
    fn symbols(&self, ports: &Ports) -> ConnectionSet {
        ports.named.iter().fold(ConnectionSet::none(), |all, (name, protocol)| {
            let protocol = protocol.map_or("", ringfort_network::policy::Protocol::name);
            let at = self.names.iter().position(|(of, known)| of == protocol && known == &**name);
            at.map_or(all.clone(), |at| all.union(&ConnectionSet::symbol(at as u16)))
        })
    }

    fn universe(&self) -> ConnectionSet {
        (0..self.names.len())
            .fold(ConnectionSet::all(), |all, at| all.union(&ConnectionSet::symbol(at as u16)))
    }

    /// The numbers of named ports at a pod; stand-ins for names that it does not have, where
    /// those are kept.
    fn at(&self, class: Class, ports: &Ports, keep: bool) -> ConnectionSet {
        let own = self.input.network.named_ports(class);
        ports.named.iter().fold(ConnectionSet::none(), |all, (name, protocol)| {
            let found = resolve(own, name, *protocol);
            if found.is_empty() && keep {
                let one = Ports { named: vec![(name.clone(), *protocol)], ..ports.clone() };
                return all.union(&self.symbols(&one));
            }
            all.union(&found)
        })
    }

    /// Lines of one direction: peer and connections. Nothing if no policy selects the workload.
    fn side(&self, class: Class, direction: Direction) -> Section {
        let selected = self.input.network.selecting_policies(direction, class);
        if selected.is_empty() {
            return None;
        }
        let ask = |means: &dyn Fn(&Peer) -> Tri, keep: bool| {
            let verdict = self.input.network.hypothetical(
                selected,
                direction,
                &self.universe(),
                means,
                &|ports| match direction {
                    Direction::Ingress => self.at(class, ports, keep),
                    Direction::Egress => self.symbols(ports),
                },
            );
            allowed(&verdict)
        };
        let whole = |peer: &Peer| match peer {
            Peer::Any => Tri::Yes,
            Peer::Pods(expr) if *expr == Expr::everything() => Tri::Yes,
            _ => Tri::No,
        };
        let focus = self.flags.focus();
        let mut general = ask(&whole, true);
        let mut lines = Vec::new();
        if let Some(focus) = &focus {
            general = if focus.is_subset(&general) { focus.clone() } else { ConnectionSet::none() };
        }
        if !general.is_empty() {
            lines.push(("entire-cluster".to_owned(), text(&general, &self.names)));
        }
        for absent in &self.absent {
            let mut set = ask(&|peer| absent.means(peer), false);
            let theirs = self.theirs(absent, class, direction);
            set = match direction {
                Direction::Ingress => set.intersection(&theirs).intersection(&ConnectionSet::all()),
                Direction::Egress => {
                    // Names on the source's side are kept whatever the other side says.
                    let symbols = set.difference(&ConnectionSet::all());
                    set.intersection(&theirs).intersection(&ConnectionSet::all()).union(&symbols)
                }
            };
            if let Some(focus) = &focus {
                if !focus.is_subset(&set) {
                    continue;
                }
                set = focus.clone();
            }
            if set != general {
                lines.push((absent.label.clone(), text(&set, &self.names)));
            }
        }
        Some(lines)
    }

    /// What cluster-wide policies that select the absent pod say about the workload.
    fn theirs(&self, absent: &Absent, class: Class, direction: Direction) -> ConnectionSet {
        let network = &self.input.network;
        let other = match direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        let selected: Vec<u32> = network
            .policies()
            .iter()
            .enumerate()
            .filter(|(_, policy)| {
                policy.name.kind != "NetworkPolicy"
                    && policy.side(other).applies
                    && absent.means(&Peer::Pods(policy.subject.clone())) == Tri::Yes
            })
            .map(|(at, _)| at as u32)
            .collect();
        let means = |peer: &Peer| match peer {
            Peer::Any => Tri::Yes,
            Peer::Pods(expr) if network.holds(expr, class) => Tri::Yes,
            _ => Tri::No,
        };
        let verdict =
            network.hypothetical(&selected, other, &ConnectionSet::all(), &means, &|ports| {
                match other {
                    Direction::Egress => self.at(class, ports, false),
                    Direction::Ingress => ConnectionSet::none(),
                }
            });
        allowed(&verdict)
    }
}

impl Absent {
    fn means(&self, peer: &Peer) -> Tri {
        let yes = match peer {
            Peer::Any => true,
            Peer::Pods(expr) => {
                let (namespaces, pods) = split(expr);
                (namespaces.is_empty() || namespaces == self.namespaces)
                    && (pods.is_empty() || pods == self.pods)
            }
            _ => false,
        };
        if yes { Tri::Yes } else { Tri::No }
    }
}

/// What is allowed. A name is allowed by a rule only, never by default, and says nothing where
/// everything is allowed.
fn allowed(verdict: &Verdict) -> ConnectionSet {
    let all = ConnectionSet::all();
    let numbers = verdict.allowed.intersection(&all);
    if numbers == all {
        return all;
    }
    let by_rule = verdict
        .pieces
        .iter()
        .filter(|piece| piece.allowed && matches!(piece.reason, Reason::Rule { .. }))
        .fold(ConnectionSet::none(), |set, piece| set.union(&piece.connections.difference(&all)));
    numbers.union(&by_rule)
}
