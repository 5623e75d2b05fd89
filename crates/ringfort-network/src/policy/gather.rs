//! All policies of a cluster in the common form, each in its place.

use ringfort_model::{Cluster, Str};

use crate::policy::cilium_labels::{Labels, blocks_mean_nodes};
use crate::policy::enforce::Enforcement;
use crate::policy::expr::Expr;
use crate::policy::family::Family;
use crate::policy::read::{Refused, refuse};
use crate::policy::read_admin::{self, Kind, Tiers};
use crate::policy::rule::{Peer, Place, Policy, PolicyError, PolicyName, Side, Tri};
use crate::policy::rules::rules;
use crate::policy::{read_calico, read_cilium, read_v1};

/// The stage of a tier by the order that Calico gives it: bits that are ordered as the numbers
/// are.
pub(crate) const fn stage_of(order: f64) -> u64 {
    // Two zeros are one order.
    let bits = (order + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The stage of the admin tier.
pub(crate) const ADMIN: u64 = stage_of(1_000.0);
/// The stage of NetworkPolicy, and of Calico's tier `default`.
pub(crate) const KUBERNETES: u64 = stage_of(1_000_000.0);
/// The stage of the baseline tier.
pub(crate) const BASELINE: u64 = stage_of(10_000_000.0);
/// The group of NetworkPolicy within its stage: the order that Calico gives it.
pub(crate) const KUBERNETES_GROUP: u64 = 1 << 32;

/// What is assumed where the objects do not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Whether an `ipBlock` means pods and nodes by their address (NP-06); nothing takes it
    /// from the CNI that is found.
    pub blocks_match_pods: Option<Tri>,
    /// Whether `networks` of the admin kinds mean pods and nodes by their address (NP-31);
    /// nothing takes what those kinds define: yes.
    pub networks_match_pods: Option<Tri>,
}

/// Objects of kinds that are not modelled: unknown for every pod that they may select.
fn not_modelled(cluster: &Cluster) -> impl Iterator<Item = (Policy, Option<Refused>)> {
    cluster.others.iter().filter_map(|other| {
        let group = other.api_version.split('/').next().unwrap_or_default();
        let (_, _, kind) = rules()
            .not_modelled
            .iter()
            .find(|(of, kind, _)| *of == group && other.kind == *kind)?;
        let meta = &other.metadata;
        let open = Side { applies: true, isolates: false, rules: Vec::new() };
        let policy = Policy {
            name: PolicyName { kind, namespace: meta.namespace.clone(), name: meta.name.clone() },
            place: Place { stage: 0, lane: 0, group: 0 },
            subject: match meta.namespace.as_str() {
                "" => Expr::everything(),
                _ => Expr::namespace(&meta.namespace),
            },
            hosts: None,
            enforced: Tri::Yes,
            broken: Some(Str::new("the kind is not modelled")),
            ingress: open.clone(),
            egress: open,
        };
        Some((policy, Some(refuse("kind", "is not modelled"))))
    })
}

/// A NetworkPolicy as Cilium enforces it: its selectors see identities, and blocks may mean nodes.
fn as_cilium_sees(
    policy: &mut Policy,
    by_cilium: Tri,
    labels: &Labels,
    nodes: [Tri; 2],
) -> Result<(), Refused> {
    let mut doubt = None;
    let mut see = |expr: &mut Expr, field: &str| {
        let (seen, unknown) = labels.see(expr.clone());
        if let Some(label) = unknown {
            let reason = format!("whether Cilium keeps the label {label} is not known");
            doubt.get_or_insert(refuse(field, reason));
        } else if seen != *expr && by_cilium == Tri::Unknown {
            doubt.get_or_insert(refuse(field, "agents differ in the labels that they keep"));
        }
        *expr = seen;
    };
    see(&mut policy.subject, "spec.podSelector");
    for (side, nodes) in [(&mut policy.ingress, nodes[0]), (&mut policy.egress, nodes[1])] {
        for (at, rule) in side.rules.iter_mut().enumerate() {
            for peer in &mut rule.peers {
                match peer {
                    Peer::Pods(expr) => see(expr, &format!("spec rule {}", at + 1)),
                    Peer::Addresses { nodes: meant, .. } if *meant == Tri::No => *meant = nodes,
                    _ => {}
                }
            }
        }
    }
    if let (Some(_), true) = (&doubt, policy.broken.is_none()) {
        policy.ingress.applies = true;
        policy.egress.applies = true;
    }
    doubt.map_or(Ok(()), Err)
}

/// Reads every policy. Errors are sorted.
pub(crate) fn gather(
    cluster: &Cluster,
    enforcement: &Enforcement,
    assumptions: Assumptions,
) -> (Vec<Policy>, Vec<PolicyError>) {
    let pods = assumptions.blocks_match_pods.unwrap_or_else(|| enforcement.blocks_match_pods());
    let mut policies = Vec::new();
    let mut errors = Vec::new();
    let mut add = |(policy, refused): (Policy, Option<Refused>)| {
        if let Some(refused) = refused {
            errors.push(PolicyError {
                object: policy.name.to_string(),
                field: refused.field,
                reason: refused.reason,
            });
        }
        policies.push(policy);
    };
    let place = Place { stage: KUBERNETES, lane: 0, group: KUBERNETES_GROUP };
    let by_cilium = enforcement.by_cilium(true).unwrap_or(Tri::No);
    let labels = Labels::of(cluster);
    let nodes = blocks_mean_nodes(cluster);
    for policy in &cluster.network_policies {
        let (mut policy, mut refused) = read_v1::policy(policy, place, pods);
        if by_cilium != Tri::No
            && let Err(found) = as_cilium_sees(&mut policy, by_cilium, &labels, nodes)
        {
            policy.broken.get_or_insert(Str::from(found.to_string()));
            refused.get_or_insert(found);
        }
        add((policy, refused));
    }
    let rule = &rules().switches;
    let defined = if rule.networks_mean_pods { Tri::Yes } else { Tri::No };
    let networks = assumptions.networks_match_pods.unwrap_or(defined);
    let tiers = Tiers {
        admin: if rule.admin_after_policies { KUBERNETES + 1 } else { ADMIN },
        baseline: if rule.baseline_before_policies { ADMIN + 1 } else { BASELINE },
        networks,
    };
    for policy in &cluster.admin_network_policies {
        add(read_admin::policy(Kind::Admin, &policy.metadata, &policy.spec, tiers));
    }
    for policy in &cluster.baseline_admin_network_policies {
        add(read_admin::policy(Kind::Baseline, &policy.metadata, &policy.spec, tiers));
    }
    for policy in &cluster.cluster_network_policies {
        add(read_admin::policy(Kind::Cluster, &policy.metadata, &policy.spec, tiers));
    }
    for policy in read_calico::policies(cluster, enforcement.version("Calico")) {
        add(policy);
    }
    for policy in read_cilium::policies(cluster, &labels, nodes) {
        add(policy);
    }
    for policy in not_modelled(cluster) {
        add(policy);
    }
    for policy in &mut policies {
        if let Some(family) = Family::of(policy.name.kind) {
            policy.enforced = enforcement.of_family(family);
        } else if policy.name.kind == read_cilium::SETTINGS
            && let Some(by_cilium) = enforcement.by_cilium(false)
        {
            policy.enforced = policy.enforced.min(by_cilium);
        }
    }
    errors.sort();
    (policies, errors)
}
