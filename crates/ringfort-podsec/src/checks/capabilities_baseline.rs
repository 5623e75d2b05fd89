//! `capabilities_baseline`: no capability beyond what container runtimes give anyway. Names
//! are compared as written: `CAP_CHOWN` and `chown` are not `CHOWN`.

use ringfort_model::Str;

use super::wording::{Values, containers, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let detail = forbidden_adds(subject, subject.rules.capabilities)?;
    Some(Refusal { reason: "non-default capabilities", detail })
}

/// Who adds a capability that is not in the list.
pub(super) fn forbidden_adds(subject: &Subject<'_>, allowed: &[&str]) -> Option<String> {
    let mut bad = Vec::new();
    let mut values = Values::new();
    for container in subject.containers() {
        let context = container.security_context.as_ref();
        let Some(capabilities) = context.and_then(|sc| sc.capabilities.as_ref()) else { continue };
        let forbidden = || capabilities.add.iter().filter(|name| !allowed.contains(&name.as_str()));
        if forbidden().next().is_some() {
            bad.push(container.name.as_str());
            values.extend(forbidden().map(Str::as_str));
        }
    }
    (!bad.is_empty()).then(|| {
        format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&bad),
            quoted(values.iter().copied())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};

    #[test]
    fn names_are_exact_and_every_list_of_containers_is_visited() {
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            for (name, passes) in [
                ("CHOWN", true),
                ("MKNOD", true),
                ("CAP_CHOWN", false),
                ("chown", false),
                ("NET_RAW", false),
                ("ALL", false),
                ("SYS_ADMIN", false),
            ] {
                let pod = spec(&format!(
                    r#"{{"{list}":[{{"name":"c","securityContext":{{"capabilities":
                        {{"add":["{name}"]}}}}}}]}}"#
                ));
                let found = refusal("capabilities_baseline", &pod, 36);
                assert_eq!(found.is_none(), passes, "{name} in {list}");
            }
        }
    }
}
