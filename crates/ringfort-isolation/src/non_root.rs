//! Whether the container's processes are not root (semantics EFF-NONROOT).

use ringfort_model::record::Node;
use ringfort_model::{Cluster, Container, PodSpec};

use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};
use crate::user::{Uid, uid, uid_field};

/// Judges `runAsUser` and `runAsNonRoot`. `node` is where the pod runs, if that is known.
#[must_use]
pub fn non_root(
    spec: &PodSpec,
    container: &Container,
    node: Option<&Node>,
    cluster: &Cluster,
) -> Control {
    let mut evidence = vec![uid_field(spec, container)];
    let own = container.security_context.as_ref().and_then(|sc| sc.run_as_non_root);
    let pod = spec.security_context.as_ref().and_then(|sc| sc.run_as_non_root);
    let promised = own.or(pod) == Some(true);
    let user = uid(spec, container);
    if user == Uid::AssumedRoot {
        return Control::new(Effect::Absent, evidence);
    }
    let windows = spec.is_windows() || node.is_some_and(Node::is_windows);
    let may_be_windows =
        node.is_none() && spec.os.is_none() && cluster.nodes.iter().any(Node::is_windows);
    let rule = &rules().switches;
    let effect = match user {
        Uid::Known(0) if !rule.zero_is_root => Effect::Effective,
        Uid::Known(0) if promised && rule.promise_refuses_root => {
            let path = container_path(spec, container);
            evidence.push(format!("{path}.securityContext.runAsNonRoot"));
            // The kubelet refuses to start it (`verifyRunAsNonRoot`): it never runs as root.
            Effect::Effective
        }
        Uid::Known(0) => Effect::without("the user is root"),
        Uid::Known(_) if windows && rule.windows_reads_no_user => {
            evidence.push("spec.os.name".to_owned());
            Effect::without("Windows does not read runAsUser")
        }
        Uid::Known(_) if may_be_windows && rule.windows_may_be_meant => {
            Effect::missing("whether the pod runs on a Windows node, which does not read runAsUser")
        }
        // The kubelet refuses to start an image whose user is root or a name.
        Uid::Known(_) | Uid::NonRoot => Effect::Effective,
        Uid::AssumedRoot => Effect::Absent,
    };
    Control::new(effect, evidence)
}
