//! Volumes of a pod (core/v1 VolumeSource), one variant per source that a rule looks into.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::text::Str;
use crate::wire::{List, record};

/// A named volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Volume {
    /// The name that mounts use.
    pub name: Str,
    /// The source; `None` when the manifest gives none (the API then defaults to emptyDir).
    pub source: Option<VolumeSource>,
}

/// Where the files come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    /// A path of the node.
    HostPath(HostPath),
    /// A Secret of the namespace.
    Secret(SecretSource),
    /// A ConfigMap of the namespace.
    ConfigMap(ConfigMapSource),
    /// Fields of the pod itself.
    DownwardApi(DownwardSource),
    /// Several sources in one tree.
    Projected(Projected),
    /// A claim of the namespace.
    PersistentVolumeClaim(ClaimSource),
    /// An inline CSI volume.
    Csi(CsiSource),
    /// The files of an image.
    Image(ImageSource),
    /// Any other source, by its API field name, with the Secret it names if any.
    Other {
        /// The API field, for example `emptyDir` or `nfs`.
        kind: Str,
        /// A Secret that the kubelet reads to mount it.
        secret: Option<Str>,
    },
}

record! {
    /// HostPathVolumeSource.
    pub struct HostPath {
        pub path: Str,
        #[serde(rename = "type")]
        pub kind: Option<Str>,
    }
    /// SecretVolumeSource.
    pub struct SecretSource {
        pub secret_name: Str,
        pub optional: Option<bool>,
        pub default_mode: Option<i64>,
    }
    /// ConfigMapVolumeSource.
    pub struct ConfigMapSource {
        pub name: Str,
        pub optional: Option<bool>,
    }
    /// ProjectedVolumeSource.
    pub struct Projected {
        pub sources: List<Projection>,
    }
    /// One projected source.
    pub struct Projection {
        pub service_account_token: Option<TokenProjection>,
        pub secret: Option<ConfigMapSource>,
        pub config_map: Option<ConfigMapSource>,
        pub cluster_trust_bundle: Option<Present>,
        pub pod_certificate: Option<Present>,
        #[serde(rename = "downwardAPI")]
        pub downward_api: Option<DownwardSource>,
    }
    /// DownwardAPIVolumeSource and DownwardAPIProjection.
    pub struct DownwardSource {
        pub items: List<DownwardFile>,
    }
    /// DownwardAPIVolumeFile: the field that it shows.
    pub struct DownwardFile {
        pub field_ref: Option<FieldSelector>,
    }
    /// ObjectFieldSelector: a path below the pod, for example `metadata.annotations['key']`.
    pub struct FieldSelector {
        pub field_path: Str,
    }
    /// A source of which only the presence matters.
    pub struct Present {
        pub name: Option<Str>,
    }
    /// ServiceAccountTokenProjection; an empty audience means the API server's.
    pub struct TokenProjection {
        pub audience: Str,
        pub expiration_seconds: Option<i64>,
        pub path: Str,
    }
    /// PersistentVolumeClaimVolumeSource.
    pub struct ClaimSource {
        pub claim_name: Str,
        pub read_only: Option<bool>,
    }
    /// CSIVolumeSource.
    pub struct CsiSource {
        pub driver: Str,
        pub read_only: Option<bool>,
        pub node_publish_secret_ref: Option<NameOnly>,
    }
    /// ImageVolumeSource.
    pub struct ImageSource {
        pub reference: Str,
        pub pull_policy: Str,
    }
    /// A reference by name.
    pub struct NameOnly {
        pub name: Str,
    }
    /// The Secret references of the in-tree sources, in their three spellings.
    pub struct InTreeSource {
        pub secret_ref: Option<NameOnly>,
        pub secret_name: Option<Str>,
    }
}

impl FieldSelector {
    /// Whether the field shows an annotation: all of them, or that one.
    #[must_use]
    pub fn shows_annotation(&self, key: &str) -> bool {
        let Some(rest) = self.field_path.strip_prefix("metadata.annotations") else { return false };
        let one = rest.strip_prefix("['").and_then(|rest| rest.strip_suffix("']"));
        rest.is_empty() || one == Some(key)
    }
}

impl DownwardSource {
    /// Whether some file shows an annotation.
    #[must_use]
    pub fn shows_annotation(&self, key: &str) -> bool {
        let mut fields = self.items.iter().filter_map(|item| item.field_ref.as_ref());
        fields.any(|field| field.shows_annotation(key))
    }
}

impl VolumeSource {
    /// The API field that names the source, for example `hostPath`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::HostPath(_) => "hostPath",
            Self::Secret(_) => "secret",
            Self::ConfigMap(_) => "configMap",
            Self::DownwardApi(_) => "downwardAPI",
            Self::Projected(_) => "projected",
            Self::PersistentVolumeClaim(_) => "persistentVolumeClaim",
            Self::Csi(_) => "csi",
            Self::Image(_) => "image",
            Self::Other { kind, .. } => kind,
        }
    }
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Volume;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a volume")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
                let mut name = Str::default();
                let mut source = None;
                while let Some(key) = map.next_key::<Str>()? {
                    let read = match key.as_str() {
                        "name" => {
                            name = map.next_value()?;
                            continue;
                        }
                        "hostPath" => map.next_value::<Option<_>>()?.map(VolumeSource::HostPath),
                        "secret" => map.next_value::<Option<_>>()?.map(VolumeSource::Secret),
                        "configMap" => map.next_value::<Option<_>>()?.map(VolumeSource::ConfigMap),
                        "downwardAPI" => {
                            map.next_value::<Option<_>>()?.map(VolumeSource::DownwardApi)
                        }
                        "projected" => map.next_value::<Option<_>>()?.map(VolumeSource::Projected),
                        "persistentVolumeClaim" => {
                            map.next_value::<Option<_>>()?.map(VolumeSource::PersistentVolumeClaim)
                        }
                        "image" => map.next_value::<Option<_>>()?.map(VolumeSource::Image),
                        "csi" => map.next_value::<Option<_>>()?.map(VolumeSource::Csi),
                        "azureFile" | "cephfs" | "cinder" | "flexVolume" | "iscsi" | "rbd"
                        | "scaleIO" | "storageos" => {
                            map.next_value::<Option<InTreeSource>>()?.map(|tree| {
                                let secret = tree.secret_name.or(tree.secret_ref.map(|r| r.name));
                                VolumeSource::Other { kind: key.clone(), secret }
                            })
                        }
                        _ => map
                            .next_value::<Option<IgnoredAny>>()?
                            .map(|_| VolumeSource::Other { kind: key.clone(), secret: None }),
                    };
                    if let Some(read) = read {
                        if source.is_some() {
                            return Err(A::Error::custom(format!(
                                "volume \"{name}\" has more than one source"
                            )));
                        }
                        source = Some(read);
                    }
                }
                Ok(Volume { name, source })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Serialize for Volume {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        match &self.source {
            None => {}
            Some(VolumeSource::HostPath(s)) => map.serialize_entry("hostPath", s)?,
            Some(VolumeSource::Secret(s)) => map.serialize_entry("secret", s)?,
            Some(VolumeSource::ConfigMap(s)) => map.serialize_entry("configMap", s)?,
            Some(VolumeSource::DownwardApi(s)) => map.serialize_entry("downwardAPI", s)?,
            Some(VolumeSource::Projected(s)) => map.serialize_entry("projected", s)?,
            Some(VolumeSource::PersistentVolumeClaim(s)) => {
                map.serialize_entry("persistentVolumeClaim", s)?;
            }
            Some(VolumeSource::Csi(s)) => map.serialize_entry("csi", s)?,
            Some(VolumeSource::Image(s)) => map.serialize_entry("image", s)?,
            Some(VolumeSource::Other { kind, secret }) => {
                let secret_ref = secret.as_ref().map(|name| NameOnly { name: name.clone() });
                let tree = if kind == "azureFile" {
                    InTreeSource { secret_name: secret.clone(), secret_ref: None }
                } else {
                    InTreeSource { secret_ref, secret_name: None }
                };
                map.serialize_entry(kind.as_str(), &tree)?;
            }
        }
        map.end()
    }
}
