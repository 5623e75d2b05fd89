//! Documented settings: in ConfigMaps, of the kubelets, of the API server; and what is not known
//! of them.

use ringfort_attack::Why;
use ringfort_model::{Kind, Map, Str};
use ringfort_network::exposure::{ListenerKind, Reach};

use crate::facts::field;
use crate::world::World;

/// What a ConfigMap says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting<'c> {
    /// It was not read.
    Unread,
    /// It does not hold the key, or there is none.
    Unset,
    /// The value.
    Set(&'c str),
}

/// A key of a ConfigMap.
pub(crate) fn setting<'c>(world: &World<'c>, namespace: &str, map: &str, key: &str) -> Setting<'c> {
    match world.cluster.config_maps.get(namespace, map) {
        Some(map) => map.data.get(key).map_or(Setting::Unset, |value| Setting::Set(value)),
        None if world.cluster.coverage.is_complete(Kind::ConfigMap) => Setting::Unset,
        None => Setting::Unread,
    }
}

/// A setting in the ConfigMap by which kubeadm hands their configuration to the kubelets.
pub(crate) fn kubelet_field(world: &World<'_>, at: (&str, &str)) -> Why {
    let maps = world.cluster.config_maps.in_namespace("kube-system");
    let mut names = maps.map(|(_, map)| map.metadata.name.as_str());
    let name = names.find(|name| name.starts_with("kubelet-config")).unwrap_or("kubelet-config");
    field("ConfigMap", "kube-system", name, at)
}

/// Whether the internet reaches the kubelet of a node.
pub(crate) fn is_public(world: &World<'_>, node: &Str) -> bool {
    world.context.exposure.listeners.iter().any(|one| {
        one.kind == ListenerKind::Kubelet
            && one.object.name == *node
            && one.verdict.reach == Reach::Public
    })
}

/// A flag of the API server as its pod carries it.
pub(crate) fn server_field(world: &World<'_>, (name, value): (&str, &str)) -> Why {
    let servers = world.cluster.pods.in_namespace("kube-system");
    let labelled = |labels: &Map| labels.get("component").is_some_and(|one| *one == *SERVER);
    let mut pods = servers.map(|(_, pod)| pod).filter(|pod| labelled(&pod.metadata.labels));
    let pod = pods.next().map_or(SERVER, |pod| pod.metadata.name.as_str());
    let said = format!("{name}: {value}");
    field("Pod", "kube-system", pod, ("spec.containers[0].command", &said))
}

const SERVER: &str = "kube-apiserver";
