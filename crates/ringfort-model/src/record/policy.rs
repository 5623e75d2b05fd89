//! Network policies: networking.k8s.io/v1, policy.networking.k8s.io (AdminNetworkPolicy,
//! BaselineAdminNetworkPolicy, ClusterNetworkPolicy), and those of Cilium and Calico.
//!
//! A specification that does not read is kept as the reason why: what such a policy would
//! select is unknown, and a policy that vanished would look like one that allows.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::record::admission::LabelSelector;
use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::{Empty, IntOrString, List, record};

/// Key under which the reason of an unreadable specification is written.
const UNREADABLE: &str = "x-ringfort-unreadable";

/// A specification, or the field that does not read and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Checked<T> {
    /// It reads.
    Read(T),
    /// It reads but for a field that is not known: `path: reason`.
    Partly(T, Str),
    /// It does not: `path: reason`.
    Unreadable(Str),
}

impl<T> Checked<T> {
    /// What could be read of it.
    #[must_use]
    pub fn spec(&self) -> Option<&T> {
        match self {
            Self::Read(spec) | Self::Partly(spec, _) => Some(spec),
            Self::Unreadable(_) => None,
        }
    }
}

impl<T: Default> Default for Checked<T> {
    fn default() -> Self {
        Self::Read(T::default())
    }
}

impl<T> Empty for Checked<T> {
    fn is_empty_field(&self) -> bool {
        false
    }
}

impl<T: Serialize> Serialize for Checked<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Read(spec) => spec.serialize(serializer),
            Self::Partly(spec, reason) => {
                let spec = serde_json::to_value(spec).map_err(serde::ser::Error::custom)?;
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in spec.as_object().into_iter().flatten() {
                    map.serialize_entry(name, value)?;
                }
                map.serialize_entry(UNREADABLE, reason)?;
                map.end()
            }
            Self::Unreadable(reason) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(UNREADABLE, reason)?;
                map.end()
            }
        }
    }
}

/// The first field that says something and is gone from what was kept. Peers of which no field is
/// known are left to the engine: the rule of such a peer fails closed.
fn lost(given: &serde_json::Value, kept: &serde_json::Value, path: &str) -> Option<String> {
    use serde_json::Value;
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    match (given, kept) {
        (Value::Object(given), _) => given.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            match kept.get(name) {
                Some(kept) => lost(value, kept, &path),
                None => (!says_nothing(value)).then_some(path),
            }
        }),
        (Value::Array(given), Value::Array(kept)) => {
            let is_peer = path.ends_with(".from") || path.ends_with(".to");
            given.iter().zip(kept).enumerate().find_map(|(at, (given, kept))| {
                let nothing_is_known = is_peer && says_nothing(kept);
                (!nothing_is_known).then(|| lost(given, kept, &format!("{path}[{at}]"))).flatten()
            })
        }
        _ => None,
    }
}

impl<'de, T> Deserialize<'de> for Checked<T>
where
    T: DeserializeOwned + Default + Serialize,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = serde_json::Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::default());
        }
        if let Some(reason) = value.get(UNREADABLE).and_then(serde_json::Value::as_str) {
            let reason = Str::new(reason);
            let fields = value.as_object_mut().filter(|fields| fields.len() > 1);
            let Some(fields) = fields else { return Ok(Self::Unreadable(reason)) };
            fields.remove(UNREADABLE);
            return Ok(match serde_json::from_value(value) {
                Ok(spec) => Self::Partly(spec, reason),
                Err(_) => Self::Unreadable(reason),
            });
        }
        let given = value.clone();
        let spec: T = match serde_path_to_error::deserialize(value) {
            Ok(spec) => spec,
            Err(error) => {
                let reason = format!("spec.{}: {}", error.path(), error.inner());
                return Ok(Self::Unreadable(Str::from(reason)));
            }
        };
        let kept = serde_json::to_value(&spec).unwrap_or_default();
        let Some(field) = lost(&given, &kept, "spec") else { return Ok(Self::Read(spec)) };
        let reason = Str::from(format!("{field}: is not modelled"));
        // Where nothing else is said nothing is known.
        let says_something = kept.as_object().is_some_and(|fields| !fields.is_empty());
        Ok(if says_something { Self::Partly(spec, reason) } else { Self::Unreadable(reason) })
    }
}

/// A part of an object that an engine reads strictly by itself, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

impl Empty for Json {
    fn is_empty_field(&self) -> bool {
        self.0.is_null()
    }
}

record! {
    /// NetworkPolicy (networking.k8s.io/v1).
    pub struct NetworkPolicy {
        pub metadata: Meta,
        pub spec: Checked<NetworkPolicySpec>,
    }
    /// NetworkPolicySpec.
    pub struct NetworkPolicySpec {
        pub pod_selector: Option<LabelSelector>,
        pub policy_types: List<Str>,
        pub ingress: List<NetworkPolicyRule>,
        pub egress: List<NetworkPolicyRule>,
    }
    /// NetworkPolicyIngressRule (`from`) or NetworkPolicyEgressRule (`to`).
    pub struct NetworkPolicyRule {
        pub from: List<NetworkPolicyPeer>,
        pub to: List<NetworkPolicyPeer>,
        pub ports: List<NetworkPolicyPort>,
    }
    /// NetworkPolicyPeer.
    pub struct NetworkPolicyPeer {
        pub pod_selector: Option<LabelSelector>,
        pub namespace_selector: Option<LabelSelector>,
        pub ip_block: Option<IpBlock>,
    }
    /// IPBlock.
    pub struct IpBlock {
        pub cidr: Str,
        pub except: List<Str>,
    }
    /// NetworkPolicyPort.
    pub struct NetworkPolicyPort {
        pub protocol: Option<Str>,
        pub port: Option<IntOrString>,
        pub end_port: Option<i64>,
    }

    /// AdminNetworkPolicy (policy.networking.k8s.io/v1alpha1).
    pub struct AdminNetworkPolicy {
        pub metadata: Meta,
        pub spec: Checked<AdminNetworkPolicySpec>,
    }
    /// BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1).
    pub struct BaselineAdminNetworkPolicy {
        pub metadata: Meta,
        pub spec: Checked<AdminNetworkPolicySpec>,
    }
    /// ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2 and v1beta1).
    pub struct ClusterNetworkPolicy {
        pub metadata: Meta,
        pub spec: Checked<AdminNetworkPolicySpec>,
    }
    /// The specification of the three cluster-scoped kinds; `tier` is ClusterNetworkPolicy's,
    /// and BaselineAdminNetworkPolicy has no priority.
    pub struct AdminNetworkPolicySpec {
        pub tier: Option<Str>,
        pub priority: Option<i64>,
        pub subject: Option<AdminPeer>,
        pub ingress: List<AdminRule>,
        pub egress: List<AdminRule>,
    }
    /// A rule of those kinds: `ports` of v1alpha1, `protocols` of ClusterNetworkPolicy.
    pub struct AdminRule {
        pub name: Str,
        pub action: Str,
        pub from: List<AdminPeer>,
        pub to: List<AdminPeer>,
        pub ports: Option<List<AdminPort>>,
        pub protocols: Option<List<ClusterProtocol>>,
    }
    /// Subject or peer: exactly one field is set.
    pub struct AdminPeer {
        pub namespaces: Option<LabelSelector>,
        pub pods: Option<NamespacedPod>,
        pub nodes: Option<LabelSelector>,
        pub networks: Option<List<Str>>,
        pub domain_names: Option<List<Str>>,
    }
    /// NamespacedPod.
    pub struct NamespacedPod {
        pub namespace_selector: Option<LabelSelector>,
        pub pod_selector: Option<LabelSelector>,
    }
    /// AdminNetworkPolicyPort: exactly one field is set.
    pub struct AdminPort {
        pub port_number: Option<AdminPortNumber>,
        pub port_range: Option<AdminPortRange>,
        pub named_port: Option<Str>,
    }
    /// Port (v1alpha1).
    pub struct AdminPortNumber {
        pub protocol: Str,
        pub port: Option<i64>,
    }
    /// PortRange (v1alpha1); `start` and `end` alone in ClusterNetworkPolicy.
    pub struct AdminPortRange {
        pub protocol: Str,
        pub start: Option<i64>,
        pub end: Option<i64>,
    }
    /// ClusterNetworkPolicyProtocol: exactly one field is set.
    pub struct ClusterProtocol {
        pub tcp: Option<ClusterPorts>,
        pub udp: Option<ClusterPorts>,
        pub sctp: Option<ClusterPorts>,
        pub destination_named_port: Option<Str>,
    }
    /// ClusterNetworkPolicyProtocolTCP, UDP or SCTP.
    pub struct ClusterPorts {
        pub destination_port: Option<ClusterPort>,
    }
    /// Port (v1alpha2): exactly one field is set.
    pub struct ClusterPort {
        pub number: Option<i64>,
        pub range: Option<AdminPortRange>,
    }

    /// CiliumNetworkPolicy (cilium.io/v2).
    pub struct CiliumNetworkPolicy {
        pub metadata: Meta,
        pub spec: Json,
        pub specs: Json,
    }
    /// CiliumClusterwideNetworkPolicy (cilium.io/v2).
    pub struct CiliumClusterwideNetworkPolicy {
        pub metadata: Meta,
        pub spec: Json,
        pub specs: Json,
    }
    /// NetworkPolicy (projectcalico.org/v3).
    pub struct CalicoNetworkPolicy {
        pub metadata: Meta,
        pub spec: Json,
    }
    /// GlobalNetworkPolicy (projectcalico.org/v3).
    pub struct CalicoGlobalNetworkPolicy {
        pub metadata: Meta,
        pub spec: Json,
    }
    /// Tier (projectcalico.org/v3).
    pub struct CalicoTier {
        pub metadata: Meta,
        pub spec: Json,
    }
    /// NetworkSet (projectcalico.org/v3).
    pub struct CalicoNetworkSet {
        pub metadata: Meta,
        pub spec: Json,
    }
    /// GlobalNetworkSet (projectcalico.org/v3).
    pub struct CalicoGlobalNetworkSet {
        pub metadata: Meta,
        pub spec: Json,
    }
    /// HostEndpoint (projectcalico.org/v3).
    pub struct CalicoHostEndpoint {
        pub metadata: Meta,
        pub spec: Json,
    }
}
has_meta!(
    NetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    CiliumNetworkPolicy,
    CiliumClusterwideNetworkPolicy,
    CalicoNetworkPolicy,
    CalicoGlobalNetworkPolicy,
    CalicoTier,
    CalicoNetworkSet,
    CalicoGlobalNetworkSet,
    CalicoHostEndpoint,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_specification_keeps_its_place_and_its_reason() {
        let json = r#"{"metadata":{"name":"x"},"spec":{"ingress":[{"from":[{"podSelector":3}]}]}}"#;
        let policy: NetworkPolicy = serde_json::from_str(json).expect("metadata reads");
        let Checked::Unreadable(reason) = &policy.spec else { panic!("{policy:?}") };
        assert!(reason.starts_with("spec.ingress[0].from[0].podSelector: "), "{reason}");
        let again = serde_json::to_string(&policy).expect("it writes");
        assert_eq!(serde_json::from_str::<NetworkPolicy>(&again).expect("it reads"), policy);
    }

    #[test]
    fn a_field_of_a_later_version_makes_a_policy_of_others_unreadable() {
        let read = |spec: &str| -> Checked<AdminNetworkPolicySpec> {
            serde_json::from_str(spec).expect("it is kept")
        };
        let whole = r#"{"tier":"Admin","priority":0,"subject":{"namespaces":{}},"egress":[],
            "ingress":[{"action":"Deny","name":"","from":[{"namespaces":{}}],
                "protocols":[{"tcp":{"destinationPort":{"number":80}}}]}]}"#;
        assert!(matches!(read(whole), Checked::Read(_)), "{:?}", read(whole));
        for (spec, field) in [
            (r#"{"newField":1}"#, "spec.newField"),
            (r#"{"ingress":[{},{"limit":false}]}"#, "spec.ingress[1].limit"),
            (
                r#"{"ingress":[{"from":[{"namespaces":{},"future":{"a":1}}]}]}"#,
                "spec.ingress[0].from[0].future",
            ),
            (r#"{"subject":{"future":{"a":1}}}"#, "spec.subject.future"),
        ] {
            let wanted = Str::from(format!("{field}: is not modelled"));
            let (Checked::Partly(_, reason) | Checked::Unreadable(reason)) = read(spec) else {
                panic!("{spec}");
            };
            assert_eq!(reason, wanted, "{spec}");
        }
        // Of such a peer the engine says what it means; what says nothing is nothing.
        let peer = r#"{"ingress":[{"from":[{"future":{"a":1}}]}],"later":null,"more":{}}"#;
        assert!(matches!(read(peer), Checked::Read(_)), "{:?}", read(peer));
        // What else it says is kept, also where it is written and read again.
        let partly = read(r#"{"subject":{"namespaces":{}},"newField":1}"#);
        assert!(partly.spec().is_some_and(|spec| spec.subject.is_some()), "{partly:?}");
        let again = serde_json::to_string(&partly).expect("it writes");
        assert_eq!(read(&again), partly);
        assert_eq!(read(r#"{"newField":1}"#).spec(), None);
        let own: Checked<NetworkPolicySpec> =
            serde_json::from_str(r#"{"podSelector":{},"newField":1}"#).expect("it reads");
        let Checked::Partly(spec, reason) = own else { panic!("{own:?}") };
        assert_eq!(reason, "spec.newField: is not modelled");
        assert!(spec.pod_selector.is_some());
    }
}
