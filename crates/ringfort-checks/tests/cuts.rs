//! What mending a finding cuts: what only shows what a program is cuts nothing, and a way in that
//! a finding is about goes with it.

use std::collections::BTreeMap;

use ringfort_attack::{Attack, Engines};
use ringfort_checks::filter::choose;
use ringfort_checks::{World, run::run};
use ringfort_collect::{Options, read_objects};
use ringfort_model::KubeVersion;

/// A public application on the node's own network that may take the node, and beside it a runner
/// whose daemon anybody in the cluster may ask.
const OBJECTS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Node
metadata: {name: node-1, uid: node-1, labels: {kubernetes.io/os: linux}}
status:
  addresses:
    - {type: InternalIP, address: 192.168.0.9}
    - {type: ExternalIP, address: 8.8.4.4}
  nodeInfo: {kubeletVersion: v1.36.0, containerRuntimeVersion: "containerd://2.0.0",
    kernelVersion: "6.8.0", operatingSystem: linux}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, uid: web, labels: {app: web}}
spec:
  nodeName: node-1
  hostNetwork: true
  automountServiceAccountToken: false
  containers:
    - {name: c, image: "registry.example/web:1", ports: [{containerPort: 80, hostPort: 80}]}
status: {phase: Running, podIP: 192.168.0.9}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: a, uid: front, labels: {app: front}}
spec:
  nodeName: node-1
  automountServiceAccountToken: false
  containers: [{name: c, image: "registry.example/front:1", ports: [{containerPort: 80}]}]
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: a}
spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: 8.8.8.8}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: runner, namespace: a, uid: runner, labels: {app: runner}}
spec:
  nodeName: node-1
  automountServiceAccountToken: false
  containers:
    - name: dind
      image: "docker:24-dind"
      securityContext: {privileged: true}
status: {phase: Running, podIP: 10.0.0.2}
"#;

/// Pairs through a finding, and those that mending it cuts, by check and object.
fn weights(text: &str) -> BTreeMap<(&'static str, String), (usize, usize)> {
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let cluster = read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads").cluster;
    assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let found = run(&World::new(&attack), &choose(None).expect("all checks"));
    let rows = found.findings.into_iter();
    rows.map(|one| ((one.id, one.object), (one.paths, one.cuts))).collect()
}

#[test]
fn what_shows_what_a_program_is_cuts_nothing() {
    let found = weights(OBJECTS);
    let of = |id, object: &str| found[&(id, object.to_owned())];
    // By the image it is known that the daemon asks nobody; by its digest it would ask nobody.
    for id in ["RF-IMG-001", "RF-IMG-003"] {
        let (paths, cuts) = of(id, "Pod a/runner");
        assert!(paths > 0, "{id}");
        assert_eq!(cuts, 0, "{id}");
    }
    // The fields that let the daemon be reached and take the node do cut.
    assert!(of("RF-WKL-001", "Pod a/runner").1 > 0);
}

#[test]
fn a_way_in_goes_with_the_field_that_opens_it() {
    let found = weights(OBJECTS);
    for (id, object) in [("RF-EXP-002", "Service a/front"), ("RF-WKL-004", "Pod a/web")] {
        let (paths, cuts) = found[&(id, object.to_owned())];
        assert!(cuts > 0 && cuts <= paths, "{id}: {cuts} of {paths}");
    }
    // On the node's network a port of the node is another way in that the same fix closes: twice the
    // pairs of the one.
    let wide = found[&("RF-WKL-004", "Pod a/web".to_owned())].1;
    let single = OBJECTS.replace(", ports: [{containerPort: 80, hostPort: 80}]", "");
    assert_eq!(wide, 2 * weights(&single)[&("RF-WKL-004", "Pod a/web".to_owned())].1);
    let closed = OBJECTS.replace("type: LoadBalancer, ", "");
    let found = weights(&closed);
    assert!(!found.contains_key(&("RF-EXP-002", "Service a/front".to_owned())));
}
