//! Whether SELinux confines a container (semantics EFF-SEL).

use ringfort_model::record::Node;
use ringfort_model::{Container, PodSpec};

use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};
use crate::node_facts::NodeFacts;

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
    let rules = rules();
    let rule = &rules.switches;
    let own = own.filter(|_| rule.own_se_linux_first || pod.is_none());
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
    let privileged =
        container.security_context.as_ref().is_some_and(|sc| sc.privileged == Some(true));
    if privileged && rule.privileged_has_no_se_linux {
        evidence.push(format!("{path}.securityContext.privileged"));
        return Control::new(none("a privileged container runs as spc_t"), evidence);
    }
    if let Some(options) = asked.filter(|options| rules.unconfined.contains(&options.kind.as_str()))
    {
        let reason = format!("type {} confines nothing", options.kind);
        return Control::new(Effect::without(reason), evidence);
    }
    let info = node.and_then(|node| node.status.as_ref()?.node_info.as_ref());
    let image = info.map_or("", |info| info.os_image.as_str());
    let is = |list: &[&str]| list.iter().any(|name| image.starts_with(name));
    if let Some(node) = node {
        evidence.push(format!("Node {} status.nodeInfo.osImage", node.metadata.name));
    }
    let usual = is(rules.enforcing) || is(rules.without_se_linux);
    let fact = facts.se_linux.filter(|_| rule.se_linux_fact_first || !usual);
    let effect = match fact {
        Some(true) => Effect::Effective,
        Some(false) => none("the node does not enforce SELinux"),
        None if is(rules.enforcing) => Effect::Effective,
        None if is(rules.without_se_linux) => none("the node's system comes without SELinux"),
        None => Effect::missing("whether the node enforces SELinux"),
    };
    Control::new(effect, evidence)
}
