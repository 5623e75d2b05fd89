//! All policies of a cluster in the common form, each in its place.

use ringfort_model::{Cluster, Str};

use crate::policy::enforce::Enforcement;
use crate::policy::expr::Expr;
use crate::policy::read::{Refused, refuse};
use crate::policy::read_admin::{self, Kind, Tiers};
use crate::policy::rule::{Place, Policy, PolicyError, PolicyName, Side, Tri};
use crate::policy::rules::rules;
use crate::policy::{read_calico, read_cilium, read_v1};

/// The stage of a tier by the order that Calico gives it: of two numbers, also of negative ones,
/// the greater has the greater stage. Stage 0 comes before all of them.
pub(crate) const fn stage(order: f64) -> u64 {
    // Both zeros are one.
    let bits = (order + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

/// The stage of the admin tier.
pub(crate) const ADMIN: u64 = stage(1_000.0);
/// The stage of NetworkPolicy, and of Calico's tier `default`.
pub(crate) const KUBERNETES: u64 = stage(1_000_000.0);
/// The stage of the baseline tier.
pub(crate) const BASELINE: u64 = stage(10_000_000.0);
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
            broken: Some(Str::new("the kind is not modelled")),
            ingress: open.clone(),
            egress: open,
        };
        Some((policy, Some(refuse("kind", "is not modelled"))))
    })
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
    for policy in &cluster.network_policies {
        add(read_v1::policy(policy, place, pods));
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
    for policy in read_calico::policies(cluster) {
        add(policy);
    }
    for policy in read_cilium::policies(cluster) {
        add(policy);
    }
    for policy in not_modelled(cluster) {
        add(policy);
    }
    errors.sort();
    (policies, errors)
}
