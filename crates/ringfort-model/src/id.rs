//! The stable ids that people write and read: `pod/NS/NAME`, `sa/NS/NAME`, `node/NAME` …

use std::fmt;
use std::str::FromStr;

use crate::record::WorkloadKind;
use crate::text::Str;

/// Something in or around a cluster that can be named at the prompt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityId {
    /// `internet`
    Internet,
    /// `vector/V7`, or one instance of it: `vector/V7/NAME`
    Vector(Str),
    /// `user/NAME`
    User(Str),
    /// `group/NAME`
    Group(Str),
    /// `sa/NS/NAME`
    ServiceAccount(Str, Str),
    /// `pod/NS/NAME`
    Pod(Str, Str),
    /// `container/NS/POD/NAME`
    Container(Str, Str, Str),
    /// `workload/KIND/NS/NAME`
    Workload(WorkloadKind, Str, Str),
    /// `svc/NS/NAME`
    Service(Str, Str),
    /// `secret/NS/NAME`
    Secret(Str, Str),
    /// `configmap/NS/NAME`
    ConfigMap(Str, Str),
    /// `ns/NAME`
    Namespace(Str),
    /// `node/NAME`
    Node(Str),
    /// `impact/NAME`
    Impact(Str),
}

impl EntityId {
    /// Kind, namespace and name, as an object has them. What is no object has a word for what it
    /// is; of a container it is the pod that is named.
    #[must_use]
    pub fn named(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Internet => ("Internet", "", ""),
            Self::Vector(name) => ("Vector", "", name),
            Self::User(name) => ("User", "", name),
            Self::Group(name) => ("Group", "", name),
            Self::ServiceAccount(namespace, name) => ("ServiceAccount", namespace, name),
            Self::Pod(namespace, name) | Self::Container(namespace, name, _) => {
                ("Pod", namespace, name)
            }
            Self::Workload(kind, namespace, name) => (kind.name(), namespace, name),
            Self::Service(namespace, name) => ("Service", namespace, name),
            Self::Secret(namespace, name) => ("Secret", namespace, name),
            Self::ConfigMap(namespace, name) => ("ConfigMap", namespace, name),
            Self::Namespace(name) => ("Namespace", "", name),
            Self::Node(name) => ("Node", "", name),
            Self::Impact(name) => ("Impact", "", name),
        }
    }
}

/// Text that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not an id; ids are pod/NS/NAME, workload/KIND/NS/NAME, sa/NS/NAME, user/NAME, \
     group/NAME, node/NAME, ns/NAME, svc/NS/NAME, secret/NS/NAME, configmap/NS/NAME, internet, \
     vector/V7, impact/NAME"
)]
pub struct IdError(pub String);

impl FromStr for EntityId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError(text.to_owned());
        if text == "internet" {
            return Ok(Self::Internet);
        }
        let (prefix, rest) = text.split_once('/').ok_or_else(wrong)?;
        if rest.is_empty() {
            return Err(wrong());
        }
        // Names of users, groups and vector instances may hold slashes; others may not.
        let whole = || Str::new(rest);
        let parts: Vec<&str> = rest.split('/').collect();
        let one = || match parts.as_slice() {
            [name] if !name.is_empty() => Ok(Str::new(name)),
            _ => Err(wrong()),
        };
        let two = || match parts.as_slice() {
            [ns, name] if !ns.is_empty() && !name.is_empty() => Ok((Str::new(ns), Str::new(name))),
            _ => Err(wrong()),
        };
        Ok(match prefix {
            "user" => Self::User(whole()),
            "group" => Self::Group(whole()),
            "vector" => Self::Vector(whole()),
            "impact" => Self::Impact(one()?),
            "node" => Self::Node(one()?),
            "ns" | "namespace" => Self::Namespace(one()?),
            "sa" | "serviceaccount" => two().map(|(ns, name)| Self::ServiceAccount(ns, name))?,
            "pod" => two().map(|(ns, name)| Self::Pod(ns, name))?,
            "svc" | "service" => two().map(|(ns, name)| Self::Service(ns, name))?,
            "secret" => two().map(|(ns, name)| Self::Secret(ns, name))?,
            "configmap" => two().map(|(ns, name)| Self::ConfigMap(ns, name))?,
            "container" => match parts.as_slice() {
                [ns, pod, name] => Self::Container(Str::new(ns), Str::new(pod), Str::new(name)),
                _ => return Err(wrong()),
            },
            "workload" => match parts.as_slice() {
                [kind, ns, name] => {
                    let kind = WorkloadKind::ALL
                        .into_iter()
                        .find(|known| known.name().eq_ignore_ascii_case(kind))
                        .ok_or_else(wrong)?;
                    Self::Workload(kind, Str::new(ns), Str::new(name))
                }
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet => write!(f, "internet"),
            Self::Vector(name) => write!(f, "vector/{name}"),
            Self::User(name) => write!(f, "user/{name}"),
            Self::Group(name) => write!(f, "group/{name}"),
            Self::ServiceAccount(ns, name) => write!(f, "sa/{ns}/{name}"),
            Self::Pod(ns, name) => write!(f, "pod/{ns}/{name}"),
            Self::Container(ns, pod, name) => write!(f, "container/{ns}/{pod}/{name}"),
            Self::Workload(kind, ns, name) => write!(f, "workload/{}/{ns}/{name}", kind.name()),
            Self::Service(ns, name) => write!(f, "svc/{ns}/{name}"),
            Self::Secret(ns, name) => write!(f, "secret/{ns}/{name}"),
            Self::ConfigMap(ns, name) => write!(f, "configmap/{ns}/{name}"),
            Self::Namespace(name) => write!(f, "ns/{name}"),
            Self::Node(name) => write!(f, "node/{name}"),
            Self::Impact(name) => write!(f, "impact/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_of_objects() {
        for (text, kind, namespace, name) in [
            ("svc/shop/x", "Service", "shop", "x"),
            ("ns/shop", "Namespace", "", "shop"),
            ("workload/Deployment/shop/x", "Deployment", "shop", "x"),
            ("container/shop/x-1/main", "Pod", "shop", "x-1"),
            ("group/a/b", "Group", "", "a/b"),
        ] {
            let id: EntityId = text.parse().expect(text);
            assert_eq!(id.named(), (kind, namespace, name));
        }
    }

    #[test]
    fn ids_round_trip() {
        for text in [
            "internet",
            "vector/V7/shop/frontend",
            "user/system:kube-controller-manager",
            "group/a/b",
            "sa/ci/deployer",
            "pod/shop/x-1",
            "container/shop/x-1/main",
            "workload/Deployment/shop/x",
            "svc/shop/x",
            "secret/shop/x",
            "configmap/shop/x",
            "ns/shop",
            "node/a.b",
            "impact/cluster-admin",
        ] {
            let id: EntityId = text.parse().expect(text);
            assert_eq!(id.to_string(), text);
        }
        for text in ["", "pod/x", "pod//x", "nothing/x", "node/", "workload/Thing/a/b", "sa/a/b/c"]
        {
            assert!(text.parse::<EntityId>().is_err(), "{text}");
        }
    }
}
