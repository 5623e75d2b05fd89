//! Which controls hold in a pod, a namespace and a cluster, each rule as a switch or a row
//! (semantics 6). Tokens, versions and user namespaces are in `rules`, a mesh in `mesh_rules`,
//! nodes in `scheduling`.
//!
//! Each list names its source where it is used. [`mutants`] makes wrong tables of it, for `cargo
//! xtask mutants`.

use ringfort_model::mutation::{Mutants, without};
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// A privileged container holds every capability.
        privileged_holds_all: true,
        /// Capabilities are compared without the kernel's prefix.
        prefix_is_taken_off: true,
        /// Capabilities are compared without regard to letters.
        letters_do_not_matter: true,
        /// All dropped goes before all added.
        all_dropped_goes_first: true,
        /// Single capabilities are added where all are dropped.
        single_added_after_all_dropped: true,
        /// Single capabilities are dropped after single ones are added.
        dropped_after_added: true,
        /// A process that is not root holds none itself.
        none_without_root: true,
        /// `allowPrivilegeEscalation: false` keeps programs of the image from bringing one.
        escalation_bounds: true,
        /// In a privileged container it does not.
        privileged_is_not_bounded: true,
        /// What is not dropped by name stays.
        all_must_be_dropped: true,
        /// A program of the image may bring back what was added.
        files_bring_back: true,
        /// A privileged container may always escalate.
        privileged_escalates: true,
        /// The container's profile goes before the pod's.
        own_seccomp_first: true,
        /// A privileged container has no system call filter.
        privileged_has_no_seccomp: true,
        /// Where nobody asks, the kubelet may set the runtime's filter.
        kubelet_sets_seccomp: true,
        /// A file of the node must be there.
        seccomp_file_must_exist: true,
        /// The container's field for AppArmor goes before the pod's.
        own_app_armor_first: true,
        /// The fields go before the annotation.
        app_armor_field_first: true,
        /// The annotation counts.
        app_armor_annotation_counts: true,
        /// A privileged container has no AppArmor profile.
        privileged_has_no_app_armor: true,
        /// Where nobody asks, the runtime sets its own profile.
        runtime_sets_app_armor: true,
        /// A profile of the node must be loaded.
        app_armor_file_must_exist: true,
        /// The container's SELinux options go before the pod's.
        own_se_linux_first: true,
        /// A privileged container is not confined.
        privileged_has_no_se_linux: true,
        /// What is known of the node goes before what its system usually does.
        se_linux_fact_first: true,
        /// A privileged container remounts its root.
        privileged_remounts: true,
        /// Whoever holds `SYS_ADMIN` may remount it.
        administrator_may_remount: true,
        /// A mount that is only shown changes nothing.
        shown_mounts_do_not_count: true,
        /// Only part of a volume may be mounted.
        sub_path_counts: true,
        /// Programs of the container count, not only those of the node.
        container_programs_count: true,
        /// A directory above programs holds them too.
        above_programs_counts: true,
        /// A directory of the node may stand behind a claim.
        claims_may_be_directories: true,
        /// A claim may be for reading alone.
        claims_may_be_shown: true,
        /// A local volume is a directory of the node.
        local_is_a_directory: true,
        /// The container's user goes before the pod's.
        own_user_first: true,
        /// A number goes before a promise.
        number_before_promise: true,
        /// Nobody else than 0 is root.
        zero_is_root: true,
        /// A promise against root keeps the container from starting.
        promise_refuses_root: true,
        /// Windows reads no number of a user.
        windows_reads_no_user: true,
        /// A pod that may run on Windows is not known.
        windows_may_be_meant: true,
        /// A privileged container has no mask.
        privileged_has_no_mask: true,
        /// The server may drop the field.
        proc_mount_may_be_dropped: true,
        /// Every image must be pinned.
        every_image_counts: true,
        /// Images of volumes count.
        image_volumes_count: true,
        /// An image that is filled in later is not known.
        unset_image_is_unknown: true,
        /// A digest must have its length.
        digest_has_its_length: true,
        /// A digest has small letters.
        digest_in_small_letters: true,
        /// Without credentials of its own nobody asks.
        own_credentials_ask: true,
        /// An image that came with the node is given to everybody.
        preloaded_is_free: true,
        /// A quota with scopes limits some pods only.
        scopes_limit_some: true,
        /// A quota must be counted.
        must_be_counted: true,
        /// Of a manifest it is not known whether it is counted.
        manifests_are_not_counted: true,
        /// Graphics processors of the nodes must be limited.
        processors_must_be_limited: true,
        /// The annotation is read as a boolean of Go.
        annotation_is_go_bool: true,
        /// Projected Secrets are not looked at.
        projected_is_free: true,
        /// Pull Secrets have a list of their own.
        pull_secrets_have_a_list: true,
        /// Variables count.
        variables_count: true,
        /// Whole Secrets as variables count.
        whole_variables_count: true,
        /// A class that does not exist starts nothing.
        class_must_exist: true,
        /// One node without a sandbox is enough.
        one_plain_node_is_enough: true,
        /// Every node must show a sandbox.
        every_node_must_show: true,
        /// A level must be reached.
        level_must_be_reached: true,
        /// The plug-in may be off.
        plug_in_may_be_off: true,
        /// The namespace may be exempt.
        namespace_may_be_exempt: true,
        /// Pods from before the label count.
        live_pods_count: true,
        /// Pods that have ended do not.
        ended_pods_do_not_count: true,
        /// A pod on the node's network uses the role of the machine.
        host_network_has_the_machine: true,
        /// Every API server must have the flag.
        every_server_counts: true,
        /// A flag must have a value.
        flag_needs_a_value: true,
        /// Without a policy nothing is logged.
        audit_needs_a_policy: true,
        /// A side-car lasts.
        side_cars_last: true,
        /// An ephemeral container lasts.
        ephemeral_last: true,
        /// Secrets that were not read may hold a token.
        unread_secret_is_unknown: true,
        /// Secrets in volumes that nobody mounts do not count.
        unmounted_does_not_count: true,
        /// An account that was not read may say no.
        unread_account_is_unknown: true,
    }
}

/// A resource, and the names by which a quota limits it.
pub type Needed = (&'static str, &'static [&'static str]);

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// The capabilities of a container that asks for nothing.
    pub default_capabilities: &'static [&'static str],
    /// Capabilities that may come back after all were dropped.
    pub harmless: &'static [&'static str],
    /// Capabilities with which a container may always escalate.
    pub escalating: &'static [&'static str],
    /// Runtimes that take the prefix off.
    pub prefix_readers: &'static [&'static str],
    /// Types of SELinux that confine nothing.
    pub unconfined: &'static [&'static str],
    /// Systems that enforce SELinux as they come.
    pub enforcing: &'static [&'static str],
    /// Systems that come without it.
    pub without_se_linux: &'static [&'static str],
    /// Directories from which programs are started.
    pub programs: &'static [&'static str],
    /// Algorithms of digests, and how many digits each has.
    pub digests: &'static [(&'static str, u32)],
    /// What a quota must limit.
    pub needed: &'static [Needed],
    /// Handlers by which projects document their sandboxes.
    pub usual_sandboxes: &'static [(&'static str, &'static str)],
    /// Handlers of runtimes that share the node's kernel.
    pub usual_plain: &'static [&'static str],
    /// Handlers that are the default runtime of the nodes, without any configuration of theirs
    /// (containerd pkg/cri/config, cri-o pkg/config: both make `runc`).
    pub default_handlers: &'static [&'static str],
    /// Names, domains and beginnings of names of resources that are graphics processors.
    pub processors: [&'static [&'static str]; 3],
    /// Annotations by which an account takes on an identity of the cloud.
    pub identities: &'static [&'static str],
    /// Flags of the API server that send audit events somewhere.
    pub audit_sinks: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    default_capabilities: crate::capability::DEFAULTS,
    harmless: &["NET_BIND_SERVICE"],
    escalating: &["SYS_ADMIN"],
    prefix_readers: &["cri-o"],
    unconfined: &["spc_t", "unconfined_t"],
    enforcing: &["Bottlerocket", "Red Hat Enterprise Linux CoreOS", "Fedora CoreOS"],
    without_se_linux: &["Ubuntu", "Debian", "Container-Optimized OS", "Alpine", "Windows"],
    programs: &["/bin", "/lib", "/lib32", "/lib64", "/opt", "/sbin", "/usr", "/var/lib/kubelet"],
    digests: &[("sha256", 64), ("sha512", 128)],
    needed: &[
        ("cpu", &["cpu", "requests.cpu", "limits.cpu"]),
        ("memory", &["memory", "requests.memory", "limits.memory"]),
        ("pods", &["pods", "count/pods"]),
    ],
    usual_sandboxes: &[
        ("gvisor", "gVisor"),
        ("runsc", "gVisor"),
        ("kata", "Kata Containers"),
        ("kata-clh", "Kata Containers"),
        ("kata-fc", "Kata Containers"),
        ("kata-mshv-vm-isolation", "Kata Containers"),
        ("kata-qemu", "Kata Containers"),
        ("kata-remote", "Kata Containers"),
        ("runhcs-wcow-hypervisor", "Hyper-V isolation"),
    ],
    usual_plain: &["crun", "nvidia", "youki"],
    default_handlers: &["runc"],
    processors: [&["gpu"], &["gpu."], &["gpu.", "mig-"]],
    identities: &[
        "azure.workload.identity/client-id",
        "eks.amazonaws.com/role-arn",
        "iam.gke.io/gcp-service-account",
    ],
    audit_sinks: &["--audit-log-path", "--audit-webhook-config-file"],
};

ringfort_model::active_rules!("controls", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("default capabilities", |rules| &mut rules.default_capabilities);
    found.list("harmless", |rules| &mut rules.harmless);
    found.list("escalating", |rules| &mut rules.escalating);
    found.list("prefix readers", |rules| &mut rules.prefix_readers);
    found.list("unconfined", |rules| &mut rules.unconfined);
    found.list("enforcing", |rules| &mut rules.enforcing);
    found.list("without SELinux", |rules| &mut rules.without_se_linux);
    found.list("programs", |rules| &mut rules.programs);
    found.list("digests", |rules| &mut rules.digests);
    for (at, (name, digits)) in UPSTREAM.digests.iter().enumerate() {
        for (suffix, moved) in [("one less", digits - 1), ("one more", digits + 1)] {
            found.add(format!("digits of {name}/{suffix}"), |rules| {
                let mut all = rules.digests.to_vec();
                all[at].1 = moved;
                rules.digests = all.leak();
            });
        }
    }
    found.list("needed", |rules| &mut rules.needed);
    for (at, (what, names)) in UPSTREAM.needed.iter().enumerate() {
        for (of, name) in names.iter().enumerate() {
            found.add(format!("{what} not by {name}"), |rules| {
                let mut all = rules.needed.to_vec();
                all[at].1 = without(names, of);
                rules.needed = all.leak();
            });
        }
    }
    found.list("usual sandboxes", |rules| &mut rules.usual_sandboxes);
    found.list("usual plain", |rules| &mut rules.usual_plain);
    found.list("default handlers", |rules| &mut rules.default_handlers);
    for (at, what) in ["names", "domains", "beginnings"].into_iter().enumerate() {
        found.list(&format!("processors by {what}"), |rules| &mut rules.processors[at]);
    }
    found.list("identities", |rules| &mut rules.identities);
    found.list("audit sinks", |rules| &mut rules.audit_sinks);
    found.all()
}
