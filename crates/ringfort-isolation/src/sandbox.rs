//! Whether `runtimeClassName` stands for a sandbox (semantics EFF-RTC).
//!
//! A class is a name for a handler, and a handler is a name in the configuration of each
//! node's runtime: neither says what runs. Without evidence from the nodes the verdict is
//! unknown, except that a class which does not exist starts nothing.

use ringfort_model::record::Node;
use ringfort_model::{Cluster, Kind, PodSpec};

use crate::control_rules::rules;
use crate::effect::{Control, Effect};
use crate::node_facts::{Handler, NodeFacts};

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
        let complete = cluster.coverage.is_complete(Kind::RuntimeClass);
        let effect = if complete && rules().switches.class_must_exist {
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
    let rules = rules();
    let rule = &rules.switches;
    let plain = known.iter().position(|one| *one == Some(Handler::Plain));
    let sandboxed = known.contains(&Some(Handler::Sandbox));
    if let Some(at) = plain.filter(|_| rule.one_plain_node_is_enough || !sandboxed) {
        let node = &nodes[at].0.metadata.name;
        let reason = format!("handler \"{handler}\" shares the kernel of node {node}");
        return Control::new(Effect::without(reason), evidence);
    }
    let all = known.iter().all(Option::is_some) || !rule.every_node_must_show && sandboxed;
    if !known.is_empty() && all {
        return Control::new(Effect::Effective, evidence);
    }
    if rules.default_handlers.contains(&handler) && !sandboxed {
        let reason = format!("handler \"{handler}\" is the default runtime");
        return Control::new(Effect::without(reason), evidence);
    }
    let usual = rules.usual_sandboxes.iter().find(|(known, _)| *known == handler);
    let meant = match usual {
        Some((_, sandbox)) => format!("usually {sandbox}"),
        None if rules.usual_plain.contains(&handler) => "usually no sandbox".to_owned(),
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

    fn with(handler: &str, nodes: &[Option<Handler>]) -> Effect {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        let json = format!(
            r#"{{"apiVersion":"node.k8s.io/v1","kind":"RuntimeClass","metadata":{{"name":"r"}},
                "handler":"{handler}"}}"#
        );
        builder.add(Object::read(json.as_bytes()).expect("runtime class"));
        let spec: PodSpec = serde_json::from_str(r#"{"runtimeClassName":"r"}"#).expect("pod");
        let node = Node::default();
        let facts: Vec<NodeFacts> = nodes
            .iter()
            .map(|known| NodeFacts {
                handlers: known.map(|what| (handler.to_owned(), what)).into_iter().collect(),
                ..NodeFacts::default()
            })
            .collect();
        let nodes: Vec<(&Node, &NodeFacts)> = facts.iter().map(|facts| (&node, facts)).collect();
        sandbox_with(&spec, &builder.freeze(), &nodes).effect
    }

    #[test]
    fn every_node_must_show_a_sandbox() {
        use Handler::{Plain, Sandbox};
        assert_eq!(with("h", &[Some(Sandbox), Some(Sandbox)]), Effect::Effective);
        for nodes in [[Some(Sandbox), Some(Plain)], [Some(Plain), None]] {
            assert!(matches!(with("h", &nodes), Effect::PresentNotEffective(_)), "{nodes:?}");
        }
        assert!(matches!(with("h", &[Some(Sandbox), None]), Effect::Unknown(_)));
    }

    #[test]
    fn the_default_runtime_is_none_whatever_its_class_is_called() {
        let Effect::PresentNotEffective(why) = with("runc", &[]) else { panic!("it is plain") };
        assert_eq!(why, "handler \"runc\" is the default runtime");
        assert!(matches!(with("runc", &[None]), Effect::PresentNotEffective(_)));
        // A node that shows another thing by that name was configured so.
        assert_eq!(with("runc", &[Some(Handler::Sandbox)]), Effect::Effective);
        assert!(matches!(with("runc", &[Some(Handler::Sandbox), None]), Effect::Unknown(_)));
    }

    #[test]
    fn a_name_says_what_it_usually_means() {
        for (handler, meant) in [
            ("gvisor", "usually gVisor"),
            ("runsc", "usually gVisor"),
            ("kata", "usually Kata Containers"),
            ("kata-clh", "usually Kata Containers"),
            ("kata-fc", "usually Kata Containers"),
            ("kata-mshv-vm-isolation", "usually Kata Containers"),
            ("kata-qemu", "usually Kata Containers"),
            ("kata-remote", "usually Kata Containers"),
            ("runhcs-wcow-hypervisor", "usually Hyper-V isolation"),
            ("crun", "usually no sandbox"),
            ("nvidia", "usually no sandbox"),
            ("youki", "usually no sandbox"),
            ("katana", "a name that says nothing"),
        ] {
            let Effect::Unknown(missing) = with(handler, &[]) else { panic!("{handler}") };
            assert!(missing[0].contains(&format!("({meant})")), "{missing:?}");
        }
    }
}
