//! RF-CICD-002: argo CD allows anonymous, or default role above read-only.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::settings::{Setting, setting};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::gitops;
use ringfort_model::{Kind, Str, go_bool};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-002",
    title: "Argo CD allows anonymous, or default role above read-only",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[Modifier::Exposed],
    references: &["none known"],
    reads: &[Kind::ConfigMap, Kind::Pod],
    doc: Doc {
        why: "Whoever opens the page deploys.",
        fails: "users.anonymous.enabled or server.disable.auth is true; or policy.default names a role that may do more than read.",
        not: "role:readonly, or no default; a login.",
        unknown: "The ConfigMaps of Argo CD were not read, or policies stand beside policy.csv.",
        fix: "Turn anonymous access off and set policy.default to nothing or role:readonly.",
    },
    judge: Judge::Cluster(judge),
};

const FLAGS: [(&str, &str); 2] =
    [("argocd-cm", "users.anonymous.enabled"), ("argocd-cmd-params-cm", "server.disable.auth")];
const RBAC: &str = "argocd-rbac-cm";

/// Argo CD compares the first with a word (util/settings); the other is a flag that its manifests
/// set from the environment (util/env `ParseBoolFromEnv`).
fn is_on(key: &str, value: &str) -> bool {
    match key {
        "server.disable.auth" => go_bool(value) == Some(true),
        _ => value == "true",
    }
}

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let namespaces: BTreeSet<Str> =
        gitops::argo_controllers(context).into_iter().map(|one| one.namespace).collect();
    for namespace in &namespaces {
        let is_server = |name: &Str| *name == *"argocd-server";
        let servers: Vec<u32> = context
            .units_in(namespace)
            .filter(|(_, unit)| unit.labels.get("app.kubernetes.io/name").is_some_and(is_server))
            .map(|(at, _)| at)
            .collect();
        let failed = |at: (&str, &str), map: &str| {
            let spot = facts::field("ConfigMap", namespace, map, at);
            Verdict::Fail(world.fault_of(vec![spot], &servers))
        };
        for (map, key) in FLAGS {
            let verdict = match setting(world, namespace, map, key) {
                Setting::Set(value) if is_on(key, value) => {
                    failed((&format!("data[{key}]"), value), map)
                }
                Setting::Set(_) | Setting::Unset => Verdict::Pass,
                Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
            };
            out.add(Object::new("ConfigMap", namespace, &Str::new(map)), verdict);
        }
        let policies = setting(world, namespace, RBAC, "policy.csv");
        let verdict = match setting(world, namespace, RBAC, "policy.default") {
            Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
            Setting::Unset | Setting::Set("" | "role:readonly") => Verdict::Pass,
            Setting::Set("role:admin") => failed(("data[policy.default]", "role:admin"), RBAC),
            Setting::Set(role) => match policies {
                Setting::Set(csv) if writes(csv, role) => {
                    failed(("data[policy.default]", role), RBAC)
                }
                _ if overlaid(world, namespace) => {
                    Verdict::missing(format!("what the other policies let {role} do"))
                }
                // A role of which no policy speaks may do nothing.
                _ => Verdict::Pass,
            },
        };
        out.add(Object::new("ConfigMap", namespace, &Str::new(RBAC)), verdict);
    }
}

/// Whether there are policies beside `policy.csv`, whose values are not kept.
fn overlaid(world: &World<'_>, namespace: &str) -> bool {
    let map = world.cluster.config_maps.get(namespace, RBAC);
    let mut keys = map.into_iter().flat_map(|map| map.data.iter()).map(|(key, _)| key);
    keys.any(|key| key.starts_with("policy.") && key.ends_with(".csv") && *key != *"policy.csv")
}

/// Whether a policy lets a role, or one that it holds, do more than get
/// (`p, role, resource, action, object, effect`; `g, role, role`).
fn writes(csv: &str, role: &str) -> bool {
    let lines = || csv.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
    let mut roles = vec![role.to_owned()];
    let mut at = 0;
    while let Some(role) = roles.get(at).cloned() {
        at += 1;
        for line in lines() {
            match line.as_slice() {
                ["p", who, _, action, _, effect]
                    if *who == role && *action != "get" && *effect == "allow" =>
                {
                    return true;
                }
                ["g", who, other] if *who == role => {
                    if *other == "role:admin" {
                        return true;
                    }
                    if !roles.iter().any(|known| known == other) {
                        roles.push((*other).to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::writes;

    #[test]
    fn a_role_writes_by_itself_or_through_another() {
        let csv = "p, role:dev, applications, sync, */*, allow\ng, role:base, role:dev\n\
                   p, role:look, applications, get, */*, allow";
        assert!(writes(csv, "role:dev") && writes(csv, "role:base"));
        assert!(!writes(csv, "role:look"));
        assert!(writes("g, role:x, role:admin", "role:x"));
        assert!(!writes("p, role:dev, applications, sync, */*, deny", "role:dev"));
    }
}
