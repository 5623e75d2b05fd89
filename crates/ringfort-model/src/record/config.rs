//! Namespaces, accounts and configuration (core/v1). Secret values are never read.

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::record::pod::LocalReference;
use crate::text::Str;
use crate::wire::{Keys, List, Map, Names, is_zero_quantity, quantities, record};

record! {
    /// Namespace.
    pub struct Namespace {
        pub metadata: Meta,
    }
    /// ServiceAccount.
    pub struct ServiceAccount {
        pub metadata: Meta,
        pub automount_service_account_token: Option<bool>,
        pub secrets: List<LocalReference>,
        pub image_pull_secrets: List<LocalReference>,
    }
    /// Secret: type, the names of its keys, and what its values were.
    pub struct Secret {
        pub metadata: Meta,
        #[serde(rename = "type")]
        pub kind: Str,
        pub data: Keys,
        /// Values as a manifest writes them; joined with `data` at the border.
        pub string_data: Map,
        /// Classes of credential found at the border (see [`crate::credential`]); `None` where
        /// no value was there to be looked at.
        #[serde(rename = "x-ringfort-credentials")]
        pub credentials: Option<List<Str>>,
    }
    /// ConfigMap: the names of its keys, the values of documented settings, and what kinds of
    /// credential were recognised in it.
    pub struct ConfigMap {
        pub metadata: Meta,
        /// Values are kept for documented settings only; others read as empty.
        pub data: Map,
        pub binary_data: Keys,
        /// Credentials found at the border; what is read from the object itself counts only for keys
        /// that it has without a value.
        #[serde(rename = "x-ringfort-credentials")]
        pub credentials: List<Keyed>,
    }
    /// LimitRange.
    pub struct LimitRange {
        pub metadata: Meta,
        pub spec: Option<LimitRangeSpec>,
    }
    /// LimitRangeSpec.
    pub struct LimitRangeSpec {
        pub limits: List<LimitRangeItem>,
    }
    /// LimitRangeItem: for which resources it gives containers a default.
    pub struct LimitRangeItem {
        #[serde(rename = "type")]
        pub kind: Str,
        /// Limits of containers that set none; where a maximum is set, it is the default.
        pub default: Names,
        pub default_request: Names,
        pub max: Names,
    }
    /// ResourceQuota.
    pub struct ResourceQuota {
        pub metadata: Meta,
        pub spec: Option<QuotaSpec>,
        pub status: Option<QuotaStatus>,
    }
    /// ResourceQuotaSpec: the hard limits, and to which pods they are limited.
    pub struct QuotaSpec {
        #[serde(deserialize_with = "quantities")]
        pub hard: Map,
        pub scopes: List<Str>,
        pub scope_selector: Option<ScopeSelector>,
    }
    /// ScopeSelector.
    pub struct ScopeSelector {
        pub match_expressions: List<ScopeRequirement>,
    }
    /// ScopedResourceSelectorRequirement.
    pub struct ScopeRequirement {
        pub scope_name: Str,
        pub operator: Str,
        pub values: List<Str>,
    }
    /// ResourceQuotaStatus: what the quota controller counted.
    pub struct QuotaStatus {
        #[serde(deserialize_with = "quantities")]
        pub hard: Map,
        #[serde(deserialize_with = "quantities")]
        pub used: Map,
    }
}

impl ResourceQuota {
    /// Whether no new pod passes it, whatever the pod asks for: its limit on the number of pods is
    /// zero, and it has no scope that a pod could be out of. The admission plug-in holds a pod
    /// against the limits of the status, which follow those of the specification
    /// (`pkg/quota/v1/evaluator/core/pods.go`, plugin `resourcequota` `CheckRequest`).
    #[must_use]
    pub fn takes_no_pods(&self) -> bool {
        let Some(spec) = &self.spec else { return false };
        let scoped = spec.scope_selector.as_ref();
        let scoped = scoped.is_some_and(|selector| !selector.match_expressions.is_empty());
        let none = |hard: &Map, key: &str| hard.get(key).is_some_and(|one| is_zero_quantity(one));
        let seen = self.status.as_ref().map(|status| &status.hard);
        let closed = |key| {
            none(&spec.hard, key) && seen.is_none_or(|seen| seen.is_empty() || none(seen, key))
        };
        spec.scopes.is_empty() && !scoped && ["pods", "count/pods"].into_iter().any(closed)
    }
}

/// A credential that stands under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Keyed {
    /// The key; empty where snapshots before format 4 did not say it.
    pub key: Str,
    /// Class of the credential, see [`crate::credential`].
    pub class: Str,
}

impl<'de> serde::Deserialize<'de> for Keyed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Whole { key: Str, class: Str },
            Class(Str),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Whole { key, class } => Self { key, class },
            Written::Class(class) => Self { key: Str::default(), class },
        })
    }
}

impl ConfigMap {
    /// Where credentials stand and of which classes they are: the path of the field, the class.
    pub fn held(&self) -> impl Iterator<Item = (String, &Str)> {
        self.credentials.iter().map(|one| {
            let field = if self.binary_data.0.has(&one.key) { "binaryData" } else { "data" };
            let path = match one.key.as_str() {
                "" => field.to_owned(),
                key => format!("{field}[{key}]"),
            };
            (path, &one.class)
        })
    }
}

impl Secret {
    /// Whether its values hold a credential of that class; `None` where they were not all read.
    #[must_use]
    pub fn holds(&self, class: &str) -> Option<bool> {
        let found = self.credentials.as_ref()?;
        if found.has(class) {
            return Some(true);
        }
        (!found.has(crate::credential::UNREAD)).then_some(false)
    }
}

has_meta!(Namespace, ServiceAccount, Secret, ConfigMap, LimitRange, ResourceQuota);
