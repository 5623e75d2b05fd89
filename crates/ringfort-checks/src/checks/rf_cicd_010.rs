//! RF-CICD-010: runner or pipeline ServiceAccount too strong.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::gitops;
use ringfort_attack::{NodeKey, Scope, Subject, Zone};
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-010",
    title: "Runner or pipeline ServiceAccount too strong",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[
        Kind::Namespace,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
        Kind::Pod,
        Kind::ServiceAccount,
    ],
    doc: Doc {
        why: "Whoever gets a job into the pipeline acts with it, far from where the pipeline works.",
        fails: "The account of a runner may create pods, read Secrets or write roles outside of its own namespace.",
        not: "The same within its own namespace.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Bind the account in the namespaces that it deploys to, with what it deploys.",
    },
    judge: Judge::Cluster(judge),
};

const RBAC: &str = "rbac.authorization.k8s.io";
const ASKS: [Ask; 4] = [
    Ask::named(&["get", "list", "watch"], "", "secrets"),
    Ask::named(&["create", "update", "patch"], RBAC, "rolebindings"),
    Ask::named(&["create", "update", "patch"], RBAC, "clusterrolebindings").cluster(),
    Ask::named(&["create", "update", "patch"], RBAC, "roles"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let runners = gitops::runners(context);
    if runners.is_empty() {
        return;
    }
    let mut held = world.held_any(&ASKS);
    held.extend(context.held_pod_create());
    for runner in runners {
        let unit = &context.units[runner.unit as usize];
        let account =
            Subject::ServiceAccount(unit.namespace.clone(), Str::new(unit.spec.account()));
        let mut spots = Vec::new();
        for (grant, bound, _) in world.effective_grants(&account) {
            let beyond = match &context.grants[grant].scope {
                Scope::Cluster => true,
                Scope::Namespace(name) => *name != unit.namespace,
            };
            if let Some(rule) = held.iter().find(|one| beyond && one.grant == grant) {
                spots.extend(world.grant_why((grant, bound, rule.rule)));
            }
        }
        let verdict = match spots.is_empty() {
            true => Verdict::Pass,
            false => {
                let mut fault = world.fault_of(spots, &[runner.unit]);
                fault.at.insert(NodeKey::Subject(account));
                Verdict::Fail(fault)
            }
        };
        out.add(world.owner(runner.unit), verdict);
    }
}
