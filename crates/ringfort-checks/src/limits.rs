//! What LimitRanges fill in.

use crate::world::World;

/// Whether a LimitRange gives containers without a limit, or a request, one: its default, else
/// its maximum; the default of requests follows that of limits
/// (kubernetes/kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem).
pub(crate) fn is_defaulted(
    world: &World<'_>,
    namespace: &str,
    resource: &str,
    limit: bool,
) -> bool {
    let ranges = world.cluster.limit_ranges.in_namespace(namespace);
    let mut items = ranges.flat_map(|(_, one)| one.spec.iter()).flat_map(|one| one.limits.iter());
    items.any(|item| {
        let limits = item.default.has(resource) || item.max.has(resource);
        let requested = !limit && item.default_request.has(resource);
        *item.kind == *"Container" && (limits || requested)
    })
}
