//! What objects show about the API server, the kubelets and the provider: flags in the static
//! pods of the control plane, kubeadm's ConfigMap, ids of machines.

use ringfort_authz::Said;
use ringfort_authz::authorizers::{self, Modes};
use ringfort_model::api_server::{self, values};
use ringfort_model::record::{Node, Pod};
use ringfort_model::{Cluster, Str, go_bool};

use crate::why::Why;

/// A flag of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag<'c> {
    /// The API server's pod is not among the objects.
    Unseen,
    /// Its command line does not carry the flag.
    Unset,
    /// Its value.
    Set(&'c str),
}

/// A flag of the API server that holds one text, as its pods in `kube-system` carry it (kubeadm
/// labels them `component=kube-apiserver`) and spf13/pflag reads it: the last one counts, and an
/// empty one takes back those before it. Of several servers the first that has it; where none has
/// it, one whose flags cannot be read leaves it unseen.
#[must_use]
pub fn flag<'c>(cluster: &'c Cluster, name: &str) -> Flag<'c> {
    let mut answer = Flag::Unseen;
    let all: Vec<Option<Vec<&'c str>>> = servers(cluster).collect();
    for words in all.iter().flatten() {
        match values(words, name).last() {
            Some(value) if !value.is_empty() => return Flag::Set(value),
            _ => answer = Flag::Unset,
        }
    }
    if all.contains(&None) { Flag::Unseen } else { answer }
}

/// A flag that holds a list ([`api_server::list`]), of each server whose flags can be read.
#[must_use]
pub fn lists<'c>(cluster: &'c Cluster, name: &str) -> Vec<Option<Vec<&'c str>>> {
    servers(cluster).flatten().map(|words| api_server::list(&words, name)).collect()
}

/// The flags of each API server; `None` where they cannot be read.
fn servers(cluster: &Cluster) -> impl Iterator<Item = Option<Vec<&str>>> {
    api_server::pods(cluster).map(api_server::flags)
}

impl Flag<'_> {
    /// Whether the value is one that Go reads as false.
    #[must_use]
    pub fn is_off(self) -> bool {
        matches!(self, Self::Set(value) if go_bool(value) == Some(false))
    }
}

/// A boolean flag of each API server, as spf13/pflag reads one: alone it is true, the word after
/// it is none of its own, and the last counts.
pub fn switches<'c>(cluster: &'c Cluster, name: &str) -> impl Iterator<Item = Flag<'c>> {
    api_server::pods(cluster).map(move |pod| switch_of(pod, name))
}

fn switch_of<'c>(pod: &'c Pod, name: &str) -> Flag<'c> {
    let Some(words) = api_server::flags(pod) else { return Flag::Unseen };
    let last =
        words.iter().rev().find_map(|word| match word.strip_prefix("--")?.strip_prefix(name)? {
            "" => Some("true"),
            rest => rest.strip_prefix('='),
        });
    last.map_or(Flag::Unset, Flag::Set)
}

/// A boolean flag of the API server that is on by default. Of several servers one decides that
/// does not switch it off; if there is none, one whose flags cannot be read.
#[must_use]
pub fn switch<'c>(cluster: &'c Cluster, name: &str) -> Flag<'c> {
    let all: Vec<Flag<'c>> = switches(cluster, name).collect();
    let on = all.iter().find(|one| !one.is_off() && **one != Flag::Unseen);
    match on.or_else(|| all.iter().find(|one| **one == Flag::Unseen)) {
        Some(one) => *one,
        None => all.last().copied().unwrap_or(Flag::Unseen),
    }
}

/// What a server says of its authorizers, as a reason.
pub(crate) fn server_says(said: &Said) -> Why {
    Why::ObjectField {
        kind: "Pod",
        namespace: "kube-system".into(),
        name: said.pod.clone(),
        path: "spec.containers[0].command".into(),
        value: Str::from(said.to_string()),
    }
}

/// Whether every server is proven to refuse requests without a credential: its flag says so, or
/// it allows everything, for which it switches them off (kubernetes
/// `pkg/kubeapiserver/options/authentication.go`, `ApplyAuthorization`) unless a file of
/// authenticators may say otherwise.
pub(crate) fn refuses_anonymous(cluster: &Cluster) -> bool {
    let mut all = authorizers::modes(cluster).into_iter();
    let each = |(server, modes): (&Pod, Modes<'_>)| {
        let allows = match modes {
            Modes::Absent => true,
            Modes::Named(modes) => modes.contains(&"AlwaysAllow"),
            Modes::File(_) | Modes::Unseen => false,
        };
        let words = api_server::flags(server).unwrap_or_default();
        let file = values(&words, "authentication-config").last().copied();
        let filed = file.is_some_and(|file| !file.is_empty());
        switch_of(server, "anonymous-auth").is_off() || (allows && !filed)
    };
    all.len() > 0 && all.all(each)
}

/// Whether an admission plug-in that is off by default was turned on, in every server; `None` if
/// the flag cannot be seen.
#[must_use]
pub fn plugin_is_on(cluster: &Cluster, plugin: &str) -> Option<bool> {
    let has = |list: &Option<Vec<&str>>| list.as_ref().is_some_and(|all| all.contains(&plugin));
    let lists = lists(cluster, "enable-admission-plugins");
    match lists.iter().all(has) {
        false => Some(false),
        // Every server is seen, and there is one.
        true => (!lists.is_empty() && lists.len() == servers(cluster).count()).then_some(true),
    }
}

/// A feature gate as the API server's flag sets it, the last time; `None` if the flag does not
/// name it.
#[must_use]
pub fn gate(cluster: &Cluster, name: &str) -> Option<bool> {
    let all = lists(cluster, "feature-gates").into_iter().flatten().next()?;
    let mut set = all.iter().rev().filter_map(|one| one.split_once('='));
    set.find(|(gate, _)| gate.trim() == name).and_then(|(_, value)| go_bool(value.trim()))
}

/// Settings of the kubelets as kubeadm's ConfigMap gives them to each node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kubelets {
    /// Requests without a credential are let in as `system:anonymous`.
    pub anonymous: bool,
    /// Whoever is let in may do everything.
    pub always_allow: bool,
    /// The port without authentication is open.
    pub read_only_port: bool,
    /// Images that are on a node are used by whoever names them.
    pub never_verify_images: bool,
}

/// The settings, if the ConfigMap was read with its values. Fields that it leaves out have the
/// defaults of KubeletConfiguration v1beta1: no anonymous requests, mode Webhook, no
/// read-only port.
#[must_use]
pub fn kubelets(cluster: &Cluster) -> Option<Kubelets> {
    let configs = cluster.config_maps.in_namespace("kube-system");
    let mut documents = configs
        .filter(|(_, config)| config.metadata.name.starts_with("kubelet-config"))
        .filter_map(|(_, config)| config.data.get("kubelet"))
        .filter(|document| document.contains("kind: KubeletConfiguration"));
    let document = documents.next()?;
    // The border keeps one spelling of the settings that are read here.
    let after = |above: &str, key: &str| {
        let (_, rest) = document.split_once(above)?;
        let line = rest.lines().find(|line| line.trim_start().starts_with(key))?;
        line.split_once(':').map(|(_, value)| value.trim())
    };
    Some(Kubelets {
        anonymous: after("anonymous:", "enabled:") == Some("true"),
        always_allow: after("authorization:", "mode:") == Some("AlwaysAllow"),
        read_only_port: after("", "readOnlyPort:").is_some_and(|port| port != "0"),
        never_verify_images: after("", "imagePullCredentialsVerificationPolicy:")
            == Some("NeverVerify"),
    })
}

/// The cloud that the nodes' machines belong to.
#[must_use]
pub fn provider(cluster: &Cluster) -> Option<(&'static str, &Node)> {
    let known = |node: &Node| match node.provider_id().split_once(':')?.0 {
        "aws" => Some("aws"),
        "gce" => Some("google"),
        "azure" => Some("azure"),
        _ => None,
    };
    cluster.nodes.iter().find_map(|node| Some((known(node)?, node)))
}

/// A node of Amazon's managed Kubernetes: its machine's id with a label of EKS, or the
/// server's version.
#[must_use]
pub fn eks_node(cluster: &Cluster) -> Option<&Node> {
    cluster.nodes.iter().find(|node| {
        let labelled = node.metadata.labels.iter().any(|(key, _)| {
            key.starts_with("eks.amazonaws.com/") || key.starts_with("alpha.eksctl.io/")
        });
        node.provider_id().starts_with("aws:")
            && (labelled || cluster.git_version.contains("-eks-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Object, SourceKind};

    fn cluster(servers: &[&str]) -> Cluster {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for (at, words) in servers.iter().enumerate() {
            let named = words.starts_with("\"kube-apiserver\"") || words.starts_with("\"/bin/sh\"");
            let words = match (named, words.is_empty()) {
                (true, _) => (*words).to_owned(),
                (false, true) => "\"kube-apiserver\"".to_owned(),
                (false, false) => format!("\"kube-apiserver\",{words}"),
            };
            let json = format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"s{at}",
                    "namespace":"kube-system","labels":{{"component":"kube-apiserver"}}}},
                    "spec":{{"containers":[{{"name":"c","command":[{words}]}}]}}}}"#
            );
            builder.add(Object::read(json.as_bytes()).expect("a pod"));
        }
        builder.freeze()
    }

    #[test]
    fn a_switch_is_read_as_its_parser_reads_it() {
        let off = |servers: &[&str]| switch(&cluster(servers), "anonymous-auth").is_off();
        for word in ["false", "False", "FALSE", "0", "f", "F"] {
            assert!(off(&[&format!(r#""kube-apiserver","--anonymous-auth={word}""#)]), "{word}");
        }
        assert!(!off(&[r#""--anonymous-auth=true""#]));
        assert!(!off(&[r#""--anonymous-auth","false""#]), "the word after it is not its value");
        assert!(!off(&[r#""--anonymous-auth=false","--anonymous-auth""#]), "the last counts");
        assert!(off(&[r#""--anonymous-auth","--anonymous-auth=0""#]));
        assert!(!off(&[r#""--anonymous-auth=0""#, r#""kube-apiserver""#]), "one has it on");
        assert!(off(&[r#""--anonymous-auth=0""#, r#""--anonymous-auth=f""#]));
        assert!(!off(&[r#""--anonymous-authentication=false""#]) && !off(&[]));
        assert_eq!(switch(&cluster(&[]), "anonymous-auth"), Flag::Unseen);
    }

    #[test]
    fn the_last_text_counts_and_lists_grow() {
        let text = |words: &str| {
            let cluster = cluster(&[words]);
            match flag(&cluster, "token-auth-file") {
                Flag::Set(value) => value.to_owned(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(text(r#""--token-auth-file=""#), "Unset");
        assert_eq!(text(r#""--token-auth-file=/t","--token-auth-file=""#), "Unset");
        assert_eq!(text(r#""--token-auth-file","/t""#), "(not kept)");
        // The border drops what a flag with such a name says; the next flag is not its value.
        assert_eq!(text(r#""--token-auth-file=/t","--etcd-servers=x""#), "(not kept)");
        let path = |words: &str| match flag(&cluster(&[words]), "audit-log-path") {
            Flag::Set(value) => value.len(),
            _ => 0,
        };
        assert_eq!(path(r#""--audit-log-path=/a","--audit-log-path=/bc""#), 3);
        assert_eq!(path(r#""--audit-log-path-x=/a""#), 0);
        let modes = |servers: &[&str]| {
            let cluster = cluster(servers);
            let all = lists(&cluster, "authorization-mode");
            all.into_iter().map(|one| one.map(|list| list.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(
            modes(&[r#""--authorization-mode=Node,RBAC","--authorization-mode","Webhook""#, ""]),
            [Some("Node RBAC Webhook".to_owned()), None]
        );
        let on = |servers: &[&str]| plugin_is_on(&cluster(servers), "P");
        let (given, twice) = (
            r#""--enable-admission-plugins=P""#,
            r#""--enable-admission-plugins=Q","--enable-admission-plugins=P""#,
        );
        assert_eq!((on(&[]), on(&[given]), on(&[twice])), (None, Some(true), Some(true)));
        assert_eq!(on(&[given, r#""x""#]), Some(false), "one server lacks it");
    }

    #[test]
    fn what_a_shell_starts_is_unseen_and_leaves_the_rest_open() {
        let script =
            r#""/bin/sh","-c","exec kube-apiserver --anonymous-auth=false --audit-log-path=/a""#;
        let (off, plain) = (r#""--anonymous-auth=false""#, "");
        let of = |servers: &[&str]| {
            let cluster = cluster(servers);
            (
                format!("{:?}", switch(&cluster, "anonymous-auth")),
                format!("{:?}", flag(&cluster, "audit-log-path")),
                plugin_is_on(&cluster, "P"),
            )
        };
        let (unseen, unset) = ("Unseen".to_owned(), "Unset".to_owned());
        assert_eq!(of(&[script]), (unseen.clone(), unseen.clone(), None));
        assert_eq!(of(&[script, off]), (unseen.clone(), unseen.clone(), Some(false)));
        assert_eq!(of(&[script, plain]), (unset, unseen, Some(false)), "one is seen to have it on");
        let with = r#""--enable-admission-plugins=P""#;
        assert_eq!(of(&[with]).2, Some(true));
        assert_eq!(of(&[with, script]).2, None, "the other may lack it");
    }

    #[test]
    fn gates_are_booleans_of_go() {
        let gate = |text: &str| {
            let words = format!(r#""--feature-gates=A=true,B={text}""#);
            super::gate(&cluster(&[&words]), "B")
        };
        assert_eq!((gate("True"), gate("1"), gate("0")), (Some(true), Some(true), Some(false)));
        assert_eq!(gate("on"), None);
        assert_eq!(gate("0,C=true,B=1"), Some(true), "the last one counts");
    }
}
