//! RF-SEC-005: static cloud key in the cluster.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::secrets;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, Str, credential};

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-005",
    title: "Static cloud key in the cluster",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0020", "MS-TA9026"],
    reads: &[Kind::Secret, Kind::ConfigMap, Kind::Pod],
    doc: Doc {
        why: "It works from everywhere, for as long as nobody takes it back.",
        fails: "A Secret, a ConfigMap or a literal of a container has the format of a key of AWS, Google Cloud or Azure.",
        not: "Keys that documentation uses as examples; workload identity.",
        unknown: "The values of a Secret that may hold anything were not read, as from a live cluster.",
        fix: "Use workload identity, and delete the key in the cloud.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    secrets::judge(world, out, &credential::CLOUD, "whether its values are a key of a cloud");
    let is_one = |class: &&Str| credential::CLOUD.contains(&class.as_str());
    for map in &world.cluster.config_maps {
        let meta = &map.metadata;
        let spot =
            map.credentials.iter().find(is_one).map(|class| {
                facts::field("ConfigMap", &meta.namespace, &meta.name, ("data", class))
            });
        let verdict = Verdict::of(spot.into_iter().collect());
        out.add(Object::new("ConfigMap", &meta.namespace, &meta.name), verdict);
    }
    for place in world.places() {
        let mut spots = Vec::new();
        for (kind, index, container) in place.unit.spec.all_containers() {
            for (at, variable) in container.env.iter().enumerate() {
                if let Some(class) = variable.credential.as_ref().filter(is_one) {
                    spots.push(place.field(format!("{}[{index}].env[{at}]", kind.field()), class));
                }
            }
        }
        let mut verdict = Verdict::of(spots);
        if let Verdict::Fail(fault) = &mut verdict {
            pods::complete(world, &place, fault);
        }
        out.add(world.owner(place.at), verdict);
    }
}
