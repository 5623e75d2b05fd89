//! Pod specifications (`pkg/apis/core/v1/defaults.go`) and what the built-in plug-ins add to a
//! pod that is created (`plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,
//! priority}`).

use ringfort_model::KubeVersion;
use serde_json::{Value as Json, json};

use super::{fields, quantities, set};

/// Templates get host ports by defaulting before this minor version.
const TEMPLATE_HOST_PORTS_UNTIL: u32 = 28;

/// Where the token of a pod's account is mounted.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Defaults of a pod specification. `is_pod` tells a Pod from a template.
pub(super) fn specification(spec: &mut Json, is_pod: bool, server: Option<KubeVersion>) {
    set(spec, "restartPolicy", json!("Always"));
    set(spec, "dnsPolicy", json!("ClusterFirst"));
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", json!(30));
    set(spec, "schedulerName", json!("default-scheduler"));
    if is_pod {
        set(spec, "enableServiceLinks", json!(true));
    }
    account(spec);
    let templates_too = server.is_some_and(|v| v.minor < TEMPLATE_HOST_PORTS_UNTIL);
    let host_ports = spec["hostNetwork"] == true && (is_pod || templates_too);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let ports = host_ports && list != "ephemeralContainers";
        for one in spec.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
            container(one, ports, is_pod && list != "ephemeralContainers");
        }
    }
    for one in spec.get_mut("volumes").and_then(Json::as_array_mut).into_iter().flatten() {
        volume(one);
    }
}

/// The old name of the account is kept beside the new one.
fn account(spec: &mut Json) {
    let (new, old) = (spec["serviceAccountName"].clone(), spec["serviceAccount"].clone());
    match (new.is_string(), old.is_string()) {
        (true, _) => spec["serviceAccount"] = new,
        (false, true) => spec["serviceAccountName"] = old,
        (false, false) => {
            if let Some(fields) = spec.as_object_mut() {
                fields.remove("serviceAccountName");
                fields.remove("serviceAccount");
            }
        }
    }
}

fn container(one: &mut Json, host_ports: bool, requests: bool) {
    let image = one["image"].as_str().unwrap_or_default().to_owned();
    if one.get("image").is_some_and(Json::is_null)
        && let Some(fields) = one.as_object_mut()
    {
        fields.remove("image");
    }
    set(one, "imagePullPolicy", json!(ringfort_model::defaults::pull_policy(&image)));
    set(one, "terminationMessagePath", json!("/dev/termination-log"));
    set(one, "terminationMessagePolicy", json!("File"));
    set(one, "resources", json!({}));
    quantities(&mut one["resources"]);
    if requests
        && let Some(limits) = one["resources"]["limits"].as_object().cloned()
        && let Some(known) = fields(&mut one["resources"], "requests")
    {
        for (name, amount) in limits {
            known.entry(name).or_insert(amount);
        }
    }
    for port in one.get_mut("ports").and_then(Json::as_array_mut).into_iter().flatten() {
        set(port, "protocol", json!("TCP"));
        if host_ports && port["hostPort"].as_i64().unwrap_or(0) == 0 {
            port["hostPort"] = port["containerPort"].clone();
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = one.get_mut(probe) else { continue };
        set(probe, "timeoutSeconds", json!(1));
        set(probe, "periodSeconds", json!(10));
        set(probe, "successThreshold", json!(1));
        set(probe, "failureThreshold", json!(3));
        http_get(probe);
    }
    for hook in ["postStart", "preStop"] {
        if let Some(hook) = one.get_mut("lifecycle").and_then(|all| all.get_mut(hook)) {
            http_get(hook);
        }
    }
    for variable in one.get_mut("env").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(field) = variable.get_mut("valueFrom").and_then(|from| from.get_mut("fieldRef"))
        {
            set(field, "apiVersion", json!("v1"));
        }
    }
}

fn http_get(handler: &mut Json) {
    if let Some(get) = handler.get_mut("httpGet") {
        set(get, "path", json!("/"));
        set(get, "scheme", json!("HTTP"));
    }
}

fn volume(one: &mut Json) {
    let Some(known) = one.as_object_mut() else { return };
    if !known.keys().any(|key| key != "name") {
        known.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = one.get_mut(source) {
            set(source, "defaultMode", json!(0o644));
        }
    }
    if let Some(host) = one.get_mut("hostPath") {
        set(host, "type", json!(""));
    }
    let sources = one.get_mut("projected").and_then(|all| all.get_mut("sources"));
    for source in sources.and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(token) = source.get_mut("serviceAccountToken") {
            set(token, "expirationSeconds", json!(3600));
        }
    }
}

/// What is known of the account that a pod uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccount {
    /// `automountServiceAccountToken` of the account.
    pub automount: Option<bool>,
    /// Names of its pull secrets.
    pub pull_secrets: Vec<String>,
}

/// What the built-in plug-ins add to a pod at its creation: account and token, tolerations,
/// priority. Objects of other kinds are left alone.
pub fn built_in_plugins(object: &mut Json, account: &ServiceAccount) {
    let is_pod = object["kind"] == "Pod" && object["apiVersion"] == "v1";
    let Some(spec) = object.get_mut("spec").filter(|_| is_pod) else { return };
    set(spec, "serviceAccountName", json!("default"));
    let name = spec["serviceAccountName"].clone();
    set(spec, "serviceAccount", name);
    let own = spec["automountServiceAccountToken"].as_bool();
    if spec["automountServiceAccountToken"].is_null()
        && let Some(fields) = spec.as_object_mut()
    {
        fields.remove("automountServiceAccountToken");
    }
    if own.or(account.automount).unwrap_or(true) {
        mount_token(spec);
    }
    if spec.get("imagePullSecrets").is_none() && !account.pull_secrets.is_empty() {
        let names: Vec<Json> =
            account.pull_secrets.iter().map(|name| json!({"name": name})).collect();
        spec["imagePullSecrets"] = Json::Array(names);
    }
    tolerate(spec);
    if spec.get("priorityClassName").is_none() {
        set(spec, "priority", json!(0));
        set(spec, "preemptionPolicy", json!("PreemptLowerPriority"));
    }
}

/// Mounts the token where a container has nothing at that path.
fn mount_token(spec: &mut Json) {
    let name = "kube-api-access-00000";
    let mut used = false;
    for list in ["initContainers", "containers"] {
        for one in spec.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
            set(one, "volumeMounts", json!([]));
            let Some(mounts) = one["volumeMounts"].as_array_mut() else { continue };
            if !mounts.iter().any(|mount| mount["mountPath"] == TOKEN_PATH) {
                mounts.push(json!({"name": name, "readOnly": true, "mountPath": TOKEN_PATH}));
                used = true;
            }
        }
    }
    if !used {
        return;
    }
    set(spec, "volumes", json!([]));
    if let Some(volumes) = spec["volumes"].as_array_mut() {
        volumes.push(json!({"name": name, "projected": {"defaultMode": 0o644, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]}}));
    }
}

fn tolerate(spec: &mut Json) {
    set(spec, "tolerations", json!([]));
    let Some(known) = spec["tolerations"].as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = known.iter().any(|one| {
            let effect = one["effect"].as_str().unwrap_or_default();
            let same_key = one["key"] == key || one.get("key").is_none();
            same_key && matches!(effect, "" | "NoExecute")
        });
        if !tolerated {
            known.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300}));
        }
    }
}
