//! `deputy-velero`: A Backup or Schedule runs commands in the containers of any namespace; a Restore starts its pods with containers of the author's making.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::operator::{Custom, Marks, as_writer, custom, find as operators, held_by};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-velero",
    title: "have Velero run a hook",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A Backup or Schedule runs commands in the containers of any namespace; a Restore starts its pods with containers of the author's making.",
        when: "create or update on backups, schedules or restores in the namespace of Velero, as far as Velero's account may itself run commands in pods or start them.",
        not: "The same permissions in another namespace; read access to the backup storage, which is read access to what was saved.",
        controls: "",
        cut: "Keep Velero's namespace to the platform's administrators.",
        upstream: "velero documentation: backup hooks, restore hooks",
    },
    find,
};

const MARKS: Marks =
    Marks { images: &["velero/velero"], labels: &[("component", "velero"), ("deploy", "velero")] };
const BACKUPS: [Custom; 2] =
    [custom("velero.io", "backups", "Backup"), custom("velero.io", "schedules", "Schedule")];
const RESTORES: Custom = custom("velero.io", "restores", "Restore");

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in operators(context, &MARKS) {
        if !controller.runs(context, "server") {
            continue;
        }
        let account = controller.account(context);
        let own = Some(controller.namespace.as_str());
        let exec = held_by(context, &account, &Ask::named(&["create"], "", "pods/exec"));
        for write in BACKUPS.iter().flat_map(|kind| kind.writes(context)) {
            for held in exec.iter().filter(|_| write.scope.reaches(own)) {
                let to = NodeKey::Power(Power::ExecPods, held.scope(context).clone());
                let draft = write.draft(context, to).because(controller.why(context));
                maker.edge(draft.because(held.why(context, None)));
            }
        }
        let pods = as_writer(context, &account, &Scope::Cluster);
        for write in RESTORES.writes(context) {
            for (to, why) in pods.iter().filter(|_| write.scope.reaches(own)) {
                let draft = write.draft(context, to.clone()).because(controller.why(context));
                maker.edge(draft.because(why.clone()));
            }
        }
    }
}
