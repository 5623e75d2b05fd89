//! Whether `runtimeClassName` stands for a sandbox (semantics EFF-RTC).
//!
//! A class is a name for a handler, and a handler is a name in the configuration of each
//! node's runtime: neither says what runs. Without evidence from the nodes the verdict is
//! unknown, except that a class which does not exist starts nothing.

use ringfort_model::record::Node;
use ringfort_model::{Cluster, Kind, PodSpec};

use crate::effect::{Control, Effect};
use crate::node_facts::{Handler, NodeFacts};

/// Handler names by which projects document their sandboxes.
const USUAL_SANDBOXES: &[(&str, &str)] = &[
    ("gvisor", "gVisor"),
    ("runsc", "gVisor"),
    ("kata", "Kata Containers"),
    ("kata-clh", "Kata Containers"),
    ("kata-fc", "Kata Containers"),
    ("kata-mshv-vm-isolation", "Kata Containers"),
    ("kata-qemu", "Kata Containers"),
    ("kata-remote", "Kata Containers"),
    ("runhcs-wcow-hypervisor", "Hyper-V isolation"),
];

/// Handler names of runtimes that share the node's kernel.
const USUAL_PLAIN: &[&str] = &["crun", "nvidia", "runc", "youki"];

/// Judges the runtime class of a pod with what the API shows.
#[must_use]
pub fn sandbox(spec: &PodSpec, cluster: &Cluster) -> Control {
    sandbox_with(spec, cluster, &[])
}

/// Judges the runtime class of a pod with what is known of every node that the pod may run on;
/// no node at all is no evidence.
#[must_use]
pub fn sandbox_with(spec: &PodSpec, cluster: &Cluster, nodes: &[(&Node, &NodeFacts)]) -> Control {
    let mut evidence = vec!["spec.runtimeClassName".to_owned()];
    let asked = spec.runtime_class_name.as_deref().filter(|name| !name.is_empty());
    let Some(name) = asked else { return Control::new(Effect::Absent, evidence) };
    let Some(class) = cluster.runtime_classes.get("", name) else {
        let effect = if cluster.coverage.is_complete(Kind::RuntimeClass) {
            Effect::without(format!("RuntimeClass {name} does not exist; the pod is refused"))
        } else {
            Effect::missing(format!("RuntimeClass {name}"))
        };
        return Control::new(effect, evidence);
    };
    evidence.push(format!("RuntimeClass {name} handler"));
    let handler = class.handler.as_str();
    let known: Vec<Option<Handler>> =
        nodes.iter().map(|(_, facts)| facts.handlers.get(handler).copied()).collect();
    if let Some(at) = known.iter().position(|one| *one == Some(Handler::Plain)) {
        let node = &nodes[at].0.metadata.name;
        let reason = format!("handler \"{handler}\" shares the kernel of node {node}");
        return Control::new(Effect::without(reason), evidence);
    }
    if !known.is_empty() && known.iter().all(Option::is_some) {
        return Control::new(Effect::Effective, evidence);
    }
    let usual = USUAL_SANDBOXES.iter().find(|(known, _)| *known == handler);
    let meant = match usual {
        Some((_, sandbox)) => format!("usually {sandbox}"),
        None if USUAL_PLAIN.contains(&handler) => "usually no sandbox".to_owned(),
        None => "a name that says nothing".to_owned(),
    };
    let missing = format!(
        "what handler \"{handler}\" ({meant}) is in the runtime configuration of every node that \
         the pod may run on"
    );
    Control::new(Effect::missing(missing), evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::cluster::ClusterBuilder;
    use ringfort_model::{Listed, Object, SourceKind};

    fn judge(class: Option<&str>, complete: bool) -> Effect {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let json = br#"{"apiVersion":"node.k8s.io/v1","kind":"RuntimeClass",
            "metadata":{"name":"gvisor"},"handler":"runsc"}"#;
        builder.add(Object::read(json).expect("runtime class"));
        if complete {
            builder.coverage().note("runtimeclasses.node.k8s.io", Listed::Complete);
        }
        let name = serde_json::to_string(&class).expect("json");
        let spec: PodSpec =
            serde_json::from_str(&format!(r#"{{"runtimeClassName":{name}}}"#)).expect("pod");
        sandbox(&spec, &builder.freeze()).effect
    }

    #[test]
    fn a_name_proves_nothing_and_a_missing_class_fails() {
        assert_eq!(judge(None, true), Effect::Absent);
        assert!(matches!(judge(Some("gvisor"), true), Effect::Unknown(_)));
        assert!(matches!(judge(Some("none"), true), Effect::PresentNotEffective(_)));
        assert!(matches!(judge(Some("none"), false), Effect::Unknown(_)));
    }
}
