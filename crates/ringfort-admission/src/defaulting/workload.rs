//! Kinds with a pod template (`pkg/apis/{apps,batch}/v1/defaults.go`).

use ringfort_model::KubeVersion;
use serde_json::{Value as Json, json};

use super::{pod, set};

/// Defaults of an object with a template; other kinds are left alone.
pub(super) fn object(object: &mut Json, kind: &str, server: Option<KubeVersion>) {
    if kind == "PodTemplate" {
        template(object, server);
        return;
    }
    let Some(spec) = object.get_mut("spec") else { return };
    match kind {
        "Deployment" => {
            set(spec, "replicas", json!(1));
            set(spec, "revisionHistoryLimit", json!(10));
            set(spec, "progressDeadlineSeconds", json!(600));
            set(spec, "strategy", json!({}));
            rolling(&mut spec["strategy"], json!({"maxUnavailable": "25%", "maxSurge": "25%"}));
        }
        "StatefulSet" => {
            set(spec, "replicas", json!(1));
            set(spec, "revisionHistoryLimit", json!(10));
            set(spec, "podManagementPolicy", json!("OrderedReady"));
            set(spec, "updateStrategy", json!({}));
            rolling(&mut spec["updateStrategy"], json!({"partition": 0}));
        }
        "DaemonSet" => {
            set(spec, "revisionHistoryLimit", json!(10));
            set(spec, "updateStrategy", json!({}));
            rolling(&mut spec["updateStrategy"], json!({"maxUnavailable": 1, "maxSurge": 0}));
        }
        "ReplicaSet" | "ReplicationController" => set(spec, "replicas", json!(1)),
        "Job" => job(spec),
        "CronJob" => {
            set(spec, "concurrencyPolicy", json!("Allow"));
            set(spec, "suspend", json!(false));
            set(spec, "successfulJobsHistoryLimit", json!(3));
            set(spec, "failedJobsHistoryLimit", json!(1));
            // The template of a CronJob is defaulted as a pod template, not as a Job.
            if let Some(inner) = spec.get_mut("jobTemplate").and_then(|one| one.get_mut("spec")) {
                template(inner, server);
            }
            return;
        }
        _ => return,
    }
    template(spec, server);
}

fn template(holder: &mut Json, server: Option<KubeVersion>) {
    let Some(template) = holder.get_mut("template") else { return };
    set(template, "metadata", json!({}));
    if let Some(spec) = template.get_mut("spec") {
        pod::specification(spec, false, server);
    }
}

fn rolling(strategy: &mut Json, amounts: Json) {
    set(strategy, "type", json!("RollingUpdate"));
    if strategy["type"] != "RollingUpdate" {
        return;
    }
    set(strategy, "rollingUpdate", json!({}));
    if let Json::Object(amounts) = amounts {
        for (key, value) in amounts {
            set(&mut strategy["rollingUpdate"], &key, value);
        }
    }
}

fn job(spec: &mut Json) {
    if spec.get("completions").is_none() && spec.get("parallelism").is_none() {
        set(spec, "completions", json!(1));
    }
    set(spec, "parallelism", json!(1));
    set(spec, "backoffLimit", json!(6));
    set(spec, "completionMode", json!("NonIndexed"));
    set(spec, "suspend", json!(false));
    set(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
}
