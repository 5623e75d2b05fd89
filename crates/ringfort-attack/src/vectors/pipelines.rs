//! V12: repositories that are deployed from, pipelines that run in the cluster, and triggers.
//!
//! Who may write to a repository, and which pull requests run, are facts of the forge. Pipelines
//! outside the cluster that push to it show in no object, so the vector is never closed.

use std::collections::BTreeMap;

use ringfort_language::{message, sentence};
use ringfort_model::Str;
use ringfort_model::record::custom::CustomSpec;

use super::fronts::{UNREAD, all_read};
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

/// Whether all triggers of a listener check a secret: `None` where those that are written in it
/// do and it takes others, by a reference or a selector, or has none at all (Tekton
/// `EventListenerSpec`: triggers, triggerGroups, namespaceSelector and labelSelector add up).
fn asked(spec: &CustomSpec) -> Option<bool> {
    let mut own = spec.triggers.iter().filter(|trigger| trigger.trigger_ref.is_empty());
    let each = own.all(|trigger| {
        let mut params = trigger.interceptors.iter().flat_map(|one| one.params.iter());
        params.any(|param| *param.name == *"secretRef")
    });
    match each {
        false => Some(false),
        true if takes_others(spec) => None,
        true => Some(true),
    }
}

/// Whether a listener takes triggers that are not written in it, or shows none at all.
fn takes_others(spec: &CustomSpec) -> bool {
    spec.triggers.is_empty() || spec.triggers.iter().any(|one| !one.trigger_ref.is_empty())
}

/// One instance for each listener that starts a pipeline for whoever reaches it.
fn triggers(context: &Context<'_>) -> Vec<Instance> {
    let mut found = Vec::new();
    for listener in LISTENERS.objects(context) {
        let Some(spec) = &listener.spec else { continue };
        let meta = &listener.metadata;
        let asks = asked(spec);
        let mut serving = context.units_in(&meta.namespace).filter(|(_, unit)| {
            !unit.latent && unit.labels.get("eventlistener").is_some_and(|one| *one == meta.name)
        });
        let Some((unit, _)) = serving.next() else { continue };
        let outside = reach(context, unit);
        let reached = matches!(outside, Some(Reach::Public | Reach::Unknown | Reach::AllowListed));
        let unread = !reached && !all_read(context);
        let state = match (asks, outside) {
            (Some(true), _) | (_, Some(Reach::AllowListed)) => State::Guarded,
            (_, None | Some(Reach::Internal)) if !unread => State::Guarded,
            // What the pipeline then does is not in the listener.
            _ => State::Unknown,
        };
        let value = match asks {
            Some(true) => "check a secret",
            Some(false) => "check no secret",
            None => "stand in other objects too",
        };
        let mut missing = vec![message!("what the trigger's templates make of the payload")];
        if asks.is_none() {
            missing.push(message!("whether triggers of other objects check a secret"));
        }
        if unread {
            missing.push(UNREAD);
        }
        found.push(Instance {
            vector: "V12",
            name: Str::from(format!("eventlistener/{}", meta.full_name())),
            title: sentence!("trigger {name}", name = meta.full_name()),
            state,
            why: vec![LISTENERS.field(listener, "spec.triggers[].interceptors", value)],
            missing,
            leads: match (reached || unread) && asks != Some(true) {
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
        let read = all_read(context);
        for server in servers {
            let login = login(context, server.unit);
            let state = match (reach(context, server.unit), &login) {
                (_, Some((true, _))) => continue,
                (Some(Reach::Public), Some(_)) => State::Open,
                (Some(Reach::Public | Reach::Unknown), _) => State::Unknown,
                (Some(Reach::AllowListed), _) => State::Guarded,
                (Some(Reach::Internal) | None, _) if read => State::Guarded,
                (Some(Reach::Internal) | None, _) => State::Unknown,
            };
            let missing = login.is_none().then_some(message!("the login setting of the interface"));
            let unread = (state == State::Unknown && !read).then_some(UNREAD);
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
                missing: missing.into_iter().chain(unread).collect(),
                leads: match state {
                    State::Guarded => Vec::new(),
                    _ => vec![NodeKey::Subject(controller.account(context))],
                },
            });
        }
    }
    found
}
