//! Which capabilities a container's processes hold (semantics EFF-CAPS).
//!
//! Follows containerd's and CRI-O's handling of the CRI security context: privileged holds
//! all; else the runtime's default set, all of them with `ALL` added, none with `ALL`
//! dropped, then single adds, then single drops. CRI-O reads `CAP_SYS_ADMIN` and
//! `SYS_ADMIN` alike and containerd only the latter; both spellings count here, so that a
//! container is never taken for weaker than it is on some node. CRI-O's default set is a
//! part of the one used here.

use std::collections::BTreeSet;

use ringfort_model::record::Node;
use ringfort_model::{Container, PodSpec, Str};

use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};
use crate::node_facts::container_runtime;
use crate::user::uid;

/// The set that containerd and Docker give a container that asks for nothing.
pub const DEFAULTS: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The capabilities of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Every capability that the kernel has.
    pub all: bool,
    /// Names in capitals without prefix, sorted; with `all`, those that were dropped singly.
    names: BTreeSet<Str>,
}

impl Caps {
    /// Whether the capability is in the set, in any spelling.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(plain(name).as_str()) != self.all
    }

    /// The names, sorted; `None` when it is all of them, or all but a few.
    #[must_use]
    pub fn names(&self) -> Option<impl Iterator<Item = &Str>> {
        (!self.all).then(|| self.names.iter())
    }
}

/// Capitals, without `CAP_`.
fn plain(name: &str) -> String {
    let rule = &rules().switches;
    let name = if rule.letters_do_not_matter { name.to_ascii_uppercase() } else { name.to_owned() };
    match name.strip_prefix("CAP_").filter(|_| rule.prefix_is_taken_off) {
        Some(short) => short.to_owned(),
        None => name,
    }
}

/// The capabilities that a root process of the container holds.
#[must_use]
pub fn capabilities(container: &Container) -> Caps {
    let context = container.security_context.as_ref();
    let rules = rules();
    let rule = &rules.switches;
    if context.is_some_and(|sc| sc.privileged == Some(true)) && rule.privileged_holds_all {
        return Caps { all: true, names: BTreeSet::new() };
    }
    let asked = context.and_then(|sc| sc.capabilities.as_ref());
    let added: Vec<String> = asked.iter().flat_map(|c| c.add.iter()).map(|n| plain(n)).collect();
    let dropped: Vec<String> = asked.iter().flat_map(|c| c.drop.iter()).map(|n| plain(n)).collect();
    let whole = |names: &[String]| names.iter().any(|name| name == "ALL");
    let single = |names: &[String]| -> Vec<Str> {
        names.iter().filter(|name| *name != "ALL").map(|name| Str::new(name)).collect()
    };
    let mut caps = if whole(&dropped) && (rule.all_dropped_goes_first || !whole(&added)) {
        Caps { all: false, names: BTreeSet::new() }
    } else if whole(&added) {
        Caps { all: true, names: BTreeSet::new() }
    } else {
        let names = rules.default_capabilities.iter().map(|name| Str::new(name));
        Caps { all: false, names: names.collect() }
    };
    if !caps.all && (rule.single_added_after_all_dropped || !whole(&dropped)) {
        caps.names.extend(single(&added));
    }
    for name in single(&dropped) {
        if !rule.dropped_after_added && single(&added).contains(&name) {
            continue;
        }
        if caps.all {
            caps.names.insert(name);
        } else {
            caps.names.remove(&name);
        }
    }
    caps
}

/// Whether a root process of the container holds the capability.
#[must_use]
pub fn has_cap(container: &Container, name: &str) -> bool {
    capabilities(container).has(name)
}

/// How a process of the container comes to use a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CapabilityUse {
    /// It does not.
    None,
    /// It is not root and holds none itself, but a set-uid program or one with file
    /// capabilities in the image would give it the capability.
    ThroughFile,
    /// It is root, or nothing says that it is not, and holds it.
    AsRoot,
}

/// How a process of the container comes to use a capability: Kubernetes sets no ambient
/// capabilities, so a process that is not root has none until it starts a program that
/// brings them, which `allowPrivilegeEscalation: false` prevents.
#[must_use]
pub fn capability_use(spec: &PodSpec, container: &Container, name: &str) -> CapabilityUse {
    let context = container.security_context.as_ref();
    let rule = &rules().switches;
    let bound = rule.escalation_bounds
        && context.is_some_and(|sc| sc.allow_privilege_escalation == Some(false));
    let privileged = context.is_some_and(|sc| sc.privileged == Some(true));
    if !has_cap(container, name) {
        CapabilityUse::None
    } else if uid(spec, container).may_be_root() || !rule.none_without_root {
        CapabilityUse::AsRoot
    } else if bound && !(privileged && rule.privileged_is_not_bounded) {
        CapabilityUse::None
    } else {
        CapabilityUse::ThroughFile
    }
}

/// Judges the list of dropped capabilities: all are dropped and none comes back but the one
/// that the restricted level allows.
#[must_use]
pub fn dropped_capabilities(spec: &PodSpec, container: &Container, node: Option<&Node>) -> Control {
    let path = container_path(spec, container);
    let mut evidence = vec![format!("{path}.securityContext.capabilities.drop")];
    let context = container.security_context.as_ref();
    let asked = context.and_then(|sc| sc.capabilities.as_ref());
    let Some(asked) = asked.filter(|asked| !asked.drop.is_empty()) else {
        return Control::new(Effect::Absent, evidence);
    };
    if context.is_some_and(|sc| sc.privileged == Some(true)) {
        evidence.push(format!("{path}.securityContext.privileged"));
        let reason = "a privileged container holds every capability";
        return Control::new(Effect::without(reason), evidence);
    }
    let rules = rules();
    let rule = &rules.switches;
    if !asked.drop.iter().any(|name| plain(name) == "ALL") && rule.all_must_be_dropped {
        let reason = "what is not named stays; ALL is not dropped";
        return Control::new(Effect::without(reason), evidence);
    }
    let harmless = |name: &&Str| rules.harmless.contains(&plain(name).as_str());
    if let Some(name) = asked.add.iter().find(|name| !harmless(name)) {
        evidence.push(format!("{path}.securityContext.capabilities.add"));
        let reason = format!("{} is added again", plain(name));
        return Control::new(Effect::without(reason), evidence);
    }
    let plainly = asked.drop.iter().any(|name| name.eq_ignore_ascii_case("ALL"));
    let plainly = plainly || !rule.all_must_be_dropped;
    let runtime = node.and_then(container_runtime).map(|(name, _)| name);
    if !plainly {
        return match runtime {
            Some(name) if rules.prefix_readers.contains(&name) => {
                Control::new(Effect::Effective, evidence)
            }
            Some(_) => {
                let reason = "the runtime does not know CAP_ALL; write ALL";
                Control::new(Effect::without(reason), evidence)
            }
            None => {
                Control::new(Effect::missing("whether the runtime reads CAP_ALL as ALL"), evidence)
            }
        };
    }
    let bound = context.is_some_and(|sc| sc.allow_privilege_escalation == Some(false));
    let brought = !asked.add.is_empty() && !bound && !uid(spec, container).may_be_root();
    if brought && rule.files_bring_back {
        evidence.push(format!("{path}.securityContext.allowPrivilegeEscalation"));
        let reason = "a program with file capabilities gives NET_BIND_SERVICE";
        return Control::new(Effect::without(reason), evidence);
    }
    Control::new(Effect::Effective, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(security_context: &str) -> Container {
        let json = format!(r#"{{"name":"c","securityContext":{security_context}}}"#);
        serde_json::from_str(&json).expect("container")
    }

    #[test]
    fn sets_by_adds_and_drops() {
        for (context, name, want) in [
            ("{}", "CHOWN", true),
            ("{}", "SYS_ADMIN", false),
            (r#"{"privileged":true}"#, "SYS_ADMIN", true),
            (r#"{"privileged":true,"capabilities":{"drop":["ALL"]}}"#, "SYS_ADMIN", true),
            (r#"{"capabilities":{"add":["SYS_ADMIN"]}}"#, "CAP_SYS_ADMIN", true),
            (r#"{"capabilities":{"add":["CAP_SYS_ADMIN"]}}"#, "SYS_ADMIN", true),
            (r#"{"capabilities":{"add":["sys_admin"]}}"#, "SYS_ADMIN", true),
            (r#"{"capabilities":{"add":["ALL"]}}"#, "SYS_MODULE", true),
            (r#"{"capabilities":{"add":["all"],"drop":["SYS_MODULE"]}}"#, "SYS_MODULE", false),
            (r#"{"capabilities":{"add":["all"],"drop":["SYS_MODULE"]}}"#, "SYS_ADMIN", true),
            (r#"{"capabilities":{"drop":["ALL"]}}"#, "CHOWN", false),
            (r#"{"capabilities":{"add":["ALL"],"drop":["ALL"]}}"#, "CHOWN", false),
            (r#"{"capabilities":{"drop":["ALL"],"add":["NET_ADMIN"]}}"#, "NET_ADMIN", true),
            (r#"{"capabilities":{"drop":["NET_RAW"]}}"#, "NET_RAW", false),
            (r#"{"capabilities":{"add":["NET_RAW"],"drop":["CAP_NET_RAW"]}}"#, "NET_RAW", false),
        ] {
            assert_eq!(has_cap(&container(context), name), want, "{name} in {context}");
        }
        // What containerd and Docker give, written down once more.
        for name in [
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "NET_RAW",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT",
        ] {
            assert!(has_cap(&container("{}"), name), "{name}");
        }
        let names = capabilities(&container(r#"{"capabilities":{"drop":["ALL"],"add":["KILL"]}}"#));
        let listed: Vec<&str> = names.names().expect("a list").map(Str::as_str).collect();
        assert_eq!(listed, ["KILL"]);
    }

    #[test]
    fn who_is_not_root_needs_a_program_that_brings_it() {
        let judge = |context: &str| {
            let json = format!(r#"{{"containers":[{{"name":"c","securityContext":{context}}}]}}"#);
            let spec: PodSpec = serde_json::from_str(&json).expect("specification");
            capability_use(&spec, &spec.containers[0], "SYS_ADMIN")
        };
        let add = r#""capabilities":{"add":["SYS_ADMIN"]}"#;
        assert_eq!(judge(&format!("{{{add}}}")), CapabilityUse::AsRoot);
        assert_eq!(judge(&format!(r#"{{{add},"runAsUser":7}}"#)), CapabilityUse::ThroughFile);
        let bound = format!(r#"{{{add},"runAsUser":7,"allowPrivilegeEscalation":false}}"#);
        assert_eq!(judge(&bound), CapabilityUse::None);
        assert_eq!(judge("{}"), CapabilityUse::None);
        assert_eq!(judge(r#"{"privileged":true}"#), CapabilityUse::AsRoot);
        // The API refuses both together; a manifest may hold them, and the bound is void.
        let both = r#"{"privileged":true,"runAsUser":7,"allowPrivilegeEscalation":false}"#;
        assert_eq!(judge(both), CapabilityUse::ThroughFile);
    }
}
