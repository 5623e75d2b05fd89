//! RF-WKL-010: default capabilities are kept.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::{DEFAULTS, Effect, capabilities, dropped_capabilities};

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-010",
    title: "Default capabilities are kept",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Exposed],
    references: &[
        "PSS capabilities_restricted",
        "KSV-0003",
        "KSV-0106",
        "KSV-0119",
        "CKV_K8S_37",
        "CKV_K8S_28",
        "CIS 5.2.8",
        "CIS 5.2.9",
    ],
    reads: &[],
    doc: Doc {
        why: "The runtime's default set, NET_RAW among it, helps whoever gets into the container.",
        fails: "Capabilities of the default set are held although nothing adds them: ALL is not dropped, or not with effect.",
        not: "drop ALL, also with single capabilities added again; Windows, which has none.",
        unknown: "Whether the runtime reads CAP_ALL as ALL.",
        fix: "Set capabilities.drop to [ALL] and add back what is used.",
    },
    judge: Judge::Pods(judge),
};

fn judge(_: &World<'_>, place: &Place<'_>) -> Verdict {
    let spec = &place.unit.spec;
    if spec.is_windows() {
        return Verdict::NotApplicable;
    }
    pods::containers(place, |container| {
        let control = dropped_capabilities(spec, container, None);
        let held = capabilities(container);
        let context = container.security_context.as_ref();
        let asked = context.and_then(|one| one.capabilities.as_ref());
        let is_added = |name: &str| {
            let plain = |one: &str| one.to_ascii_uppercase().trim_start_matches("CAP_").to_owned();
            asked.is_some_and(|one| one.add.iter().any(|added| plain(added) == name))
        };
        let kept = DEFAULTS.iter().any(|name| held.has(name) && !is_added(name));
        let path = "securityContext.capabilities.drop";
        match control.effect {
            Effect::Unknown(missing) => Said::Missing(missing),
            Effect::Effective => Said::Good,
            _ if !kept => Said::Good,
            _ if held.has("NET_RAW") => {
                Said::Bad(path.into(), "NET_RAW and others are kept".into())
            }
            _ => Said::Bad(path.into(), "some of the default set are kept".into()),
        }
    })
}
