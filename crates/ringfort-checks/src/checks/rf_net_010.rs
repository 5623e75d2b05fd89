//! RF-NET-010: mesh authentication permissive or bypassable.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Verdict};
use crate::world::{Place, World};
use ringfort_attack::{Why, Zone};
use ringfort_isolation::Effect;
use ringfort_model::Str;

pub(crate) static CHECK: Check = Check {
    id: "RF-NET-010",
    title: "Mesh authentication permissive or bypassable",
    zone: Zone::InCluster,
    severity: Severity::Low,
    modifiers: &[Modifier::Path],
    references: &["C-0266"],
    reads: &[],
    doc: Doc {
        why: "What counts on the mesh to know who calls takes calls from anybody.",
        fails: "The mesh is asked to authenticate the peers of a pod and does not: its policy lets plain text in, the pod has no side-car and no node's agent takes its traffic, ports are left out, or a container may act as the proxy's uid or change the redirection.",
        not: "Pods about which no policy of the mesh says anything; pods in strict mode whose traffic is taken.",
        unknown: "Policies were not all listed, which of two is older, the uid that an image has, defaults of the control plane.",
        fix: "Set the mode to STRICT, take pods into the mesh, and refuse the proxy's uid at admission.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let Some(control) = world.context.mesh(place.at) else { return Verdict::NotApplicable };
    match &control.effect {
        Effect::Absent => Verdict::NotApplicable,
        Effect::Effective => Verdict::Pass,
        Effect::Unknown(missing) => Verdict::Unknown(missing.iter().cloned().collect()),
        Effect::PresentNotEffective(reason) => {
            // What was read last decided.
            let decided = control.evidence.last().map(|field| spot(place, field, reason));
            Verdict::Fail(Fault::of(decided.into_iter().collect()).noted(reason.clone()))
        }
    }
}

/// A field that was read: of the pod, or of `KIND namespace/name`.
fn spot(place: &Place<'_>, field: &str, value: &str) -> Why {
    let mut words = field.splitn(3, ' ');
    let policy =
        match (words.next(), words.next().and_then(|name| name.split_once('/')), words.next()) {
            (Some("PeerAuthentication"), Some((namespace, name)), Some(path)) if name != "*" => {
                Some((namespace, name, path))
            }
            _ => None,
        };
    match policy {
        Some((namespace, name, path)) => {
            let at = (path, value);
            facts::field("PeerAuthentication", &Str::new(namespace), name, at)
        }
        None => place.field(field.strip_prefix("spec.").unwrap_or(field), value),
    }
}
