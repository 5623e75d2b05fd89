//! Documented settings in ConfigMaps, and what is not known of them.

use ringfort_model::Kind;

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
