//! The rule tables: everything that a check allows, and from which policy version.
//!
//! Follows kubernetes/pod-security-admission `policy/check_*.go`; semantics section 2.2 lists
//! the same rules by check. [`mutants`] makes wrong tables of it, for `cargo xtask mutants`.

use ringfort_model::mutation::{Mutants, moved, without};

use crate::checks::{Check, REGISTRY};

/// What is allowed. A number is the first minor in which it is.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which checks run.
    pub checks: &'static [Check],
    /// Namespaces of the node that a pod may not share.
    pub host_namespaces: &'static [&'static str],
    /// Probes and hooks in which a host may not be named.
    pub handlers: &'static [&'static str],
    /// Types of AppArmor profiles.
    pub app_armor_types: &'static [&'static str],
    /// Values of AppArmor annotations; one that ends in a slash stands for a prefix.
    pub app_armor_annotations: &'static [&'static str],
    /// SELinux types.
    pub se_linux_types: &'static [(&'static str, u32)],
    /// Views of /proc.
    pub proc_mounts: &'static [&'static str],
    /// Kernel parameters.
    pub sysctls: &'static [(&'static str, u32)],
    /// Types of seccomp profiles.
    pub seccomp_types: &'static [&'static str],
    /// From here on fields count for seccomp, before only annotations.
    pub seccomp_fields_since: u32,
    /// Values of seccomp annotations; one that ends in a slash stands for a prefix.
    pub seccomp_annotations: &'static [&'static str],
    /// Capabilities that may be added at the baseline level.
    pub capabilities: &'static [&'static str],
    /// Capabilities that may be added at the restricted level.
    pub restricted_capabilities: &'static [&'static str],
    /// Volume sources of the restricted level, by API field.
    pub volumes: &'static [&'static str],
    /// Subresources of pods of which every request passes.
    pub ignored_subresources: &'static [&'static str],
}

/// The rules as the API server has them.
pub static UPSTREAM: Rules = Rules {
    checks: REGISTRY,
    host_namespaces: &["hostNetwork", "hostPID", "hostIPC"],
    handlers: &["livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"],
    app_armor_types: &["RuntimeDefault", "Localhost"],
    app_armor_annotations: &["", "runtime/default", "localhost/"],
    se_linux_types: &[
        ("", 0),
        ("container_t", 0),
        ("container_init_t", 0),
        ("container_kvm_t", 0),
        ("container_engine_t", 31),
    ],
    proc_mounts: &["Default"],
    sysctls: &[
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
        ("net.ipv4.tcp_notsent_lowat", 37),
        ("net.ipv4.tcp_slow_start_after_idle", 37),
    ],
    seccomp_types: &["RuntimeDefault", "Localhost"],
    seccomp_fields_since: 19,
    seccomp_annotations: &["runtime/default", "docker/default", "localhost/"],
    capabilities: &[
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
    ],
    restricted_capabilities: &["NET_BIND_SERVICE"],
    volumes: &[
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ],
    ignored_subresources: &[
        "attach",
        "binding",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "status",
    ],
};

ringfort_model::active_rules!("podsec", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.list("host namespaces", |rules| &mut rules.host_namespaces);
    found.list("probe handlers", |rules| &mut rules.handlers);
    found.list("AppArmor types", |rules| &mut rules.app_armor_types);
    found.list("AppArmor annotations", |rules| &mut rules.app_armor_annotations);
    found.versioned("SELinux types", |rules| &mut rules.se_linux_types);
    found.list("proc mounts", |rules| &mut rules.proc_mounts);
    found.versioned("sysctls", |rules| &mut rules.sysctls);
    found.list("seccomp types", |rules| &mut rules.seccomp_types);
    found.bound("seccomp fields", |rules| &mut rules.seccomp_fields_since);
    found.list("seccomp annotations", |rules| &mut rules.seccomp_annotations);
    found.list("capabilities", |rules| &mut rules.capabilities);
    found.list("restricted capabilities", |rules| &mut rules.restricted_capabilities);
    found.list("volumes", |rules| &mut rules.volumes);
    found.list("ignored subresources", |rules| &mut rules.ignored_subresources);
    let mut change = |name: String, at: usize, change: &dyn Fn(&mut Check)| {
        found.add(name, |rules| {
            let mut checks = rules.checks.to_vec();
            change(&mut checks[at]);
            rules.checks = checks.leak();
        });
    };
    for (at, check) in REGISTRY.iter().enumerate() {
        let id = check.id;
        for (suffix, since) in moved(check.since) {
            change(format!("{id}/{suffix}"), at, &|check| check.since = since);
        }
        for (over, under) in check.overrides.iter().enumerate() {
            change(format!("{id}/overrides {under} no more"), at, &|check| {
                check.overrides = without(check.overrides, over);
            });
        }
        for (of, (who, bound)) in check.exempt.iter().enumerate() {
            change(format!("{id}/{who:?} not exempt"), at, &|check| {
                check.exempt = without(check.exempt, of);
            });
            for (suffix, since) in moved(*bound) {
                change(format!("{id}/{who:?} exempt {suffix}"), at, &|check| {
                    let mut exempt = check.exempt.to_vec();
                    exempt[of].1 = since;
                    check.exempt = exempt.leak();
                });
            }
        }
        if !NO_CONTAINERS.contains(&id) {
            for (of, kind) in check.visits.iter().enumerate() {
                change(format!("{id}/{} ignored", kind.field()), at, &|check| {
                    check.visits = without(check.visits, of);
                });
            }
        }
    }
    // Mistakes over several checks at once.
    for (who, bound) in
        [(crate::checks::Exempt::Windows, 0), (crate::checks::Exempt::UserNamespace, 0)]
    {
        found.add(format!("{who:?} exempt at every version"), |rules| {
            let checks = rules.checks.iter().map(|check| {
                let exempt: Vec<_> = check
                    .exempt
                    .iter()
                    .map(|(known, since)| (*known, if *known == who { bound } else { *since }))
                    .collect();
                Check { exempt: exempt.leak(), ..*check }
            });
            rules.checks = checks.collect::<Vec<_>>().leak();
        });
    }
    for kind in ["initContainers", "ephemeralContainers"] {
        found.add(format!("{kind} ignored by every check"), |rules| {
            let checks = rules.checks.iter().map(|check| {
                let visits: Vec<_> =
                    check.visits.iter().copied().filter(|known| known.field() != kind).collect();
                Check { visits: visits.leak(), ..*check }
            });
            rules.checks = checks.collect::<Vec<_>>().leak();
        });
    }
    found.all()
}

/// Checks that look at no container.
const NO_CONTAINERS: &[&str] =
    &["hostNamespaces", "hostPathVolumes", "sysctls", "restrictedVolumes"];
