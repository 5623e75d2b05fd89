//! `capabilities_restricted`: every container drops the literal `ALL` and adds at most
//! NET_BIND_SERVICE. From 1.25 not asked of Windows pods.

use super::capabilities_baseline::forbidden_adds;
use super::wording::containers;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let drops_all = |container: &ringfort_model::Container| {
        let context = container.security_context.as_ref();
        context.and_then(|sc| sc.capabilities.as_ref()).is_some_and(|caps| caps.drop.has("ALL"))
    };
    let keeping: Vec<&str> = subject
        .containers()
        .filter(|container| !drops_all(container))
        .map(|container| container.name.as_str())
        .collect();
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            containers(&keeping)
        ));
    }
    details.extend(forbidden_adds(subject, subject.rules.restricted_capabilities));
    (!details.is_empty())
        .then(|| Refusal { reason: "unrestricted capabilities", detail: details.join("; ") })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{container, refusal, spec};

    const ID: &str = "capabilities_restricted";

    #[test]
    fn only_the_literal_all_is_a_full_drop() {
        for (capabilities, passes) in [
            (r#"{"drop":["ALL"]}"#, true),
            (r#"{"drop":["NET_RAW","ALL"],"add":["NET_BIND_SERVICE"]}"#, true),
            (r#"{"drop":["all"]}"#, false),
            (r#"{"drop":["CAP_ALL"]}"#, false),
            (r#"{"drop":["ALL"],"add":["CHOWN"]}"#, false),
            ("{}", false),
            ("null", false),
        ] {
            let pod = container(&format!(r#"{{"capabilities":{capabilities}}}"#));
            assert_eq!(refusal(ID, &pod, 22).is_none(), passes, "{capabilities}");
        }
    }

    #[test]
    fn windows_is_exempt_from_25() {
        let pod = spec(r#"{"os":{"name":"windows"},"containers":[{"name":"c"}]}"#);
        assert!(refusal(ID, &pod, 24).is_some());
        assert!(refusal(ID, &pod, 25).is_none());
    }
}
