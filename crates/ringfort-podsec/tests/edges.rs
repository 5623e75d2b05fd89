//! Every check in every list of containers from its first version on, and every allowed value:
//! semantics section 2.2, written down once more.

use ringfort_model::{Map, PodSpec, Str};
use ringfort_podsec::{Level, PolicyVersion, evaluate};

fn refused(level: Level, spec: &str, notes: &[(&str, &str)], minor: u32) -> Vec<&'static str> {
    let spec: PodSpec = serde_json::from_str(spec).expect("a specification");
    let notes: Map = notes.iter().map(|(key, value)| (Str::new(key), Str::new(value))).collect();
    let found = evaluate(&spec, &notes, level, PolicyVersion::Minor(minor), None);
    found.into_iter().map(|violation| violation.check).collect()
}

#[test]
fn every_check_visits_every_list_from_its_first_version_on() {
    let (base, hard) = (Level::Baseline, Level::Restricted);
    for (id, level, since, container) in [
        ("privileged", base, 0, r#""securityContext":{"privileged":true}"#),
        ("hostPorts", base, 0, r#""ports":[{"containerPort":1,"hostPort":1}]"#),
        (
            "windowsHostProcess",
            base,
            0,
            r#""securityContext":{"windowsOptions":{"hostProcess":true}}"#,
        ),
        (
            "appArmorProfile",
            base,
            0,
            r#""securityContext":{"appArmorProfile":{"type":"Unconfined"}}"#,
        ),
        ("seLinuxOptions", base, 0, r#""securityContext":{"seLinuxOptions":{"user":"u"}}"#),
        ("procMount", base, 0, r#""securityContext":{"procMount":"Unmasked"}"#),
        (
            "seccompProfile_baseline",
            base,
            19,
            r#""securityContext":{"seccompProfile":{"type":"Unconfined"}}"#,
        ),
        ("capabilities_baseline", base, 0, r#""securityContext":{"capabilities":{"add":["BPF"]}}"#),
        (
            "hostProbesAndHostLifecycle",
            base,
            34,
            r#""livenessProbe":{"tcpSocket":{"host":"h","port":1}}"#,
        ),
        ("allowPrivilegeEscalation", hard, 8, r#""securityContext":{}"#),
        ("runAsNonRoot", hard, 0, r#""securityContext":{}"#),
        ("runAsUser", hard, 23, r#""securityContext":{"runAsUser":0}"#),
        ("seccompProfile_restricted", hard, 19, r#""securityContext":{}"#),
        ("capabilities_restricted", hard, 22, r#""securityContext":{}"#),
        ("procMount_restricted", hard, 35, r#""securityContext":{"procMount":"Unmasked"}"#),
    ] {
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let spec = format!(r#"{{"{list}":[{{"name":"c",{container}}}]}}"#);
            for minor in 0..=37 {
                let found = refused(level, &spec, &[], minor).contains(&id);
                assert_eq!(found, minor >= since, "{id} in {list} at 1.{minor}");
            }
        }
    }
    for minor in 0..=37 {
        let sysctl = r#"{"securityContext":{"sysctls":[{"name":"kernel.panic"}]}}"#;
        assert_eq!(refused(Level::Baseline, sysctl, &[], minor), ["sysctls"], "1.{minor}");
    }
}

#[test]
fn every_allowed_value_is_allowed() {
    let container = |context: &str| {
        format!(r#"{{"containers":[{{"name":"c","securityContext":{{{context}}}}}]}}"#)
    };
    let passes = |spec: &str, check: &str, level: Level, minor: u32| {
        assert!(!refused(level, spec, &[], minor).contains(&check), "{spec} at 1.{minor}");
    };
    for name in [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ] {
        let spec = container(&format!(r#""capabilities":{{"add":["{name}"]}}"#));
        passes(&spec, "capabilities_baseline", Level::Baseline, 0);
    }
    for source in [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ] {
        let spec = format!(r#"{{"volumes":[{{"name":"v","{source}":{{}}}}]}}"#);
        passes(&spec, "restrictedVolumes", Level::Restricted, 0);
    }
    for name in [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_syncookies",
    ] {
        let spec = format!(r#"{{"securityContext":{{"sysctls":[{{"name":"{name}"}}]}}}}"#);
        passes(&spec, "sysctls", Level::Baseline, 0);
    }
    for kind in ["", "container_t", "container_init_t", "container_kvm_t"] {
        let spec = container(&format!(r#""seLinuxOptions":{{"type":"{kind}"}}"#));
        passes(&spec, "seLinuxOptions", Level::Baseline, 0);
    }
    for kind in ["RuntimeDefault", "Localhost"] {
        let seccomp = container(&format!(r#""seccompProfile":{{"type":"{kind}"}}"#));
        passes(&seccomp, "seccompProfile_baseline", Level::Baseline, 19);
        passes(&seccomp, "seccompProfile_restricted", Level::Restricted, 19);
    }
    passes(&container(r#""procMount":"Default""#), "procMount", Level::Baseline, 0);
    for value in ["runtime/default", "docker/default", "localhost/p"] {
        let note = [("seccomp.security.alpha.kubernetes.io/pod", value)];
        assert!(refused(Level::Baseline, "{}", &note, 18).is_empty(), "{value}");
    }
}
