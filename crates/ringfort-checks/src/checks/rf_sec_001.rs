//! RF-SEC-001: credential in plain configuration.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::world::World;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-001",
    title: "Credential in plain configuration",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[Modifier::Exposed],
    references: &["C-0012", "KSV-0109", "KSV-01010", "MS-TA9027"],
    reads: &[Kind::Pod, Kind::ConfigMap],
    doc: Doc {
        why: "Everybody who may read the object has it, and so does every copy of the manifest.",
        fails: "A literal of a container or a value of a ConfigMap has the format of a credential; or a literal stands under a name that says that it is one. Only the class is kept, never the value.",
        not: "Placeholders, references to variables, paths, keys that documentation uses as examples; references to a Secret; a kubeconfig that starts a program for its credential.",
        unknown: "Never, beside kinds that were not read. Annotations and custom resources are not looked at.",
        fix: "Move the value into a Secret that only its user may read, and renew it.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    for place in world.places() {
        let mut spots = Vec::new();
        for (kind, index, container) in place.unit.spec.all_containers() {
            for (at, variable) in container.env.iter().enumerate() {
                if let Some(class) = &variable.credential {
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
    for map in &world.cluster.config_maps {
        let meta = &map.metadata;
        let class = map
            .credentials
            .iter()
            .find(|class| **class != *"kubeconfig-exec" && **class != *"kubeconfig-token-file");
        let spots = class.map(|class| Why::ObjectField {
            kind: "ConfigMap",
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            path: "data".into(),
            value: class.clone(),
        });
        let mut verdict = Verdict::of(spots.into_iter().collect());
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone()));
        }
        out.add(Object::new("ConfigMap", &meta.namespace, &meta.name), verdict);
    }
}
