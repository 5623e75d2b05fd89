//! What the API server's own modes allow beside Node and RBAC (RBAC-70).
//!
//! The authorizers of a chain are asked in their order until one allows or refuses (apiserver
//! `pkg/authorization/union`). Node, RBAC, ABAC and AlwaysDeny never refuse, they have no opinion;
//! a webhook may (`pkg/kubeapiserver/authorizer`). A server that is told no modes and no
//! configuration file allows everything (`pkg/kubeapiserver/options/authorization.go`). Only what
//! the server's pods show is judged: of a managed control plane nothing follows.

use std::collections::BTreeSet;

use ringfort_model::record::Pod;
use ringfort_model::{Cluster, Str, api_server};

const MODE: &str = "--authorization-mode";
const FILE: &str = "--authorization-config";

/// The modes of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modes<'c> {
    /// Those that its flag names, in the order of asking.
    Named(Vec<&'c str>),
    /// None, which is AlwaysAllow.
    Absent,
    /// Those of a file, by its path.
    File(&'c str),
    /// Its flags are not all seen.
    Unseen,
}

/// The modes of each server that is among the objects, in their order.
#[must_use]
pub fn modes(cluster: &Cluster) -> Vec<(&Pod, Modes<'_>)> {
    let of = |pod| {
        let Some(words) = api_server::flags(pod) else { return (pod, Modes::Unseen) };
        if let Some(path) = api_server::values(&words, "authorization-config").last()
            && !path.is_empty()
        {
            return (pod, Modes::File(path));
        }
        let named = api_server::list(&words, "authorization-mode").unwrap_or_default();
        match named.is_empty() {
            false => (pod, Modes::Named(named)),
            true if api_server::shows_every_flag(pod) => (pod, Modes::Absent),
            true => (pod, Modes::Unseen),
        }
    };
    api_server::pods(cluster).map(of).collect()
}

/// What a server's command line says of its authorizers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// Name of the server's pod.
    pub pod: Str,
    /// The flag.
    pub flag: &'static str,
    /// What it says.
    pub value: Str,
    /// The authorizer that counts; empty where a file says which there are.
    pub authorizer: Str,
}

impl Said {
    /// What is not known, for a reader.
    #[must_use]
    pub fn doubt(&self) -> String {
        match self.authorizer.as_str() {
            "" => "the authorization configuration file was not read".to_owned(),
            mode => format!("authorizer {mode} is in use and its answers are not known"),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "no {} is AlwaysAllow", self.flag),
            value => write!(f, "{}={value}", self.flag),
        }
    }
}

/// What is allowed beside what Node and RBAC allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Nothing that the objects show.
    Nothing,
    /// Authorizers are asked whose answers are not known: each once, sorted.
    Perhaps(Vec<Said>),
    /// Everything.
    Everything(Said),
}

/// What all servers together allow beside Node and RBAC: whoever is refused by one may ask
/// another.
#[must_use]
pub fn beyond(cluster: &Cluster) -> Beyond {
    let mut perhaps: BTreeSet<Said> = BTreeSet::new();
    for (pod, modes) in modes(cluster) {
        let said = |flag, value: &str, authorizer: &str| Said {
            pod: pod.metadata.name.clone(),
            flag,
            value: Str::new(value),
            authorizer: Str::new(authorizer),
        };
        let named = match modes {
            Modes::Absent => return Beyond::Everything(said(MODE, "", "AlwaysAllow")),
            Modes::File(path) => {
                perhaps.insert(said(FILE, path, ""));
                continue;
            }
            Modes::Unseen => continue,
            Modes::Named(named) => named,
        };
        let value = named.join(",");
        let mut may_refuse = false;
        for mode in named {
            match mode {
                "Node" | "RBAC" | "AlwaysDeny" => continue,
                "AlwaysAllow" if !may_refuse => {
                    return Beyond::Everything(said(MODE, &value, mode));
                }
                _ => {}
            }
            may_refuse |= mode == "Webhook";
            perhaps.insert(said(MODE, &value, mode));
        }
    }
    // Servers that are set up alike are said once.
    let mut all: Vec<Said> = perhaps.into_iter().collect();
    all.sort_by(|a, b| (a.flag, &a.authorizer, &a.pod).cmp(&(b.flag, &b.authorizer, &b.pod)));
    all.dedup_by(|next, kept| (next.flag, &next.authorizer) == (kept.flag, &kept.authorizer));
    match all.is_empty() {
        true => Beyond::Nothing,
        false => Beyond::Perhaps(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, SourceKind};

    fn of(servers: &[&str]) -> String {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for (at, words) in servers.iter().enumerate() {
            let json = format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"s{at}",
                    "namespace":"kube-system","labels":{{"component":"kube-apiserver"}}}},
                    "spec":{{"containers":[{{"name":"c","args":[{words}]}}]}}}}"#
            );
            builder.add(Object::read(json.as_bytes()).expect("a pod"));
        }
        match beyond(&builder.freeze()) {
            Beyond::Nothing => "nothing".to_owned(),
            Beyond::Everything(said) => format!("everything: {said}"),
            Beyond::Perhaps(all) => {
                all.iter().map(|one| one.authorizer.to_string()).collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn a_chain_allows_what_one_of_it_allows() {
        const NONE: &str = "everything: no --authorization-mode is AlwaysAllow";
        for (words, expected) in [
            (r#""kube-apiserver","--etcd-servers=x""#, NONE),
            (
                r#""/usr/local/bin/kube-apiserver","--etcd-servers","x","--authorization-mode=""#,
                NONE,
            ),
            (r#""kube-apiserver","--etcd-servers=x","--authorization-modes=RBAC""#, NONE),
            (r#""kube-apiserver","--authorization-mode=Node,RBAC""#, "nothing"),
            (r#""kube-apiserver","--authorization-mode","AlwaysDeny,RBAC""#, "nothing"),
            (r#""--authorization-mode=RBAC","--authorization-mode=ABAC""#, "ABAC"),
            (
                r#""--authorization-mode=RBAC,AlwaysAllow""#,
                "everything: --authorization-mode=RBAC,AlwaysAllow",
            ),
            (
                r#""--authorization-mode=ABAC,AlwaysAllow""#,
                "everything: --authorization-mode=ABAC,AlwaysAllow",
            ),
            // A webhook may refuse before the others are asked.
            (r#""--authorization-mode=Webhook,AlwaysAllow""#, "AlwaysAllow Webhook"),
            (r#""kube-apiserver","--authorization-config=/f""#, ""),
            (r#""kube-apiserver","--etcd-servers=x","--authorization-config=""#, NONE),
            // Flags that are not seen prove nothing.
            (r#""/bin/sh","-c","exec kube-apiserver --authorization-mode=RBAC""#, "nothing"),
            (r#""--etcd-servers=x""#, "nothing"),
            (r#""kube-apiserver""#, "nothing"),
            (r#""kube-apiserver","$(MODES)""#, "nothing"),
        ] {
            assert_eq!(of(&[words]), expected, "{words}");
        }
        assert_eq!(of(&[]), "nothing");
    }

    #[test]
    fn one_server_of_several_suffices() {
        let (rbac, abac) = (r#""--authorization-mode=RBAC""#, r#""--authorization-mode=ABAC""#);
        assert_eq!(of(&[rbac, abac, abac]), "ABAC");
        assert!(
            of(&[rbac, abac, r#""kube-apiserver","--etcd-servers=x""#]).starts_with("everything")
        );
    }
}
