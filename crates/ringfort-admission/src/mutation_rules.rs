//! What mutating policies do to an object, each rule as a switch, a limit or a row (semantics
//! ADM-01, ADM-04, PSS-12).
//!
//! Follows apiserver `pkg/admission/plugin/policy/mutating` (`dispatcher.go`, `patch/smd.go`,
//! `patch/json_patch.go`), sigs.k8s.io/structured-merge-diff `typed/merge.go`, and the markers of
//! `k8s.io/api`. [`mutants`] makes wrong tables of it, for `cargo xtask mutants`.

use ringfort_model::mutation::{Mutants, without};
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// A policy sees what those before it made.
        policies_see_each_other: true,
        /// A mutation sees what those before it in its policy wrote.
        mutations_see_each_other: true,
        /// Mutations after one that fails are made.
        goes_on_after_failure: true,
        /// What was written before a failure that is ignored stays.
        written_before_failure_stays: true,
        /// A mutation that fails refuses as failurePolicy says.
        failure_refuses: true,
        /// The object is defaulted again after each mutation.
        defaulted_again: true,
        /// An outcome that depends on the order of the policies is unknown.
        order_matters: true,
        /// A policy that asks for it is asked once more after a change.
        asked_again: true,
        /// Every policy is asked once more after a change.
        all_asked_again: false,
        /// A policy that is perhaps asked and changes nothing leaves nothing unknown.
        no_change_is_no_doubt: true,
        /// An object of which not all is known may become any.
        open_object_stays_open: true,
        /// A change that takes away what the pod is made for is not a plain admission.
        class_may_be_taken: true,
        /// A change of where the pod may run is not a plain admission.
        place_may_be_changed: true,
        /// A port without a protocol is of TCP.
        tcp_by_default: true,
        /// Two elements of one key in a configuration are an error.
        keys_are_unique: true,
        /// An element that the object has twice is replaced in a way that is not known.
        doubles_are_unknown: true,
        /// Elements in another order than the object's come out in an order that is not known.
        weaving_is_unknown: true,
        /// A field that is set to null is not known.
        null_is_unknown: true,
        /// What of a kind is atomic is known of kinds with a pod alone.
        other_kinds_are_unknown: true,
        /// A test in vain leaves the object as it was.
        test_in_vain_undoes: true,
        /// A field that an object does not have can be replaced.
        replace_adds: true,
        /// A test without a value holds where the field is absent.
        test_for_absence: true,
        /// A test of an absent field is in vain; otherwise an error.
        test_of_absent_is_in_vain: true,
        /// Indices may count from the end.
        negative_index_is_unknown: true,
        /// An operation that needs a value and has none is unknown.
        no_value_is_unknown: true,
        /// A test for null is unknown.
        test_for_null_is_unknown: true,
        /// A copy of a field that is not there is unknown.
        copy_of_absent_is_unknown: true,
    }
}

/// A list and the keys of its elements.
pub type Keyed = (&'static str, &'static [&'static str]);

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// As many policies as are tried in every order.
    pub tried_in_every_order: u32,
    /// Groups, kinds, and where the specification of their pod begins.
    pub pods: &'static [(&'static str, &'static str, &'static str)],
    /// The lists of containers of a pod.
    pub containers: &'static [&'static str],
    /// Keys of the lists of a pod (`k8s.io/api/core/v1/types.go`, `+listMapKey`), by the path
    /// from the pod's specification. `*` is one of the lists of containers. Where the elements
    /// are atomic the list is not here: a configuration that holds one is refused.
    pub lists: &'static [Keyed],
    /// Fields of a pod, and of what holds one, that are atomic (`+structType=atomic`,
    /// `+mapType=atomic`).
    pub atomic: &'static [&'static str],
    /// Fields of a pod that say where it runs.
    pub place: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    tried_in_every_order: 4,
    pods: &[
        ("", "Pod", "spec."),
        ("", "PodTemplate", "template.spec."),
        ("", "ReplicationController", "spec.template.spec."),
        ("apps", "DaemonSet", "spec.template.spec."),
        ("apps", "Deployment", "spec.template.spec."),
        ("apps", "ReplicaSet", "spec.template.spec."),
        ("apps", "StatefulSet", "spec.template.spec."),
        ("batch", "CronJob", "spec.jobTemplate.spec.template.spec."),
        ("batch", "Job", "spec.template.spec."),
    ],
    containers: &["initContainers", "containers", "ephemeralContainers"],
    lists: &[
        ("*", &["name"]),
        ("*.env", &["name"]),
        ("*.ports", &["containerPort", "protocol"]),
        ("*.resources.claims", &["name"]),
        ("*.volumeDevices", &["devicePath"]),
        ("*.volumeMounts", &["mountPath"]),
        ("hostAliases", &["ip"]),
        ("resourceClaims", &["name"]),
        ("resources.claims", &["name"]),
        ("schedulingGates", &["name"]),
        ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
        ("volumes", &["name"]),
    ],
    atomic: &[
        "configMapKeyRef",
        "dataSource",
        "fieldRef",
        "fileKeyRef",
        "labelSelector",
        "namespaceSelector",
        "nodePublishSecretRef",
        "nodeSelector",
        "preference",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "resourceFieldRef",
        "secretKeyRef",
        "secretRef",
        "selector",
    ],
    place: &["nodeName", "nodeSelector", "affinity", "tolerations", "schedulerName"],
};

ringfort_model::active_rules!("mutation", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.limit("tried in every order", |rules| &mut rules.tried_in_every_order);
    found.list("pods", |rules| &mut rules.pods);
    found.list("containers", |rules| &mut rules.containers);
    found.list("lists", |rules| &mut rules.lists);
    for (at, (list, keys)) in UPSTREAM.lists.iter().enumerate().filter(|(_, of)| of.1.len() > 1) {
        for (of, key) in keys.iter().enumerate() {
            found.add(format!("lists/{list} without key {key}"), |rules| {
                let mut all = rules.lists.to_vec();
                all[at].1 = without(keys, of);
                rules.lists = all.leak();
            });
        }
    }
    found.list("atomic", |rules| &mut rules.atomic);
    found.list("place", |rules| &mut rules.place);
    found.all()
}
