//! Every check against its four fixtures, and what holds for all of them: no kind that is taken
//! from the input turns a check green, and the same input gives the same findings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ringfort_attack::{Attack, Engines};
use ringfort_checks::{Chosen, Findings, Outcomes, Verdict, World, checks, choose, outcomes, run};
use ringfort_collect::{Options, read_objects};
use ringfort_model::{Cluster, Coverage, Kind, KubeVersion, Object};

const KINDS: [&str; 4] = ["fail", "pass", "trap", "unknown"];

struct Fixture {
    name: String,
    expected: Vec<String>,
    /// Why objects alone never show that verdict.
    unreachable: Option<String>,
    /// Registries that the owner declares.
    registries: Option<Vec<String>>,
    cluster: Cluster,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// `# expect: VERDICT KIND NAME [FIELD|severity=S]`, `# version: V|none`, `# not-listed: KEY`,
/// `# registries: HOST[,HOST…]`, and `# unreachable: REASON` where no object can show what the
/// file is named for.
fn read(path: &Path) -> Fixture {
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    let said = |key: &str| -> Vec<String> {
        let prefix = format!("# {key}: ");
        text.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
    };
    let version = said("version").pop().filter(|version| version != "none");
    let version = version.map(|version| KubeVersion::parse(&version).expect("a version"));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    let mut cluster =
        read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads").cluster;
    assert!(cluster.gaps.is_empty(), "{}: {:?}", path.display(), cluster.gaps);
    for key in said("not-listed") {
        forget(&mut cluster, &key);
    }
    let registries = said("registries").pop();
    Fixture {
        name: path.display().to_string(),
        expected: said("expect"),
        unreachable: said("unreachable").pop(),
        registries: registries.map(|list| list.split(',').map(str::to_owned).collect()),
        cluster,
    }
}

/// Makes the source silent about a resource.
fn forget(cluster: &mut Cluster, key: &str) {
    cluster.coverage.resources.remove(key);
    cluster.coverage.not_listed.push(key.into());
}

/// A fixture as checks see it, or what is left of it.
fn seen<T>(fixture: &Fixture, cluster: &Cluster, ask: impl FnOnce(&World<'_>) -> T) -> T {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let world = World::new(&attack);
    if let Some(registries) = &fixture.registries {
        world.allow_registries(registries.clone());
    }
    ask(&world)
}

fn judged(fixture: &Fixture, cluster: &Cluster, id: &str) -> Outcomes {
    seen(fixture, cluster, |world| outcomes(world, checks::by_id(id).expect("a check")))
}

fn found(fixture: &Fixture, chosen: &Chosen) -> Findings {
    seen(fixture, &fixture.cluster, |world| run(world, chosen))
}

fn all() -> Vec<(&'static str, &'static str, Fixture)> {
    let ids = checks::ALL.iter().map(|check| check.id);
    ids.flat_map(|id| {
        KINDS.map(|kind| (id, kind, read(&folder().join(id).join(format!("{kind}.yaml")))))
    })
    .collect()
}

#[test]
fn every_fixture_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for (id, kind, fixture) in all() {
        let result = judged(&fixture, &fixture.cluster, id);
        let results: BTreeMap<String, &Verdict> =
            result.iter().map(|(object, verdict)| (object.to_string(), verdict)).collect();
        assert!(!fixture.expected.is_empty(), "{} expects nothing", fixture.name);
        let mut named = BTreeSet::new();
        for line in &fixture.expected {
            let mut words = line.split(' ');
            let (verdict, sort, name) = (words.next(), words.next(), words.next());
            let object = format!("{} {}", sort.unwrap_or_default(), name.unwrap_or_default());
            let got = results.get(&object).map_or("nothing", |verdict| verdict.name());
            if Some(got) != verdict {
                wrong.push(format!("{id} {kind}: wanted {line}, got {got}: {results:?}"));
            }
            // What never shows is said so, and then nothing but unknown may stand in its place.
            let stands_in = match &fixture.unreachable {
                Some(_) => verdict == Some("unknown"),
                None => verdict == Some(kind) || verdict == Some("not-applicable"),
            };
            if kind != "trap" && !stands_in {
                wrong.push(format!("{id} {kind}: the fixture expects {line}"));
            }
            named.insert(object.clone());
            let Some(detail) = words.next() else { continue };
            let findings = found(&fixture, &choose(Some(id)).expect("a check"));
            let row = findings.findings.iter().find(|row| row.object == object);
            let row = row.unwrap_or_else(|| panic!("{id} {kind}: no finding about {object}"));
            let fits = match detail.strip_prefix("severity=") {
                Some(severity) => row.severity == severity,
                None => row.evidence.len() == 1 && row.evidence[0].field == detail,
            };
            if !fits {
                wrong.push(format!("{id} {kind}: wanted {detail}, got {row:?}"));
            }
        }
        for (object, verdict) in &results {
            if matches!(verdict, Verdict::Fail(_)) && !named.contains(object) {
                wrong.push(format!("{id} {kind}: {object} fails, which nobody expects"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The cluster without each of its custom kinds in turn.
fn without_custom(cluster: &Cluster) -> Vec<(String, Cluster)> {
    let kinds: BTreeSet<(String, String)> =
        cluster.others.iter().map(|one| (one.group().to_owned(), one.kind.to_string())).collect();
    let without = |(group, kind): (String, String)| {
        let mut left = cluster.clone();
        for object in cluster.objects() {
            if matches!(&object, Object::Other(one) if *one.kind == *kind && one.group() == group) {
                left.remove(&object);
            }
        }
        let plural = match kind.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{kind}s"),
        };
        forget(&mut left, &format!("{}.{group}", plural.to_lowercase()));
        (kind, left)
    };
    kinds.into_iter().map(without).collect()
}

#[test]
fn no_kind_that_is_missing_turns_a_check_green() {
    let mut green = Vec::new();
    for (id, kind, fixture) in all() {
        let before = judged(&fixture, &fixture.cluster, id);
        let kinds: BTreeSet<Kind> =
            fixture.cluster.objects().filter_map(|object| object.kind()).collect();
        let mut clusters = without_custom(&fixture.cluster);
        for missing in kinds {
            let mut cluster = fixture.cluster.clone();
            let gone = fixture.cluster.objects().filter(|object| object.kind() == Some(missing));
            for object in gone {
                cluster.remove(&object);
            }
            forget(&mut cluster, &Coverage::key(missing));
            clusters.push((format!("{missing:?}"), cluster));
        }
        for (name, cluster) in clusters {
            for (object, verdict) in judged(&fixture, &cluster, id).iter() {
                let was = before.get(object);
                let bad = matches!(was, Some(Verdict::Fail(_) | Verdict::Unknown(_)));
                if bad && matches!(verdict, Verdict::Pass) {
                    green.push(format!("{id} {kind}: {object} without {name}"));
                }
            }
        }
    }
    assert!(green.is_empty(), "{}", green.join("\n"));
}

#[test]
fn the_same_input_gives_the_same_findings() {
    let chosen = choose(None).expect("all checks");
    for (id, kind, fixture) in all().into_iter().step_by(7) {
        let (one, two) = (found(&fixture, &chosen), found(&fixture, &chosen));
        assert_eq!(one, two, "{id} {kind}");
    }
}

/// Evidence of every check names its object by kind, in one way, and says what is there.
#[test]
fn evidence_names_objects_by_kind_and_says_what_they_say() {
    let mut wrong = BTreeSet::new();
    for (id, kind, fixture) in all() {
        for row in found(&fixture, &choose(Some(id)).expect("a check")).findings {
            for spot in &row.evidence {
                let (object, _) = spot.object.split_once(' ').unwrap_or((&spot.object, ""));
                let named = object.starts_with(char::is_uppercase)
                    && object.chars().all(char::is_alphanumeric);
                if !named || spot.value.is_empty() {
                    wrong.insert(format!("{id} {kind}: {spot:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_folder_belongs_to_a_check() {
    let known: BTreeSet<String> = checks::ALL.iter().map(|check| check.id.to_owned()).collect();
    let entries = std::fs::read_dir(folder()).expect("the fixtures are there");
    for entry in entries {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(known.contains(&name), "{name} is no check");
    }
}

/// What a check says of manifests, read as complete or not.
fn of_manifests(text: &str, complete: bool, id: &str) -> BTreeMap<String, Verdict> {
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete, threads: 1, ..Options::default() };
    let read = read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads");
    let engines = Engines::new(&read.cluster);
    let attack = Attack::new(&read.cluster, &engines);
    let world = World::new(&attack);
    let found = outcomes(&world, checks::by_id(id).expect("a check"));
    found.into_iter().map(|(object, verdict)| (object.to_string(), verdict)).collect()
}

fn binding(role: &str, account: &str) -> String {
    format!(
        r#"{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding,
            metadata: {{name: b}},
            roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "{role}"}},
            subjects: [{{kind: ServiceAccount, name: "{account}", namespace: a}}]}}"#
    )
}

const ACCOUNT: &str = "
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: a}}
";

#[test]
fn manifests_bind_roles_that_every_server_has() {
    let text = binding("cluster-admin", "s") + ACCOUNT;
    for complete in [true, false] {
        let dangling = of_manifests(&text, complete, "RF-RBAC-021");
        let wanted = if complete { "pass" } else { "unknown" };
        assert_eq!(dangling["ClusterRoleBinding b"].name(), wanted, "{dangling:?}");
        let admins = of_manifests(&text, complete, "RF-RBAC-001");
        assert_eq!(admins["ServiceAccount a/s"].name(), "fail", "{admins:?}");
    }
    let text = binding("nowhere", "s") + ACCOUNT;
    let said =
        |complete| of_manifests(&text, complete, "RF-RBAC-021")["ClusterRoleBinding b"].name();
    assert_eq!((said(true), said(false)), ("fail", "unknown"));
}

#[test]
fn an_assumed_role_says_so() {
    let text = binding("cluster-admin", "s") + ACCOUNT;
    let options = Options { complete: true, threads: 1, ..Options::default() };
    let read = read_objects(&[("x.yaml", text.as_bytes())], &options).expect("it reads");
    let engines = Engines::new(&read.cluster);
    let attack = Attack::new(&read.cluster, &engines);
    let found = run(&World::new(&attack), &choose(Some("RF-RBAC-001")).expect("a check"));
    let row = found.findings.first().expect("a finding");
    let rule = row.evidence.iter().find(|one| one.object == "ClusterRole cluster-admin");
    assert!(rule.is_some_and(|one| one.value.contains("assumed")), "{row:?}");
}

#[test]
fn the_account_default_is_in_every_namespace() {
    let role = "
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: own},
 rules: [{apiGroups: [''], resources: [secrets], verbs: ['*']}]}
---
{apiVersion: v1, kind: Namespace, metadata: {name: a}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: c}}
";
    let text = binding("own", "default") + role;
    let dangling = of_manifests(&text, true, "RF-RBAC-021");
    assert_eq!(dangling["ClusterRoleBinding b"].name(), "pass", "{dangling:?}");
    let held = of_manifests(&text, true, "RF-SA-002");
    assert_eq!(held["ServiceAccount a/default"].name(), "fail", "{held:?}");
    assert_eq!(held["ServiceAccount c/default"].name(), "pass", "{held:?}");
    let gone = binding("own", "other") + role;
    let dangling = of_manifests(&gone, true, "RF-RBAC-021");
    assert_eq!(dangling["ClusterRoleBinding b"].name(), "fail", "{dangling:?}");
}

#[test]
fn what_pod_security_refuses_is_named_by_fields() {
    let text = "
{apiVersion: v1, kind: Namespace, metadata: {name: a,
 labels: {pod-security.kubernetes.io/enforce: restricted}}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec:
  hostPID: true
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  volumes: [{name: e, emptyDir: {}}, {name: h, hostPath: {path: /etc}}]
  containers:
  - {name: c, image: x, ports: [{containerPort: 1, hostPort: 1}],
     securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
  - {name: d, image: x, securityContext: {runAsNonRoot: false, procMount: Unmasked,
     allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}},
     livenessProbe: {httpGet: {host: 192.0.2.1, port: 80}}}
";
    let found = of_manifests(text, true, "RF-WKL-023");
    let Verdict::Fail(fault) = &found["Pod a/p"] else { panic!("{found:?}") };
    let paths: BTreeSet<&str> = (fault.spots.iter())
        .filter_map(|why| match why {
            ringfort_attack::Why::PodField { path, .. } => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let wanted = [
        "containers[0].ports",
        "containers[1].livenessProbe",
        "containers[1].securityContext.procMount",
        "containers[1].securityContext.runAsNonRoot",
        "hostPID",
        "volumes[1]",
    ];
    assert_eq!(paths, BTreeSet::from(wanted), "{fault:?}");
}

/// Paths and values of the fields that show what is wrong with an object.
fn shown(text: &str, check: &str, object: &str) -> BTreeSet<(String, String)> {
    let found = of_manifests(text, true, check);
    let Verdict::Fail(fault) = &found[object] else { panic!("{found:?}") };
    let spots = fault.spots.iter().filter_map(|why| match why {
        ringfort_attack::Why::PodField { path, value, .. }
        | ringfort_attack::Why::ObjectField { path, value, .. } => {
            Some((path.to_string(), value.to_string()))
        }
        _ => None,
    });
    spots.collect()
}

fn pairs(wanted: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    wanted.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_field_that_leaves_a_container_without_seccomp_is_named() {
    let text = "
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {
 securityContext: {seccompProfile: {type: Unconfined}}, containers: [
  {name: c, image: x},
  {name: d, image: x},
  {name: e, image: x, securityContext: {seccompProfile: {type: RuntimeDefault}}},
  {name: f, image: x, securityContext: {privileged: true, seccompProfile: {type: RuntimeDefault}}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: a}, spec: {containers: [
  {name: c, image: x, securityContext: {privileged: true}},
  {name: d, image: x, securityContext: {seccompProfile: {type: Unconfined}}}]}}
";
    let pod = [
        ("securityContext.seccompProfile", "Unconfined"),
        ("containers[3].securityContext.privileged", "true"),
    ];
    assert_eq!(shown(text, "RF-WKL-013", "Pod a/p"), pairs(&pod));
    let containers = [
        ("containers[0].securityContext.privileged", "true"),
        ("containers[1].securityContext.seccompProfile", "Unconfined"),
    ];
    assert_eq!(shown(text, "RF-WKL-013", "Pod a/q"), pairs(&containers));
}

#[test]
fn every_credential_is_named_with_its_key() {
    let text = "
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  namespace: a
  annotations: {example.com/db-password: hunter2}
data:
  password: hunter2
  app.properties: |
    db.password=S3cr3t-9fKq2
    url=postgres://u:hunter2@db/x
  colour: blue
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: a}
spec:
  template:
    metadata: {annotations: {example.com/api-token: hunter2}}
    spec:
      containers:
      - name: c
        image: x
        args: [--db-password, hunter2]
        env: [{name: COLOUR, value: blue}, {name: DB_PASSWORD, value: hunter2}]
";
    let named = "named-as-secret";
    let keys = [
        ("data[password]", named),
        ("data[app.properties]", named),
        ("data[app.properties]", "address-with-password"),
        ("metadata.annotations[example.com/db-password]", named),
    ];
    assert_eq!(shown(text, "RF-SEC-001", "ConfigMap a/c"), pairs(&keys));
    let places = [
        ("containers[0].args[1]", named),
        ("containers[0].env[1]", named),
        ("spec.template.metadata.annotations[example.com/api-token]", named),
    ];
    assert_eq!(shown(text, "RF-SEC-001", "Deployment a/d"), pairs(&places));
}

#[test]
fn labelled_settings_of_argo_cd_are_judged_without_its_controller() {
    let text = "
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: x, labels: {app.kubernetes.io/part-of: argocd}}
data: {policy.default: role:admin}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: y}
data: {policy.default: role:admin}
";
    let found = of_manifests(text, true, "RF-CICD-002");
    assert!(matches!(found.get("ConfigMap x/argocd-rbac-cm"), Some(Verdict::Fail(_))), "{found:?}");
    assert_eq!(found.get("ConfigMap y/argocd-rbac-cm"), None);
}

/// Whoever mints a token of an administrator loses what lets it; the administrator's own grants
/// show the way and are left alone.
#[test]
fn fixes_of_a_way_to_cluster_admin_are_the_subjects_own() {
    const OBJECTS: &str = r#"
{apiVersion: v1, kind: Namespace, metadata: {name: a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: admin, namespace: a}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everything}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: administrator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: everything}
subjects: [{kind: ServiceAccount, name: admin, namespace: a}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: minter, namespace: a}
rules: [{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: minter, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: minter}
subjects: [{kind: ServiceAccount, name: s, namespace: a}]
"#;
    let options = Options { complete: true, threads: 1, ..Options::default() };
    let cluster = read_objects(&[("x.yaml", OBJECTS.as_bytes())], &options).expect("it reads");
    let engines = Engines::new(&cluster.cluster);
    let attack = Attack::new(&cluster.cluster, &engines);
    let world = World::new(&attack);
    let findings = run(&world, &choose(Some("RF-RBAC-002")).expect("a check")).findings;
    let [row] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(row.object, "ServiceAccount a/s");
    let shown: Vec<&str> = row.evidence.iter().map(|spot| spot.object.as_str()).collect();
    assert_eq!(
        shown,
        [
            "ClusterRole everything",
            "ClusterRoleBinding administrator",
            "Role a/minter",
            "RoleBinding a/minter"
        ]
    );
    assert!(row.fixes.len() > 1, "{row:?}");
    let foreign = |text: &str| text.contains("administrator") || text.contains("everything");
    assert!(row.fixes.iter().all(|fix| !foreign(&fix.command)), "{:?}", row.fixes);
}
