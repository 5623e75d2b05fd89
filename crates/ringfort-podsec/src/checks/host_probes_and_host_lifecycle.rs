//! `hostProbesAndHostLifecycle`, from 1.34: probes and lifecycle hooks do not make the
//! kubelet call another host. gRPC probes and HTTP headers are not looked at.

use ringfort_model::Container;
use ringfort_model::record::pod::Handler;

use super::wording::{Values, containers, plural, quoted};
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let mut bad: Values<'_> = Values::new();
    let mut hosts = Values::new();
    for container in subject.containers() {
        let mut any = false;
        for handler in handlers(subject, container) {
            for target in [&handler.http_get, &handler.tcp_socket].into_iter().flatten() {
                if !target.host.is_empty() {
                    any = true;
                    hosts.insert(target.host.as_str());
                }
            }
        }
        if any {
            bad.insert(&container.name);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = bad.into_iter().collect();
    Some(Refusal {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {}",
            containers(&names),
            plural("uses", "use", names.len()),
            plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
            quoted(hosts.iter().copied())
        ),
    })
}

fn handlers<'a>(
    subject: &Subject<'a>,
    container: &'a Container,
) -> impl Iterator<Item = &'a Handler> {
    let lifecycle = container.lifecycle.as_deref();
    let all = [
        ("livenessProbe", container.liveness_probe.as_deref()),
        ("readinessProbe", container.readiness_probe.as_deref()),
        ("startupProbe", container.startup_probe.as_deref()),
        ("postStart", lifecycle.and_then(|hooks| hooks.post_start.as_deref())),
        ("preStop", lifecycle.and_then(|hooks| hooks.pre_stop.as_deref())),
    ];
    let rules = subject.rules;
    let read = all.into_iter().filter(|(field, _)| rules.handlers.contains(field));
    read.filter_map(|(_, handler)| handler)
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use crate::{Level, PolicyVersion, evaluate};
    use ringfort_model::Map;

    #[test]
    fn it_exists_from_34() {
        let pod = spec(
            r#"{"containers":[{"name":"c","livenessProbe":{"httpGet":{"host":"169.254.169.254",
                "port":80}}}]}"#,
        );
        let refused = |minor| {
            let version = PolicyVersion::Minor(minor);
            !evaluate(&pod, &Map::default(), Level::Baseline, version, None).is_empty()
        };
        assert!(!refused(33));
        assert!(refused(34));
    }

    #[test]
    fn every_handler_is_read() {
        for handler in [
            r#""livenessProbe":{"tcpSocket":{"host":"h","port":1}}"#,
            r#""readinessProbe":{"httpGet":{"host":"h","port":1}}"#,
            r#""startupProbe":{"httpGet":{"host":"h","port":1}}"#,
            r#""lifecycle":{"postStart":{"httpGet":{"host":"h","port":1}}}"#,
            r#""lifecycle":{"preStop":{"tcpSocket":{"host":"h","port":1}}}"#,
        ] {
            let pod = spec(&format!(r#"{{"initContainers":[{{"name":"c",{handler}}}]}}"#));
            let found = super::super::tests::refusal("hostProbesAndHostLifecycle", &pod, 34);
            let detail = found.expect(handler).detail;
            assert_eq!(detail, "container \"c\" uses probe or lifecycle host \"h\"");
        }
    }
}
