//! Records: one file per group of API kinds, each in the API's own shape but with only the
//! fields that a verdict or a patch needs.

pub mod admission;
pub mod config;
pub mod custom;
pub mod edge;
pub mod gateway;
pub mod meta;
pub mod network;
pub mod node;
pub mod origin;
pub mod pod;
pub mod policy;
pub mod rbac;
pub mod scheduling;
pub mod security;
pub mod storage;
pub mod volume;
pub mod workload;

pub use admission::{
    LabelSelector, MatchResources, MutatingPolicy, MutatingPolicySpec, NamedExpression, ParamKind,
    ParamRef, PolicyBinding, PolicyBindingSpec, RuleWithOperations, SelectorRequirement,
    ValidatingPolicy, ValidatingPolicySpec, Validation, Webhook, WebhookConfiguration,
};
pub use config::{ConfigMap, Keyed, LimitRange, Namespace, ResourceQuota, Secret, ServiceAccount};
pub use custom::{CustomResourceDefinition, Other};
pub use meta::{Annotated, Meta, OwnerReference};
pub use network::{EndpointSlice, Ingress, IngressClass, Service};
pub use node::{Node, RuntimeClass};
pub use origin::{FieldLine, FieldLines, Origin};
pub use pod::{Container, ContainerKind, Pod, PodSpec};
pub use policy::*;
pub use rbac::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
pub use storage::*;
pub use volume::{Volume, VolumeSource};
pub use workload::{PodTemplate, RollOut, Workload, WorkloadKind};

/// What every kept API object has.
pub trait Record: Clone + serde::Serialize {
    /// Its metadata.
    fn meta(&self) -> &Meta;
    /// Its metadata, to be changed while a cluster is being built.
    fn meta_mut(&mut self) -> &mut Meta;
}

macro_rules! has_meta {
    ($($name:ty),* $(,)?) => { $(
        impl crate::record::Record for $name {
            fn meta(&self) -> &crate::record::Meta { &self.metadata }
            fn meta_mut(&mut self) -> &mut crate::record::Meta { &mut self.metadata }
        }
    )* };
}
pub(crate) use has_meta;
