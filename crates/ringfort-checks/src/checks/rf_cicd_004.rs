//! RF-CICD-004: argo CD components reachable or execution options on.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::isolated;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::settings::{Setting, setting};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_attack::argo_settings::environment_bool;
use ringfort_attack::gitops;
use ringfort_model::{Kind, Str};
use ringfort_network::policy::Direction;
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-004",
    title: "Argo CD components reachable or execution options on",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[Kind::Pod, Kind::NetworkPolicy, Kind::ConfigMap],
    doc: Doc {
        why: "The repository server runs tools on what it is sent, and the cache decides what is deployed: neither asks who calls.",
        fails: "Pods of the repository server or of Redis are not isolated for ingress; or exec.enabled is true, build options run plug-ins or leave the repository, or symlinks may lead out of it.",
        not: "The policies of the upstream installation, where they are enforced; default settings.",
        unknown: "Whether the policies are enforced; the ConfigMaps of Argo CD were not read.",
        fix: "Apply the network policies of the installation; turn the options off.",
    },
    judge: Judge::Cluster(judge),
};

const PARTS: [&str; 4] =
    ["argocd-repo-server", "argocd-redis", "argocd-redis-ha", "argocd-redis-ha-haproxy"];
/// Build options by which a source runs programs or reads beyond itself.
const OPTIONS: [&str; 3] = ["--enable-alpha-plugins", "--enable-exec", "LoadRestrictionsNone"];
const KEYS: [(&str, &str); 3] = [
    ("argocd-cm", "exec.enabled"),
    ("argocd-cm", "kustomize.buildOptions"),
    ("argocd-cmd-params-cm", "reposerver.allow.oob.symlinks"),
];

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let namespaces: BTreeSet<Str> =
        gitops::argo_controllers(context).into_iter().map(|one| one.namespace).collect();
    for namespace in &namespaces {
        for (at, unit) in context.units_in(namespace).filter(|(_, unit)| !unit.latent) {
            let part = unit.labels.get("app.kubernetes.io/name");
            if !part.is_some_and(|part| PARTS.contains(&part.as_str())) {
                continue;
            }
            let place = Place { at, unit };
            let mut verdict = isolated::judge(world, &place, Direction::Ingress);
            if let Verdict::Fail(fault) = &mut verdict {
                pods::complete(world, &place, fault);
            }
            out.add(world.owner(at), verdict);
        }
        for (map, key) in KEYS {
            let on = |value: &str| match key {
                "kustomize.buildOptions" => OPTIONS.iter().any(|option| value.contains(option)),
                // From the environment, by util/env `ParseBoolFromEnv`.
                "reposerver.allow.oob.symlinks" => environment_bool(value) == Some(true),
                _ => value == "true",
            };
            let verdict = match setting(world, namespace, map, key) {
                Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
                Setting::Set(value) if on(value) => {
                    let path = format!("data[{key}]");
                    Verdict::of(vec![facts::field("ConfigMap", namespace, map, (&path, value))])
                }
                Setting::Set(_) | Setting::Unset => Verdict::Pass,
            };
            out.add(Object::new("ConfigMap", namespace, &Str::new(map)), verdict);
        }
    }
}
