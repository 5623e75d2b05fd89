//! Whether a process can gain more than it began with (semantics EFF-APE): the kernel's
//! `no_new_privs`, which `allowPrivilegeEscalation: false` sets.

use ringfort_model::{Container, PodSpec};

use crate::capability::has_cap;
use crate::control_rules::rules;
use crate::effect::{Control, Effect, container_path};

/// Judges `allowPrivilegeEscalation: false`.
#[must_use]
pub fn no_new_privileges(spec: &PodSpec, container: &Container) -> Control {
    let path = container_path(spec, container);
    let mut evidence = vec![format!("{path}.securityContext.allowPrivilegeEscalation")];
    let context = container.security_context.as_ref();
    if context.and_then(|sc| sc.allow_privilege_escalation) != Some(false) {
        return Control::new(Effect::Absent, evidence);
    }
    let rules = rules();
    let privileged = context.is_some_and(|sc| sc.privileged == Some(true));
    let effect = if privileged && rules.switches.privileged_escalates {
        evidence.push(format!("{path}.securityContext.privileged"));
        Effect::without("a privileged container may always escalate")
    } else if let Some(name) = rules.escalating.iter().find(|name| has_cap(container, name)) {
        evidence.push(format!("{path}.securityContext.capabilities.add"));
        Effect::without(format!("a container with {name} may always escalate"))
    } else {
        Effect::Effective
    };
    Control::new(effect, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privilege_defeats_the_ban() {
        let judge = |context: &str| {
            let json = format!(r#"{{"containers":[{{"name":"c","securityContext":{context}}}]}}"#);
            let spec: PodSpec = serde_json::from_str(&json).expect("specification");
            no_new_privileges(&spec, &spec.containers[0]).effect
        };
        let ban = r#""allowPrivilegeEscalation":false"#;
        assert_eq!(judge(&format!("{{{ban}}}")), Effect::Effective);
        assert_eq!(judge("{}"), Effect::Absent);
        for more in [r#""privileged":true"#, r#""capabilities":{"add":["SYS_ADMIN"]}"#] {
            let found = judge(&format!("{{{ban},{more}}}"));
            assert!(matches!(found, Effect::PresentNotEffective(_)), "{more}");
        }
    }
}
