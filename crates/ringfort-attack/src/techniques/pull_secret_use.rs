//! `pull-secret-use`: A Secret holds a credential of an image registry; its reader pulls private images, and pushes where the registry lets the credential.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::credential;
use ringfort_model::{EntityId, Str};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "pull-secret-use",
    title: "pull with the credential in the Secret",
    zone: Zone::InCluster,
    attack: &["T1552.001", "MS-TA9037"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Image],
    doc: Doc {
        what: "A Secret holds a credential of an image registry; its reader pulls private images, and pushes where the registry lets the credential.",
        when: "A Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg, or one whose values have that format.",
        not: "A Secret of another type without such a value.",
        controls: "What the credential may do is known to the registry only; pushing is another, unknown edge.",
        cut: "Use short-lived credentials of the nodes' provider, with read scope.",
        upstream: "kubernetes/kubernetes pkg/credentialprovider/secrets/secrets.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    const TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];
    for secret in &context.cluster.secrets {
        let meta = &secret.metadata;
        let typed = TYPES.contains(&secret.kind.as_str());
        // Values that were read decide: an empty list of registries is no credential.
        let held = secret.holds(credential::REGISTRY);
        if held != Some(true) && !(typed && held.is_none()) {
            continue;
        }
        let why = Why::Field {
            object: EntityId::Secret(meta.namespace.clone(), meta.name.clone()),
            path: if typed { "type".into() } else { "data".into() },
            value: if typed { secret.kind.clone() } else { credential::REGISTRY.into() },
        };
        let from = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
        let to = NodeKey::Outside("registry", Str::from(meta.full_name()));
        maker.edge(Draft::new(from, to).because(why));
    }
}
