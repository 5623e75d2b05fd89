//! RF-CICD-002: argo CD allows anonymous, or default role above read-only.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::settings::{Setting, setting};
use crate::world::World;
use ringfort_attack::argo_policy::{DefaultRole, MAP as RBAC, default_role};
use ringfort_attack::gitops;
use ringfort_attack::operator::Operator;
use ringfort_attack::{Why, Zone};
use ringfort_model::record::Meta;
use ringfort_model::{Kind, SourceKind, Str, go_bool};
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
        fails: "users.anonymous.enabled or server.disable.auth is true, or a server is started with --disable-auth; or policy.default names a role that may do more than read.",
        not: "role:readonly, or no default; a login.",
        unknown: "The ConfigMaps of Argo CD were not read, or policies stand beside policy.csv.",
        fix: "Turn anonymous access off and set policy.default to nothing or role:readonly.",
    },
    judge: Judge::Cluster(judge),
};

const FLAGS: [(&str, &str); 2] =
    [("argocd-cm", "users.anonymous.enabled"), ("argocd-cmd-params-cm", "server.disable.auth")];

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
    let all = gitops::argo_servers(context);
    for server in &all {
        let verdict = match login_is_off(world, server) {
            Some((true, why)) => Verdict::Fail(world.fault_of(vec![why], &[server.unit])),
            Some((false, _)) | None => Verdict::Pass,
        };
        out.add(world.owner(server.unit), verdict);
    }
    for namespace in &namespaces(world, &all) {
        let own = || all.iter().filter(|one| one.namespace == *namespace);
        let servers: Vec<u32> = own().map(|one| one.unit).collect();
        // What a server says itself goes before the ConfigMap.
        let says = !servers.is_empty() && own().all(|one| login_is_off(world, one).is_some());
        let failed = |at: (&str, &str), map: &str| {
            let spot = facts::field("ConfigMap", namespace, map, at);
            Verdict::Fail(world.fault_of(vec![spot], &servers))
        };
        for (map, key) in FLAGS {
            let verdict = match setting(world, namespace, map, key) {
                _ if says && key == "server.disable.auth" => Verdict::Pass,
                Setting::Set(value) if is_on(key, value) => {
                    failed((&format!("data[{key}]"), value), map)
                }
                Setting::Set(_) | Setting::Unset => Verdict::Pass,
                Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
            };
            out.add(Object::new("ConfigMap", namespace, &Str::new(map)), verdict);
        }
        let verdict = match default_role(context, namespace) {
            DefaultRole::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
            DefaultRole::Reads(_) => Verdict::Pass,
            DefaultRole::Writes(role) => failed(("data[policy.default]", role), RBAC),
            DefaultRole::Elsewhere(role) => {
                Verdict::missing(format!("what the other policies let {role} do"))
            }
        };
        out.add(Object::new("ConfigMap", namespace, &Str::new(RBAC)), verdict);
    }
}

/// Whether a server lets everybody in, where its own flag or variable says it
/// (cmd/argocd-server/commands/argocd_server.go: the flag's default is the variable).
fn login_is_off(world: &World<'_>, server: &Operator) -> Option<(bool, Why)> {
    const FLAG: &str = "disable-auth";
    const VARIABLE: &str = "ARGOCD_SERVER_DISABLE_AUTH";
    if let Some(off) = server.switch(world.context, FLAG) {
        return Some((off, server.field("args", &format!("--{FLAG}={off}"))));
    }
    let off = go_bool(server.variable(world.context, VARIABLE)?)?;
    Some((off, server.field("env", &format!("{VARIABLE}={off}"))))
}

/// Where Argo CD is: where its controller or a server runs; and where its labelled ConfigMaps are
/// (util/settings/settings.go reads no others), unless it is known that nothing runs there.
fn namespaces(world: &World<'_>, servers: &[Operator]) -> BTreeSet<Str> {
    let controllers = gitops::argo_controllers(world.context).into_iter();
    let mut found: BTreeSet<Str> = controllers.map(|one| one.namespace).collect();
    found.extend(servers.iter().map(|one| one.namespace.clone()));
    let known = world.cluster.source != SourceKind::Manifests
        && world.cluster.coverage.is_complete(Kind::Pod);
    let ours = |meta: &Meta| {
        let part = meta.labels.get("app.kubernetes.io/part-of");
        matches!(meta.name.as_str(), "argocd-cm" | RBAC)
            && part.is_some_and(|one| *one == *"argocd")
    };
    let maps = world.cluster.config_maps.iter().filter(|map| !known && ours(&map.metadata));
    found.extend(maps.map(|map| map.metadata.namespace.clone()));
    found
}
