//! SubjectAccessReviews recorded from an API server: RBAC alone, or Node and RBAC together.

use std::path::Path;

use ringfort_authz::{Attributes, Authz, Decision, NodeAuthorizer, Request, User};
use ringfort_model::{Cluster, Str};
use serde::Deserialize;

use crate::cases::{SuiteError, each_line};
use crate::outcome::Outcome;

/// A recorded review. Empty text means absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Review {
    user: Str,
    groups: Vec<Str>,
    verb: Str,
    group: Str,
    resource: Str,
    subresource: Str,
    namespace: Str,
    name: Str,
    path: Option<Str>,
    allowed: bool,
}

impl Review {
    fn request(&self) -> Request {
        let attributes = match &self.path {
            Some(path) => Attributes::Path(path.clone()),
            None => Attributes::Resource {
                group: self.group.clone(),
                resource: self.resource.clone(),
                subresource: self.subresource.clone(),
                namespace: self.namespace.clone(),
                name: self.name.clone(),
            },
        };
        let user = User { name: self.user.clone(), groups: self.groups.clone() };
        Request { user, verb: self.verb.clone(), attributes }
    }
}

/// Compares the RBAC authorizer alone; `system:masters`, which the server allows before it, is
/// allowed here too.
pub fn run(cluster: &Cluster, cases: &Path) -> Result<Outcome, SuiteError> {
    let authz = Authz::new(cluster);
    reviews("rbac", cases, |request| {
        let masters = request.user.is_in("system:masters");
        let answer = masters || authz.rbac(request).is_some();
        (Some(answer), String::new())
    })
}

/// Compares Node and RBAC together. An unknown agrees with nothing.
pub fn run_node(cluster: &Cluster, cases: &Path) -> Result<Outcome, SuiteError> {
    let authz = Authz::new(cluster);
    let nodes = NodeAuthorizer::new(cluster);
    reviews("node", cases, |request| match authz.decide(request, &nodes) {
        Decision::Yes(reason) => (Some(true), reason.to_string()),
        Decision::No => (Some(false), String::new()),
        Decision::Unknown(missing) => (None, missing.join("; ")),
    })
}

fn reviews(
    suite: &str,
    cases: &Path,
    answer: impl Fn(&Request) -> (Option<bool>, String),
) -> Result<Outcome, SuiteError> {
    let mut outcome = Outcome::of(suite);
    each_line(cases, |line, review: Review| {
        let (ours, why) = answer(&review.request());
        let said = match ours {
            Some(true) => "allowed",
            Some(false) => "refused",
            None => "unknown",
        };
        outcome.count((ours != Some(review.allowed)).then(|| {
            let theirs = if review.allowed { "allowed" } else { "refused" };
            format!("line {line}: server {theirs}, here {said} {why}: {review:?}")
        }));
        Ok(())
    })?;
    Ok(outcome)
}
