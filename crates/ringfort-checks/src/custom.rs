//! Custom resources, whose lists have a coverage of their own.

use ringfort_model::{Kind, Listed};

use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;

/// Whether every object of a custom kind was read.
pub(crate) fn is_read(world: &World<'_>, resource: &str) -> bool {
    let listed = world.cluster.coverage.of_resource(resource);
    matches!(listed, Listed::Complete | Listed::Absent)
}

/// Says that objects of a custom kind were not all read, where the cluster defines it or may.
pub(crate) fn unread(world: &World<'_>, out: &mut Outcomes, group: &str, resource: &str) {
    let coverage = &world.cluster.coverage;
    if is_read(world, resource) {
        return;
    }
    let specs = world.cluster.custom_resource_definitions.iter();
    let defined = specs.filter_map(|one| one.spec.as_ref()).any(|spec| *spec.group == *group);
    if defined || !coverage.is_complete(Kind::CustomResourceDefinition) {
        let missing = format!("{resource} were not all read");
        out.add(Object::wide("Resource", resource), Verdict::missing(missing));
    }
}
