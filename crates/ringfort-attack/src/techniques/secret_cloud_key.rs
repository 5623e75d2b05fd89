//! `secret-cloud-key`: A Secret holds a static key of a cloud account.

use crate::context::Context;
use crate::draw;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use ringfort_model::credential;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "secret-cloud-key",
    title: "use the cloud key in the Secret",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Delete],
    doc: Doc {
        what: "A Secret holds a static key of a cloud account.",
        when: "Its values have the format of such a key. Where values were not read, as from a live cluster, whether a Secret holds one is unknown.",
        not: "Keys that documentation uses as examples.",
        controls: "Whether the key is still valid and what it may do is known to the cloud only.",
        cut: "Use workload identity instead of static keys, and delete the key.",
        upstream: "AWS, Google Cloud and Azure documentation: formats of access keys",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut unread = false;
    for secret in &context.cluster.secrets {
        let meta = &secret.metadata;
        for class in credential::CLOUD {
            match secret.holds(class) {
                Some(true) => {
                    let why = Why::ObjectField {
                        kind: "Secret",
                        namespace: meta.namespace.clone(),
                        name: meta.name.clone(),
                        path: "data".into(),
                        value: class.into(),
                    };
                    let name = Str::from(format!("{class}/{}", meta.full_name()));
                    let from = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
                    let draft = Draft::new(from, NodeKey::Outside("cloud-principal", name));
                    maker.edge(draft.because(why));
                }
                Some(false) => {}
                None => unread |= draw::may_hold_anything(secret),
            }
        }
    }
    if unread {
        let to = NodeKey::Outside("cloud-principal", "of-an-unread-secret".into());
        let from = [Draft::new(NodeKey::UnreadSecret, to.clone())];
        maker.assuming("the values of Secrets: whether one is a key of a cloud account", from, to);
    }
}
