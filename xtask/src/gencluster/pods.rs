//! Nodes, namespaces, workloads of ten kinds and their pods.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{List, Rng, Size, meta};

/// The ten kinds of workload.
pub(crate) const SHAPES: [&str; 10] = [
    "web", "api", "worker", "database", "agent", "report", "runner", "operator", "gateway", "cache",
];

/// The workload kind of a shape.
fn owner_kind(shape: &str) -> &'static str {
    match shape {
        "database" | "cache" => "StatefulSet",
        "agent" => "DaemonSet",
        "report" => "Job",
        _ => "Deployment",
    }
}

/// The pod specification of an application, without node.
fn spec(shape: &str, app: usize) -> Value {
    let name = format!("{shape}-{app}");
    let env: Vec<Value> = (0..14)
        .map(|at| match at % 7 {
            0 => json!({"name": format!("SECRET_{at}"), "valueFrom": {"secretKeyRef": {"name": format!("{name}-credentials"), "key": format!("key{at}")}}}),
            1 => json!({"name": format!("CONFIG_{at}"), "valueFrom": {"configMapKeyRef": {"name": format!("{name}-config"), "key": format!("key{at}")}}}),
            _ => json!({"name": format!("SETTING_{at}"), "value": format!("value of {name} number {at}")}),
        })
        .collect();
    let privileged = shape == "runner" || (shape == "agent" && app.is_multiple_of(40));
    let security = if privileged {
        json!({"privileged": true})
    } else {
        json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 10_000,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}})
    };
    let mut mounts = vec![
        json!({"name": "config", "mountPath": "/etc/app"}),
        json!({"name": "tmp", "mountPath": "/tmp"}),
    ];
    let mut volumes = vec![
        json!({"name": "config", "configMap": {"name": format!("{name}-config"), "defaultMode": 420}}),
        json!({"name": "tmp", "emptyDir": {}}),
    ];
    if shape == "agent" {
        mounts.push(json!({"name": "logs", "mountPath": "/var/log", "readOnly": true}));
        volumes.push(json!({"name": "logs", "hostPath": {"path": "/var/log"}}));
    }
    let automount = matches!(shape, "operator" | "runner" | "gateway" | "agent" | "web");
    if automount {
        mounts.push(json!({"name": "kube-api-access-x7k2p", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}));
        volumes.push(json!({"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}));
    }
    let probe = json!({"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1});
    let container = |part: &str| {
        json!({"name": part, "image": format!("registry.example/{shape}/{part}:{}.{}", app % 9, app % 17),
            "imagePullPolicy": "IfNotPresent", "env": env, "volumeMounts": mounts,
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "livenessProbe": probe, "readinessProbe": probe, "securityContext": security,
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"})
    };
    json!({"serviceAccountName": name, "serviceAccount": name, "automountServiceAccountToken": automount,
        "restartPolicy": if shape == "report" { "Never" } else { "Always" },
        "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "enableServiceLinks": true,
        "priority": 0, "terminationGracePeriodSeconds": 30, "preemptionPolicy": "PreemptLowerPriority",
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        "containers": [container("main"), container("sidecar")], "volumes": volumes})
}

fn status(rng: &mut Rng) -> Value {
    let conditions: Vec<Value> = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .iter()
        .map(|kind| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-02T03:04:05Z"}))
        .collect();
    let containers: Vec<Value> = ["main", "sidecar"]
        .iter()
        .map(|name| json!({"name": name, "ready": true, "restartCount": 0, "started": true,
            "imageID": format!("registry.example@sha256:{}{}", rng.uid(), rng.uid()),
            "containerID": format!("containerd://{}{}", rng.uid(), rng.uid()), "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}))
        .collect();
    let ip = format!("10.{}.{}.{}", rng.below(120), rng.below(250), rng.below(250));
    json!({"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "qosClass": "Burstable",
        "conditions": conditions, "containerStatuses": containers, "startTime": "2026-01-02T03:04:05Z"})
}

pub(crate) fn write(size: Size, out: &Path) -> Result<()> {
    nodes(size, out)?;
    let mut rng = Rng::new(size.seed, 1);
    let mut pods = List::new(out, "", "v1", "pods", "Pod")?;
    let mut sets = List::new(out, "apps", "apps/v1", "replicasets", "ReplicaSet")?;
    let mut deployments = List::new(out, "apps", "apps/v1", "deployments", "Deployment")?;
    let mut stateful = List::new(out, "apps", "apps/v1", "statefulsets", "StatefulSet")?;
    let mut daemons = List::new(out, "apps", "apps/v1", "daemonsets", "DaemonSet")?;
    let mut jobs = List::new(out, "batch", "batch/v1", "jobs", "Job")?;
    let apps = size.apps();
    for app in 0..apps {
        let shape = SHAPES[app % SHAPES.len()];
        let namespace = size.namespace_of(app);
        let name = format!("{shape}-{app}");
        let labels = json!({"app.kubernetes.io/name": name, "tier": shape});
        let spec = spec(shape, app);
        // Every pod belongs to one application, as evenly as they divide.
        let count = size.pods / apps + usize::from(app < size.pods % apps);
        let template = json!({"metadata": {"labels": labels}, "spec": spec});
        let body =
            json!({"replicas": count, "selector": {"matchLabels": labels}, "template": template});
        let kind = owner_kind(shape);
        let owner = json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": rng.uid(), "controller": true});
        let object = |rng: &mut Rng| {
            json!({"apiVersion": if kind == "Job" { "batch/v1" } else { "apps/v1" }, "kind": kind,
            "metadata": meta(rng, &namespace, &name, labels.clone(), 12), "spec": body})
        };
        let controller = match kind {
            "StatefulSet" => {
                stateful.item(&object(&mut rng))?;
                owner
            }
            "DaemonSet" => {
                daemons.item(&object(&mut rng))?;
                owner
            }
            "Job" => {
                jobs.item(&object(&mut rng))?;
                owner
            }
            _ => {
                deployments.item(&object(&mut rng))?;
                let set = format!("{name}-6d5f7c9b8");
                let mut metadata = meta(&mut rng, &namespace, &set, labels.clone(), 12);
                metadata["ownerReferences"] = json!([owner]);
                sets.item(&json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": body}))?;
                json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": rng.uid(), "controller": true})
            }
        };
        for at in 0..count {
            let mut metadata =
                meta(&mut rng, &namespace, &format!("{name}-{at:05}"), labels.clone(), 26);
            metadata["ownerReferences"] = json!([controller]);
            let mut spec = spec.clone();
            spec["nodeName"] = json!(format!("node-{:05}", rng.below(size.nodes)));
            pods.item(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status(&mut rng)}))?;
        }
    }
    for list in [pods, sets, deployments, stateful, daemons, jobs] {
        list.finish()?;
    }
    Ok(())
}

fn nodes(size: Size, out: &Path) -> Result<()> {
    let mut rng = Rng::new(size.seed, 2);
    let mut nodes = List::new(out, "", "v1", "nodes", "Node")?;
    for at in 0..size.nodes {
        let name = format!("node-{at:05}");
        let mut labels = json!({"kubernetes.io/os": "linux", "kubernetes.io/hostname": name});
        if at < 3.min(size.nodes / 2) {
            labels["node-role.kubernetes.io/control-plane"] = json!("");
        }
        let mut addresses = vec![
            json!({"type": "InternalIP", "address": format!("10.200.{}.{}", at / 250, at % 250)}),
        ];
        if at % 50 == 7 {
            addresses
                .push(json!({"type": "ExternalIP", "address": format!("203.0.113.{}", at % 250)}));
        }
        nodes.item(&json!({"apiVersion": "v1", "kind": "Node", "metadata": meta(&mut rng, "", &name, labels, 20),
            "spec": {"providerID": format!("aws:///eu-west-1a/i-{at:08x}")},
            "status": {"addresses": addresses, "nodeInfo": {"kernelVersion": "6.8.0-31", "osImage": "Debian GNU/Linux 13",
                "containerRuntimeVersion": "containerd://2.1.4", "kubeletVersion": "v1.36.2", "operatingSystem": "linux", "architecture": "amd64"}}}))?;
    }
    nodes.finish()?;
    let mut namespaces = List::new(out, "", "v1", "namespaces", "Namespace")?;
    for at in 0..size.namespaces() {
        let name = format!("team-{at:04}");
        let mut labels = json!({"kubernetes.io/metadata.name": name});
        match at % 4 {
            0 => labels["pod-security.kubernetes.io/enforce"] = json!("baseline"),
            1 => labels["pod-security.kubernetes.io/warn"] = json!("restricted"),
            _ => {}
        }
        namespaces.item(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta(&mut rng, "", &name, labels, 4)}))?;
    }
    namespaces.finish()
}
