//! `seLinuxOptions`: only the types that confine a container, and no user or role of one's
//! own. The level is free. `container_engine_t` is allowed from 1.31.

use super::wording::{Setters, Values, plural, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let mut types = Values::new();
    let mut user = false;
    let mut role = false;
    let mut setters = Setters::default();
    let pod = subject.spec.security_context.as_ref().and_then(|sc| sc.se_linux_options.as_ref());
    let of_containers = subject.containers().filter_map(|container| {
        let options = container.security_context.as_ref()?.se_linux_options.as_ref()?;
        Some((Some(container.name.as_str()), options))
    });
    for (name, options) in pod.map(|options| (None, options)).into_iter().chain(of_containers) {
        let bad_type = !subject.allows(subject.rules.se_linux_types, &options.kind);
        if bad_type {
            types.insert(&options.kind);
        }
        user |= !options.user.is_empty();
        role |= !options.role.is_empty();
        if bad_type || !options.user.is_empty() || !options.role.is_empty() {
            match name {
                None => setters.pod = true,
                Some(name) => setters.containers.push(name),
            }
        }
    }
    if setters.is_empty() {
        return None;
    }
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!(
            "{} {}",
            plural("type", "types", types.len()),
            quoted(types.iter().copied())
        ));
    }
    if user {
        data.push("user may not be set".to_owned());
    }
    if role {
        data.push("role may not be set".to_owned());
    }
    Some(Refusal {
        reason: "seLinuxOptions",
        detail: format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.names(),
            data.join("; ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{container, refusal};

    fn passes(options: &str, minor: u32) -> bool {
        let spec = container(&format!(r#"{{"seLinuxOptions":{options}}}"#));
        refusal("seLinuxOptions", &spec, minor).is_none()
    }

    #[test]
    fn container_engine_t_is_allowed_from_31() {
        let engine = r#"{"type":"container_engine_t"}"#;
        assert!(!passes(engine, 0));
        assert!(!passes(engine, 30));
        assert!(passes(engine, 31));
        assert!(passes(engine, 36));
    }

    #[test]
    fn level_is_free_user_and_role_are_not() {
        assert!(passes(r#"{"level":"s0:c1"}"#, 36));
        assert!(passes(r#"{"type":"container_kvm_t"}"#, 0));
        assert!(!passes(r#"{"user":"u"}"#, 36));
        assert!(!passes(r#"{"role":"r"}"#, 36));
        assert!(!passes(r#"{"type":"spc_t"}"#, 36));
    }
}
