//! RF-SEC-005: static cloud key in the cluster.

use crate::check::{Check, Doc, Judge, Severity};
use crate::held;
use crate::outcome::Outcomes;
use crate::secrets;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, credential};

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
        fails: "A Secret, a ConfigMap, an annotation, a variable or a word of a command line has the format of a key of AWS, Google Cloud or Azure, or that of the secret half of one under its name.",
        not: "Keys that documentation uses as examples; workload identity.",
        unknown: "The values of a Secret that may hold anything were not read, as from a live cluster; the source hides a value.",
        fix: "Use workload identity, and delete the key in the cloud.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    secrets::judge(world, out, &credential::CLOUD, "whether its values are a key of a cloud");
    let is_one = |class: &str| credential::CLOUD.contains(&class);
    held::judge(world, out, is_one, "the value, which the source hides");
}
