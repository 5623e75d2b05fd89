//! `secret-kubeconfig`: A Secret or ConfigMap holds the credential of a cluster.

use crate::context::Context;
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
    zone: Zone::Impact,
    attack: &["T1552.001"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cicd, FixKind::Delete],
    doc: Doc {
        what: "A Secret or ConfigMap holds the credential of a cluster.",
        when: "A cluster Secret of Argo CD or of Cluster API, known by its label or type; a ConfigMap with a kubeconfig that holds a token, key or password.",
        not: "A kubeconfig that starts a program for its credential.",
        controls: "",
        cut: "Use short-lived credentials.",
        upstream: "Argo CD declarative set-up: clusters",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = || NodeKey::Impact(Impact::Fleet);
    for secret in &context.cluster.secrets {
        let meta = &secret.metadata;
        let argo = meta.labels.get("argocd.argoproj.io/secret-type");
        let (path, value) = if argo.is_some_and(|kind| *kind == *"cluster") {
            ("metadata.labels[argocd.argoproj.io/secret-type]", "cluster")
        } else if *secret.kind == *"cluster.x-k8s.io/secret" && meta.name.ends_with("-kubeconfig") {
            ("type", "cluster.x-k8s.io/secret")
        } else {
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
        let fixed = ["kubeconfig-static-token", "kubeconfig-static-cert", "kubeconfig-basic"];
        let Some(class) = config.credentials.iter().find(|class| fixed.contains(&class.as_str()))
        else {
            continue;
        };
        let meta = &config.metadata;
        let why = Why::ObjectField {
            kind: "ConfigMap",
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            path: "data".into(),
            value: class.clone(),
        };
        let from = NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone());
        maker.edge(Draft::new(from, to()).because(why));
    }
}
