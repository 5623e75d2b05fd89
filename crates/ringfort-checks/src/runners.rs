//! Kinds whose controllers make the pods that jobs of pipelines run in, and what in them gives a
//! job its node: actions-runner-controller (`newRunnerPodWithContainerMode` in
//! controllers/actions.summerwind.net/runner_controller.go), runner scale sets (actions.github.com)
//! and Tasks of Tekton (pkg/apis/pipeline/v1/container_types.go; a step has what its template says
//! and it does not).

use ringfort_attack::{Why, path_gives};
use ringfort_model::record::Other;
use ringfort_model::record::custom::{
    CustomSpec, RunnerContainer, RunnerMount, RunnerPod, RunnerSecurity, RunnerVolume,
};
use ringfort_model::{Cluster, Str};

use crate::facts;

/// A kind that makes pods of runners.
pub(crate) struct RunnerKind {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) resource: &'static str,
    form: Form,
}

/// Where a kind says what its pods are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The runner's settings and the pod in one, which is all that it says.
    Alone,
    /// The same below the template.
    Together,
    /// The runner's settings in the specification, the pod below its template.
    Apart,
    /// A pod below the template, and nothing else.
    Pod,
    /// Steps and side-cars.
    Task,
}

/// All of them.
pub(crate) const KINDS: &[RunnerKind] = &[
    RunnerKind {
        group: "actions.github.com",
        kind: "AutoscalingRunnerSet",
        resource: "autoscalingrunnersets.actions.github.com",
        form: Form::Pod,
    },
    RunnerKind {
        group: "actions.summerwind.dev",
        kind: "Runner",
        resource: "runners.actions.summerwind.dev",
        form: Form::Alone,
    },
    RunnerKind {
        group: "actions.summerwind.dev",
        kind: "RunnerReplicaSet",
        resource: "runnerreplicasets.actions.summerwind.dev",
        form: Form::Together,
    },
    RunnerKind {
        group: "actions.summerwind.dev",
        kind: "RunnerDeployment",
        resource: "runnerdeployments.actions.summerwind.dev",
        form: Form::Together,
    },
    RunnerKind {
        group: "actions.summerwind.dev",
        kind: "RunnerSet",
        resource: "runnersets.actions.summerwind.dev",
        form: Form::Apart,
    },
    RunnerKind {
        group: "tekton.dev",
        kind: "ClusterTask",
        resource: "clustertasks.tekton.dev",
        form: Form::Task,
    },
    RunnerKind {
        group: "tekton.dev",
        kind: "Task",
        resource: "tasks.tekton.dev",
        form: Form::Task,
    },
];

/// Objects of those kinds that somebody wrote: what a controller made of another of them says the
/// same again.
pub(crate) fn objects(cluster: &Cluster) -> impl Iterator<Item = (&'static RunnerKind, &Other)> {
    cluster.others.iter().filter_map(|one| {
        let kind =
            KINDS.iter().find(|kind| *one.kind == *kind.kind && one.group() == kind.group)?;
        (!is_made(cluster, one, kind.group)).then_some((kind, one))
    })
}

/// Whether the object that controls one is there, and of those kinds too.
fn is_made(cluster: &Cluster, one: &Other, group: &str) -> bool {
    let meta = &one.metadata;
    let Some(owner) = meta.controller() else { return false };
    let mut all = cluster.others.all(&meta.namespace, &owner.name);
    let is_owner = |other: &&Other| {
        (&*other.kind, other.group(), &other.metadata.uid) == (&*owner.kind, group, &owner.uid)
    };
    KINDS.iter().any(|kind| *kind.kind == *owner.kind && kind.group == group)
        && all.any(|other| is_owner(&other))
}

/// Path and value of what gives a job its node.
type Spots = Vec<(String, String)>;

/// The fields by which a job in a pod of the object has its node.
pub(crate) fn taking_the_node(kind: &RunnerKind, object: &Other) -> Vec<Why> {
    let Some(spec) = &object.spec else { return Vec::new() };
    let mut spots = Spots::new();
    if kind.form == Form::Task {
        of_task(spec, &mut spots);
    } else if kind.form == Form::Alone {
        let pod = alone(spec);
        let within = pod.dockerd_within_runner_container;
        daemon("spec", (within, pod.docker_enabled, &pod.container_mode), &pod, &mut spots);
        of_pod("spec", &pod, &mut spots);
    } else if let Some(pod) = spec.template.as_ref().and_then(|one| one.spec.as_ref()) {
        const POD: &str = "spec.template.spec";
        match kind.form {
            Form::Together => daemon(
                POD,
                (pod.dockerd_within_runner_container, pod.docker_enabled, &pod.container_mode),
                pod,
                &mut spots,
            ),
            Form::Apart => daemon(
                "spec",
                (spec.dockerd_within_runner_container, spec.docker_enabled, &spec.container_mode),
                pod,
                &mut spots,
            ),
            Form::Alone | Form::Pod | Form::Task => {}
        }
        of_pod(POD, pod, &mut spots);
    }
    let meta = &object.metadata;
    spots
        .iter()
        .map(|(path, value)| {
            facts::field(kind.kind, &meta.namespace, &meta.name, (path.as_str(), value.as_str()))
        })
        .collect()
}

/// The pod of a Runner, whose specification it is.
fn alone(spec: &CustomSpec) -> RunnerPod {
    RunnerPod {
        dockerd_within_runner_container: spec.dockerd_within_runner_container,
        docker_enabled: spec.docker_enabled,
        container_mode: Str::clone(&spec.container_mode),
        containers: spec.containers.clone(),
        init_containers: spec.init_containers.clone(),
        sidecar_containers: spec.sidecar_containers.clone(),
        security_context: spec.security_context.clone(),
        volume_mounts: spec.volume_mounts.clone(),
        docker_volume_mounts: spec.docker_volume_mounts.clone(),
        volumes: spec.volumes.clone(),
    }
}

/// The privileged container that actions-runner-controller makes of its own accord: the runner's
/// if it holds the Docker daemon, else one named `docker` beside it, unless that is switched off,
/// set up by the owner, or SELinux is to hold it in.
fn daemon(
    base: &str,
    (within, beside, mode): (Option<bool>, Option<bool>, &str),
    pod: &RunnerPod,
    spots: &mut Spots,
) {
    let confined = |security: &RunnerSecurity| security.se_linux_options.is_some();
    if mode == "kubernetes" || pod.security_context.as_ref().is_some_and(confined) {
        return;
    }
    let own = pod.containers.iter().find(|one| *one.name == *"docker");
    if within == Some(true) {
        spots.push((format!("{base}.dockerdWithinRunnerContainer"), "true".to_owned()));
    } else if beside != Some(false) && own.is_none_or(|one| one.security_context.is_none()) {
        let value = beside.map_or("absent, which is true", |_| "true");
        spots.push((format!("{base}.dockerEnabled"), value.to_owned()));
    }
}

fn of_pod(base: &str, pod: &RunnerPod, spots: &mut Spots) {
    let lists = [
        ("initContainers", &pod.init_containers),
        ("containers", &pod.containers),
        ("sidecarContainers", &pod.sidecar_containers),
    ];
    for (list, containers) in lists {
        for (at, one) in containers.iter().enumerate() {
            let path = format!("{base}.{list}[{at}]");
            if is_privileged(one) == Some(true) {
                spots.push((format!("{path}.securityContext.privileged"), "true".to_owned()));
            }
            mounts(&path, "volumeMounts", &one.volume_mounts, &pod.volumes, spots);
        }
    }
    mounts(base, "volumeMounts", &pod.volume_mounts, &pod.volumes, spots);
    mounts(base, "dockerVolumeMounts", &pod.docker_volume_mounts, &pod.volumes, spots);
}

fn of_task(spec: &CustomSpec, spots: &mut Spots) {
    let template = spec.step_template.as_ref();
    for (at, one) in spec.steps.iter().enumerate() {
        let path = format!("spec.steps[{at}]");
        let place = match is_privileged(one) {
            Some(own) => own.then_some(path.as_str()),
            None if template.and_then(is_privileged) == Some(true) => Some("spec.stepTemplate"),
            None => None,
        };
        if let Some(place) = place {
            spots.push((format!("{place}.securityContext.privileged"), "true".to_owned()));
        }
        mounts(&path, "volumeMounts", &one.volume_mounts, &spec.volumes, spots);
    }
    if let Some(template) = template.filter(|_| !spec.steps.is_empty()) {
        let list = &template.volume_mounts;
        mounts("spec.stepTemplate", "volumeMounts", list, &spec.volumes, spots);
    }
    for (at, one) in spec.sidecars.iter().enumerate() {
        let path = format!("spec.sidecars[{at}]");
        if is_privileged(one) == Some(true) {
            spots.push((format!("{path}.securityContext.privileged"), "true".to_owned()));
        }
        mounts(&path, "volumeMounts", &one.volume_mounts, &spec.volumes, spots);
    }
    spots.dedup();
}

fn is_privileged(container: &RunnerContainer) -> Option<bool> {
    container.security_context.as_ref()?.privileged
}

/// Mounts of sockets of a runtime, and writable ones of paths from which the node runs code.
fn mounts(
    base: &str,
    field: &str,
    mounts: &[RunnerMount],
    volumes: &[RunnerVolume],
    spots: &mut Spots,
) {
    for (at, mount) in mounts.iter().enumerate() {
        let volume = volumes.iter().find(|one| one.name == mount.name);
        let Some(host) = volume.and_then(|one| one.host_path.as_ref()) else { continue };
        let (socket, runs_code) = path_gives(&host.path, &mount.sub_path);
        if socket || (runs_code && mount.read_only != Some(true)) {
            spots.push((format!("{base}.{field}[{at}]"), host.path.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::Object;
    use serde_json::{Value, json};

    /// Fields below `spec` that are named, with their values.
    fn found(kind: &str, spec: &Value) -> Vec<(String, String)> {
        let kind = KINDS.iter().find(|one| one.kind == kind).expect("a kind");
        let json = json!({"apiVersion": format!("{}/v1", kind.group), "kind": kind.kind,
            "metadata": {"name": "r", "namespace": "ci"}, "spec": spec});
        let Ok(Object::Other(object)) = Object::read(json.to_string().as_bytes()) else {
            panic!("no custom resource: {json}");
        };
        let whys = taking_the_node(kind, &object);
        let field = |why: &Why| match why {
            Why::ObjectField { path, value, .. } => (path.to_string(), value.to_string()),
            other => panic!("{other:?}"),
        };
        whys.iter().map(field).collect()
    }

    fn paths(kind: &str, spec: &Value) -> Vec<String> {
        found(kind, spec).into_iter().map(|(path, _)| path).collect()
    }

    const POD: &str = "spec.template.spec";

    #[test]
    fn the_daemon_of_runners_is_on_unless_switched_off() {
        let of = |spec: Value| paths("RunnerDeployment", &json!({"template": {"spec": spec}}));
        let beside = format!("{POD}.dockerEnabled");
        assert_eq!(of(json!({})), [beside.as_str()]);
        assert_eq!(of(json!({"dockerEnabled": true})), [beside.as_str()]);
        assert!(of(json!({"dockerEnabled": false})).is_empty());
        let within = format!("{POD}.dockerdWithinRunnerContainer");
        assert_eq!(
            of(json!({"dockerdWithinRunnerContainer": true, "dockerEnabled": false})),
            [within]
        );
        assert!(of(json!({"containerMode": "kubernetes"})).is_empty());
        assert!(of(json!({"securityContext": {"seLinuxOptions": {"type": "t"}}})).is_empty());
        let own = |context: Value| {
            json!({"containers": [{"name": "docker",
            "securityContext": context}]})
        };
        assert!(of(own(json!({"privileged": false}))).is_empty());
        let privileged = format!("{POD}.containers[0].securityContext.privileged");
        assert_eq!(of(own(json!({"privileged": true}))), [privileged]);
    }

    #[test]
    fn a_runner_says_it_itself() {
        let of = |spec: Value| paths("Runner", &spec);
        assert_eq!(of(json!({"repository": "a/b"})), ["spec.dockerEnabled"]);
        assert!(of(json!({"dockerEnabled": false})).is_empty());
        assert!(of(json!({"containerMode": "kubernetes"})).is_empty());
        let within = json!({"dockerdWithinRunnerContainer": true});
        assert_eq!(of(within), ["spec.dockerdWithinRunnerContainer"]);
        let privileged = json!([{"name": "x", "securityContext": {"privileged": true}}]);
        for list in ["containers", "initContainers", "sidecarContainers"] {
            let mut spec = json!({"dockerEnabled": false});
            spec[list] = privileged.clone();
            assert_eq!(of(spec), [format!("spec.{list}[0].securityContext.privileged")]);
        }
        for list in ["volumeMounts", "dockerVolumeMounts"] {
            let mut spec = json!({"dockerEnabled": false,
                "volumes": [{"name": "v", "hostPath": {"path": "/var/run/docker.sock"}}]});
            spec[list] = json!([{"name": "v", "mountPath": "/v"}]);
            assert_eq!(of(spec), [format!("spec.{list}[0]")]);
        }
    }

    #[test]
    fn a_runner_set_says_it_beside_its_template() {
        let pod = json!({"spec": {"containers": [{"name": "runner"}]}});
        let of = |more: Value| {
            let mut spec = json!({"template": pod});
            for (key, value) in more.as_object().expect("fields") {
                spec[key] = value.clone();
            }
            paths("RunnerSet", &spec)
        };
        assert_eq!(of(json!({})), ["spec.dockerEnabled"]);
        assert_eq!(
            of(json!({"dockerdWithinRunnerContainer": true})),
            ["spec.dockerdWithinRunnerContainer"]
        );
        assert!(of(json!({"dockerEnabled": false})).is_empty());
    }

    #[test]
    fn a_scale_set_has_what_its_pod_says() {
        let of = |spec: Value| paths("AutoscalingRunnerSet", &json!({"template": {"spec": spec}}));
        assert!(of(json!({"containers": [{"name": "runner"}]})).is_empty());
        let dind = json!({"initContainers": [{"name": "dind",
            "securityContext": {"privileged": true}}]});
        assert_eq!(of(dind), [format!("{POD}.initContainers[0].securityContext.privileged")]);
        let mount = |path: &str, more: Value| {
            let mut mount = json!({"name": "v", "mountPath": "/v"});
            for (key, value) in more.as_object().expect("fields") {
                mount[key] = value.clone();
            }
            of(json!({"volumes": [{"name": "v", "hostPath": {"path": path}}],
                "containers": [{"name": "runner", "volumeMounts": [mount]}]}))
        };
        let place = format!("{POD}.containers[0].volumeMounts[0]");
        let read_only = json!({"readOnly": true});
        assert_eq!(mount("/var/run/docker.sock", read_only.clone()), [place.as_str()]);
        assert_eq!(mount("/etc", json!({})), [place.as_str()]);
        assert!(mount("/etc", read_only).is_empty());
        assert!(mount("/srv/cache", json!({})).is_empty());
        assert_eq!(mount("/", json!({"subPath": "usr"})), [place]);
    }

    #[test]
    fn steps_of_tasks_have_what_their_template_says() {
        let of = |spec: Value| paths("Task", &spec);
        let privileged = json!({"privileged": true});
        let step = json!({"name": "s", "securityContext": privileged});
        assert_eq!(of(json!({"steps": [step]})), ["spec.steps[0].securityContext.privileged"]);
        let template = json!({"securityContext": privileged});
        assert_eq!(
            of(json!({"stepTemplate": template, "steps": [{"name": "a"}, {"name": "b"}]})),
            ["spec.stepTemplate.securityContext.privileged"]
        );
        let off = json!({"name": "s", "securityContext": {"privileged": false}});
        assert!(of(json!({"stepTemplate": template, "steps": [off]})).is_empty());
        let side = json!({"steps": [{"name": "s"}], "sidecars": [step]});
        assert_eq!(of(side), ["spec.sidecars[0].securityContext.privileged"]);
        let socket = json!({"volumes": [{"name": "v", "hostPath": {"path": "/run"}}],
            "steps": [{"name": "s", "volumeMounts": [{"name": "v", "mountPath": "/run"}]}]});
        assert_eq!(of(socket), ["spec.steps[0].volumeMounts[0]"]);
        assert!(of(json!({"steps": [{"name": "s"}]})).is_empty());
    }
}
