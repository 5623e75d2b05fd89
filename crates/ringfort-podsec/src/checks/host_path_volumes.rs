//! `hostPathVolumes`: a path of the node as a volume.

use ringfort_model::VolumeSource;

use super::wording::{plural, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let on_host =
        |volume: &&ringfort_model::Volume| matches!(volume.source, Some(VolumeSource::HostPath(_)));
    let bad: Vec<&str> =
        subject.spec.volumes.iter().filter(on_host).map(|v| v.name.as_str()).collect();
    (!bad.is_empty()).then(|| Refusal {
        reason: "hostPath volumes",
        detail: format!(
            "{} {}",
            plural("volume", "volumes", bad.len()),
            quoted(bad.iter().copied())
        ),
    })
}
