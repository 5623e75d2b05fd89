//! RF-CICD-006: flux multi-tenancy lockdown missing.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::operator;
use ringfort_attack::recognise::known;
use ringfort_attack::{Subject, Zone};
use ringfort_model::{Kind, Str, go_bool};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-006",
    title: "Flux multi-tenancy lockdown missing",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["none known"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Pod,
    ],
    doc: Doc {
        why: "Whoever writes a Kustomization in a namespace has it applied as the controller, from a source of somebody else's.",
        fails: "A controller of Flux lacks one of the arguments of the lockdown, and somebody who is no administrator may write objects of Flux. Critical where the missing one is the default account and the controller's own is administrator.",
        not: "All arguments set, as in flux2-multi-tenancy; a cluster in which only administrators write objects of Flux.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Apply the multi-tenancy lockdown of Flux.",
    },
    judge: Judge::Cluster(judge),
};

const DEFAULT: &str = "default-service-account";
/// Controllers with the arguments of the lockdown (flux documentation: multi-tenancy lockdown).
const CONTROLLERS: [(&str, &[&str]); 5] = [
    ("kustomize-controller", &["no-cross-namespace-refs", "no-remote-bases", DEFAULT]),
    ("fluxcd/helm-controller", &["no-cross-namespace-refs", DEFAULT]),
    ("fluxcd/notification-controller", &["no-cross-namespace-refs"]),
    ("image-reflector-controller", &["no-cross-namespace-refs"]),
    ("image-automation-controller", &["no-cross-namespace-refs"]),
];
const WRITES: &[&str] = &["create", "update", "patch"];
const ASKS: [Ask; 3] = [
    Ask::named(WRITES, "kustomize.toolkit.fluxcd.io", "kustomizations"),
    Ask::named(WRITES, "helm.toolkit.fluxcd.io", "helmreleases"),
    Ask::named(WRITES, "source.toolkit.fluxcd.io", "gitrepositories"),
];
const IMAGES: [&str; 5] =
    [CONTROLLERS[0].0, CONTROLLERS[1].0, CONTROLLERS[2].0, CONTROLLERS[3].0, CONTROLLERS[4].0];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let held = world.held_any(&ASKS);
    let accounts = |unit: u32| {
        let one = &context.units[unit as usize];
        Subject::ServiceAccount(one.namespace.clone(), Str::new(one.spec.account()))
    };
    let found = operator::find(context, &operator::Marks { images: &IMAGES, labels: &[] });
    let own: BTreeSet<Subject> = found.iter().map(|one| accounts(one.unit)).collect();
    let writer = world.outsiders(&held).find(|(_, (grant, bound, _))| {
        let (subject, _, _) = &context.grants[*grant].bound[*bound];
        !own.contains(subject)
    });
    for controller in found {
        let spec = &context.units[controller.unit as usize].spec;
        let mut images = spec.all_containers().map(|(_, _, one)| &one.image);
        let name = images.find_map(|image| known(image, &IMAGES));
        let needed = CONTROLLERS.iter().find(|(image, _)| Some(*image) == name);
        let missing = needed.iter().flat_map(|(_, flags)| flags.iter()).copied().filter(|flag| {
            let value = controller.flag(context, flag).unwrap_or_default();
            value.is_empty() || (*flag != DEFAULT && go_bool(value) == Some(false))
        });
        let missing: Vec<&str> = missing.collect();
        let verdict = match (&writer, missing.is_empty()) {
            (None, _) | (_, true) => Verdict::Pass,
            (Some((_, given)), false) => {
                let image = controller.why(context);
                let mut spots = vec![image];
                spots.extend(world.grant_why(*given));
                let mut fault = world.fault_of(spots, &[controller.unit]);
                fault.note = format!("not set: --{}", missing.join(", --"));
                let account = accounts(controller.unit);
                if missing.contains(&DEFAULT) && world.is_administrator(&account) {
                    fault.severity = Some(Severity::Critical);
                }
                Verdict::Fail(fault)
            }
        };
        out.add(world.owner(controller.unit), verdict);
    }
}
