//! `sysctls`: only kernel parameters that are kept apart per pod. The list grew by version.

use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let allowed = |name: &str| subject.allows(subject.rules.sysctls, name);
    let context = subject.spec.security_context.as_ref()?;
    let names = context.sysctls.iter().map(|sysctl| sysctl.name.as_str());
    let bad: Vec<&str> = names.filter(|name| !allowed(name)).collect();
    (!bad.is_empty()).then(|| Refusal { reason: "forbidden sysctls", detail: bad.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, spec};

    #[test]
    fn each_parameter_is_allowed_from_its_version_only() {
        for (name, since) in [
            ("net.ipv4.tcp_syncookies", 0),
            ("net.ipv4.ip_local_reserved_ports", 27),
            ("net.ipv4.tcp_keepalive_time", 29),
            ("net.ipv4.tcp_fin_timeout", 29),
            ("net.ipv4.tcp_keepalive_intvl", 29),
            ("net.ipv4.tcp_keepalive_probes", 29),
            ("net.ipv4.tcp_rmem", 32),
            ("net.ipv4.tcp_wmem", 32),
            ("net.ipv4.tcp_slow_start_after_idle", 37),
            ("net.ipv4.tcp_notsent_lowat", 37),
        ] {
            let pod = spec(&format!(
                r#"{{"securityContext":{{"sysctls":[{{"name":"{name}","value":"1"}}]}}}}"#
            ));
            for minor in 0..=crate::NEWEST_MINOR {
                let passes = refusal("sysctls", &pod, minor).is_none();
                assert_eq!(passes, minor >= since, "{name} at 1.{minor}");
            }
        }
        let never = spec(r#"{"securityContext":{"sysctls":[{"name":"net/ipv4/tcp_syncookies"}]}}"#);
        assert!(refusal("sysctls", &never, 37).is_some(), "the other spelling is another name");
    }
}
