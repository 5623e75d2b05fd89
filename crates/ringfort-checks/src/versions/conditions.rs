//! Conditions of advisories that objects decide: what has to be in use, or set, for a release in
//! range to be affected.

use ringfort_model::Kind;

use super::data::Condition;
use super::inventory::{Running, Site};
use super::release::{Bound, Point, Range};
use crate::world::World;
use ringfort_network::policy::Tri;

/// What is known of a condition.
pub(super) enum State {
    Holds,
    /// It does not, and why.
    Not(String),
    /// The fact that would decide it.
    Unknown(String),
}

/// The first release of ingress-nginx that validates annotations without being told to.
const VALIDATES: &str = "1.12.0";

/// Asks for a condition of an advisory that concerns what runs.
pub(super) fn state(world: &World<'_>, condition: Condition, running: &Running) -> State {
    match condition {
        Condition::ValidatingWebhook => webhook(world, running),
        Condition::AnnotationValidation => validation(world, running),
        Condition::MountableSecrets => mountable(world),
        Condition::NetworkPolicies => policies(world),
        Condition::ArgocdAnonymous => anonymous(world, running),
        Condition::FlannelExtension => extension(world),
    }
}

fn webhook(world: &World<'_>, running: &Running) -> State {
    let Some(own) = running.operator(world.context) else { return State::Holds };
    match own.flag(world.context, "validating-webhook").unwrap_or_default() {
        "" => State::Not("its admission webhook is off".to_owned()),
        _ => State::Holds,
    }
}

/// `--enable-annotation-validation`, on by itself from 1.12.0.
fn validation(world: &World<'_>, running: &Running) -> State {
    let fact = || State::Unknown("whether the controller validates annotations".to_owned());
    let Some(own) = running.operator(world.context) else { return fact() };
    let flag = "enable-annotation-validation";
    let set = match own.flag(world.context, flag) {
        None => None,
        Some(_) => match own.switch(world.context, flag) {
            Some(on) => Some(on),
            None => return fact(),
        },
    };
    let newer = Range { from: Point::parse(VALIDATES), end: Bound::Open, unconfirmed: false };
    let by_itself = match &running.release {
        Ok(release) => newer.holds(release),
        Err(_) => Tri::Unknown,
    };
    match (set, by_itself) {
        (Some(true), _) | (None, Tri::Yes) => State::Not("it validates annotations".to_owned()),
        (Some(false), _) | (None, Tri::No) => State::Holds,
        (None, Tri::Unknown) => fact(),
    }
}

/// The admission plug-in ServiceAccount limits Secrets where an account asks for it.
fn mountable(world: &World<'_>) -> State {
    let key = "kubernetes.io/enforce-mountable-secrets";
    let asks = |annotations: &ringfort_model::wire::Map| {
        annotations.get(key).is_some_and(|value| value.as_str() == "true")
    };
    if world.cluster.service_accounts.iter().any(|one| asks(&one.metadata.annotations)) {
        return State::Holds;
    }
    match world.cluster.coverage.is_complete(Kind::ServiceAccount) {
        true => State::Not("no ServiceAccount limits the Secrets of its pods".to_owned()),
        false => {
            State::Unknown("whether a ServiceAccount limits the Secrets of its pods".to_owned())
        }
    }
}

fn policies(world: &World<'_>) -> State {
    if !world.cluster.network_policies.is_empty() {
        return State::Holds;
    }
    match world.cluster.coverage.is_complete(Kind::NetworkPolicy) {
        true => State::Not("there is no NetworkPolicy".to_owned()),
        false => State::Unknown("whether there are NetworkPolicies".to_owned()),
    }
}

/// `users.anonymous.enabled` of the namespace's argocd-cm.
fn anonymous(world: &World<'_>, running: &Running) -> State {
    let Site::Unit(unit) = running.site else { return State::Holds };
    let namespace = &world.context.units[unit as usize].namespace;
    let settings = world.cluster.config_maps.iter().find(|one| {
        one.metadata.namespace == *namespace && one.metadata.name.as_str() == "argocd-cm"
    });
    let on = settings.is_some_and(|one| {
        one.data.get("users.anonymous.enabled").is_some_and(|value| value.as_str() == "true")
    });
    match (on, settings.is_some() || world.cluster.coverage.is_complete(Kind::ConfigMap)) {
        (true, _) => State::Holds,
        (false, true) => State::Not("its anonymous access is off".to_owned()),
        (false, false) => State::Unknown("whether Argo CD lets anonymous users in".to_owned()),
    }
}

/// The backend that flannel's agents write on their nodes.
fn extension(world: &World<'_>) -> State {
    let key = "flannel.alpha.coreos.com/backend-type";
    let nodes = &world.cluster.nodes;
    let backend = |at: &ringfort_model::record::Node| {
        at.metadata.annotations.get(key).map(|value| value.as_str() == "extension")
    };
    let known: Vec<Option<bool>> = nodes.iter().map(backend).collect();
    if known.contains(&Some(true)) {
        return State::Holds;
    }
    let all = !known.is_empty() && known.iter().all(Option::is_some);
    match all && world.cluster.coverage.is_complete(Kind::Node) {
        true => State::Not("no node uses flannel's extension backend".to_owned()),
        false => State::Unknown("whether a node uses flannel's extension backend".to_owned()),
    }
}
