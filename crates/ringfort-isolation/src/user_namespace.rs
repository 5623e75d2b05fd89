//! Whether `hostUsers: false` gives the pod a user namespace (semantics EFF-UNS, EFF-02).
//!
//! Follows the requirements of the Kubernetes and containerd documents on user namespaces.
//! The API does not show the low-level runtime. From 1.30 on a node shows what the handlers of
//! its runtime say of it (`status.runtimeHandlers`, from the CRI's status; containerd
//! `supportsCRIUserns`: a user namespace and mounts mapped by id). Without that, and without
//! evidence from the node, the best verdict is unknown; an old kernel, runtime or server is
//! known not to work.

use ringfort_model::record::Node;
use ringfort_model::{KubeVersion, PodSpec, VolumeSource};

use crate::effect::{Control, Effect};
use crate::features::{Stage, stage};
use crate::node_facts::{NodeFacts, container_runtime, major_minor};
use crate::rules::rules;

const GATE: &str = "UserNamespacesSupport";
const HOST_NETWORK_GATE: &str = "UserNamespacesHostNetworkSupport";

/// Judges `hostUsers: false` on that node with what the API shows.
#[must_use]
pub fn user_namespace(spec: &PodSpec, node: &Node, server: Option<KubeVersion>) -> Control {
    user_namespace_with(spec, node, server, &NodeFacts::default())
}

/// Judges `hostUsers: false` on that node with further evidence from it.
#[must_use]
pub fn user_namespace_with(
    spec: &PodSpec,
    node: &Node,
    server: Option<KubeVersion>,
    facts: &NodeFacts,
) -> Control {
    let mut question =
        Question { evidence: vec!["spec.hostUsers".to_owned()], ..Question::default() };
    if spec.host_users != Some(false) {
        return Control::new(Effect::Absent, question.evidence);
    }
    question.pod(spec, server);
    let rule = &rules().switches;
    if rule.server_must_keep {
        question.gate("the API server", server.map(|v| v.minor), facts);
    }
    // Which handler a runtime class names is not asked here.
    let default = spec.runtime_class_name.is_none() || !rule.class_has_another_handler;
    let handler = default.then(|| node.gives_user_namespaces("")).flatten();
    question.node(node, facts, handler.filter(|_| rule.handler_speaks));
    question.volumes(spec, facts);
    let Question { fails, missing, evidence } = question;
    let effect = match fails {
        Some(reason) => Effect::PresentNotEffective(reason),
        None if missing.is_empty() => Effect::Effective,
        None => Effect::Unknown(missing),
    };
    Control::new(effect, evidence)
}

#[derive(Default)]
struct Question {
    /// The first requirement that is known to fail.
    fails: Option<String>,
    missing: Vec<String>,
    evidence: Vec<String>,
}

impl Question {
    fn fail(&mut self, reason: String) {
        self.fails.get_or_insert(reason);
    }

    fn lack(&mut self, what: &str) {
        if !self.missing.iter().any(|known| known == what) {
            self.missing.push(what.to_owned());
        }
    }

    fn pod(&mut self, spec: &PodSpec, server: Option<KubeVersion>) {
        let rule = &rules().switches;
        if spec.is_windows() && rule.windows_has_none {
            self.evidence.push("spec.os.name".to_owned());
            self.fail("Windows has no user namespaces".to_owned());
        }
        for (asked, field, rules_out) in [
            (spec.host_pid, "hostPID", rule.host_pid_rules_out),
            (spec.host_ipc, "hostIPC", rule.host_ipc_rules_out),
        ] {
            if asked == Some(true) && rules_out {
                self.evidence.push(format!("spec.{field}"));
                self.fail(format!("{field} together with hostUsers: false is refused"));
            }
        }
        if spec.host_network == Some(true) && rule.host_network_rules_out {
            self.evidence.push("spec.hostNetwork".to_owned());
            match server {
                Some(version) if stage(HOST_NETWORK_GATE, version.minor) == Stage::Absent => {
                    self.fail("hostNetwork together with hostUsers: false is refused".to_owned());
                }
                _ => self.lack("feature gate UserNamespacesHostNetworkSupport"),
            }
        }
        let devices =
            spec.all_containers().any(|(_, _, container)| !container.volume_devices.is_empty());
        if devices && rule.devices_rule_out {
            self.fail("volumeDevices together with hostUsers: false are refused".to_owned());
        }
    }

    fn gate(&mut self, of: &str, minor: Option<u32>, facts: &NodeFacts) {
        let Some(minor) = minor else {
            self.lack(&format!("version of {of}"));
            return;
        };
        match (stage(GATE, minor), facts.user_namespaces_gate) {
            (Stage::Absent, _) => {
                self.fail(format!("{of} is 1.{minor}, which does not know the field"));
            }
            (Stage::Locked, _) | (_, Some(true)) => {}
            (_, Some(false)) if rules().switches.gate_may_be_off => {
                self.fail(format!("feature gate {GATE} is off"));
            }
            // On by default; who turns it off is not visible, as with any other gate.
            (Stage::OnByDefault, _) => {}
            (Stage::OffByDefault, _) => self.lack("feature gate UserNamespacesSupport"),
        }
    }

    fn node(&mut self, node: &Node, facts: &NodeFacts, handler: Option<bool>) {
        let name = &node.metadata.name;
        let Some(info) = node.status.as_ref().and_then(|status| status.node_info.as_ref()) else {
            self.lack(&format!("status.nodeInfo of node {name}"));
            return;
        };
        let field = |field: &str| format!("Node {name} status.nodeInfo.{field}");
        self.evidence.push(field("kubeletVersion"));
        let kubelet = KubeVersion::parse(&info.kubelet_version).ok().map(|version| version.minor);
        let rules = rules();
        let rule = &rules.switches;
        if rule.kubelet_must_read {
            self.gate(&format!("the kubelet of node {name}"), kubelet, facts);
        }

        self.evidence.push(field("kernelVersion"));
        let backports = rule.vendors_bring_it_back
            && rules.backporting.iter().any(|mark| info.kernel_version.contains(mark));
        match major_minor(&info.kernel_version) {
            _ if !rule.kernel_must_map => {}
            None => self.lack("kernel version"),
            Some(version) if version >= (6, rules.kernel_6) => {}
            Some(_) if backports => {
                self.lack(&format!("whether kernel {} maps tmpfs by id", info.kernel_version));
            }
            Some(_) => self.fail(format!(
                "kernel {} does not map tmpfs by id; 6.{} is the first that does",
                info.kernel_version, rules.kernel_6
            )),
        }

        self.evidence.push(field("containerRuntimeVersion"));
        let runtime = &info.container_runtime_version;
        match container_runtime(node) {
            Some(("containerd", version)) if version >= (rules.containerd, 0) => {}
            Some(("containerd", (1, 7))) => match kubelet {
                Some(minor) if minor < rules.containerd_17_until => {
                    self.lack("whether this early form works on the node (containerd 1.7)");
                }
                _ => self.fail(format!(
                    "{runtime} does not serve kubelets from 1.{} on; 2.0 is the first that does",
                    rules.containerd_17_until
                )),
            },
            Some(("containerd", _)) => {
                self.fail(format!("{runtime} ignores the field; 2.0 is the first that serves it"));
            }
            Some(("cri-o", version)) if version >= (1, rules.cri_o_1) => {}
            Some(("cri-o", _)) => {
                self.fail(format!("{runtime} is too old; 1.25 is the first that serves it"));
            }
            Some((name, _)) if rules.never_serving.contains(&name) => {
                self.fail(format!("{runtime} does not serve the field"));
            }
            _ if handler == Some(true) => {}
            _ => self.lack(&format!("whether container runtime \"{runtime}\" serves the field")),
        }

        if handler.is_some() {
            self.evidence.push(format!("Node {name} status.runtimeHandlers"));
        }
        match &facts.low_level_runtime {
            None if handler == Some(true) => {}
            // The kubelet refuses the pod (HandlerSupportsUserNamespaces).
            None if handler == Some(false) && rule.handler_may_refuse => {
                self.fail("the handler of the runtime gives no user namespaces".to_owned());
            }
            None => self.lack("version of the low-level runtime (runc 1.2 or crun 1.9)"),
            Some(low) => match (low.name.as_str(), major_minor(&low.version)) {
                ("runc", Some(version)) if version >= (1, rules.runc_1) => {}
                ("crun", Some(version)) if version >= (1, rules.crun_1) => {}
                ("runc" | "crun", Some(_)) => {
                    self.fail(format!("{} {} is too old", low.name, low.version));
                }
                _ => self.lack(&format!("whether {} {} serves the field", low.name, low.version)),
            },
        }
    }

    fn volumes(&mut self, spec: &PodSpec, facts: &NodeFacts) {
        let rule = &rules().switches;
        match facts.volumes_map_ids.filter(|_| rule.volume_facts_first) {
            _ if !rule.volumes_must_map => return,
            Some(true) => return,
            Some(false) => {
                self.fail("a volume's filesystem cannot be mapped by id".to_owned());
                return;
            }
            None => {}
        }
        for (at, volume) in spec.volumes.iter().enumerate() {
            let kind = volume.source.as_ref().map_or("emptyDir", VolumeSource::kind);
            if !rules().own_volumes.contains(&kind) {
                self.evidence.push(format!("spec.volumes[{at}]"));
                self.lack(&format!("whether the filesystem of volume {} maps ids", volume.name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_facts::LowLevelRuntime;

    fn node(kernel: &str, runtime: &str, kubelet: u32) -> Node {
        let json = format!(
            r#"{{"metadata":{{"name":"n"}},"status":{{"nodeInfo":{{"kernelVersion":"{kernel}",
                "containerRuntimeVersion":"{runtime}","kubeletVersion":"v1.{kubelet}.1"}}}}}}"#
        );
        serde_json::from_str(&json).expect("node")
    }

    fn pod(more: &str) -> PodSpec {
        let json = format!(r#"{{"hostUsers":false,"containers":[{{"name":"c"}}]{more}}}"#);
        serde_json::from_str(&json).expect("pod")
    }

    fn low(name: &str, version: &str) -> NodeFacts {
        NodeFacts {
            low_level_runtime: Some(LowLevelRuntime {
                name: name.to_owned(),
                version: version.to_owned(),
            }),
            ..NodeFacts::default()
        }
    }

    /// `+` effective, `-` not effective, `?` unknown, ` ` absent.
    fn mark(effect: &Effect) -> char {
        match effect {
            Effect::Absent => ' ',
            Effect::PresentNotEffective(_) => '-',
            Effect::Effective => '+',
            Effect::Unknown(_) => '?',
        }
    }

    #[test]
    fn the_node_matrix() {
        let new = ("6.8.0-45-generic", "containerd://2.0.1", 36);
        for (name, (kernel, runtime, minor), facts, want) in [
            ("all new", new, low("runc", "1.2.4"), '+'),
            ("crun", new, low("crun", "1.9"), '+'),
            ("old runc", new, low("runc", "1.1.12"), '-'),
            ("old crun", new, low("crun", "1.8.7"), '-'),
            ("runc not known", new, NodeFacts::default(), '?'),
            ("other runtime", new, low("youki", "0.5"), '?'),
            ("old kernel", ("6.2.0", new.1, 36), low("runc", "1.2.4"), '-'),
            ("first kernel", ("6.3.0", new.1, 36), low("runc", "1.2.4"), '+'),
            ("vendor kernel", ("5.14.0-570.el9.x86_64", new.1, 36), low("runc", "1.2.4"), '?'),
            ("containerd 1.6", (new.0, "containerd://1.6.36", 36), low("runc", "1.2.4"), '-'),
            ("containerd 1.7", (new.0, "containerd://1.7.27", 36), low("runc", "1.2.4"), '-'),
            ("cri-o", (new.0, "cri-o://1.30.0", 36), low("crun", "1.15"), '+'),
            ("old cri-o", (new.0, "cri-o://1.24.6", 36), low("crun", "1.15"), '-'),
            ("docker", (new.0, "docker://27.1.1", 36), low("runc", "1.2.4"), '-'),
            ("gate on by default", (new.0, new.1, 33), low("runc", "1.2.4"), '+'),
            ("gate off by default", (new.0, new.1, 32), low("runc", "1.2.4"), '?'),
            ("no field", (new.0, new.1, 24), low("runc", "1.2.4"), '-'),
        ] {
            let server = Some(KubeVersion::minor(minor));
            let found =
                user_namespace_with(&pod(""), &node(kernel, runtime, minor), server, &facts);
            assert_eq!(mark(&found.effect), want, "{name}: {found:?}");
        }
    }

    #[test]
    fn what_the_nodes_runtime_says_of_itself_stands_for_the_low_level_runtime() {
        let judge = |handlers: &str, runtime: &str, more: &str| {
            let json = format!(
                r#"{{"metadata":{{"name":"n"}},"status":{{"nodeInfo":{{"kernelVersion":"6.8.0",
                    "containerRuntimeVersion":"{runtime}","kubeletVersion":"v1.36.1"}},
                    "runtimeHandlers":[{handlers}]}}}}"#
            );
            let node: Node = serde_json::from_str(&json).expect("node");
            mark(&user_namespace(&pod(more), &node, Some(KubeVersion::minor(36))).effect)
        };
        let of = |name: &str, says: &str| format!(r#"{{"name":"{name}","features":{{{says}}}}}"#);
        let (yes, no) = (r#""userNamespaces":true"#, r#""userNamespaces":false"#);
        let new = "containerd://2.0.1";
        assert_eq!(judge(&of("", yes), new, ""), '+');
        assert_eq!(judge(&of("", yes), "other://1.0", ""), '+');
        assert_eq!(judge(&of("", no), new, ""), '-');
        assert_eq!(judge(&of("", ""), new, ""), '?', "the node does not say");
        assert_eq!(judge(&of("kata", yes), new, ""), '?', "another handler");
        assert_eq!(judge(&of("", yes), new, r#","runtimeClassName":"kata""#), '?');
        assert_eq!(judge(&of("", yes), "containerd://1.6.36", ""), '-', "the field is ignored");
    }

    #[test]
    fn gates_decide_where_they_are_not_locked() {
        let judge = |minor: u32, gate: bool| {
            let facts = NodeFacts { user_namespaces_gate: Some(gate), ..low("runc", "1.2.4") };
            let node = node("6.8.0", "containerd://2.0.1", minor);
            let server = Some(KubeVersion::minor(minor));
            mark(&user_namespace_with(&pod(""), &node, server, &facts).effect)
        };
        assert_eq!([judge(30, true), judge(30, false)], ['+', '-']);
        assert_eq!([judge(35, true), judge(35, false)], ['+', '-']);
        assert_eq!([judge(36, true), judge(36, false)], ['+', '+'], "locked");
    }

    #[test]
    fn the_pod_itself_can_rule_it_out_or_leave_it_open() {
        let judge = |pod: &PodSpec, server: Option<u32>| {
            let node = node("6.8.0", "containerd://2.0.1", 36);
            let server = server.map(KubeVersion::minor);
            mark(&user_namespace_with(pod, &node, server, &low("runc", "1.2.4")).effect)
        };
        assert_eq!(judge(&pod(""), None), '?', "server not known");
        assert_eq!(judge(&pod(r#","hostPID":true"#), Some(36)), '-');
        assert_eq!(judge(&pod(r#","hostNetwork":true"#), Some(34)), '-');
        assert_eq!(judge(&pod(r#","hostNetwork":true"#), Some(36)), '?');
        assert_eq!(judge(&pod(r#","volumes":[{"name":"v","secret":{}}]"#), Some(36)), '+');
        assert_eq!(judge(&pod(r#","volumes":[{"name":"v","nfs":{}}]"#), Some(36)), '?');
        let host: PodSpec = serde_json::from_str("{}").expect("pod");
        assert_eq!(judge(&host, Some(36)), ' ');
    }
}
