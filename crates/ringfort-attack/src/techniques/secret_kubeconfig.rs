//! `secret-kubeconfig`: A Secret or ConfigMap holds the credential of a cluster.

use crate::context::Context;
use crate::draw;
use crate::impact::Impact;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::{EntityId, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-kubeconfig",
    title: "use the kubeconfig in the object",
    zone: Zone::InCluster,
    attack: &["T1552.001"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd, FixKind::Delete],
    doc: Doc {
        what: "A Secret or ConfigMap holds the credential of a cluster.",
        when: "A cluster Secret of Argo CD or of Cluster API, known by its label or type; a Secret or ConfigMap with a kubeconfig that holds a token, key or password. Where values of Secrets were not read, whether one is a kubeconfig is unknown, and no path passes that edge unless the fact is assumed.",
        not: "A kubeconfig that starts a program for its credential.",
        controls: "",
        cut: "Use short-lived credentials.",
        upstream: "Argo CD declarative set-up: clusters",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = || NodeKey::Impact(Impact::Fleet);
    let mut unread = false;
    for secret in &context.cluster.secrets {
        let meta = &secret.metadata;
        let argo = meta.labels.get("argocd.argoproj.io/secret-type");
        let (path, value) = if argo.is_some_and(|kind| *kind == *"cluster") {
            ("metadata.labels[argocd.argoproj.io/secret-type]", "cluster")
        } else if *secret.kind == *"cluster.x-k8s.io/secret" && meta.name.ends_with("-kubeconfig") {
            ("type", "cluster.x-k8s.io/secret")
        } else if let Some(class) = FIXED.iter().find(|class| secret.holds(class) == Some(true)) {
            ("data", *class)
        } else {
            let fixed = FIXED.iter().any(|class| secret.holds(class).is_none());
            unread |= fixed && draw::may_hold_anything(secret);
            continue;
        };
        let why = Why::Field {
            object: EntityId::Secret(meta.namespace.clone(), meta.name.clone()),
            path: path.into(),
            value: Str::new(value),
        };
        let from = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
        maker.edge(Draft::new(from, to()).because(why));
    }
    for config in &context.cluster.config_maps {
        let Some((path, class)) = config.held().find(|(_, class)| FIXED.contains(&class.as_str()))
        else {
            continue;
        };
        let meta = &config.metadata;
        let why = Why::ObjectField {
            kind: "ConfigMap",
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            path: Str::from(path),
            value: class.clone(),
        };
        let from = NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone());
        maker.edge(Draft::new(from, to()).because(why));
    }
    if unread {
        let from = [Draft::new(NodeKey::UnreadSecret, to())];
        maker.assuming("the values of Secrets: whether one is a kubeconfig", from, to());
    }
}

/// Kubeconfigs that hold their credential.
pub(crate) const FIXED: [&str; 3] =
    ["kubeconfig-static-token", "kubeconfig-static-cert", "kubeconfig-basic"];
