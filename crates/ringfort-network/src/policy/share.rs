//! How much of the pod network policies cut (NP-50): of all ordered pairs of running pods of
//! different workloads on the pod network, the part that nothing may pass between.

use std::collections::BTreeMap;

use ringfort_model::record::WorkloadKind;
use ringfort_model::{Cluster, Str};

use crate::policy::class::{Class, Segment};
use crate::policy::network::Network;

/// Ordered pairs of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutShare {
    /// All pairs of pods of different workloads.
    pub pairs: u64,
    /// Pairs between which something certainly passes, as policies say.
    pub open: u64,
    /// Pairs between which something perhaps passes, and nothing certainly.
    pub unknown: u64,
}

impl CutShare {
    /// The part of the pairs that is certainly cut, 0 to 1; nothing without pairs.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn share(&self) -> Option<f64> {
        let cut = self.pairs - self.open - self.unknown;
        (self.pairs > 0).then(|| cut as f64 / self.pairs as f64)
    }
}

/// Owner and pods by class: a pod without an owner is a workload of its own.
type Workloads = BTreeMap<(Str, Option<(WorkloadKind, Str)>, Str), BTreeMap<Class, u64>>;

impl Network {
    /// Counts pairs by classes.
    #[must_use]
    pub fn cut_share(&self, cluster: &Cluster) -> CutShare {
        let mut workloads = Workloads::new();
        let mut sizes: BTreeMap<Class, u64> = BTreeMap::new();
        for (id, pod) in cluster.pods.ids() {
            let running = pod.status.phase == "Running";
            let Some(class) = self.of_pod(id).filter(|_| running) else { continue };
            if self.segment(class) != Segment::Pods {
                continue;
            }
            let owner = cluster.top_owner(&pod.metadata);
            let alone = if owner.is_none() { pod.metadata.name.clone() } else { Str::default() };
            let workload = (pod.metadata.namespace.clone(), owner, alone);
            *workloads.entry(workload).or_default().entry(class).or_default() += 1;
            *sizes.entry(class).or_default() += 1;
        }
        let mut share = CutShare::default();
        let mut add = |from: Class, to: Class, pairs: u64, whole: bool| {
            let between = self.between(from, to);
            let counts = if !between.allowed().is_empty() {
                Some(&mut share.open)
            } else if between.unknown().is_empty() {
                None
            } else {
                Some(&mut share.unknown)
            };
            for count in counts.into_iter().chain([&mut share.pairs]) {
                *count = if whole { *count + pairs } else { *count - pairs };
            }
        };
        for (from, count) in &sizes {
            for (to, other) in &sizes {
                add(*from, *to, count * other, true);
            }
        }
        // Pairs of one workload do not count, nor does a pod with itself.
        for own in workloads.values() {
            for (from, count) in own {
                for (to, other) in own {
                    add(*from, *to, count * other, false);
                }
            }
        }
        share
    }
}
