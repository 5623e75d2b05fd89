//! Writes that the server only tries: `dryRun=All` runs admission and validation in full and
//! stores nothing (the API concept "dry-run"; `k8s.io/apiserver/pkg/endpoints/handlers`).
//!
//! Nothing else in this crate sends anything but GET, and no request of this file leaves without
//! the dry-run parameter: every path is made by [`target`].

use kube::Client;
use ringfort_model::{Kind, Str};
use serde_json::Value;

use super::discovery::{self, Served};
use super::list::encoded;
use super::request::{Ask, Failure, Server};
use super::{Live, config, connect, runtime};
use crate::CollectError;
use crate::options::Options;

/// A write to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Kind.
    pub kind: Kind,
    /// Namespace, empty for cluster scope.
    pub namespace: Str,
    /// Name.
    pub name: Str,
    /// What would be written.
    pub write: Write,
}

/// What would be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// RFC 6902 operations.
    JsonPatch(Vec<Value>),
    /// An RFC 7386 merge patch.
    MergePatch(Value),
    /// The object, to be made.
    Create(Value),
    /// A deletion.
    Delete,
}

/// What the server says about a write that it tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It would do it.
    Accepted,
    /// It would not, in its words.
    Refused(String),
    /// It gave no verdict: the connection failed, or it was too busy.
    Unanswered(String),
}

/// Asks a server to try writes, one after the other; one answer for each, in their order.
pub fn dry_run(
    live: &Live,
    options: &Options,
    trials: &[Trial],
) -> Result<Vec<Tried>, CollectError> {
    let runtime = runtime()?;
    let config = runtime.block_on(config(live))?;
    let place = config.cluster_url.to_string();
    let client = {
        let _inside = runtime.enter();
        Client::try_from(config).map_err(|error| connect(&error))?
    };
    let server = Server::new(client, options.live);
    runtime.block_on(async {
        let served = discovery::discover(&server)
            .await
            .map_err(|failure| connect(&format!("{place}: {failure}")))?;
        let mut found = Vec::new();
        for trial in trials {
            found.push(one(&server, &served, trial).await);
        }
        Ok(found)
    })
}

async fn one(server: &Server, served: &Served, trial: &Trial) -> Tried {
    let Some(list) = served.path(trial.kind) else {
        let plural = trial.kind.plural();
        return match served.is_unknown(trial.kind) {
            true => Tried::Unanswered(format!("the API group of {plural} was not discovered")),
            false => Tried::Refused(format!("the server has no {plural}")),
        };
    };
    let path = target(&list, trial);
    let (method, content, body) = match &trial.write {
        Write::JsonPatch(operations) => {
            let body = Value::Array(operations.clone()).to_string();
            ("PATCH", "application/json-patch+json", body)
        }
        Write::MergePatch(patch) => ("PATCH", "application/merge-patch+json", patch.to_string()),
        Write::Create(object) => ("POST", "application/json", object.to_string()),
        Write::Delete => ("DELETE", "", String::new()),
    };
    match server.ask(&Ask { method, path: &path, accept: "application/json", content, body }).await
    {
        Ok(_) => Tried::Accepted,
        Err(failure @ (Failure::Forbidden(_) | Failure::Absent | Failure::Refused(_))) => {
            Tried::Refused(failure.to_string())
        }
        Err(failure) => Tried::Unanswered(failure.to_string()),
    }
}

/// The path of the object, or for a creation of its list, with the dry-run parameter.
fn target(list: &str, trial: &Trial) -> String {
    let (root, plural) = list.rsplit_once('/').unwrap_or(("", list));
    let mut path = root.to_owned();
    if !trial.namespace.is_empty() {
        path.push_str("/namespaces/");
        path.push_str(&encoded(&trial.namespace));
    }
    path.push('/');
    path.push_str(plural);
    if !matches!(trial.write, Write::Create(_)) {
        path.push('/');
        path.push_str(&encoded(&trial.name));
    }
    path.push_str("?dryRun=All");
    if !matches!(trial.write, Write::Delete) {
        path.push_str("&fieldManager=ringfort");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_without_the_dry_run() {
        let trial = |namespace: &str, write| Trial {
            kind: Kind::Role,
            namespace: namespace.into(),
            name: "a:b/c".into(),
            write,
        };
        let roles = "/apis/rbac.authorization.k8s.io/v1/roles";
        let root = "/apis/rbac.authorization.k8s.io/v1";
        assert_eq!(
            target(roles, &trial("n", Write::JsonPatch(Vec::new()))),
            format!("{root}/namespaces/n/roles/a%3Ab%2Fc?dryRun=All&fieldManager=ringfort")
        );
        assert_eq!(
            target(roles, &trial("n", Write::Create(Value::Null))),
            format!("{root}/namespaces/n/roles?dryRun=All&fieldManager=ringfort")
        );
        assert_eq!(
            target("/api/v1/namespaces", &trial("", Write::Delete)),
            "/api/v1/namespaces/a%3Ab%2Fc?dryRun=All"
        );
    }
}
