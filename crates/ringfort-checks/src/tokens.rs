//! Tokens for the API server that the containers of a pod read, and whose they are.

use std::collections::BTreeSet;

use ringfort_attack::{Subject, Why, why::TokenSource};
use ringfort_isolation::{Audience, TokenSource as Source, unread_secrets};
use ringfort_model::Str;

use crate::world::{Place, World};

/// A token that a container reads.
pub(crate) struct Token {
    /// Whose it is: the pod's account, or of a Secret the one that the Secret names.
    pub(crate) account: Subject,
    /// How the container comes by it, as a reason.
    pub(crate) why: Why,
}

/// The tokens of a group's containers in their order, as files and as variables. One whose account
/// the Secret does not say is left out.
pub(crate) fn tokens(world: &World<'_>, place: &Place<'_>) -> Vec<Token> {
    let namespace = &place.unit.namespace;
    let own = || Some(Str::new(place.unit.spec.account()));
    let named = |secret: &Str| {
        let secret = world.cluster.secrets.get(namespace, secret)?;
        secret.metadata.annotations.get("kubernetes.io/service-account.name").cloned()
    };
    let mut found = Vec::new();
    let mut add = |account: Option<Str>, why: Why| {
        let account = account.map(|name| Subject::ServiceAccount(namespace.clone(), name));
        found.extend(account.map(|account| Token { account, why }));
    };
    for one in world.context.tokens(place.at) {
        for file in one.files.iter().filter(|file| file.audience == Audience::Api) {
            let (account, how) = match &file.how {
                Source::Automount => (own(), TokenSource::Automount),
                Source::Projected => (own(), TokenSource::Projected),
                Source::SecretVolume(secret) => (named(secret), TokenSource::Secret),
            };
            let path = file.path.clone();
            let (kind, container) = (one.kind, one.index as u32);
            add(account, Why::Token { unit: place.at, kind, container, path, how });
        }
        for variable in &one.variables {
            let path = format!("{}[{}].{}", one.kind.field(), one.index, variable.field);
            add(named(&variable.secret), place.field(path, &variable.secret));
        }
    }
    found
}

/// Secrets that could hold one more token and were not read.
pub(crate) fn unread(world: &World<'_>, place: &Place<'_>) -> BTreeSet<String> {
    let unit = place.unit;
    unread_secrets(&unit.spec, &unit.namespace, world.cluster).into_iter().collect()
}

/// What each account whose token a container reads may do beyond every authenticated identity, as
/// reasons: the grants, and before them what brings the token in where it is another's.
pub(crate) fn powers(world: &World<'_>, place: &Place<'_>) -> Vec<Why> {
    let account = Str::new(place.unit.spec.account());
    let own = Subject::ServiceAccount(place.unit.namespace.clone(), account);
    let mut spots: Vec<Why> = Vec::new();
    let mut seen: Vec<Subject> = Vec::new();
    for token in tokens(world, place) {
        let grants = world.effective_grants(&token.account);
        if grants.is_empty() {
            continue;
        }
        if token.account != own {
            spots.push(token.why);
        }
        if !seen.contains(&token.account) {
            spots.extend(grants.into_iter().flat_map(|given| world.grant_why(given)));
            seen.push(token.account);
        }
    }
    spots
}
