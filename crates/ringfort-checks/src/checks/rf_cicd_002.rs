//! RF-CICD-002: argo CD allows anonymous, or default role above read-only.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::settings::{Setting, setting};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::argo_policy::{DefaultRole, MAP as RBAC, default_role};
use ringfort_attack::argo_settings::{self, Login, PARAMETER, environment_bool};
use ringfort_attack::gitops;
use ringfort_attack::operator::Operator;
use ringfort_model::record::Meta;
use ringfort_model::{Kind, SourceKind, Str};
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
        fails: "users.anonymous.enabled or server.disable.auth is true and a server takes it, or a server is started with --disable-auth or with ARGOCD_SERVER_DISABLE_AUTH=true; or policy.default names a role that may do more than read.",
        not: "role:readonly, or no default; a login. A setting that no server takes its variable from. Where all pods were read and none is a server, nothing is asked.",
        unknown: "The ConfigMaps of Argo CD were not read, or policies stand beside policy.csv; what a server is started with comes from a Secret or a ConfigMap that is not kept, or from --disable-auth with what is no boolean, with which none starts.",
        fix: "Turn anonymous access off and set policy.default to nothing or role:readonly.",
    },
    judge: Judge::Cluster(judge),
};

const ANONYMOUS: (&str, &str) = ("argocd-cm", "users.anonymous.enabled");

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let all = gitops::argo_servers(context);
    for server in &all {
        let verdict = match argo_settings::login(context, server) {
            Login::Said(false, why) => Verdict::Fail(world.fault_of(vec![why], &[server.unit])),
            Login::Asked | Login::Said(true, _) => Verdict::Pass,
            // What is told has a row of its own.
            Login::Told(_, map, key) if (&*map, &*key) == PARAMETER => Verdict::NotApplicable,
            Login::Told(true, ..) => Verdict::Pass,
            Login::Told(false, map, key) => {
                let at = format!("data[{key}]");
                let spot = facts::field("ConfigMap", &server.namespace, &map, (&at, "true"));
                Verdict::Fail(world.fault_of(vec![spot], &[server.unit]))
            }
            Login::Unread(fact) => Verdict::missing(fact),
        };
        out.add(world.owner(server.unit), verdict);
    }
    for namespace in &namespaces(world, &all) {
        let own: Vec<&Operator> = all.iter().filter(|one| one.namespace == *namespace).collect();
        let servers: Vec<u32> = own.iter().map(|one| one.unit).collect();
        let failed = |at: (&str, &str), map: &str, servers: &[u32]| {
            let spot = facts::field("ConfigMap", namespace, map, at);
            Verdict::Fail(world.fault_of(vec![spot], servers))
        };
        let mut say = |map: &str, verdict: Verdict| {
            let verdict = match servers.is_empty() && runs_are_known(world) {
                // Its controllers read none of it.
                true => Verdict::NotApplicable,
                false => verdict,
            };
            out.add(Object::new("ConfigMap", namespace, &Str::new(map)), verdict);
        };
        let (map, key) = ANONYMOUS;
        let verdict = match setting(world, namespace, map, key) {
            // util/settings/settings.go compares it with the word.
            Setting::Set("true") => failed((&format!("data[{key}]"), "true"), map, &servers),
            Setting::Set(_) | Setting::Unset => Verdict::Pass,
            Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
        };
        say(map, verdict);
        let (map, key) = PARAMETER;
        let told: Vec<u32> = own
            .iter()
            .filter(|one| match argo_settings::login(context, one) {
                Login::Told(_, map, key) => (&*map, &*key) == PARAMETER,
                _ => false,
            })
            .map(|one| one.unit)
            .collect();
        let verdict = match setting(world, namespace, map, key) {
            // No server takes it.
            _ if told.is_empty() && !own.is_empty() => Verdict::Pass,
            Setting::Set(value) if environment_bool(value) == Some(true) => {
                failed((&format!("data[{key}]"), value), map, &told)
            }
            Setting::Set(_) | Setting::Unset => Verdict::Pass,
            Setting::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
        };
        say(map, verdict);
        let verdict = match default_role(context, namespace) {
            DefaultRole::Unread => Verdict::missing("the ConfigMaps of Argo CD"),
            DefaultRole::Reads(_) => Verdict::Pass,
            DefaultRole::Writes(role) => failed(("data[policy.default]", role), RBAC, &servers),
            DefaultRole::Elsewhere(role) => {
                Verdict::missing(format!("what the other policies let {role} do"))
            }
        };
        say(RBAC, verdict);
    }
}

/// Whether it is known what runs: manifests are not all that is applied.
fn runs_are_known(world: &World<'_>) -> bool {
    world.cluster.source != SourceKind::Manifests && world.cluster.coverage.is_complete(Kind::Pod)
}

/// Where Argo CD is: where its controller or a server runs; and where its labelled ConfigMaps are
/// (util/settings/settings.go reads no others), unless it is known that nothing runs there.
fn namespaces(world: &World<'_>, servers: &[Operator]) -> BTreeSet<Str> {
    let controllers = gitops::argo_controllers(world.context).into_iter();
    let mut found: BTreeSet<Str> = controllers.map(|one| one.namespace).collect();
    found.extend(servers.iter().map(|one| one.namespace.clone()));
    let known = runs_are_known(world);
    let ours = |meta: &Meta| {
        let part = meta.labels.get("app.kubernetes.io/part-of");
        matches!(meta.name.as_str(), "argocd-cm" | RBAC)
            && part.is_some_and(|one| *one == *"argocd")
    };
    let maps = world.cluster.config_maps.iter().filter(|map| !known && ours(&map.metadata));
    found.extend(maps.map(|map| map.metadata.namespace.clone()));
    found
}
