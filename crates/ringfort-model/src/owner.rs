//! Whose an object is: the workload at the top of its chain of controllers.
//!
//! Where the ReplicaSet or Job between them was not read, its own controller follows from names
//! that Kubernetes makes of others:
//! - a Deployment's ReplicaSet is called `DEPLOYMENT-HASH`, and its pods have the label
//!   `pod-template-hash: HASH` (pkg/controller/deployment/sync.go, `generateReplicaSetName`);
//! - a CronJob's Job is called `CRONJOB-MINUTE`, the minute counted from 1970
//!   (pkg/controller/cronjob/cronjob_controllerv2.go, `getJobName`), and its pods have the label
//!   `job-name: JOB`.

use crate::cluster::Cluster;
use crate::coverage::Listed;
use crate::kinds::Kind;
use crate::record::{Meta, Workload, WorkloadKind};
use crate::text::Str;

/// The label that a Deployment's controller puts on a ReplicaSet and its pods.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// The labels that a Job's controller puts on its pods; the second since 1.27.
const JOB_NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// The longest name of an object: of a longer Deployment the end is cut off before the hash.
const LONGEST_NAME: usize = 253;

/// Digits of a minute since 1970: eight from 1989 on, nine from 2160.
const MINUTE_DIGITS: usize = 8;

/// The template that a pod says that it was made from.
pub(crate) fn made_from(meta: &Meta) -> Option<&Str> {
    meta.labels.get(TEMPLATE_HASH)
}

impl Cluster {
    /// The top controller of an object, followed through ReplicaSets and Jobs: those that are
    /// known, and of those that were not read what their names say. An owner of a kind that
    /// carries no template (a custom resource) is not followed.
    #[must_use]
    pub fn top_owner(&self, meta: &Meta) -> Option<(WorkloadKind, Str)> {
        let mut found = None;
        let mut current = meta.controller();
        // Owner chains are two long; the bound guards against cycles in broken dumps.
        for _ in 0..8 {
            let Some(owner) = current else { break };
            let Some(kind) = WorkloadKind::from_name(&owner.kind) else { break };
            found = Some((kind, owner.name.clone()));
            let Some(workload) = self.workload(kind, &meta.namespace, &owner.name) else {
                return self.by_name(kind, &owner.name, meta).or(found);
            };
            current = workload.metadata.controller();
        }
        found
    }

    /// The workload of that kind, namespace and name.
    #[must_use]
    pub fn workload(&self, kind: WorkloadKind, namespace: &str, name: &str) -> Option<&Workload> {
        let id = self.workloads.find(namespace, name)?;
        self.workloads
            .iter()
            .skip(id.index())
            .take_while(|w| w.metadata.namespace == *namespace && w.metadata.name == *name)
            .find(|w| w.kind == kind)
    }

    /// The controller of a workload that was not read, by its name and the labels of its pod.
    /// Where all of them were read there is none of that name, and nothing to follow.
    fn by_name(&self, kind: WorkloadKind, name: &str, pod: &Meta) -> Option<(WorkloadKind, Str)> {
        let read = |kind| self.coverage.of(Kind::Workload(kind)) == Listed::Complete;
        if read(kind) {
            return None;
        }
        match kind {
            WorkloadKind::ReplicaSet => {
                let stem = name.strip_suffix(made_from(pod)?.as_str())?.strip_suffix('-')?;
                let above = match name.len() {
                    LONGEST_NAME => self.beginning_with(stem, &pod.namespace)?,
                    _ => Str::new(stem),
                };
                let known = || self.workload(WorkloadKind::Deployment, &pod.namespace, &above);
                (!above.is_empty() && (!read(WorkloadKind::Deployment) || known().is_some()))
                    .then_some((WorkloadKind::Deployment, above))
            }
            WorkloadKind::Job => {
                let labelled = |key| pod.labels.get(key).is_some_and(|job| *job == *name);
                let (stem, minute) = name.rsplit_once('-')?;
                let counts = minute.len() >= MINUTE_DIGITS
                    && minute.bytes().all(|digit| digit.is_ascii_digit());
                // Nobody but the controller names what others make so, yet anyone may.
                self.workload(WorkloadKind::CronJob, &pod.namespace, stem)?;
                (counts && JOB_NAMES.into_iter().any(labelled))
                    .then(|| (WorkloadKind::CronJob, Str::new(stem)))
            }
            _ => None,
        }
    }

    /// The one Deployment of a namespace whose name begins so.
    fn beginning_with(&self, stem: &str, namespace: &str) -> Option<Str> {
        let mut all = self.workloads.in_namespace(namespace).filter(|(_, one)| {
            one.kind == WorkloadKind::Deployment && one.metadata.name.starts_with(stem)
        });
        let (_, one) = all.next()?;
        all.next().is_none().then(|| one.metadata.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClusterBuilder, Object, SourceKind};
    use serde_json::{Value, json};

    fn cluster(objects: &[Value], complete: &[&str]) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for object in objects {
            let text = object.to_string();
            builder.add(Object::read(text.as_bytes()).expect("an object"));
        }
        for resource in complete {
            builder.coverage().resources.insert(Str::new(resource), Listed::Complete);
        }
        builder.freeze()
    }

    fn pod(kind: &str, owner: &str, labels: &Value) -> Value {
        let group = if kind == "Job" { "batch/v1" } else { "apps/v1" };
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a",
            "labels": labels, "ownerReferences": [{"apiVersion": group, "kind": kind,
            "name": owner, "controller": true}]},
            "spec": {"containers": [{"name": "c", "image": "i"}]}})
    }

    fn above(kind: &str, name: &str) -> Value {
        let group = if kind == "CronJob" { "batch/v1" } else { "apps/v1" };
        let template = json!({"spec": {"containers": [{"name": "c", "image": "i"}]}});
        let spec = match kind {
            "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
            _ => json!({"template": template}),
        };
        json!({"apiVersion": group, "kind": kind,
            "metadata": {"name": name, "namespace": "a"}, "spec": spec})
    }

    fn top(cluster: &Cluster) -> String {
        let pod = cluster.pods.iter().next().expect("a pod");
        let owner = cluster.top_owner(&pod.metadata);
        owner.map_or(String::new(), |(kind, name)| format!("{} {name}", kind.name()))
    }

    #[test]
    fn a_deployment_follows_from_the_name_of_its_replica_set_where_that_was_not_read() {
        let hash = json!({"pod-template-hash": "7d4f"});
        let of = |owner: &str, labels: &Value, known: &[Value], complete: &[&str]| {
            let mut all = vec![pod("ReplicaSet", owner, labels)];
            all.extend_from_slice(known);
            top(&cluster(&all, complete))
        };
        let web = [above("Deployment", "web")];
        assert_eq!(of("web-7d4f", &hash, &web, &[]), "Deployment web");
        assert_eq!(of("web-7d4f", &hash, &[], &[]), "Deployment web", "nor was the Deployment");
        let deployments = "deployments.apps";
        assert_eq!(of("web-7d4f", &hash, &[], &[deployments]), "ReplicaSet web-7d4f");
        assert_eq!(of("web-7d4f", &hash, &web, &[deployments]), "Deployment web");
        // All ReplicaSets were read and this is none of them: it is gone, and so is its name.
        assert_eq!(of("web-7d4f", &hash, &web, &["replicasets.apps"]), "ReplicaSet web-7d4f");
        // A ReplicaSet of its own.
        assert_eq!(of("web-7d4f", &json!({}), &web, &[]), "ReplicaSet web-7d4f");
        assert_eq!(of("web-other", &hash, &web, &[]), "ReplicaSet web-other");
        assert_eq!(of("web7d4f", &hash, &web, &[]), "ReplicaSet web7d4f");
        assert_eq!(of("-7d4f", &hash, &web, &[]), "ReplicaSet -7d4f");
        let alone = [above("Deployment", "web"), above("ReplicaSet", "web-7d4f")];
        assert_eq!(of("web-7d4f", &hash, &alone, &[]), "ReplicaSet web-7d4f", "nobody owns it");
    }

    #[test]
    fn the_end_of_a_long_name_is_cut_off_before_the_hash() {
        let long = "a".repeat(250);
        let owner = format!("{}-7d4f", &long[..248]);
        let pod = pod("ReplicaSet", &owner, &json!({"pod-template-hash": "7d4f"}));
        let one = above("Deployment", &long);
        assert_eq!(top(&cluster(&[pod.clone(), one.clone()], &[])), format!("Deployment {long}"));
        let other = above("Deployment", &"a".repeat(249));
        assert_eq!(top(&cluster(&[pod, one, other], &[])), format!("ReplicaSet {owner}"));
    }

    #[test]
    fn a_cron_job_follows_from_the_name_of_its_job_where_that_was_not_read() {
        let of = |owner: &str, labels: Value, known: &[Value], complete: &[&str]| {
            let mut all = vec![pod("Job", owner, &labels)];
            all.extend_from_slice(known);
            top(&cluster(&all, complete))
        };
        let nightly = [above("CronJob", "nightly")];
        let name = "nightly-29368200";
        let new = json!({"batch.kubernetes.io/job-name": name});
        assert_eq!(of(name, json!({"job-name": name}), &nightly, &[]), "CronJob nightly");
        assert_eq!(of(name, new.clone(), &nightly, &[]), "CronJob nightly");
        assert_eq!(of(name, new.clone(), &[], &[]), format!("Job {name}"));
        assert_eq!(of(name, new, &nightly, &["jobs.batch"]), format!("Job {name}"));
        assert_eq!(of(name, json!({}), &nightly, &[]), format!("Job {name}"));
        let by_hand = "nightly-2";
        let labels = json!({"job-name": by_hand});
        assert_eq!(of(by_hand, labels, &nightly, &[]), format!("Job {by_hand}"));
    }

    #[test]
    fn pods_and_template_of_one_deployment_are_one_unit() {
        let objects = [
            pod("ReplicaSet", "web-7d4f", &json!({"pod-template-hash": "7d4f"})),
            above("Deployment", "web"),
        ];
        let units = cluster(&objects, &["pods"]).units();
        let owners: Vec<_> = units.iter().map(|unit| (unit.owner.clone(), unit.latent)).collect();
        // The pod waits for a node; there is no second one of the template.
        assert_eq!(owners, [(Some((WorkloadKind::Deployment, Str::new("web"))), true)]);
    }
}
