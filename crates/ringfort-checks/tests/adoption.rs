//! Control adoption on a cluster that is small enough to count by hand.

use std::collections::BTreeSet;

use ringfort_attack::{Attack, Engines};
use ringfort_checks::World;
use ringfort_checks::adoption::{Adoption, ORDER, measure};
use ringfort_collect::{Options, read_objects};
use ringfort_model::{Cluster, KubeVersion};

/// Namespace `a` holds a hardened pod, `b` one without any control.
const OBJECTS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b}
---
apiVersion: v1
kind: Namespace
metadata: {name: kube-system}
---
apiVersion: v1
kind: Node
metadata: {name: node-1, uid: node-1, labels: {kubernetes.io/os: linux}}
status:
  addresses: [{type: InternalIP, address: 192.168.0.9}]
  nodeInfo: {kubeletVersion: v1.36.0, containerRuntimeVersion: "containerd://2.0.0",
    kernelVersion: "6.8.0", operatingSystem: linux}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: s, namespace: a}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: b}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system, uid: d}
spec:
  template:
    metadata: {labels: {k: c}}
    spec: {hostNetwork: true, containers: [{name: c, image: "calico/node:v3.31.0"}]}
---
apiVersion: v1
kind: Pod
metadata:
  {name: calico-node-1, namespace: kube-system, uid: c, labels: {k: c}, ownerReferences: [
    {apiVersion: apps/v1, kind: DaemonSet, name: calico-node, uid: d, controller: true}]}
spec: {hostNetwork: true, nodeName: node-1, containers: [{name: c, image: "calico/node:v3.31.0"}]}
status: {phase: Running, podIP: 192.168.0.9}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a, uid: p, labels: {app: p}}
spec:
  nodeName: node-1
  serviceAccountName: s
  containers:
    - name: c
      image: "registry.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      resources: {limits: {memory: 1Gi, cpu: 1}}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        runAsUser: 1000
        capabilities: {drop: [ALL]}
        seccompProfile: {type: RuntimeDefault}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: b, uid: q, labels: {app: q}}
spec: {nodeName: node-1, containers: [{name: c, image: "registry.example/app:1"}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: a}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"#;

fn read(text: &str) -> Cluster {
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let cluster = read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads").cluster;
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    cluster
}

fn measured(cluster: &Cluster) -> Vec<Adoption> {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    measure(&World::new(&attack))
}

/// What is counted, present and effective; `None` for metrics without a number of presence.
fn numbers(all: &[Adoption], id: &str) -> (u64, Option<u64>, u64) {
    let one = all.iter().find(|one| one.metric.id == id).expect("a metric");
    let total = one.total;
    (total.of, total.present.map(|figure| figure.count), total.effective.count)
}

#[test]
fn every_metric_of_the_catalogue_is_measured_once() {
    let all = measured(&read(OBJECTS));
    let ids: Vec<&str> = all.iter().map(|one| one.metric.id).collect();
    assert_eq!(ids, ORDER);
    let without = all.iter().filter(|one| one.metric.present.is_empty());
    let without: BTreeSet<&str> = without.map(|one| one.metric.id).collect();
    assert_eq!(without, ["MET-NP-CUT", "MET-PATHFREE", "MET-VERSION"].into());
    for one in &all {
        assert_eq!(one.total.present.is_some(), !one.metric.present.is_empty());
        let of: u64 = one.namespaces.values().map(|share| share.of).sum();
        assert!(one.namespaces.is_empty() || of == one.total.of, "{}", one.metric.id);
        for figure in [one.total.present.unwrap_or_default(), one.total.effective] {
            assert!(figure.count + figure.unknown <= one.total.of, "{}", one.metric.id);
        }
    }
}

#[test]
fn numbers_are_those_counted_by_hand() {
    let all = measured(&read(OBJECTS));
    for (id, wanted) in [
        ("MET-PSS-B", (2, Some(1), 1)),
        ("MET-PSS-R", (2, Some(1), 1)),
        ("MET-NP-ANY", (2, Some(1), 1)),
        ("MET-NP-DENY-IN", (2, Some(1), 1)),
        ("MET-NP-DENY-OUT", (2, Some(1), 1)),
        // Both ways between the two pods.
        ("MET-NP-CUT", (2, None, 2)),
        ("MET-SA-OWN", (2, Some(1), 1)),
        ("MET-AUTO-OFF", (2, Some(1), 1)),
        ("MET-RBAC-NOWILD", (0, Some(0), 0)),
        ("MET-RBAC-NOADMIN", (2, Some(2), 2)),
        ("MET-UNS", (2, Some(0), 0)),
        ("MET-SEC", (2, Some(1), 1)),
        ("MET-RO", (2, Some(1), 1)),
        ("MET-NONROOT", (2, Some(1), 1)),
        ("MET-CAPS", (2, Some(1), 1)),
        // A limit is the request as well where none is set.
        ("MET-LIMITS", (2, Some(1), 1)),
        ("MET-RTC", (0, Some(0), 0)),
        ("MET-DIGEST", (2, Some(1), 1)),
        ("MET-SIG", (2, Some(0), 0)),
        ("MET-ADM", (2, Some(0), 0)),
        ("MET-ANON", (1, Some(0), 0)),
        ("MET-IMDS", (0, Some(0), 0)),
        ("MET-VERSION", (2, None, 2)),
        ("MET-QUOTA", (2, Some(0), 0)),
        ("MET-EXPOSED", (0, Some(0), 0)),
    ] {
        assert_eq!(numbers(&all, id), wanted, "{id}");
    }
}

#[test]
fn what_is_not_known_is_in_neither_number_and_stays_in_the_denominator() {
    let all = measured(&read(OBJECTS));
    let one = all.iter().find(|one| one.metric.id == "MET-ENDPOINT").expect("a metric");
    let present = one.total.present.expect("it has one");
    assert_eq!((one.total.of, present.count, present.unknown), (1, 0, 1));
    assert_eq!((one.total.effective.count, one.total.effective.unknown), (0, 1));
    assert!(!one.missing.is_empty());
    // The unset profile depends on a setting of the kubelet.
    let filters = all.iter().find(|one| one.metric.id == "MET-SEC").expect("a metric");
    assert_eq!(filters.total.effective.unknown, 1);
}

#[test]
fn a_policy_without_an_agent_is_present_and_has_no_effect() {
    let flannel = OBJECTS.replace("calico/node:v3.31.0", "ghcr.io/flannel-io/flannel:v0.26.0");
    let all = measured(&read(&flannel.replace("calico-node", "kube-flannel")));
    assert_eq!(numbers(&all, "MET-NP-ANY"), (2, Some(1), 0));
    assert_eq!(numbers(&all, "MET-NP-DENY-IN"), (2, Some(1), 0));
    assert_eq!(numbers(&all, "MET-NP-CUT"), (2, None, 0));
}

/// A policy about some kind, bound in some namespaces without refusing anything.
fn policy(resource: &str, namespace: &str) -> String {
    format!(
        r#"{OBJECTS}---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: v}}
spec:
  matchConstraints: {{resourceRules: [
    {{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [{resource}]}}]}}
  validations: [{{expression: "object.metadata.name != 'x'"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: v}}
spec:
  policyName: v
  validationActions: [Audit]
  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}
"#
    )
}

#[test]
fn a_policy_is_present_where_its_binding_is_shown_pods() {
    let adm =
        |resource, namespace| numbers(&measured(&read(&policy(resource, namespace))), "MET-ADM");
    assert_eq!(adm("pods", "a"), (2, Some(1), 0));
    assert_eq!(adm("configmaps", "a"), (2, Some(0), 0));
    assert_eq!(adm("pods", "elsewhere"), (2, Some(0), 0));
}

/// A load balancer in front of nobody.
#[test]
fn a_way_in_that_leads_nowhere_is_a_way_in_from_which_no_path_leads() {
    let without = measured(&read(OBJECTS));
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: b}\n\
        spec: {type: LoadBalancer, selector: {app: nobody}, ports: [{port: 80}]}\n\
        status: {loadBalancer: {ingress: [{ip: 8.8.8.8}]}}\n";
    let with = measured(&read(&format!("{OBJECTS}---\n{service}")));
    let ((of, _, free), (more, _, freer)) =
        (numbers(&without, "MET-PATHFREE"), numbers(&with, "MET-PATHFREE"));
    assert_eq!((more, freer), (of + 1, free + 1));
}

#[test]
fn one_more_control_lowers_no_number() {
    let before = measured(&read(OBJECTS));
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: b}\n\
        spec: {hard: {cpu: 8, memory: 8Gi, pods: 9}}\n\
        status: {hard: {cpu: 8, memory: 8Gi, pods: 9}, used: {cpu: 0, memory: 0, pods: 1}}\n";
    let deny = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
        metadata: {name: deny, namespace: b}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";
    for (more, id) in [(quota, "MET-QUOTA"), (deny, "MET-NP-DENY-IN")] {
        let after = measured(&read(&format!("{OBJECTS}---\n{more}")));
        for (old, new) in before.iter().zip(&after) {
            let (old_count, new_count) = (old.total.effective.count, new.total.effective.count);
            assert!(new_count >= old_count, "{}: {old_count} to {new_count}", old.metric.id);
        }
        assert!(numbers(&after, id).2 > numbers(&before, id).2, "{id}");
    }
}
