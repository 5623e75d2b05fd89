//! `node-sa-tokens`: A node may request tokens of the accounts of the pods that run on it.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{Files, NodeKey, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_isolation::{Audience, TokenSource};
use ringfort_model::{Str, Volume, VolumeSource};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "node-sa-tokens",
    title: "request tokens for accounts of pods on the node",
    zone: Zone::InCluster,
    attack: &["T1528"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Node, FixKind::Pod],
    doc: Doc {
        what: "A node may request tokens of the accounts of the pods that run on it.",
        when: "A pod of the account runs on the node; from 1.33 a volume of the pod, or the CSI driver of one, must also name the API server's audience.",
        not: "Accounts whose pods run elsewhere only.",
        controls: "NodeRestriction binds the token to a pod of the node.",
        cut: "Run powerful accounts on nodes of their own.",
        upstream: "kubernetes/kubernetes plugin/pkg/admission/noderestriction/admission.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let audience_checked = context.at_least(33) == Some(true);
    for (at, unit) in context.units.iter().enumerate() {
        let mounted = context
            .tokens(at as u32)
            .iter()
            .flat_map(|container| &container.files)
            .any(|file| file.audience == Audience::Api && is_requested(&file.how));
        let named = mounted || unit.spec.volumes.iter().any(|one| asks_for_token(context, one));
        if unit.mirror || (audience_checked && !named) {
            continue;
        }
        let account = Subject::ServiceAccount(unit.namespace.clone(), unit.spec.account().into());
        for &node in &unit.nodes {
            let why = Why::RunsOn { unit: at as u32, node: Some(node) };
            let to = NodeKey::Subject(account.clone());
            // A token that is not mounted is asked for with the kubelet's identity.
            let from = match mounted {
                true => NodeKey::NodeFiles(Some(node), Files::Pods),
                false => NodeKey::Node(node),
            };
            maker.edge(Draft::new(from, to).because(why));
        }
    }
}

/// Whether the kubelet asks for the token: those of token Secrets it reads.
fn is_requested(how: &TokenSource) -> bool {
    !matches!(how, TokenSource::SecretVolume(_))
}

/// Whether a volume names the API server's audience, by itself or through its CSI driver;
/// admission does not look at whether it is mounted.
fn asks_for_token(context: &Context<'_>, volume: &Volume) -> bool {
    let is_api = |audience: &Str| Audience::of(audience) == Audience::Api;
    match &volume.source {
        Some(VolumeSource::Projected(projected)) => {
            let mut tokens =
                projected.sources.iter().filter_map(|s| s.service_account_token.as_ref());
            tokens.any(|token| is_api(&token.audience))
        }
        Some(VolumeSource::Csi(csi)) => {
            let driver = context.cluster.csi_drivers.get("", &csi.driver);
            let spec = driver.and_then(|driver| driver.spec.as_ref());
            spec.is_some_and(|spec| spec.token_requests.iter().any(|one| is_api(&one.audience)))
        }
        _ => false,
    }
}
