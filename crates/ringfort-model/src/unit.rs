//! Runnable units: what pods exist, or would exist once manifests are applied.
//!
//! A unit is one group of pods that nothing but name and node tells apart: same owner, same
//! shared specification, same labels. In a dump the pods are facts, and a template without
//! pods is latent. In manifests a template stands for the pods it will make: one replica or
//! more, DaemonSets, Jobs and unsuspended CronJobs run, the others are latent (techniques
//! TEC-08).

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::cluster::{Cluster, SourceKind};
use crate::coverage::Listed;
use crate::kinds::Kind;
use crate::owner::made_from;
use crate::record::{Annotated, Meta, Node, Pod, PodSpec, WorkloadKind};
use crate::table::Id;
use crate::text::Str;
use crate::wire::{List, Map};

/// A group of equal pods.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Namespace.
    pub namespace: Str,
    /// The top owner's kind and name, if the pods have one.
    pub owner: Option<(WorkloadKind, Str)>,
    /// The shared specification.
    pub spec: Arc<PodSpec>,
    /// Labels of the pods, without those of [`is_replica_label`].
    pub labels: Map,
    /// Kept annotations of the pods.
    pub annotations: Map,
    /// Credentials in annotations of the pods.
    pub credentials: List<Annotated>,
    /// The running pods, in order. Empty for units that stand for a template.
    pub pods: Vec<Id<Pod>>,
    /// Nodes that run at least one of them, sorted. Empty for templates and unbound pods.
    pub nodes: Vec<Id<Node>>,
    /// Whether the unit runs nothing now: zero replicas, suspended, not yet scheduled.
    pub latent: bool,
    /// Whether it stands for a template of a manifest that will run on any node.
    pub from_template: bool,
    /// Whether these are API images of static pods.
    pub mirror: bool,
}

/// Labels that tell replicas of one workload apart without meaning anything to a policy of
/// the user's.
const REPLICA_LABELS: &[&str] = &[
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "pod-template-generation",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
];

/// Whether a label tells replicas of one workload apart: the hash and ordinal labels that
/// controllers add. A unit's labels do not hold it; its pods' do.
#[must_use]
pub fn is_replica_label(key: &str) -> bool {
    REPLICA_LABELS.contains(&key)
}

impl Unit {
    /// The name to show: the owner's, else the first pod's.
    #[must_use]
    pub fn name<'a>(&'a self, cluster: &'a Cluster) -> &'a str {
        match (&self.owner, self.pods.first()) {
            (Some((_, name)), _) => name,
            (None, Some(&pod)) => &cluster.pods[pod].metadata.name,
            (None, None) => "",
        }
    }
}

/// Namespace, owner, position of the specification, labels, annotations, credentials in them,
/// latent.
type UnitKey = (Str, Option<(WorkloadKind, Str)>, u32, Map, Map, List<Annotated>, bool);

/// Numbers for specifications, equal ones of one number. Most are shared, and then their place
/// says which it is.
#[derive(Default)]
struct Numbers<'c> {
    by_place: FxHashMap<*const PodSpec, u32>,
    by_content: FxHashMap<&'c PodSpec, u32>,
}

impl<'c> Numbers<'c> {
    fn of(&mut self, spec: &'c Arc<PodSpec>) -> u32 {
        let Self { by_place, by_content } = self;
        *by_place.entry(Arc::as_ptr(spec)).or_insert_with(|| {
            let next = by_content.len() as u32;
            *by_content.entry(spec).or_insert(next)
        })
    }
}

impl Cluster {
    /// All units, sorted by namespace, owner, first pod.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        let mut groups: BTreeMap<UnitOrder, Unit> = BTreeMap::new();
        let mut seen: FxHashMap<UnitKey, usize> = FxHashMap::default();
        let mut numbers = Numbers::default();
        let nodes: FxHashMap<&str, Id<Node>> =
            self.nodes.ids().map(|(id, node)| (node.metadata.name.as_str(), id)).collect();
        // Pods of one owner mostly follow each other.
        let mut latest: Option<(&Meta, Option<(WorkloadKind, Str)>)> = None;
        let mut units: Vec<Unit> = Vec::new();
        for (id, pod) in self.pods.ids() {
            if pod.is_terminated() {
                continue;
            }
            let meta = &pod.metadata;
            let owner = match &latest {
                Some((other, owner))
                    if other.namespace == meta.namespace
                        && other.controller() == meta.controller()
                        && made_from(other) == made_from(meta) =>
                {
                    owner.clone()
                }
                _ => self.top_owner(meta),
            };
            latest = Some((meta, owner.clone()));
            let labels = pod.metadata.labels.filtered(|key, _| !is_replica_label(key));
            // A bare pod stands alone: nothing replaces it by its like.
            let alone = owner.is_none().then(|| pod.metadata.name.clone());
            let latent = pod.node_name.is_empty() && self.source != SourceKind::Manifests;
            let key: UnitKey = (
                pod.metadata.namespace.clone(),
                owner.clone().or(alone.map(|name| (WorkloadKind::PodTemplate, name))),
                numbers.of(&pod.spec),
                labels.clone(),
                pod.metadata.annotations.clone(),
                pod.metadata.credentials.clone(),
                latent,
            );
            let at = *seen.entry(key).or_insert_with(|| {
                units.push(Unit {
                    namespace: pod.metadata.namespace.clone(),
                    owner,
                    spec: pod.spec.clone(),
                    labels,
                    annotations: pod.metadata.annotations.clone(),
                    credentials: pod.metadata.credentials.clone(),
                    pods: Vec::new(),
                    nodes: Vec::new(),
                    latent,
                    from_template: false,
                    mirror: pod.is_mirror(),
                });
                units.len() - 1
            });
            let unit = &mut units[at];
            unit.pods.push(id);
            unit.nodes.extend(nodes.get(pod.node_name.as_str()));
        }
        let live: std::collections::BTreeSet<(Str, WorkloadKind, Str)> = units
            .iter()
            .filter_map(|u| {
                u.owner.as_ref().map(|(kind, name)| (u.namespace.clone(), *kind, name.clone()))
            })
            .collect();
        let pods_known = self.coverage.of(Kind::Pod) == Listed::Complete;
        for workload in &self.workloads {
            let owned = workload
                .metadata
                .controller()
                .is_some_and(|owner| WorkloadKind::from_name(&owner.kind).is_some());
            let runs_already = live.contains(&(
                workload.metadata.namespace.clone(),
                workload.kind,
                workload.metadata.name.clone(),
            ));
            if owned || runs_already {
                continue;
            }
            let Some(template) = workload.pod_template() else { continue };
            let Some(spec) = &template.spec else { continue };
            let meta = template.metadata.clone().unwrap_or_default();
            // Where pods are known facts, a template without pods runs nothing now. Otherwise
            // the template is the best evidence there is.
            let stands_for_pods =
                (self.source == SourceKind::Manifests || !pods_known) && workload.makes_pods();
            units.push(Unit {
                namespace: workload.metadata.namespace.clone(),
                owner: Some((workload.kind, workload.metadata.name.clone())),
                spec: spec.clone(),
                labels: meta.labels,
                annotations: meta.annotations,
                credentials: meta.credentials,
                pods: Vec::new(),
                nodes: Vec::new(),
                latent: !stands_for_pods,
                from_template: true,
                mirror: false,
            });
        }
        for (at, mut unit) in units.into_iter().enumerate() {
            unit.nodes.sort();
            unit.nodes.dedup();
            let order = UnitOrder {
                namespace: unit.namespace.clone(),
                owner: unit.owner.clone(),
                first: unit.pods.first().map(|pod| pod.index()),
                at,
            };
            groups.insert(order, unit);
        }
        groups.into_values().collect()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct UnitOrder {
    namespace: Str,
    owner: Option<(WorkloadKind, Str)>,
    first: Option<usize>,
    at: usize,
}
