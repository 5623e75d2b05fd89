//! V12: repositories that are deployed from, pipelines that run in the cluster, and triggers.
//!
//! Who may write to a repository, and which pull requests run, are facts of the forge. Pipelines
//! outside the cluster that push to it show in no object, so the vector is never closed.

use std::collections::BTreeMap;

use ringfort_language::{message, sentence};
use ringfort_model::Str;

use super::workloads::{login, reach};
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::gitops::{deployments, runners};
use crate::node::NodeKey;
use crate::operator::{Custom, custom};
use crate::techniques::deputy_argocd_app as argo;
use crate::why::Why;
use ringfort_network::exposure::Reach;

const LISTENERS: Custom = custom("triggers.tekton.dev", "eventlisteners", "EventListener");

/// V12.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut found = repositories(context);
    found.extend(jobs(context));
    found.extend(triggers(context));
    found.extend(controllers(context));
    (found, State::Unknown, message!("pipelines outside the cluster show in no object"))
}

/// One instance for each repository that something is deployed from.
fn repositories(context: &Context<'_>) -> Vec<Instance> {
    let mut all: BTreeMap<Str, (Vec<Why>, bool)> = BTreeMap::new();
    for one in deployments(context) {
        let entry = all.entry(one.repository).or_insert((one.why, true));
        entry.1 &= one.verified;
    }
    let instance = |(address, (why, verified)): (Str, (Vec<Why>, bool))| Instance {
        vector: "V12",
        title: sentence!("repository {address}", address = address.as_str()),
        // Verified signatures stand in the way of whoever may only push.
        state: if verified { State::Guarded } else { State::Unknown },
        // The repository is there without any one of what is deployed from it.
        why: why.into_iter().map(Why::into_mark).collect(),
        missing: vec![message!("who may write to the repository, and which reviews it asks for")],
        leads: vec![NodeKey::Repository(address.clone())],
        name: address,
    };
    all.into_iter().map(instance).collect()
}

/// One instance for each runner.
fn jobs(context: &Context<'_>) -> Vec<Instance> {
    let instance = |runner: crate::gitops::Runner| Instance {
        vector: "V12",
        name: runner.name(context),
        title: sentence!("jobs of runner {runner}", runner = runner.name(context).as_str()),
        state: State::Unknown,
        why: vec![runner.why(context)],
        missing: vec![message!("which pull requests the runner executes")],
        leads: vec![runner.pipeline(context)],
    };
    runners(context).into_iter().map(instance).collect()
}

/// One instance for each listener that starts a pipeline for whoever reaches it.
fn triggers(context: &Context<'_>) -> Vec<Instance> {
    let mut found = Vec::new();
    for listener in LISTENERS.objects(context) {
        let Some(spec) = &listener.spec else { continue };
        let meta = &listener.metadata;
        let checked = spec.triggers.iter().all(|trigger| {
            trigger.interceptors.iter().any(|interceptor| {
                interceptor.params.iter().any(|param| *param.name == *"secretRef")
            })
        });
        let mut serving = context.units_in(&meta.namespace).filter(|(_, unit)| {
            !unit.latent && unit.labels.get("eventlistener").is_some_and(|one| *one == meta.name)
        });
        let Some((unit, _)) = serving.next() else { continue };
        let outside = reach(context, unit);
        let state = match (checked, outside) {
            (_, None | Some(Reach::Internal)) => State::Guarded,
            (true, _) | (false, Some(Reach::AllowListed)) => State::Guarded,
            // What the pipeline then does is not in the listener.
            (false, Some(Reach::Public | Reach::Unknown)) => State::Unknown,
        };
        let value = if checked { "check a secret" } else { "check no secret" };
        let reached = matches!(outside, Some(Reach::Public | Reach::Unknown | Reach::AllowListed));
        found.push(Instance {
            vector: "V12",
            name: Str::from(format!("eventlistener/{}", meta.full_name())),
            title: sentence!("trigger {name}", name = meta.full_name()),
            state,
            why: vec![LISTENERS.field(listener, "spec.triggers[].interceptors", value)],
            missing: vec![message!("what the trigger's templates make of the payload")],
            leads: match reached && !checked {
                true => vec![NodeKey::Listener(unit)],
                false => Vec::new(),
            },
        });
    }
    found
}

/// One instance for each GitOps interface that asks for no login: it deploys for anybody.
fn controllers(context: &Context<'_>) -> Vec<Instance> {
    let mut found = Vec::new();
    for controller in argo::controllers(context) {
        let mut servers = argo::servers(context);
        servers.retain(|server| server.namespace == controller.namespace);
        for server in servers {
            let login = login(context, server.unit);
            let state = match (reach(context, server.unit), &login) {
                (_, Some((true, _))) => continue,
                (Some(Reach::Public), Some(_)) => State::Open,
                (Some(Reach::Public | Reach::Unknown), _) => State::Unknown,
                _ => State::Guarded,
            };
            let missing = login.is_none().then_some(message!("the login setting of the interface"));
            let why = login.map(|(_, why)| why);
            let name = format!("interface/{}", controller.namespace);
            found.push(Instance {
                vector: "V12",
                title: sentence!(
                    "Argo CD in {namespace} deploys for whoever reaches it",
                    namespace = controller.namespace.as_str()
                ),
                name: Str::from(name),
                state,
                why: why.into_iter().chain([controller.why(context)]).collect(),
                missing: missing.into_iter().collect(),
                leads: match state {
                    State::Guarded => Vec::new(),
                    _ => vec![NodeKey::Subject(controller.account(context))],
                },
            });
        }
    }
    found
}
