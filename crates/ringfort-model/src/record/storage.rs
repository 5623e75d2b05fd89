//! Storage and device objects that the node authorizer relates to nodes.

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{List, record};

record! {
    /// PersistentVolume.
    pub struct PersistentVolume {
        pub metadata: Meta,
        pub spec: Option<PersistentVolumeSpec>,
    }
    /// PersistentVolumeSpec: the claim, the node-side sources, and Secret references.
    pub struct PersistentVolumeSpec {
        pub claim_ref: Option<ObjectReference>,
        pub storage_class_name: Str,
        pub persistent_volume_reclaim_policy: Str,
        pub host_path: Option<PathSource>,
        pub local: Option<PathSource>,
        pub nfs: Option<NfsSource>,
        pub csi: Option<CsiPersistent>,
        pub azure_file: Option<AzureFile>,
        pub cephfs: Option<SecretRefSource>,
        pub cinder: Option<SecretRefSource>,
        pub flex_volume: Option<SecretRefSource>,
        pub iscsi: Option<SecretRefSource>,
        pub rbd: Option<SecretRefSource>,
        #[serde(rename = "scaleIO")]
        pub scale_io: Option<SecretRefSource>,
        pub storageos: Option<SecretRefSource>,
    }
    /// ObjectReference: namespace, name, uid.
    pub struct ObjectReference {
        pub kind: Str,
        pub namespace: Str,
        pub name: Str,
        pub uid: Str,
    }
    /// NFSVolumeSource.
    pub struct NfsSource {
        pub server: Str,
        pub path: Str,
    }
    /// HostPathVolumeSource or LocalVolumeSource.
    pub struct PathSource {
        pub path: Str,
    }
    /// CSIPersistentVolumeSource.
    pub struct CsiPersistent {
        pub driver: Str,
        pub controller_publish_secret_ref: Option<SecretReference>,
        pub controller_expand_secret_ref: Option<SecretReference>,
        pub node_publish_secret_ref: Option<SecretReference>,
        pub node_stage_secret_ref: Option<SecretReference>,
        pub node_expand_secret_ref: Option<SecretReference>,
    }
    /// A Secret by namespace and name.
    pub struct SecretReference {
        pub name: Str,
        pub namespace: Str,
    }
    /// AzureFilePersistentVolumeSource.
    pub struct AzureFile {
        pub secret_name: Str,
        pub secret_namespace: Option<Str>,
    }
    /// Any in-tree source with a `secretRef`.
    pub struct SecretRefSource {
        pub secret_ref: Option<SecretReference>,
    }
    /// PersistentVolumeClaim.
    pub struct PersistentVolumeClaim {
        pub metadata: Meta,
        pub spec: Option<ClaimSpec>,
    }
    /// PersistentVolumeClaimSpec.
    pub struct ClaimSpec {
        pub volume_name: Str,
        pub storage_class_name: Option<Str>,
        pub access_modes: List<Str>,
    }
    /// VolumeAttachment.
    pub struct VolumeAttachment {
        pub metadata: Meta,
        pub spec: Option<AttachmentSpec>,
    }
    /// VolumeAttachmentSpec.
    pub struct AttachmentSpec {
        pub attacher: Str,
        pub node_name: Str,
    }
    /// ResourceClaim.
    pub struct ResourceClaim {
        pub metadata: Meta,
    }
    /// ResourceSlice.
    pub struct ResourceSlice {
        pub metadata: Meta,
        pub spec: Option<NodeNamed>,
    }
    /// PodCertificateRequest.
    pub struct PodCertificateRequest {
        pub metadata: Meta,
        pub spec: Option<NodeNamed>,
    }
    /// A specification that names a node.
    pub struct NodeNamed {
        pub node_name: Str,
    }
    /// CSIDriver.
    pub struct CsiDriver {
        pub metadata: Meta,
        pub spec: Option<CsiDriverSpec>,
    }
    /// CSIDriverSpec: the token audiences it asks for.
    pub struct CsiDriverSpec {
        pub token_requests: List<TokenRequest>,
    }
    /// storage.k8s.io TokenRequest.
    pub struct TokenRequest {
        pub audience: Str,
    }
}
has_meta!(
    PersistentVolume,
    PersistentVolumeClaim,
    VolumeAttachment,
    ResourceClaim,
    ResourceSlice,
    PodCertificateRequest,
    CsiDriver,
);
