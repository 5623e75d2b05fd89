//! `restrictedVolumes`: only volumes that a pod may have without the node's or a storage
//! system's own rights.

use super::wording::{Values, plural, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let mut bad = Vec::new();
    let mut types = Values::new();
    for volume in &subject.spec.volumes {
        // Without defaulting a volume without a source is of no known type.
        let kind = volume.source.as_ref().map_or("unknown", |source| source.kind());
        if !subject.rules.volumes.contains(&kind) {
            bad.push(volume.name.as_str());
            types.insert(kind);
        }
    }
    (!bad.is_empty()).then(|| Refusal {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            plural("volume", "volumes", bad.len()),
            quoted(bad.iter().copied()),
            plural("uses", "use", bad.len()),
            plural("restricted volume type", "restricted volume types", types.len()),
            quoted(types.iter().copied())
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};
    use ringfort_model::defaults;

    #[test]
    fn a_volume_without_source_passes_once_defaulted() {
        let mut pod = spec(r#"{"volumes":[{"name":"v"}]}"#);
        assert!(refusal("restrictedVolumes", &pod, 36).is_some());
        defaults::pod(&mut pod, false, None);
        assert!(refusal("restrictedVolumes", &pod, 36).is_none());
    }

    #[test]
    fn sources_by_name() {
        for (source, passes) in
            [("image", true), ("ephemeral", true), ("nfs", false), ("gitRepo", false)]
        {
            let pod = spec(&format!(r#"{{"volumes":[{{"name":"v","{source}":{{}}}}]}}"#));
            assert_eq!(refusal("restrictedVolumes", &pod, 0).is_none(), passes, "{source}");
        }
    }
}
