//! Whether the kernel's files below /proc are masked (`procMount`; semantics EFF-02, EFF-07).

use ringfort_model::{Container, KubeVersion, PodSpec};

use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};
use crate::features::{Stage, stage};

/// Judges the mask: on by default, off where the pod asks for `Unmasked` and the server keeps
/// the field, which it drops while the gate ProcMountType is off.
#[must_use]
pub fn proc_mask(spec: &PodSpec, container: &Container, server: Option<KubeVersion>) -> Control {
    let path = container_path(spec, container);
    let mut evidence = vec![format!("{path}.securityContext.procMount")];
    let context = container.security_context.as_ref();
    let rule = &rules().switches;
    let privileged = context.is_some_and(|sc| sc.privileged == Some(true));
    if privileged && rule.privileged_has_no_mask {
        evidence.push(format!("{path}.securityContext.privileged"));
        let reason = "a privileged container sees /proc without a mask";
        return Control::new(Effect::without(reason), evidence);
    }
    let asked = context.and_then(|sc| sc.proc_mount.as_deref()).unwrap_or("Default");
    if asked == "Default" {
        return Control::new(Effect::Effective, evidence);
    }
    let kept = server.map(|version| stage("ProcMountType", version.minor));
    let effect = match kept {
        _ if !rule.proc_mount_may_be_dropped => Effect::Absent,
        None => Effect::missing("version of the API server"),
        Some(Stage::Absent) => Effect::Effective,
        Some(Stage::OffByDefault) => Effect::missing("feature gate ProcMountType"),
        // With the node's users it is refused at creation now; a pod from before that rule
        // runs unmasked all the same.
        Some(Stage::OnByDefault | Stage::Locked) => Effect::Absent,
    };
    Control::new(effect, evidence)
}
