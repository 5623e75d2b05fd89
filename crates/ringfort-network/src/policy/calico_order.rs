//! The order of Calico's tiers and of the policies in them (projectcalico/calico
//! `felix/calc/policy_sorter.go`: TierLess, PolKVLess).
//!
//! Policies of one order go by a key that differs between versions: `NAMESPACE/TIER.NAME`, where
//! a global policy has no namespace, and later `NAME/NAMESPACE/KIND`. Where the version is not
//! known, policies that the keys order differently share a group: what they differ in is
//! ambiguous.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ringfort_model::Str;

use crate::policy::cni_rules::rules;
use crate::policy::gather::{ADMIN, BASELINE, KUBERNETES, KUBERNETES_GROUP, stage_of};

/// The tier of policies that name none, and of NetworkPolicy.
pub(crate) const DEFAULT_TIER: &str = "default";

/// The tiers of the admin kinds, by their names in different versions.
const OF_ADMIN: [&str; 2] = ["adminnetworkpolicy", "kube-admin"];
const OF_BASELINE: [&str; 2] = ["baselineadminnetworkpolicy", "kube-baseline"];

/// Stages of tiers, in the order in which they are given; nothing where it depends on the
/// version whether the tier stands before a tier of the admin kinds. `admin` and `baseline` say
/// whether there are policies of those.
pub(crate) fn stages(
    tiers: &[(&str, Option<f64>)],
    admin: bool,
    baseline: bool,
) -> Vec<Option<u64>> {
    let mut sorted: Vec<usize> = (0..tiers.len()).collect();
    let last = |order: Option<f64>| order.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| {
        let (a, b) = (tiers[*a], tiers[*b]);
        stage_of(last(a.1)).cmp(&stage_of(last(b.1))).then_with(|| a.0.cmp(b.0))
    });
    let mut found = vec![None; tiers.len()];
    let stage = |tier: usize| stage_of(last(tiers[tier].1));
    for run in sorted.chunk_by(|a, b| stage(*a) == stage(*b)) {
        let own = stage(run[0]);
        let (names, matters): (&[&str], bool) = match own {
            ADMIN => (&OF_ADMIN, admin),
            BASELINE => (&OF_BASELINE, baseline),
            KUBERNETES => (&[DEFAULT_TIER], true),
            _ => (&[], false),
        };
        let before = |at: &&usize| names.iter().all(|name| tiers[**at].0 < *name);
        let lower = run.iter().filter(before).count() as u64;
        for (at, tier) in run.iter().enumerate() {
            let name = tiers[*tier].0;
            let at = at as u64;
            let is_after = names.iter().all(|other| name > *other);
            found[*tier] = if names.contains(&name) {
                Some(own)
            } else if at < lower {
                Some(own - (lower - at))
            } else if names.is_empty() || is_after || !matters {
                Some(own + 1 + at)
            } else {
                None
            };
        }
    }
    found
}

/// A policy of Calico in its tier.
pub(crate) struct Ordered {
    pub(crate) stage: u64,
    pub(crate) order: f64,
    /// Its tier's name, which may stand before its own with a dot between.
    pub(crate) tier: String,
    /// Empty for a global policy.
    pub(crate) namespace: Str,
    pub(crate) name: Str,
}

/// What is ordered: a policy at its position, or a NetworkPolicy of Kubernetes.
struct Member<'a> {
    at: Option<usize>,
    namespace: &'a str,
    name: &'a str,
    tier: &'a str,
}

/// How policies of one order are told apart.
#[derive(Clone, Copy)]
enum Style {
    /// `NAMESPACE/TIER.NAME`.
    Stored,
    /// `NAMESPACE/NAME`.
    Plain,
    /// `NAME/NAMESPACE/KIND`.
    NameFirst,
    /// The same, with the name that NetworkPolicies had before.
    NameFirstStored,
}

impl Member<'_> {
    fn key(&self, style: Style) -> String {
        let Self { at, namespace, name, tier } = self;
        let is_kubernetes = at.is_none();
        let in_namespace = |name: String| match namespace.is_empty() {
            true => name,
            false => format!("{namespace}/{name}"),
        };
        match style {
            Style::Stored | Style::Plain if is_kubernetes => {
                in_namespace(format!("knp.default.{name}"))
            }
            Style::Stored => in_namespace(format!("{tier}.{name}")),
            Style::Plain => in_namespace((*name).to_owned()),
            Style::NameFirst | Style::NameFirstStored => {
                let kind = match (is_kubernetes, namespace.is_empty()) {
                    (true, _) => "KubernetesNetworkPolicy",
                    (false, true) => "GlobalNetworkPolicy",
                    (false, false) => "NetworkPolicy",
                };
                let stored = is_kubernetes && matches!(style, Style::NameFirstStored);
                let prefix = if stored { "knp.default." } else { "" };
                format!("{prefix}{name}/{namespace}/{kind}")
            }
        }
    }
}

/// Groups of policies within their stages. `kubernetes` are namespaces and names of
/// NetworkPolicies, whose group is [`KUBERNETES_GROUP`].
pub(crate) fn groups(
    policies: &[Ordered],
    kubernetes: &[(&str, &str)],
    version: Option<(u32, u32)>,
) -> Vec<u64> {
    let table = rules();
    let by_namespace = version.is_some_and(|version| version <= table.calico_namespace_first);
    let styles: &[Style] = if by_namespace {
        &[Style::Stored, Style::Plain]
    } else {
        &[Style::NameFirst, Style::NameFirstStored, Style::Stored, Style::Plain]
    };
    let own = f64::from(table.kubernetes_order);
    let order = |at: usize| match table.switches.calico_order_counts {
        true => policies[at].order,
        false => 0.0,
    };
    let mut sorted: Vec<usize> = (0..policies.len()).collect();
    let compare = |a: &usize, b: &usize| {
        let stages = policies[*a].stage.cmp(&policies[*b].stage);
        stages.then_with(|| order(*a).total_cmp(&order(*b)))
    };
    sorted.sort_by(compare);
    let mut found = vec![0; policies.len()];
    let mut next = 0;
    let mut stage = None;
    for run in sorted.chunk_by(|a, b| compare(a, b) == Ordering::Equal) {
        let (own_stage, own_order) = (policies[run[0]].stage, order(run[0]));
        if stage.replace(own_stage) != Some(own_stage) {
            next = 0;
        }
        if own_stage == KUBERNETES && own_order > own {
            next = next.max(KUBERNETES_GROUP + 1);
        }
        let mut members: Vec<Member<'_>> = run
            .iter()
            .map(|at| {
                let Ordered { tier, namespace, name, .. } = &policies[*at];
                let short = name.strip_prefix(tier.as_str()).and_then(|n| n.strip_prefix('.'));
                Member { at: Some(*at), namespace, name: short.unwrap_or(name), tier }
            })
            .collect();
        if own_stage == KUBERNETES && own_order.total_cmp(&own) == Ordering::Equal {
            let more = kubernetes.iter();
            members.extend(more.map(|(namespace, name)| Member {
                at: None,
                namespace,
                name,
                tier: DEFAULT_TIER,
            }));
        }
        for block in blocks(&members, styles) {
            let is_kubernetes = block.iter().any(|member| members[*member].at.is_none());
            let group = if is_kubernetes { KUBERNETES_GROUP } else { next };
            next = group + 1;
            for policy in block.iter().filter_map(|member| members[*member].at) {
                found[policy] = group;
            }
        }
    }
    found
}

/// Members in order, those in one block whose order is not certain. All NetworkPolicies are in
/// one block, with what may stand between them.
fn blocks(members: &[Member<'_>], styles: &[Style]) -> Vec<Vec<usize>> {
    let keys: Vec<Vec<String>> = styles
        .iter()
        .map(|style| members.iter().map(|member| member.key(*style)).collect())
        .collect();
    let names_order = rules().switches.calico_names_order;
    let compare = |keys: &[String], a: usize, b: usize| match names_order {
        true => keys[a].cmp(&keys[b]),
        false => keys[b].cmp(&keys[a]),
    };
    let mut sorted: Vec<usize> = (0..members.len()).collect();
    sorted.sort_by(|a, b| compare(&keys[0], *a, *b));
    let mut place = vec![0; members.len()];
    for (at, member) in sorted.iter().enumerate() {
        place[*member] = at;
    }
    // Where two members may stand the other way round, everything from one to the other is joined.
    let mut joined = vec![0_i64; members.len() + 1];
    let mut join = |from: usize, to: usize| {
        joined[from] += 1;
        joined[to] -= 1;
    };
    let is_kubernetes = |member: &&usize| members[**member].at.is_none();
    let first = sorted.iter().find(is_kubernetes).map(|member| place[*member]);
    let last = sorted.iter().rev().find(is_kubernetes).map(|member| place[*member]);
    if let (Some(first), Some(last)) = (first, last) {
        join(first, last);
    }
    let mut namespaces: Vec<&str> = members.iter().map(|member| member.namespace).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut of_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for member in &sorted {
        of_namespace.entry(members[*member].namespace).or_default().push(*member);
    }
    let global = of_namespace.get("").cloned().unwrap_or_default();
    for namespace in namespaces {
        // Policies of two namespaces never select the same pod.
        let mut view: Vec<usize> = of_namespace.get(namespace).cloned().unwrap_or_default();
        if !namespace.is_empty() {
            view.extend(&global);
            view.sort_by_key(|member| place[*member]);
        }
        for keys in &keys[1..] {
            let mut ranked = view.clone();
            ranked.sort_by(|a, b| compare(keys, *a, *b));
            let mut rank = vec![0; members.len()];
            for (at, member) in ranked.iter().enumerate() {
                rank[*member] = at;
            }
            let mut begins = 0;
            let mut most = 0;
            for (at, member) in view.iter().enumerate() {
                most = most.max(rank[*member]);
                if most == at {
                    join(place[view[begins]], place[*member]);
                    begins = at + 1;
                }
            }
        }
    }
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut depth = 0;
    let mut is_open = false;
    for (at, member) in sorted.iter().enumerate() {
        match found.last_mut().filter(|_| is_open) {
            Some(block) => block.push(*member),
            None => found.push(vec![*member]),
        }
        depth += joined[at];
        is_open = depth > 0;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_go_by_order_then_by_name() {
        let tiers = [
            ("late", None),
            ("default", Some(1_000_000.0)),
            ("a", Some(-5.0)),
            ("early", None),
            ("z", Some(1_000_000.0)),
            ("b", Some(7.0)),
            ("c", Some(7.0)),
            ("x", Some(-7.0)),
            ("d", Some(1_000_000.0)),
            ("kube-admin", Some(1000.0)),
            ("k", Some(1000.0)),
        ];
        let found = stages(&tiers, false, false);
        let mut order: Vec<usize> = (0..tiers.len()).collect();
        order.sort_by_key(|at| found[*at]);
        let names: Vec<&str> = order.iter().map(|at| tiers[*at].0).collect();
        assert_eq!(
            names,
            ["x", "a", "b", "c", "kube-admin", "k", "d", "default", "z", "early", "late"]
        );
        assert_eq!((found[1], found[9]), (Some(KUBERNETES), Some(ADMIN)));
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), tiers.len());
        // Whether it stands before the tier of admin policies depends on what that is called.
        assert_eq!(stages(&tiers, true, false)[10], None);
    }

    fn of(namespace: &str, name: &str, order: f64) -> Ordered {
        Ordered {
            stage: KUBERNETES,
            order,
            tier: DEFAULT_TIER.to_owned(),
            namespace: Str::new(namespace),
            name: Str::new(name),
        }
    }

    #[test]
    fn policies_of_one_order_go_by_their_keys() {
        let none = f64::INFINITY;
        let all = [of("b", "m", none), of("", "c", none), of("b", "a", none), of("z", "x", none)];
        // `b/…` stands before `c` and `default.c`, and `z/…` after them.
        let old = groups(&all, &[], Some((3, 30)));
        assert!(old[2] < old[0] && old[0] < old[1] && old[1] < old[3], "{old:?}");
        // `a`, `c`, `m` by name; whether `c` goes before `m` depends on the version.
        let unknown = groups(&all, &[], None);
        assert_eq!(unknown[0], unknown[1]);
        assert!(unknown[2] < unknown[0] && unknown[1] < unknown[3], "{unknown:?}");
        assert_eq!(groups(&all, &[], Some((3, 31))), unknown);
        // Policies of a namespace alone are in order.
        let alone = groups(&all[2..], &[], None);
        assert!(alone[0] < alone[1]);
    }

    #[test]
    fn network_policy_stands_among_them() {
        let kubernetes = [("b", "k")];
        let at = |name: &str, order: f64, version| {
            groups(&[of("b", name, order)], &kubernetes, version)[0].cmp(&KUBERNETES_GROUP)
        };
        let old = Some((3, 29));
        assert_eq!(at("z", 999.0, None), Ordering::Less);
        assert_eq!(at("a", 1001.0, None), Ordering::Greater);
        assert_eq!(at("a", 1000.0, old), Ordering::Less);
        assert_eq!(at("z", 1000.0, old), Ordering::Equal);
        assert_eq!(at("z", 1000.0, None), Ordering::Equal);
        // Whatever the version, `a` stands before `k` and `knp.default.k`.
        assert_eq!(at("a", 1000.0, None), Ordering::Less);
        // A policy of another namespace never meets it.
        let other = groups(&[of("a", "z", 1000.0)], &kubernetes, None);
        assert_ne!(other[0], u64::MAX);
    }
}
