//! What a pod's images are: pinned by digest (semantics EFF-IMG), and whether a private image
//! that is on the node already is given to who has no credentials (EFF-PULLCRED).

use ringfort_model::record::Node;
use ringfort_model::{KubeVersion, PodSpec, VolumeSource};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};
use crate::features::{Stage, stage};
use crate::node_facts::{NodeFacts, PullVerification};

/// Every image that a pod has, of containers of all lists and of volumes, with its field.
pub fn images(spec: &PodSpec) -> impl Iterator<Item = (String, &str)> {
    let containers = spec.all_containers().map(|(kind, at, container)| {
        (format!("spec.{}[{at}].image", kind.field()), container.image.as_str())
    });
    let volumes = spec.volumes.iter().enumerate().filter_map(|(at, volume)| match &volume.source {
        Some(VolumeSource::Image(image)) => {
            Some((format!("spec.volumes[{at}].image.reference"), image.reference.as_str()))
        }
        _ => None,
    });
    containers.chain(volumes)
}

/// Whether a reference names an image by digest. A tag beside it does not matter.
#[must_use]
pub fn is_pinned(reference: &str) -> bool {
    let Some((_, digest)) = reference.split_once('@') else { return false };
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let rules = rules();
    let rule = &rules.switches;
    let known = rules.digests.iter().find(|(name, _)| *name == algorithm);
    let small = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    known.is_some_and(|(_, digits)| {
        (hex.len() == *digits as usize || !rule.digest_has_its_length)
            && hex
                .bytes()
                .all(|c| small(c) || !rule.digest_in_small_letters && c.is_ascii_hexdigit())
    })
}

/// Judges pinning by digest: every image of the pod, or it does not hold.
#[must_use]
pub fn digest_pin(spec: &PodSpec) -> Control {
    let mut pinned = Vec::new();
    let mut loose = Vec::new();
    let mut unset = Vec::new();
    let rule = &rules().switches;
    for (field, reference) in images(spec) {
        if field.ends_with(".image.reference") && !rule.image_volumes_count {
            continue;
        }
        match reference {
            "" if rule.unset_image_is_unknown => unset.push(field),
            reference if is_pinned(reference) => pinned.push(field),
            _ => loose.push(field),
        }
    }
    match (pinned.is_empty(), loose.is_empty(), unset.is_empty()) {
        (true, _, true) => Control::new(Effect::Absent, loose),
        (false, false, true) if !rule.every_image_counts => Control::new(Effect::Effective, pinned),
        (false, false, _) => {
            let reason = format!("{} names no digest", loose[0]);
            Control::new(Effect::without(reason), loose)
        }
        (_, true, false) => {
            let what = unset.iter().map(|field| format!("the image that is filled in at {field}"));
            Control::new(Effect::Unknown(what.collect()), unset)
        }
        (true, false, false) => Control::new(Effect::Absent, loose),
        (false, true, true) => Control::new(Effect::Effective, pinned),
    }
}

/// Judges whether the kubelet keeps images that were pulled with somebody's credentials from
/// pods without them. Absent where the pod brings no credentials of its own.
#[must_use]
pub fn pull_credentials(spec: &PodSpec, node: Option<&Node>, facts: &NodeFacts) -> Control {
    let mut evidence = vec!["spec.imagePullSecrets".to_owned()];
    let rule = &rules().switches;
    if spec.image_pull_secrets.is_empty() && rule.own_credentials_ask {
        return Control::new(Effect::Absent, evidence);
    }
    let Some(node) = node else {
        return Control::new(Effect::missing("the node that the pod runs on"), evidence);
    };
    evidence.push(format!("Node {} status.nodeInfo.kubeletVersion", node.metadata.name));
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    let kubelet = info.and_then(|info| KubeVersion::parse(&info.kubelet_version).ok());
    let Some(kubelet) = kubelet else {
        return Control::new(Effect::missing("version of the kubelet"), evidence);
    };
    let gate = "KubeletEnsureSecretPulledImages";
    let effect = match (stage(gate, kubelet.minor), facts.pull_verification) {
        (Stage::Absent, _) => {
            Effect::without(format!("kubelet {kubelet} gives an image that is there to every pod"))
        }
        (_, Some(PullVerification::Off)) => {
            Effect::without("the kubelet does not verify credentials again")
        }
        (_, Some(PullVerification::Always)) => Effect::Effective,
        (Stage::OffByDefault, None) => Effect::missing(format!("feature gate {gate}")),
        (_, Some(PullVerification::ButPreloaded) | None) if !rule.preloaded_is_free => {
            Effect::Effective
        }
        (_, Some(PullVerification::ButPreloaded) | None) => match facts.images_preloaded {
            Some(true) => Effect::without("an image that came with the node is given to every pod"),
            Some(false) => Effect::Effective,
            None => Effect::missing("whether the images came with the node"),
        },
    };
    Control::new(effect, evidence)
}
