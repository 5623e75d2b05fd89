//! RF-CICD-001: deployment controller is cluster-admin equivalent without tenant scoping.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::custom;
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::gitops;
use ringfort_attack::{Subject, Why, Zone};
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-001",
    title: "Deployment controller is cluster-admin equivalent without tenant scoping",
    zone: Zone::Impact,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["T1195.002"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Pod,
        Kind::ConfigMap,
    ],
    doc: Doc {
        why: "Whoever writes to what it deploys is administrator of the cluster.",
        fails: "The account of a controller of Flux or Argo CD, or of a runner, has every permission, and nothing scopes what it does for whom: no --default-service-account, no impersonation, a project that goes everywhere, or a runner at all.",
        not: "A controller that acts as accounts of tenants; an account with what its work needs.",
        unknown: "The projects of Argo CD were not all read.",
        fix: "Have the controller act as an account per tenant.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let mut add = |unit: u32, unscoped: Result<bool, &str>, why: Why| {
        let one = &context.units[unit as usize];
        let account = Subject::ServiceAccount(one.namespace.clone(), Str::new(one.spec.account()));
        let grants = world.effective_grants(&account);
        let verdict = match (world.is_admin(&grants), unscoped) {
            (false, _) | (true, Ok(false)) => Verdict::Pass,
            (true, Err(fact)) => Verdict::missing(fact),
            (true, Ok(true)) => {
                let admin = grants.into_iter().flat_map(|given| world.grant_why(given));
                Verdict::Fail(world.fault_of([why].into_iter().chain(admin).collect(), &[unit]))
            }
        };
        out.add(world.owner(unit), verdict);
    };
    for controller in gitops::flux_controllers(context) {
        let set = controller.flag(context, "default-service-account").unwrap_or_default();
        add(controller.unit, Ok(set.is_empty()), controller.why(context));
    }
    let projects = || {
        let all = world.cluster.others.iter();
        all.filter(|one| *one.kind == *"AppProject" && one.group() == "argoproj.io")
    };
    for controller in gitops::argo_controllers(context) {
        let here =
            |one: &&ringfort_model::record::Other| one.metadata.namespace == controller.namespace;
        let open = projects().filter(here).any(gitops::argo_deploys_everywhere);
        let unscoped = match (gitops::argo_impersonates(context, &controller), open) {
            (Some(true), _) => Ok(false),
            (Some(false), true) => Ok(true),
            (None, true) => Err("the ConfigMap argocd-cm, which says whether syncs impersonate"),
            (_, false) if custom::is_read(world, "appprojects.argoproj.io") => Ok(false),
            (_, false) => Err("the AppProjects, which were not all read"),
        };
        add(controller.unit, unscoped, controller.why(context));
    }
    for runner in gitops::runners(context) {
        add(runner.unit, Ok(true), runner.why(context));
    }
}
