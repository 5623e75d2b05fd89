//! Kinds that carry a pod template (apps/v1, batch/v1, core/v1).

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
    pub template: Option<PodTemplate>,
}
has_meta!(Workload);

record! {
    /// The kept part of the eight specifications.
    pub struct WorkloadSpec {
        pub replicas: Option<i64>,
        pub suspend: Option<bool>,
        pub template: Option<PodTemplate>,
        pub job_template: Option<JobTemplate>,
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
        pub spec: Option<PodSpec>,
    }
}

impl Workload {
    /// The pod template, wherever the kind keeps it.
    #[must_use]
    pub fn pod_template(&self) -> Option<&PodTemplate> {
        match self.kind {
            WorkloadKind::PodTemplate => self.template.as_ref(),
            WorkloadKind::CronJob => {
                self.spec.job_template.as_ref()?.spec.as_ref()?.template.as_ref()
            }
            _ => self.spec.template.as_ref(),
        }
    }

    /// The pod template, to be changed while a cluster is being built.
    pub fn pod_template_mut(&mut self) -> Option<&mut PodTemplate> {
        match self.kind {
            WorkloadKind::PodTemplate => self.template.as_mut(),
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
