//! The folder of a plan in the hands of whoever runs it: each step once and whole, nothing made
//! weaker on the way, and ways back that a server takes.

use ringfort_attack::{Attack, Engines};
use ringfort_model::Cluster;
use ringfort_plan::rollback::rollbacks;
use ringfort_plan::{Change, DryRun, Plan, PlanFile, Wish, Work, apply, files, patches, plan};
use serde_json::{Value, json};

mod clusters;

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": "a", "uid": name})
}

/// Objects beside a node and a namespace with labels.
fn cluster(labels: &Value, more: &[Value]) -> Cluster {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "a", "labels": labels}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("s")}),
    ];
    objects.extend(more.iter().cloned());
    clusters::cluster(&objects)
}

/// A pod with the token of account `s`.
fn pod(container: &Value, volumes: &[Value]) -> Value {
    let mut container = container.clone();
    container["name"] = json!("c");
    container["image"] = json!("example.com/i:1");
    let mut mounts = vec![json!({"name": "kube-api-access-abcde", "readOnly": true,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"})];
    mounts.extend(container["volumeMounts"].as_array().into_iter().flatten().cloned());
    container["volumeMounts"] = json!(mounts);
    let mut all = vec![json!({"name": "kube-api-access-abcde", "projected": {"sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt",
            "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}})];
    all.extend(volumes.iter().cloned());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("p"),
        "spec": {"nodeName": "n", "serviceAccountName": "s", "containers": [container],
            "volumes": all},
        "status": {"phase": "Running", "podIP": "10.0.0.1"}})
}

/// A role with these rules for account `s`.
fn role(rules: &Value) -> [Value; 2] {
    let rbac = "rbac.authorization.k8s.io";
    [
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": meta("r"),
            "rules": rules}),
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": meta("b"),
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "a"}]}),
    ]
}

/// The plan, its README, and the names of its files.
fn folder(cluster: &Cluster, wish: &Wish) -> (Plan, String, Vec<String>) {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    let plan = plan(cluster, &attack, wish, &mut work).expect("a plan");
    let file = PlanFile::new(&attack, wish, &plan);
    let checked = file.check(cluster, &attack, &mut || false).map_err(|error| error.to_string());
    assert_eq!(checked, Ok(plan.closing().to_string()));
    let written = files(cluster, &plan, &file, &DryRun::NotDone);
    let readme = written.iter().find(|(name, _)| name == "README.md").expect("a README");
    let names = written.iter().map(|(name, _)| name.clone()).collect();
    (plan, readme.1.clone(), names)
}

fn forbidding(patterns: &[&str]) -> Wish {
    Wish { forbid: patterns.iter().map(|one| (*one).to_owned()).collect(), ..Wish::default() }
}

#[test]
fn a_level_that_is_asked_for_already_is_not_lowered() {
    let level = |mode: &str| format!("pod-security.kubernetes.io/{mode}");
    let creates = role(&json!([{"verbs": ["create"], "apiGroups": [""], "resources": ["pods"]}]));
    let mut objects = vec![pod(&json!({}), &[])];
    objects.extend(creates);
    for (labels, set) in [
        (json!({}), vec!["warn", "audit", "enforce"]),
        (json!({(level("warn")): "restricted"}), vec!["audit", "enforce"]),
        (json!({(level("warn")): "baseline", (level("audit")): "restricted"}), vec!["enforce"]),
        (
            json!({(level("warn")): "privileged", (level("audit")): "none of them"}),
            vec!["warn", "audit", "enforce"],
        ),
    ] {
        let cluster = cluster(&labels, &objects);
        let (plan, readme, _) = folder(&cluster, &Wish::default());
        let all = patches(&cluster, &plan);
        let found: Vec<Value> =
            all.iter().map(|(_, change)| change.to_json()["merge"].clone()).collect();
        let meant: Vec<Value> = set
            .iter()
            .map(|mode| json!({"metadata": {"labels": {(level(mode)): "baseline"}}}))
            .collect();
        assert_eq!(found, meant, "{labels}");
        assert!(readme.contains("refuses pods from now on. Owner: namespace a."), "{readme}");
    }
}

#[test]
fn several_changes_of_an_object_are_one_step_with_one_command() {
    let container = json!({"securityContext": {"privileged": true},
        "volumeMounts": [{"name": "h", "mountPath": "/h", "mountPropagation": "HostToContainer"}]});
    let host = json!({"name": "h", "hostPath": {"path": "/etc"}});
    let cluster = cluster(&json!({}), &[pod(&container, &[host])]);
    let (plan, readme, _) = folder(&cluster, &Wish::default());
    assert_eq!(plan.fixes.len(), 2, "{readme}");
    assert_eq!(readme.matches("\n## Step ").count(), 1, "{readme}");
    assert!(readme.contains("## Step 1: 2 changes of Pod a/p\n"), "{readme}");
    assert!(readme.contains("Cost 10; the pod is deleted and made again."), "{readme}");
    for fix in &plan.fixes {
        assert!(readme.contains(&format!("\n- {}\n", fix.title)), "{readme}");
    }
    // What the model decides nothing by comes back with the rest.
    let back = rollbacks(&cluster, &plan.changes);
    let text = json!(back.iter().map(Change::to_json).collect::<Vec<_>>()).to_string();
    assert!(text.contains(r#""mountPropagation":"HostToContainer""#), "{text}");
}

#[test]
fn a_pod_gets_its_token_back_from_admission() {
    let reads = role(&json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]));
    let container = json!({"volumeMounts": [{"name": "e", "mountPath": "/e"}]});
    let mut objects = vec![pod(&container, &[json!({"name": "e", "emptyDir": {}})])];
    objects.extend(reads);
    let cluster = cluster(&json!({}), &objects);
    let wish = forbidding(&["drop*", "delete*"]);
    let (plan, readme, _) = folder(&cluster, &wish);
    assert_eq!(plan.fixes.len(), 1, "{readme}");
    assert!(plan.fixes[0].id.starts_with("no-token:"), "{}", plan.fixes[0].id);
    let back = rollbacks(&cluster, &plan.changes);
    let text = json!(back.iter().map(Change::to_json).collect::<Vec<_>>()).to_string();
    assert!(!text.contains("kube-api-access"), "no server takes the model's name: {text}");
    let changed = apply(&cluster, &plan.changes).expect("it applies");
    let of = |cluster: &Cluster| cluster.pods.get("a", "p").expect("the pod").spec.clone();
    assert_ne!(of(&changed), of(&cluster));
    let again = apply(&changed, &back).expect("the way back applies");
    let mounts = |cluster: &Cluster| -> Vec<String> {
        let containers = of(cluster).containers.clone();
        let mut found: Vec<String> =
            containers[0].volume_mounts.iter().map(|one| one.mount_path.to_string()).collect();
        found.sort();
        found
    };
    assert_eq!(mounts(&again), mounts(&cluster));
    assert_eq!(of(&again).volumes.len(), of(&cluster).volumes.len());
}

/// The model keeps less of a Job than its controller reads: it comes back from a copy.
#[test]
fn what_the_model_keeps_in_part_is_copied_before_it_is_deleted() {
    let mut run = pod(&json!({"securityContext": {"privileged": true}}), &[]);
    run["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "Job",
        "name": "j", "uid": "j", "controller": true}]);
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("j"),
        "spec": {"backoffLimit": 3, "template": {"spec": run["spec"].clone()}}});
    let cluster = cluster(&json!({}), &[run, job]);
    let (plan, readme, names) = folder(&cluster, &Wish::default());
    assert_eq!(plan.fixes.len(), 1, "{readme}");
    let copied = "kubectl get job j -n a -o json > rollback/01-job-a-j.json && \
                  kubectl delete job j -n a\n";
    assert!(readme.contains(copied), "{readme}");
    assert!(!names.iter().any(|name| name.starts_with("rollback/")), "{names:?}");
    // What told its pods from others goes, or no server takes the copy.
    let back = readme.split("Back:").nth(1).expect("a way back");
    assert!(back.contains("kubectl patch --local -f rollback/01-job-a-j.json"), "{back}");
    assert!(back.contains(r#""selector":null"#) && back.contains("replace --force"), "{back}");
}

#[test]
fn whoever_forges_what_is_said_of_a_plan_is_found_out() {
    let mirror = {
        let mut pod = pod(&json!({"securityContext": {"privileged": true}}), &[]);
        pod["metadata"]["name"] = json!("static");
        pod["metadata"]["uid"] = json!("static");
        pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        pod["spec"]["containers"][0]["image"] = json!("example.com/other:1");
        pod
    };
    let own = pod(&json!({"securityContext": {"privileged": true}}), &[]);
    let cluster = cluster(&json!({}), &[own, mirror]);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let mut work = Work { visits: u64::MAX, stop: &mut || false };
    let plan = plan(&cluster, &attack, &Wish::default(), &mut work).expect("a plan");
    let file = PlanFile::new(&attack, &Wish::default(), &plan);
    let value = serde_json::to_value(&file).expect("plain data");
    let check = |forge: &dyn Fn(&mut Value)| {
        let mut forged = value.clone();
        forge(&mut forged);
        let file: PlanFile = serde_json::from_value(forged).expect("a plan");
        file.check(&cluster, &attack, &mut || false).map_err(|error| error.to_string())
    };
    assert!(check(&|_| ()).is_ok());
    assert!(!plan.fixes.is_empty() && !plan.residual.is_empty());
    for (pointer, forged) in [
        ("/fixes/0/title", json!("do nothing")),
        ("/fixes/0/breaks", json!([])),
        ("/fixes/0/owner", json!("somebody else")),
        ("/fixes/0/instead", json!("elsewhere")),
        ("/fixes/0/object", json!("Pod a/q")),
        ("/no_cut/0/reason", json!("all is well")),
        ("/no_cut/0/path", json!(["a --> b"])),
        ("/least_left", json!(0)),
    ] {
        let change = |file: &mut Value| {
            *file.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = forged.clone();
        };
        let said = check(&change);
        assert!(said.is_err(), "{pointer}: {said:?}");
    }
}
