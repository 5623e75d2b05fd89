//! `image-cache-read`: A pod that names a private image with pull policy Never or IfNotPresent gets it from the cache of a node that pulled it for somebody else, without showing a credential.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Power, Scope};
use crate::server;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "image-cache-read",
    title: "start another's private image from the node's cache",
    zone: Zone::InCluster,
    attack: &["MS-TA9037"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Node],
    doc: Doc {
        what: "A pod that names a private image with pull policy Never or IfNotPresent gets it from the cache of a node that pulled it for somebody else, without showing a credential.",
        when: "pod-create, where some pod uses an image with a pull secret, before 1.35, or with the kubelets' verification policy NeverVerify.",
        not: "From 1.35 by default: images that were pulled with a secret are verified again. The plug-in AlwaysPullImages.",
        controls: "Before 1.35 the verification is an alpha feature and assumed off.",
        cut: "Upgrade the nodes, or turn AlwaysPullImages on.",
        upstream: "kubernetes/kubernetes pkg/kubelet/images/pullmanager; KEP-2535",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let cluster = context.cluster;
    let never = server::kubelets(cluster).is_some_and(|set| set.never_verify_images);
    let verified = context.at_least(35);
    if server::plugin_is_on(cluster, "AlwaysPullImages") == Some(true)
        || (verified == Some(true) && !never)
    {
        return;
    }
    let private = context.units.iter().enumerate().find(|(_, unit)| {
        let account = cluster.service_accounts.get(&unit.namespace, unit.spec.account());
        let by_account = account.is_some_and(|account| !account.image_pull_secrets.is_empty());
        let runs = !unit.nodes.is_empty();
        runs && (by_account || !unit.spec.image_pull_secrets.is_empty())
    });
    let Some((at, unit)) = private else { return };
    let why = Why::PodField {
        unit: at as u32,
        path: "imagePullSecrets".into(),
        value: unit
            .spec
            .image_pull_secrets
            .first()
            .map_or_else(|| Str::new("by its ServiceAccount"), |reference| reference.name.clone()),
    };
    for name in &context.namespaces {
        let from = NodeKey::Power(Power::RunPods, Scope::Namespace(name.clone()));
        let to = NodeKey::Outside("images", "private-in-cache".into());
        let draft = Draft::new(from, to).because(why.clone());
        maker.edge(match verified {
            None => draft.unknown("the version of the kubelets, which from 1.35 verify images"),
            Some(_) if never => draft,
            Some(_) => draft.assumed("verification of pulled images is off before 1.35"),
        });
    }
}
