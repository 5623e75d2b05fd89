//! Whether SELinux confines a container (semantics EFF-SEL).

use ringfort_model::record::Node;
use ringfort_model::{Container, PodSpec};

use crate::effect::{Control, Effect, container_path};
use crate::node_facts::NodeFacts;

/// Types that confine nothing.
const UNCONFINED: &[&str] = &["spc_t", "unconfined_t"];

/// Operating systems that enforce SELinux as they come.
const ENFORCING: &[&str] = &["Bottlerocket", "Red Hat Enterprise Linux CoreOS", "Fedora CoreOS"];

/// Operating systems whose kernels come without SELinux.
const WITHOUT: &[&str] = &["Ubuntu", "Debian", "Container-Optimized OS", "Alpine", "Windows"];

/// Judges the SELinux options of a container, its own or else the pod's; without any, the
/// runtime's default holds where the node enforces.
#[must_use]
pub fn se_linux(
    spec: &PodSpec,
    container: &Container,
    node: Option<&Node>,
    facts: &NodeFacts,
) -> Control {
    let path = container_path(spec, container);
    let own = container.security_context.as_ref().and_then(|sc| sc.se_linux_options.as_ref());
    let pod = spec.security_context.as_ref().and_then(|sc| sc.se_linux_options.as_ref());
    let asked = own.or(pod);
    let field = match (own, pod) {
        (None, Some(_)) => "spec.securityContext.seLinuxOptions".to_owned(),
        _ => format!("{path}.securityContext.seLinuxOptions"),
    };
    let mut evidence = vec![field];
    let none = |reason: &str| match asked {
        Some(_) => Effect::without(reason),
        None => Effect::Absent,
    };
    if container.security_context.as_ref().is_some_and(|sc| sc.privileged == Some(true)) {
        evidence.push(format!("{path}.securityContext.privileged"));
        return Control::new(none("a privileged container runs as spc_t"), evidence);
    }
    if let Some(options) = asked.filter(|options| UNCONFINED.contains(&options.kind.as_str())) {
        let reason = format!("type {} confines nothing", options.kind);
        return Control::new(Effect::without(reason), evidence);
    }
    let info = node.and_then(|node| node.status.as_ref()?.node_info.as_ref());
    let image = info.map_or("", |info| info.os_image.as_str());
    let is = |list: &[&str]| list.iter().any(|name| image.starts_with(name));
    if let Some(node) = node {
        evidence.push(format!("Node {} status.nodeInfo.osImage", node.metadata.name));
    }
    let effect = match facts.se_linux {
        Some(true) => Effect::Effective,
        Some(false) => none("the node does not enforce SELinux"),
        None if is(ENFORCING) => Effect::Effective,
        None if is(WITHOUT) => none("the node's system comes without SELinux"),
        None => Effect::missing("whether the node enforces SELinux"),
    };
    Control::new(effect, evidence)
}
