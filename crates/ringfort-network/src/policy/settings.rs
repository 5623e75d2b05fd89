//! How an agent is set up, from every place where it looks: its arguments, its environment and
//! its ConfigMap, in this order (spf13/viper, as cilium/cilium `pkg/option` uses it). An
//! object that changes settings for some nodes makes them unknown.

use ringfort_model::record::{Container, PodSpec, WorkloadKind};
use ringfort_model::{Cluster, Kind, Listed, Str, go_bool};

use crate::policy::enforce::container;
use crate::policy::rule::Tri;
use crate::policy::rules::rules;

/// The ConfigMap of Cilium's agent.
const CONFIG: &str = "cilium-config";

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nobody sets it.
    Default,
    /// Its value.
    To(Str),
    /// Something sets it, or may, and to what is not known.
    Unknown,
}

/// Where settings of Cilium stand.
pub(crate) struct Cilium<'a> {
    cluster: &'a Cluster,
    /// The agent's container and the namespace of its DaemonSet.
    agent: Option<(&'a Container, &'a Str)>,
}

impl<'a> Cilium<'a> {
    /// Looks for the agent.
    pub(crate) fn of(cluster: &'a Cluster) -> Self {
        let sets = cluster.workloads.iter().filter(|one| one.kind == WorkloadKind::DaemonSet);
        let agent = sets.filter_map(|one| {
            let spec = one.pod_template().and_then(|template| template.spec.as_ref())?;
            Some((agent(spec)?, &one.metadata.namespace))
        });
        Self { cluster, agent: agent.into_iter().next() }
    }

    /// The settings of this agent.
    pub(crate) fn with(cluster: &'a Cluster, agent: &'a Container, namespace: &'a Str) -> Self {
        Self { cluster, agent: Some((agent, namespace)) }
    }

    /// Whether anything of Cilium is seen by which it is set up.
    pub(crate) fn is_seen(&self) -> bool {
        self.agent.is_some() || self.config().is_some()
    }

    /// Version of the agent.
    pub(crate) fn version(&self) -> Option<(u32, u32)> {
        version(&self.agent?.0.image)
    }

    fn config(&self) -> Option<&'a ringfort_model::record::ConfigMap> {
        self.cluster.config_maps.iter().find(|config| {
            config.metadata.name == CONFIG
                && self.agent.is_none_or(|(_, namespace)| config.metadata.namespace == *namespace)
        })
    }

    /// A setting by its name.
    pub(crate) fn get(&self, key: &str) -> Setting {
        let switch = &rules().switches;
        if switch.nodes_may_differ && self.some_nodes_differ(key) {
            return Setting::Unknown;
        }
        if let Some((agent, _)) = self.agent {
            if let Some(value) = argument(agent, &format!("--{key}"))
                && switch.agents_have_arguments
            {
                return Setting::To(Str::new(value));
            }
            let name = format!("CILIUM_{}", key.to_ascii_uppercase().replace('-', "_"));
            if let Some(set) = agent.env.iter().rev().find(|one| one.name == *name)
                && switch.agents_have_environments
            {
                return match (&set.value, &set.value_from) {
                    (_, Some(from)) => match &from.config_map_key_ref {
                        Some(wanted) => self.referenced(&wanted.name, &wanted.key),
                        None => Setting::Unknown,
                    },
                    (Some(value), None) if !value.contains("$(") => Setting::To(value.clone()),
                    _ => Setting::Unknown,
                };
            }
        }
        match self.config() {
            Some(config) => {
                config.data.get(key).map_or(Setting::Default, |value| Setting::To(value.clone()))
            }
            None => self.unseen(),
        }
    }

    /// A value that the environment takes from a key of a ConfigMap.
    fn referenced(&self, name: &str, key: &str) -> Setting {
        let Some((_, namespace)) = self.agent else { return Setting::Unknown };
        let config = self.cluster.config_maps.get(namespace, name);
        match config.map(|config| config.data.get(key)) {
            Some(Some(value)) => Setting::To(value.clone()),
            Some(None) => Setting::Default,
            None => self.unseen(),
        }
    }

    /// What holds without the ConfigMap: the defaults, if it was looked for.
    fn unseen(&self) -> Setting {
        match self.cluster.coverage.of(Kind::ConfigMap) {
            Listed::Partial(_) | Listed::Forbidden(_) if self.agent.is_some() => Setting::Unknown,
            _ => Setting::Default,
        }
    }

    /// Whether a CiliumNodeConfig sets it, which holds for the nodes that it selects.
    fn some_nodes_differ(&self, key: &str) -> bool {
        self.cluster.others.iter().any(|other| {
            other.group() == "cilium.io"
                && other.kind == "CiliumNodeConfig"
                && other.engine_spec.as_ref().is_none_or(|spec| {
                    let spec: serde_json::Value = serde_json::from_str(spec).unwrap_or_default();
                    spec["defaults"].get(key).is_some()
                })
        })
    }

    /// A setting that is on or off.
    pub(crate) fn is_on(&self, key: &str, default: bool) -> Tri {
        let on = match self.get(key) {
            Setting::Default => Some(default),
            Setting::To(value) => go_bool(value.trim()),
            Setting::Unknown => None,
        };
        on.map_or(Tri::Unknown, |on| if on { Tri::Yes } else { Tri::No })
    }
}

/// The container of Cilium's agent; its relay is none.
pub(crate) fn agent(spec: &PodSpec) -> Option<&Container> {
    let agent = container(spec, "cilium")?;
    let mut words = agent.command.iter().chain(agent.args.iter());
    let is_relay = words.any(|word| word.contains("hubble"));
    (!is_relay || rules().switches.hubble_is_an_agent).then_some(agent)
}

/// The value of `--flag=value` or `--flag value`, or `true` for the flag alone. The last counts.
pub(crate) fn argument<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    let words: Vec<&str> =
        container.command.iter().chain(container.args.iter()).map(Str::as_str).collect();
    let mut found =
        words.iter().enumerate().filter_map(|(at, word)| match word.strip_prefix(name)? {
            "" => match words.get(at + 1) {
                Some(value) if !value.starts_with('-') => Some(*value),
                _ => Some("true"),
            },
            rest => rest.strip_prefix('='),
        });
    found.next_back()
}

/// `(1, 17)` of an image `…:v1.17.2-x`; nothing where the tag is no version.
pub(crate) fn version(image: &str) -> Option<(u32, u32)> {
    let image = image.split('@').next().unwrap_or_default();
    let (_, tag) = image.rsplit('/').next().unwrap_or(image).split_once(':')?;
    let mut parts = tag.strip_prefix('v').unwrap_or(tag).split('.');
    let major = parts.next()?.parse().ok()?;
    // A tag without a patch level may move to another version.
    let minor = parts.next()?.parse().ok()?;
    parts.next().map(|_| (major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_tags() {
        assert_eq!(version("quay.io/calico/node:v3.29.1"), Some((3, 29)));
        assert_eq!(version("x:5000/cilium/cilium:1.17.0-rc.1@sha256:00"), Some((1, 17)));
        for none in ["x:5000/cilium", "cilium:latest", "cilium:v1", "cilium@sha256:00", "c:v1.17"] {
            assert_eq!(version(none), None, "{none}");
        }
    }
}
