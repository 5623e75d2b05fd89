//! `deputy-argocd-project`: The writer of an AppProject lets the Applications of the project deploy anything anywhere, with the application controller's power.

use super::deputy_argocd_app::{PROJECTS, controllers};
use crate::argo_settings::{IMPERSONATION, impersonates};
use crate::conjunction::conjoin;
use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-argocd-project",
    title: "widen a project of Argo CD",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "The writer of an AppProject lets the Applications of the project deploy anything anywhere, with the application controller's power.",
        when: "create or update on appprojects in the namespace of Argo CD, and write on applications there by the same identity; without the second the edge is unknown: an Application of the project may have a source that the writer controls.",
        not: "Read access; appprojects in another namespace.",
        controls: "Sync impersonation.",
        cut: "Keep AppProjects to the platform's administrators.",
        upstream: "Argo CD: user-guide projects",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const GROUP: &str = "argoproj.io";
    for controller in controllers(context) {
        let impersonation = match impersonates(context, &controller) {
            Some(true) => continue,
            Some(false) => None,
            None => Some(IMPERSONATION),
        };
        let to = NodeKey::Subject(controller.account(context));
        let verbs: &[&str] = &["create"];
        let projects = context.held(&Ask::unnamed(verbs, GROUP, "appprojects"));
        let mut applications = context.held(&Ask::unnamed(verbs, GROUP, "applications"));
        applications.extend(context.held(&Ask::unnamed(verbs, GROUP, "applicationsets")));
        for conjunction in conjoin(context, &[&projects, &applications], None) {
            if conjunction.scope.reaches(Some(&controller.namespace)) {
                maker.conjunction(&TECHNIQUE, &conjunction, "project", |at| {
                    let draft = Draft::new(at, to.clone()).because(controller.why(context));
                    match impersonation {
                        Some(fact) => draft.unknown(fact),
                        None => draft,
                    }
                });
            }
        }
        for write in PROJECTS.writes(context) {
            if write.scope.reaches(Some(&controller.namespace)) {
                let draft = write.draft(context, to.clone()).because(controller.why(context));
                maker.edge(draft.unknown("who writes the sources of the project's Applications"));
            }
        }
    }
}
