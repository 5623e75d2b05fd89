//! Writes of roles and bindings that service accounts tried on an API server.

use std::path::Path;

use ringfort_authz::{Authz, Gate, User};
use ringfort_model::record::{PolicyRule, RoleRef};
use ringfort_model::{Cluster, Str};
use serde::Deserialize;

use crate::cases::{SuiteError, each_line};
use crate::outcome::Outcome;

/// A recorded attempt.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attempt {
    #[serde(rename = "as")]
    account: (Str, Str),
    act: String,
    namespace: Str,
    role_ref: RoleRef,
    rules: Vec<PolicyRule>,
    name: Str,
    allowed: bool,
    gate: Option<String>,
}

/// Compares the verdict and, for refusals, which check refuses.
pub fn run(cluster: &Cluster, cases: &Path) -> Result<Outcome, SuiteError> {
    let authz = Authz::new(cluster);
    let mut outcome = Outcome::of("escalation");
    each_line(cases, |line, attempt: Attempt| {
        let user = User::service_account(&attempt.account.0, &attempt.account.1);
        let namespace = &attempt.namespace;
        let ours = match attempt.act.as_str() {
            "create-binding" => authz.create_binding(&user, namespace, &attempt.role_ref),
            "create-role" => authz.create_role(&user, namespace, &attempt.rules, false),
            "update-role" => authz.update_role(&user, namespace, &attempt.name, &attempt.rules),
            other => {
                let place = format!("{}:{line}", cases.display());
                return Err(SuiteError::format(place, &format!("unknown act {other}")));
            }
        };
        let ours = match ours {
            Ok(()) => "allowed",
            Err(Gate::Authorization) => "authorization",
            Err(Gate::Escalation) => "escalation",
        };
        let theirs = match (attempt.allowed, &attempt.gate) {
            (true, _) => "allowed",
            (false, Some(gate)) => gate,
            (false, None) => "refused",
        };
        outcome.count(
            (ours != theirs)
                .then(|| format!("line {line}: server {theirs}, here {ours}: {attempt:?}")),
        );
        Ok(())
    })?;
    Ok(outcome)
}
