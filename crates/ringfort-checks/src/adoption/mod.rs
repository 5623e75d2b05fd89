//! How far controls are adopted (checks section 16): of each, where it is present and where it
//! has an effect, as numbers that many clusters can be added up from.
//!
//! - *present*: the object or field is there. *effective*: the engine that knows the control says
//!   that it works. Unknown is counted apart, in neither number, and stays in what both are of.
//! - Parts of the cluster itself and its own namespaces are left out.
//! - Where a metric is of pods or containers, equal pods are judged once and counted as many.

mod cluster;
mod containers;
mod identities;
mod namespaces;
mod pods;

use std::collections::{BTreeMap, BTreeSet};

use ringfort_isolation::Effect;
use ringfort_network::policy::Tri;
use serde::Serialize;

use crate::world::World;

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Stable id `MET-…`.
    pub id: &'static str,
    /// What both numbers are of.
    pub of: &'static str,
    /// When it is present; empty for metrics without that number.
    pub present: &'static str,
    /// When it has an effect.
    pub effective: &'static str,
}

/// A number, and beside it those of which it is not known whether they belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// How many.
    pub count: u64,
    /// Of how many it is not known.
    pub unknown: u64,
}

impl Figure {
    fn add(&mut self, weight: u64, holds: Tri) {
        match holds {
            Tri::Yes => self.count += weight,
            Tri::Unknown => self.unknown += weight,
            Tri::No => {}
        }
    }
}

/// The two numbers and what they are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The denominator.
    pub of: u64,
    /// Where it is present; nothing for metrics without that number.
    pub present: Option<Figure>,
    /// Where it has an effect.
    pub effective: Figure,
}

impl Share {
    fn add(&mut self, weight: u64, present: Option<Tri>, effective: Tri) {
        self.of += weight;
        if let Some(present) = present {
            self.present.get_or_insert_default().add(weight, present);
        }
        self.effective.add(weight, effective);
    }
}

/// A metric of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adoption {
    /// What is counted.
    #[serde(flatten)]
    pub metric: Metric,
    /// The whole cluster.
    pub total: Share,
    /// By namespace, for metrics whose denominator lies in namespaces.
    pub namespaces: BTreeMap<String, Share>,
    /// What would decide what is unknown.
    pub missing: BTreeSet<String>,
}

impl Adoption {
    fn new(metric: Metric) -> Self {
        let mut total = Share::default();
        if !metric.present.is_empty() {
            total.present = Some(Figure::default());
        }
        let (namespaces, missing) = (BTreeMap::new(), BTreeSet::new());
        Self { metric, total, namespaces, missing }
    }

    /// Counts something of the cluster.
    fn count(&mut self, weight: u64, present: Tri, effective: Tri) {
        let present = self.total.present.map(|_| present);
        self.total.add(weight, present, effective);
    }

    /// Counts something in a namespace.
    fn count_in(&mut self, namespace: &str, weight: u64, present: Tri, effective: Tri) {
        self.count(weight, present, effective);
        let present = self.total.present.map(|_| present);
        match self.namespaces.get_mut(namespace) {
            Some(share) => share.add(weight, present, effective),
            None => {
                let mut share = Share::default();
                share.add(weight, present, effective);
                self.namespaces.insert(namespace.to_owned(), share);
            }
        }
    }

    /// Counts pods. Where a template stands for some that were not read, nothing is known of them.
    fn count_pods(&mut self, pods: &pods::Counted<'_>, present: Tri, effective: Tri) {
        let sure = |answer| if pods.read { answer } else { Tri::Unknown };
        if !pods.read {
            self.lacks(["pods that were not listed".to_owned()]);
        }
        self.count_in(pods.namespace, pods.weight, sure(present), sure(effective));
    }

    /// Says what is missing.
    fn lacks(&mut self, missing: impl IntoIterator<Item = String>) {
        self.missing.extend(missing);
    }

    /// What an engine says, its missing evidence kept.
    fn said(&mut self, effect: Effect) -> Tri {
        match effect {
            Effect::Effective => Tri::Yes,
            Effect::Absent | Effect::PresentNotEffective(_) => Tri::No,
            Effect::Unknown(missing) => {
                self.lacks(missing);
                Tri::Unknown
            }
        }
    }
}

/// Yes or no.
fn tri(holds: bool) -> Tri {
    if holds { Tri::Yes } else { Tri::No }
}

/// What holds unless something that was not read speaks against it.
fn as_far_as_read(holds: bool, unread: Option<&String>) -> Tri {
    match (holds, unread) {
        (false, _) => Tri::No,
        (true, Some(_)) => Tri::Unknown,
        (true, None) => Tri::Yes,
    }
}

/// Namespaces that belong to Kubernetes, a provider or a network implementation.
fn is_system(namespace: &str) -> bool {
    const BEGIN: [&str; 6] = ["kube-", "gke-", "openshift", "calico-", "tigera-", "aks-"];
    const NAMES: [&str; 3] = ["gmp-system", "gmp-public", "amazon-guardduty"];
    BEGIN.iter().any(|begin| namespace.starts_with(begin)) || NAMES.contains(&namespace)
}

/// Every metric, in the order of the catalogue.
#[must_use]
pub fn measure(world: &World<'_>) -> Vec<Adoption> {
    let mut found = namespaces::measure(world);
    found.extend(pods::measure(world));
    found.extend(containers::measure(world));
    found.extend(identities::measure(world));
    found.extend(cluster::measure(world));
    let at = |one: &Adoption| ORDER.iter().position(|id| *id == one.metric.id);
    found.sort_by_key(at);
    found
}

/// The ids in the order of the catalogue.
pub const ORDER: [&str; 33] = [
    "MET-PSS-B",
    "MET-PSS-R",
    "MET-NP-ANY",
    "MET-NP-DENY-IN",
    "MET-NP-DENY-OUT",
    "MET-NP-CUT",
    "MET-SA-OWN",
    "MET-AUTO-OFF",
    "MET-RBAC-NOWILD",
    "MET-RBAC-NOADMIN",
    "MET-UNS",
    "MET-SEC",
    "MET-RO",
    "MET-NONROOT",
    "MET-CAPS",
    "MET-LIMITS",
    "MET-RTC",
    "MET-DIGEST",
    "MET-SIG",
    "MET-ADM",
    "MET-AUDIT",
    "MET-ENC",
    "MET-ENDPOINT",
    "MET-ANON",
    "MET-IMDS",
    "MET-WI",
    "MET-VERSION",
    "MET-ACCESSMODE",
    "MET-LOCALACC",
    "MET-LEGACYBIND",
    "MET-QUOTA",
    "MET-EXPOSED",
    "MET-PATHFREE",
];
