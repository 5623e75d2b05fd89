//! Security contexts of pods and containers (core/v1).

use crate::text::Str;
use crate::wire::{List, record};

record! {
    /// PodSecurityContext.
    pub struct PodSecurityContext {
        pub run_as_user: Option<i64>,
        pub run_as_group: Option<i64>,
        pub run_as_non_root: Option<bool>,
        pub fs_group: Option<i64>,
        pub supplemental_groups: List<i64>,
        pub se_linux_options: Option<SeLinuxOptions>,
        pub seccomp_profile: Option<Profile>,
        pub app_armor_profile: Option<Profile>,
        pub windows_options: Option<WindowsOptions>,
        pub sysctls: List<Sysctl>,
    }

    /// SecurityContext of one container.
    pub struct SecurityContext {
        pub privileged: Option<bool>,
        pub allow_privilege_escalation: Option<bool>,
        pub read_only_root_filesystem: Option<bool>,
        pub run_as_user: Option<i64>,
        pub run_as_group: Option<i64>,
        pub run_as_non_root: Option<bool>,
        pub proc_mount: Option<Str>,
        pub capabilities: Option<Capabilities>,
        pub se_linux_options: Option<SeLinuxOptions>,
        pub seccomp_profile: Option<Profile>,
        pub app_armor_profile: Option<Profile>,
        pub windows_options: Option<WindowsOptions>,
    }

    /// SELinuxOptions.
    pub struct SeLinuxOptions {
        pub user: Str,
        pub role: Str,
        #[serde(rename = "type")]
        pub kind: Str,
        pub level: Str,
    }

    /// SeccompProfile or AppArmorProfile: RuntimeDefault, Localhost or Unconfined.
    pub struct Profile {
        #[serde(rename = "type")]
        pub kind: Str,
        pub localhost_profile: Option<Str>,
    }

    /// WindowsSecurityContextOptions.
    pub struct WindowsOptions {
        pub host_process: Option<bool>,
        pub run_as_user_name: Option<Str>,
    }

    /// Capabilities, exactly as written.
    pub struct Capabilities {
        pub add: List<Str>,
        pub drop: List<Str>,
    }

    /// A kernel parameter.
    pub struct Sysctl {
        pub name: Str,
        pub value: Str,
    }
}
