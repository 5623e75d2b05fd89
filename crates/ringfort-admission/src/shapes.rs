//! The shapes of pods of each escape class: which container asks, for which path or capability.
//! A class is refused where every shape of it is.

use std::sync::OnceLock;

use ringfort_podsec::EscapeClass;
use ringfort_podsec::escape::hardened_pod;
use serde_json::{Value as Json, json};

use crate::sketch::Sketch;

/// Where in a pod the container stands that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Regular,
    Init,
    /// An init container that goes on running.
    Sidecar,
    Ephemeral,
}

impl Place {
    /// Those in a new pod. What refuses every init container refuses sidecars too.
    const NEW: [Self; 3] = [Self::Regular, Self::Init, Self::Sidecar];

    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Regular => "containers",
            Self::Init | Self::Sidecar => "initContainers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A shape, and the pod of it that asks for nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// What every specification of the shape holds.
    pub(crate) sketch: Sketch,
    /// The specification that holds little else; for an ephemeral container that of the pod
    /// with it.
    pub(crate) spec: Json,
}

/// Capabilities that reach the node, alone or together, in the spellings that runtimes read
/// (`escape-cap-*`); the last with the node's process ids.
const CAPABILITIES: [(&str, &[&str], bool); 8] = [
    ("capability SYS_ADMIN", &["SYS_ADMIN"], false),
    ("capability SYS_MODULE", &["SYS_MODULE"], false),
    ("capability DAC_READ_SEARCH", &["DAC_READ_SEARCH"], false),
    ("capabilities BPF and PERFMON", &["BPF", "PERFMON"], false),
    ("every capability", &["ALL"], false),
    ("capability SYS_ADMIN as CAP_SYS_ADMIN", &["CAP_SYS_ADMIN"], false),
    ("capability SYS_ADMIN as sys_admin", &["sys_admin"], false),
    ("capability SYS_PTRACE and hostPID", &["SYS_PTRACE"], true),
];

/// Folders through which the node is taken: where it runs code from, where credentials lie,
/// where a runtime listens. The second is the first in another spelling, which the server takes.
const PATHS: [(&str, &str); 18] = [
    ("hostPath", "/"),
    ("hostPath //", "//"),
    ("hostPath /etc", "/etc"),
    ("hostPath /root", "/root"),
    ("hostPath /home", "/home"),
    ("hostPath /usr", "/usr"),
    ("hostPath /lib", "/lib"),
    ("hostPath /boot", "/boot"),
    ("hostPath /dev", "/dev"),
    ("hostPath /proc", "/proc"),
    ("hostPath /sys", "/sys"),
    ("hostPath /opt/cni", "/opt/cni"),
    ("hostPath /run", "/run"),
    ("hostPath /var", "/var"),
    ("hostPath /var/lib/kubelet", "/var/lib/kubelet"),
    ("hostPath /var/lib/containerd", "/var/lib/containerd"),
    ("hostPath /run/containerd/containerd.sock", "/run/containerd/containerd.sock"),
    ("hostPath /var/run/docker.sock", "/var/run/docker.sock"),
];

/// Folders of which only what lies above or below some of the others takes the node.
const ABOVE: [&str; 4] = ["/", "//", "/run", "/var"];

/// Whether a path of the node is one through which it is taken.
fn takes_node(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let lies_in = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    PATHS
        .iter()
        .any(|(_, known)| lies_in(known, path) || (!ABOVE.contains(known) && lies_in(path, known)))
}

/// The shapes of paths that a text leads to: the path itself, and one below it.
pub(crate) fn at_paths<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Variant> {
    let rooted = texts.filter(|text| text.starts_with('/') && !text.split('/').any(|p| p == ".."));
    let paths =
        rooted.flat_map(|text| [text.to_owned(), format!("{}/below", text.trim_end_matches('/'))]);
    let known = |path: &str| PATHS.iter().any(|(_, known)| *known == path);
    paths
        .filter(|path| takes_node(path) && !known(path))
        .map(|path| {
            let mut one = asking(EscapeClass::HostPath, Place::Regular, None);
            one.spec["volumes"][0]["hostPath"]["path"] = json!(path);
            let exactly = Sketch::map([("path", Sketch::Exactly(json!(path)))]);
            let volume = Sketch::map([("hostPath", exactly)]);
            let volumes = Sketch::map([("volumes", Sketch::List(vec![volume]))]);
            Variant { sketch: one.sketch.with(volumes), ..one }
        })
        .collect()
}

fn json_of(spec: &ringfort_model::PodSpec) -> Json {
    serde_json::to_value(spec).expect("records always serialise")
}

/// The shapes of a class in a new pod.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// Every pod of the class is of one of these. The container of a class that is about the
    /// whole pod does not matter.
    pub(crate) wide: Vec<Variant>,
    /// Those that are told apart, the plainest first.
    pub(crate) narrow: Vec<Variant>,
}

/// Made once for each class.
pub(crate) fn of(class: EscapeClass) -> &'static Shapes {
    static ALL: OnceLock<Vec<Shapes>> = OnceLock::new();
    let made = |class| Shapes { wide: wide(class), narrow: narrow(class) };
    let all = ALL.get_or_init(|| EscapeClass::ALL.into_iter().map(made).collect());
    let at = EscapeClass::ALL.iter().position(|one| *one == class);
    &all[at.expect("every class is in the list of all classes")]
}

fn wide(class: EscapeClass) -> Vec<Variant> {
    let of = |place: Place| asking(class, place, None);
    match class {
        EscapeClass::Privileged | EscapeClass::Capability => {
            vec![of(Place::Regular), of(Place::Init)]
        }
        _ => vec![of(Place::Regular)],
    }
}

fn narrow(class: EscapeClass) -> Vec<Variant> {
    match class {
        EscapeClass::Privileged => {
            Place::NEW.into_iter().map(|place| asking(class, place, None)).collect()
        }
        EscapeClass::Capability => {
            let one = |place| (0..CAPABILITIES.len()).map(move |at| asking(class, place, Some(at)));
            Place::NEW.into_iter().flat_map(one).collect()
        }
        EscapeClass::HostPath => {
            (0..PATHS.len()).map(|at| asking(class, Place::Regular, Some(at))).collect()
        }
        _ => vec![asking(class, Place::Regular, None)],
    }
}

/// The shapes of an ephemeral container. What is about the pod as a whole, or about its volumes,
/// is not added by one.
pub(crate) fn ephemeral(class: EscapeClass) -> Option<&'static Shapes> {
    static ALL: OnceLock<[Shapes; 2]> = OnceLock::new();
    let [privileged, capability] = ALL.get_or_init(|| {
        let of = |class, at| asking(class, Place::Ephemeral, at);
        let alone = (0..CAPABILITIES.len()).filter(|at| !CAPABILITIES[*at].2);
        let each = |class| vec![of(class, None)];
        let capabilities = alone.map(|at| of(EscapeClass::Capability, Some(at))).collect();
        let (privileged, capability) = (EscapeClass::Privileged, EscapeClass::Capability);
        [
            Shapes { wide: each(privileged), narrow: each(privileged) },
            Shapes { wide: each(capability), narrow: capabilities },
        ]
    });
    match class {
        EscapeClass::Privileged => Some(privileged),
        EscapeClass::Capability => Some(capability),
        _ => None,
    }
}

/// A shape of a class: the capability or path of that index, or any.
fn asking(class: EscapeClass, place: Place, at: Option<usize>) -> Variant {
    let plain = json_of(hardened_pod());
    let mut spec = json_of(class.minimal_pod());
    let yes = || Sketch::Exactly(json!(true));
    let mut name = class.name();
    let mut container = Sketch::map([]);
    let mut pod = Sketch::map([("securityContext", Sketch::map([]))]);
    match class {
        EscapeClass::HostPid => pod = pod.with(Sketch::map([("hostPID", yes())])),
        EscapeClass::HostIpc => pod = pod.with(Sketch::map([("hostIPC", yes())])),
        EscapeClass::HostNetwork => pod = pod.with(Sketch::map([("hostNetwork", yes())])),
        EscapeClass::HostPath => {
            spec["containers"][0]["volumeMounts"] = json!([{"name": "host", "mountPath": "/host"}]);
            let path = match at {
                Some(at) => {
                    name = PATHS[at].0;
                    spec["volumes"][0]["hostPath"]["path"] = json!(PATHS[at].1);
                    Sketch::Exactly(json!(PATHS[at].1))
                }
                None => Sketch::Any,
            };
            let volume = Sketch::map([("hostPath", Sketch::map([("path", path)]))]);
            pod = pod.with(Sketch::map([("volumes", Sketch::List(vec![volume]))]));
        }
        EscapeClass::Privileged => {
            container = Sketch::map([("securityContext", Sketch::map([("privileged", yes())]))]);
            name = match place {
                Place::Regular => name,
                Place::Init => "privileged init container",
                Place::Sidecar => "privileged sidecar",
                Place::Ephemeral => "privileged ephemeral container",
            };
        }
        EscapeClass::Capability => {
            let added = match at {
                Some(at) => {
                    let (title, names, with_pids) = CAPABILITIES[at];
                    name = title;
                    spec["containers"][0]["securityContext"]["capabilities"]["add"] = json!(names);
                    if with_pids {
                        spec["hostPID"] = json!(true);
                        pod = pod.with(Sketch::map([("hostPID", yes())]));
                    }
                    Sketch::of(&json!(names))
                }
                None => Sketch::List(vec![Sketch::Any]),
            };
            let capabilities = Sketch::map([("add", added)]);
            let context = Sketch::map([("capabilities", capabilities)]);
            container = Sketch::map([("securityContext", context)]);
        }
    }
    if place == Place::Sidecar {
        let always = Sketch::Exactly(json!("Always"));
        container = container.with(Sketch::map([("restartPolicy", always)]));
    }
    if place != Place::Regular {
        let mut asking = spec["containers"][0].take();
        asking["name"] = json!("asking");
        if place == Place::Sidecar {
            asking["restartPolicy"] = json!("Always");
        }
        spec["containers"] = plain["containers"].clone();
        spec[place.list()] = Json::Array(vec![asking]);
        let some = Sketch::List(vec![Sketch::map([])]);
        pod = pod.with(Sketch::map([("containers", some)]));
    }
    let sketch = pod.with(Sketch::map([(place.list(), Sketch::List(vec![container]))]));
    Variant { name, place, sketch, spec }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pod_of_a_shape_fits_its_sketch_and_a_wide_one() {
        let hardened = json_of(hardened_pod());
        for class in EscapeClass::ALL {
            let wide = wide(class);
            for one in narrow(class) {
                assert!(one.sketch.fits(&one.spec), "{}", one.name);
                assert!(!one.sketch.fits(&hardened), "{}", one.name);
                assert!(wide.iter().any(|all| all.sketch.fits(&one.spec)), "{}", one.name);
            }
            for one in ephemeral(class).into_iter().flat_map(|all| &all.narrow) {
                assert!(one.sketch.fits(&one.spec), "{}", one.name);
                assert!(!one.sketch.fits(&hardened), "{}", one.name);
            }
        }
        let counts = EscapeClass::ALL.map(|class| narrow(class).len());
        assert_eq!(counts, [3, PATHS.len(), 1, 1, 1, 3 * CAPABILITIES.len()]);
    }

    #[test]
    fn paths_that_a_policy_names_are_tried_where_they_take_the_node() {
        for (path, takes) in [
            ("/", true),
            ("/etc/cron.d", true),
            ("/var/lib", true),
            ("/var/lib/kubelet/pods", true),
            ("/var/log", false),
            ("/data", false),
            ("/etcetera", false),
        ] {
            assert_eq!(takes_node(path), takes, "{path}");
        }
        let found = at_paths(["/etc/cron.d", "/var/log", "x", "/", "/a/../etc"].into_iter());
        let paths: Vec<&Json> =
            found.iter().map(|one| &one.spec["volumes"][0]["hostPath"]["path"]).collect();
        assert_eq!(paths, ["/etc/cron.d", "/etc/cron.d/below"]);
        assert!(found.iter().all(|one| one.sketch.fits(&one.spec)));
    }

    #[test]
    fn the_plainest_shape_is_the_minimal_pod() {
        for class in EscapeClass::ALL {
            assert_eq!(narrow(class)[0].name, class.name());
        }
    }
}
