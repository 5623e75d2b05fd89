//! RF-SEC-001: credential in plain configuration.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::held;
use crate::outcome::Outcomes;
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, credential};

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
        fails: "A variable, a word of a command line (of probes and hooks as well), a value of a ConfigMap or an annotation has the format of a credential; or it stands under a name that says that it is one: a variable, a flag, a key, a line of a text such as properties, YAML, JSON or a script. In texts, what is called a token, a secret or a key must look generated. Only the class is kept, never the value.",
        not: "Placeholders, references to variables, paths, keys that documentation uses as examples; comments and expressions; a sentence or a title under the name of a password in a text, as translations have them; a word in lower case without a digit under the name of a token, a secret or a key, which may be what an object is called; the hash behind checksum/; references to a Secret; a kubeconfig that starts a program for its credential.",
        unknown: "The source hides the value. Specifications of custom resources are not looked at, and no result is about them.",
        fix: "Move the value into a Secret that only its user may read, and renew it.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    held::judge(world, out, credential::is_held, "the value, which the source hides");
}
