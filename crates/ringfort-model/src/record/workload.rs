//! Kinds that carry a pod template (apps/v1, batch/v1, core/v1).

use std::sync::Arc;

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::record::pod::PodSpec;
use crate::text::Str;
use crate::wire::record;

/// The eight kinds that carry a pod template.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[allow(missing_docs)]
pub enum WorkloadKind {
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    PodTemplate,
}

impl WorkloadKind {
    /// All kinds, in the order in which reports list them.
    pub const ALL: [Self; 8] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Job,
        Self::CronJob,
        Self::PodTemplate,
    ];

    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::ReplicationController => "ReplicationController",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::PodTemplate => "PodTemplate",
        }
    }

    /// API group and plural resource.
    #[must_use]
    pub fn resource(self) -> (&'static str, &'static str) {
        match self {
            Self::Deployment => ("apps", "deployments"),
            Self::StatefulSet => ("apps", "statefulsets"),
            Self::DaemonSet => ("apps", "daemonsets"),
            Self::ReplicaSet => ("apps", "replicasets"),
            Self::ReplicationController => ("", "replicationcontrollers"),
            Self::Job => ("batch", "jobs"),
            Self::CronJob => ("batch", "cronjobs"),
            Self::PodTemplate => ("", "podtemplates"),
        }
    }

    /// The kind of that exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An object with a pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Which kind it is; set by the reader from the object's `kind`.
    pub kind: WorkloadKind,
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: WorkloadSpec,
    /// The template of kind PodTemplate, which has no `spec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<PodTemplate>>,
}
has_meta!(Workload);

record! {
    /// The kept part of the eight specifications.
    pub struct WorkloadSpec {
        pub replicas: Option<i64>,
        pub suspend: Option<bool>,
        pub paused: Option<bool>,
        pub update_strategy: Option<UpdateStrategy>,
        pub ordinals: Option<Ordinals>,
        pub template: Option<PodTemplate>,
        pub job_template: Option<Box<JobTemplate>>,
    }
    /// StatefulSetUpdateStrategy and DaemonSetUpdateStrategy.
    pub struct UpdateStrategy {
        #[serde(rename = "type")]
        pub kind: Str,
        pub rolling_update: Option<RollingUpdate>,
    }
    /// RollingUpdateStatefulSetStrategy.
    pub struct RollingUpdate {
        pub partition: Option<i64>,
    }
    /// StatefulSetOrdinals.
    pub struct Ordinals {
        pub start: Option<i64>,
    }
    /// JobTemplateSpec of a CronJob.
    pub struct JobTemplate {
        pub spec: Option<JobSpec>,
    }
    /// JobSpec of a CronJob's template.
    pub struct JobSpec {
        pub suspend: Option<bool>,
        pub template: Option<PodTemplate>,
    }
    /// PodTemplateSpec.
    pub struct PodTemplate {
        pub metadata: Option<Meta>,
        pub spec: Option<Arc<PodSpec>>,
    }
}

/// When a running pod comes to follow a changed template of its workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RollOut {
    /// The controller replaces the pod.
    AtOnce,
    /// Once the pod is deleted: what takes its place is made from the new template.
    WhenDeleted,
    /// Not even then: the roll-out is held back until the workload says otherwise.
    Held,
    /// With the next run; what runs now stays as it is.
    NextRun,
    /// The template cannot be changed.
    Never,
}

impl Workload {
    /// When a pod of that name follows a change of the template (pkg/controller/deployment,
    /// statefulset, daemon, replicaset, replication, cronjob; batch validation for Jobs).
    #[must_use]
    pub fn roll_out(&self, pod: &str) -> RollOut {
        let strategy = self.spec.update_strategy.as_ref();
        let on_delete = strategy.is_some_and(|strategy| *strategy.kind == *"OnDelete");
        match self.kind {
            WorkloadKind::Deployment if self.spec.paused == Some(true) => RollOut::Held,
            WorkloadKind::Deployment => RollOut::AtOnce,
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet if on_delete => {
                RollOut::WhenDeleted
            }
            WorkloadKind::DaemonSet => RollOut::AtOnce,
            WorkloadKind::StatefulSet => {
                let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
                let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or(0);
                let start = self.spec.ordinals.as_ref().and_then(|one| one.start).unwrap_or(0);
                let ordinal = pod.rsplit_once('-').and_then(|(_, at)| at.parse::<i64>().ok());
                match ordinal {
                    Some(ordinal) if ordinal < start.saturating_add(partition) => RollOut::Held,
                    _ => RollOut::AtOnce,
                }
            }
            WorkloadKind::ReplicaSet | WorkloadKind::ReplicationController => RollOut::WhenDeleted,
            WorkloadKind::CronJob => RollOut::NextRun,
            WorkloadKind::Job | WorkloadKind::PodTemplate => RollOut::Never,
        }
    }

    /// The pod template, wherever the kind keeps it.
    #[must_use]
    pub fn pod_template(&self) -> Option<&PodTemplate> {
        match self.kind {
            WorkloadKind::PodTemplate => self.template.as_deref(),
            WorkloadKind::CronJob => {
                self.spec.job_template.as_ref()?.spec.as_ref()?.template.as_ref()
            }
            _ => self.spec.template.as_ref(),
        }
    }

    /// The pod template, to be changed while a cluster is being built.
    pub fn pod_template_mut(&mut self) -> Option<&mut PodTemplate> {
        match self.kind {
            WorkloadKind::PodTemplate => self.template.as_deref_mut(),
            WorkloadKind::CronJob => {
                self.spec.job_template.as_mut()?.spec.as_mut()?.template.as_mut()
            }
            _ => self.spec.template.as_mut(),
        }
    }

    /// JSON path of the pod specification, for evidence and patches.
    #[must_use]
    pub fn pod_spec_path(&self) -> &'static str {
        match self.kind {
            WorkloadKind::PodTemplate => "template.spec",
            WorkloadKind::CronJob => "spec.jobTemplate.spec.template.spec",
            _ => "spec.template.spec",
        }
    }

    /// JSON pointer of the pod template in an object of the kind.
    #[must_use]
    pub fn template_pointer(&self) -> &'static str {
        match self.kind {
            WorkloadKind::PodTemplate => "/template",
            WorkloadKind::CronJob => "/spec/jobTemplate/spec/template",
            _ => "/spec/template",
        }
    }

    /// Whether the template makes pods by itself: not with zero replicas, not suspended,
    /// and never for a bare PodTemplate.
    #[must_use]
    pub fn makes_pods(&self) -> bool {
        match self.kind {
            WorkloadKind::PodTemplate => false,
            WorkloadKind::DaemonSet => true,
            WorkloadKind::Job | WorkloadKind::CronJob => self.spec.suspend != Some(true),
            _ => self.spec.replicas.unwrap_or(1) > 0,
        }
    }

    /// The workload's stable id text: `KIND/NS/NAME`.
    #[must_use]
    pub fn key(&self) -> (WorkloadKind, Str, Str) {
        (self.kind, self.metadata.namespace.clone(), self.metadata.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll_out(kind: WorkloadKind, spec: &str, pod: &str) -> RollOut {
        let spec = serde_json::from_str(spec).expect("a specification");
        Workload { kind, spec, ..Workload::default() }.roll_out(pod)
    }

    #[test]
    fn each_controller_replaces_pods_in_its_own_way() {
        use WorkloadKind as K;
        let held = r#"{"updateStrategy": {"type": "RollingUpdate",
            "rollingUpdate": {"partition": 2}}, "ordinals": {"start": 3}}"#;
        let on_delete = r#"{"updateStrategy": {"type": "OnDelete"}}"#;
        for (kind, spec, pod, expected) in [
            (K::Deployment, "{}", "web-5d-x", RollOut::AtOnce),
            (K::Deployment, r#"{"paused": false}"#, "web-5d-x", RollOut::AtOnce),
            (K::Deployment, r#"{"paused": true}"#, "web-5d-x", RollOut::Held),
            (K::StatefulSet, "{}", "db-0", RollOut::AtOnce),
            (K::StatefulSet, on_delete, "db-0", RollOut::WhenDeleted),
            // Ordinals count from the first one.
            (K::StatefulSet, held, "db-4", RollOut::Held),
            (K::StatefulSet, held, "db-5", RollOut::AtOnce),
            (K::DaemonSet, "{}", "agent-x", RollOut::AtOnce),
            (K::DaemonSet, on_delete, "agent-x", RollOut::WhenDeleted),
            (K::ReplicaSet, "{}", "web-x", RollOut::WhenDeleted),
            (K::ReplicationController, "{}", "web-x", RollOut::WhenDeleted),
            (K::CronJob, "{}", "nightly-1-x", RollOut::NextRun),
            (K::Job, "{}", "once-x", RollOut::Never),
        ] {
            assert_eq!(roll_out(kind, spec, pod), expected, "{kind:?} {spec} {pod}");
        }
    }
}
