//! A class of pods is refused where every pod of it is: whatever its maker writes into it, and in
//! whichever container, path or capability the class lies (semantics PSS-12).

// Literals of JSON are handed over as they stand.
#![allow(clippy::needless_pass_by_value)]

mod objects;

use ringfort_admission::{Admission, Control, Options, PodAdmission, Verdict};
use ringfort_model::Str;
use ringfort_podsec::EscapeClass;
use serde_json::{Value, json};

use objects::{binding, cluster, policy, rules, space, webhook};

/// Refuses whatever reaches the node, in every container.
const ALL: &str = "(object.spec.containers + object.spec.?initContainers.orValue([]) \
    + object.spec.?ephemeralContainers.orValue([])).all(c, \
    !c.?securityContext.?privileged.orValue(false) \
    && c.?securityContext.?capabilities.?add.orValue([]).size() == 0) \
    && object.spec.?volumes.orValue([]).all(v, !has(v.hostPath)) \
    && !object.spec.?hostPID.orValue(false) && !object.spec.?hostNetwork.orValue(false) \
    && !object.spec.?hostIPC.orValue(false)";

const LEAVING: [EscapeClass; 3] =
    [EscapeClass::Privileged, EscapeClass::HostPath, EscapeClass::Capability];

fn answer(objects: &[Value]) -> PodAdmission {
    let cluster = cluster(objects);
    let admission = Admission::new(&cluster, cluster.version, Options::default());
    let name = Str::new("a");
    PodAdmission::clone(&admission.pods([&name])[&name])
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Admitted => "open",
        Verdict::Refused(_) => "refused",
        Verdict::Unknown(_) => "unknown",
    }
}

fn on_pods() -> Value {
    let more = json!({"operations": ["CREATE", "UPDATE"]});
    json!({"resourceRules": rules(&["pods", "pods/ephemeralcontainers"], more)})
}

/// A policy with more fields, bound, in a namespace of two nodes.
fn guarded_with(expression: &str, more: Value) -> Vec<Value> {
    let mut spec = json!({"matchConstraints": on_pods(),
        "validations": [{"expression": expression}]});
    for (key, value) in more.as_object().expect("fields") {
        spec[key.as_str()] = value.clone();
    }
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}});
    vec![space("a", json!({})), node, policy(spec), binding(json!({}))]
}

fn guarded(expression: &str) -> Vec<Value> {
    guarded_with(expression, json!({}))
}

/// What is answered to each class, with the shape of what is or may be let through.
fn classes(objects: &[Value]) -> Vec<(EscapeClass, &'static str, &'static str)> {
    let all = answer(objects).classes.into_iter();
    all.map(|one| (one.class, word(&one.decision.verdict), one.shape)).collect()
}

/// The best for whoever wants to leave a container.
fn best(objects: &[Value]) -> &'static str {
    let all = classes(objects);
    let any = |wanted: &str| {
        all.iter().any(|(class, word, _)| LEAVING.contains(class) && *word == wanted)
    };
    ["open", "unknown", "refused"].into_iter().find(|word| any(word)).expect("an answer")
}

#[test]
fn what_refuses_every_shape_refuses_the_classes() {
    for (class, word, _) in classes(&guarded(ALL)) {
        assert_eq!(word, "refused", "{}", class.name());
    }
    // The same rule in other words.
    for expression in [
        "!(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers \
         : [])).exists(c, has(c.securityContext) && has(c.securityContext.privileged) \
         && c.securityContext.privileged)",
        "(object.spec.containers + object.spec.?initContainers.orValue([])).filter(c, \
         c.?securityContext.?privileged.orValue(false)).size() == 0",
        "size((object.spec.containers + object.spec.?initContainers.orValue([])).filter(c, \
         has(c.securityContext) && has(c.securityContext.privileged) \
         && c.securityContext.privileged == true)) < 1",
        "[object.spec.containers, object.spec.?initContainers.orValue([])].all(list, \
         list.all(c, !(has(c.securityContext) && c.securityContext.?privileged.orValue(false))))",
        "(object.spec.containers + object.spec.?initContainers.orValue([])).map(c, \
         c.?securityContext.?privileged.orValue(false)).all(p, p == false)",
    ] {
        let all = classes(&guarded(expression));
        let of = |class| all.iter().find(|one| one.0 == class).expect("every class").1;
        assert_eq!(of(EscapeClass::Privileged), "refused", "{expression}");
        assert_eq!(of(EscapeClass::HostPath), "open", "{expression}");
    }
    let variables = json!({"variables": [
        {"name": "init", "expression": "object.spec.?initContainers.orValue([])"},
        {"name": "every", "expression": "object.spec.containers + variables.init"}]});
    let expression = "variables.every.all(c, !c.?securityContext.?privileged.orValue(false))";
    assert_eq!(classes(&guarded_with(expression, variables))[0].1, "refused");
}

#[test]
fn a_shape_that_is_let_through_opens_the_class() {
    let containers = ALL.replace("object.spec.?initContainers.orValue([])", "[]");
    let root = ALL.replace("!has(v.hostPath)", "(!has(v.hostPath) || v.hostPath.path != '/')");
    let log = ALL.replace(
        "!has(v.hostPath)",
        "(!has(v.hostPath) || v.hostPath.path.startsWith('/var/log/'))",
    );
    let cron = ALL.replace(
        "!has(v.hostPath)",
        "(!has(v.hostPath) || v.hostPath.path.startsWith('/etc/cron.d'))",
    );
    let pattern = ALL
        .replace("!has(v.hostPath)", "(!has(v.hostPath) || v.hostPath.path.matches('^/e.c/x$'))");
    let none = "c.?securityContext.?capabilities.?add.orValue([]).size() == 0";
    let one =
        ALL.replace(none, "!('SYS_ADMIN' in c.?securityContext.?capabilities.?add.orValue([]))");
    let allowed = ALL.replace(
        none,
        "c.?securityContext.?capabilities.?add.orValue([]).all(a, a in ['CHOWN', 'KILL'])",
    );
    let sets = ALL.replace(
        none,
        "sets.contains(['CHOWN', 'KILL'], c.?securityContext.?capabilities.?add.orValue([]))",
    );
    let running = ALL.replace(
        "object.spec.?initContainers.orValue([])",
        "object.spec.?initContainers.orValue([]).filter(c, \
         c.?restartPolicy.orValue('') != 'Always')",
    );
    for (expression, class, want, shape) in [
        (&containers, EscapeClass::Privileged, "open", "privileged init container"),
        (&containers, EscapeClass::Capability, "open", "capability SYS_ADMIN"),
        (&running, EscapeClass::Privileged, "open", "privileged sidecar"),
        (&root, EscapeClass::HostPath, "open", "hostPath //"),
        (&cron, EscapeClass::HostPath, "open", "hostPath"),
        (&log, EscapeClass::HostPath, "refused", "hostPath"),
        (&pattern, EscapeClass::HostPath, "unknown", "hostPath"),
        (&one, EscapeClass::Capability, "open", "capability SYS_MODULE"),
        (&allowed, EscapeClass::Capability, "refused", "capability SYS_ADMIN"),
        (&sets, EscapeClass::Capability, "refused", "capability SYS_ADMIN"),
    ] {
        let all = classes(&guarded(expression));
        let found = all.iter().find(|one| one.0 == class).expect("every class");
        assert_eq!((found.1, found.2), (want, shape), "{expression}");
    }
}

#[test]
fn what_the_maker_of_a_pod_chooses_holds_nothing_back() {
    let or = |exempt: &str| format!("{exempt} || ({ALL})");
    for exempt in [
        "object.metadata.?annotations['exempt'].orValue('no') == 'yes'",
        "object.metadata.?labels['exempt'].orValue('no') == 'yes'",
        "(has(object.metadata.labels) && 'exempt' in object.metadata.labels)",
        "object.metadata.name.startsWith('ok-')",
        "object.metadata.name == 'allowed'",
        "has(object.metadata.generateName)",
        "has(object.spec.nodeName)",
        "object.spec.containers.all(c, c.image.startsWith('registry.example.com/'))",
        "object.spec.containers.exists(c, c.name == 'agent')",
        "object.spec.containers[0].?env.orValue([]).exists(e, e.name == 'DEBUG')",
    ] {
        assert_eq!(best(&guarded(&or(exempt))), "open", "{exempt}");
    }
    let condition = |expression: &str| {
        let one = json!([{"name": "n", "expression": expression}]);
        best(&guarded_with(ALL, json!({"matchConditions": one})))
    };
    assert_eq!(condition("!('skip' in object.metadata.?annotations.orValue({}))"), "open");
    assert_eq!(condition("object.metadata.namespace == 'a'"), "refused");
    assert_eq!(condition("request.kind.kind == 'Pod'"), "refused");
    // Who asks is not known, nor whether it would hold a runtime class.
    assert_eq!(condition("request.userInfo.username != 'admin'"), "unknown");
    assert_eq!(best(&guarded(&or("object.spec.?runtimeClassName.orValue('') == 'g'"))), "unknown");
    // The account does not exist, and the pod would be refused for that.
    let account = or("object.spec.?serviceAccountName.orValue('default') == 'trusted'");
    assert_eq!(best(&guarded(&account)), "unknown");
    let mut objects = guarded(&account);
    objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "trusted", "namespace": "a"}}));
    assert_eq!(best(&objects), "open");
}

#[test]
fn one_choice_need_not_serve_two_controls() {
    // The label that evades the one is what the other refuses.
    let skip = json!({"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]});
    let mut constraints = on_pods();
    constraints["objectSelector"] = skip;
    let mut objects = guarded_with(ALL, json!({"matchConstraints": constraints}));
    assert_eq!(best(&objects), "open");
    let mut other = policy(json!({"matchConstraints": on_pods(), "validations": [
        {"expression": "!('skip' in object.metadata.?labels.orValue({}))"}]}));
    other["metadata"]["name"] = json!("q");
    let mut bound = binding(json!({}));
    bound["metadata"]["name"] = json!("c");
    bound["spec"]["policyName"] = json!("q");
    objects.extend([other, bound]);
    assert_ne!(best(&objects), "open");
    // Two that each ask for something of their own are met one after the other.
    let both = format!(
        "(object.metadata.?annotations['exempt'].orValue('') == 'yes' \
         && object.metadata.name.startsWith('ok-')) || ({ALL})"
    );
    let mut two = guarded("'team' in object.metadata.?labels.orValue({})");
    assert_eq!(best(&two), "open");
    two.push({
        let mut hook = webhook(json!({"objectSelector": {"matchLabels": {"team": "any"}}}));
        hook["metadata"]["name"] = json!("h");
        hook
    });
    assert_eq!(best(&two), "open");
    assert_ne!(best(&guarded(&both)), "refused");
}

#[test]
fn a_policy_that_ignores_its_failure_refuses_only_what_it_evaluates() {
    let ignoring = |expression: &str| {
        classes(&guarded_with(expression, json!({"failurePolicy": "Ignore"})))[0].1
    };
    assert_eq!(ignoring(ALL), "refused");
    // Without init containers it fails, and lets through.
    let fails = "(object.spec.containers + object.spec.initContainers).all(c, \
        !c.?securityContext.?privileged.orValue(false))";
    assert_eq!(ignoring(fails), "open");
    assert_eq!(classes(&guarded(fails))[0].1, "refused");
}

#[test]
fn relabelling_and_place_follow_the_shapes_too() {
    let found = answer(&guarded(ALL));
    let relabelled = found.classes.iter().map(|one| word(&one.relabelled.verdict));
    assert!(relabelled.into_iter().all(|word| word == "refused"));
    let placed = |expression: &str, name: &str| {
        let cluster = cluster(&guarded(expression));
        let admission = Admission::new(&cluster, cluster.version, Options::default());
        let wish = |spec: &mut ringfort_model::PodSpec| spec.node_name = Str::new(name);
        word(&admission.placed(&Str::new("a"), EscapeClass::Privileged, wish).verdict)
    };
    let only = "!has(object.spec.nodeName) || object.spec.nodeName == 'soft'";
    assert_eq!(placed(only, "soft"), "open");
    assert_eq!(placed(only, "hard"), "refused");
    let annotated = "!has(object.spec.nodeName) || 'place' in object.metadata.annotations";
    assert_eq!(placed(annotated, "hard"), "open");
}

#[test]
fn an_ephemeral_container_is_judged_when_it_is_added() {
    let added = |objects: &[Value]| {
        let all = answer(objects).ephemeral.into_iter();
        all.map(|one| (word(&one.decision.verdict), one.shape)).collect::<Vec<_>>()
    };
    let open = [("open", "privileged ephemeral container"), ("open", "capability SYS_ADMIN")];
    assert_eq!(added(&[space("a", json!({}))]), open);
    let baseline = json!({"pod-security.kubernetes.io/enforce": "baseline"});
    let refused = |found: Vec<(&str, &str)>| found.iter().all(|one| one.0 == "refused");
    assert!(refused(added(&[space("a", baseline)])));
    assert!(refused(added(&guarded(ALL))));
    // A policy on pods alone does not see it, and one on new ones neither.
    let on = |resources: &[&str], operation: &str| {
        let rules = rules(resources, json!({"operations": [operation]}));
        let more = json!({"matchConstraints": {"resourceRules": rules}});
        added(&guarded_with(ALL, more))
    };
    assert_eq!(on(&["pods"], "*"), open);
    assert_eq!(on(&["pods/*"], "CREATE"), open);
    assert!(refused(on(&["pods/*"], "UPDATE")));
    // The container is chosen, the pod is there.
    let or = |exempt: &str| added(&guarded(&format!("{exempt} || ({ALL})")))[0].0;
    let image = "object.spec.ephemeralContainers.exists(c, c.image == 'registry.example.com/x')";
    assert_eq!(or(image), "open");
    assert_eq!(or("object.metadata.?labels['exempt'].orValue('') == 'yes'"), "unknown");
    assert_eq!(or("object.metadata.name == 'x'"), "unknown");
    let hook = |fail: &str| {
        let rules = rules(&["pods/ephemeralcontainers"], json!({"operations": ["UPDATE"]}));
        added(&[space("a", json!({})), webhook(json!({"rules": rules, "failurePolicy": fail}))])
    };
    assert_eq!(hook("Fail")[0].0, "unknown");
    assert_eq!(hook("Ignore"), open);
}

#[test]
fn a_webhook_that_mutates_mends_no_class_that_a_policy_refuses() {
    let mut objects = guarded(ALL);
    let mut hook = webhook(json!({}));
    hook["kind"] = json!("MutatingWebhookConfiguration");
    objects.push(hook);
    assert_eq!(best(&objects), "refused");
    let refused = answer(&objects).classes.swap_remove(0).decision.verdict;
    let Verdict::Refused(all) = refused else { panic!("refused") };
    assert!(matches!(all[0].control, Control::ValidatingPolicy { .. }));
}

#[test]
fn a_webhook_is_shown_pods_by_rules_scope_and_conditions() {
    let shown = |more: Value| {
        let cluster = cluster(&[space("a", json!({})), webhook(more)]);
        let admission = Admission::new(&cluster, cluster.version, Options::default());
        let (configuration, name) = (Str::new("w"), Str::new("w.example.com"));
        admission.is_shown_pods((&configuration, &name, false), &Str::new("a"))
    };
    let condition = |text: &str| json!({"matchConditions": [{"name": "n", "expression": text}]});
    assert_eq!(shown(json!({})), Some(true));
    assert_eq!(shown(json!({"rules": rules(&["*"], json!({"scope": "Cluster"}))})), Some(false));
    assert_eq!(shown(json!({"rules": rules(&["*"], json!({"apiVersions": ["v2"]}))})), Some(false));
    assert_eq!(shown(json!({"rules": rules(&["services"], json!({}))})), Some(false));
    assert_eq!(shown(condition("object.metadata.namespace != 'a'")), Some(false));
    assert_eq!(shown(condition("object.metadata.name != 'a'")), None);
    assert_eq!(shown(json!({"objectSelector": {"matchLabels": {"a": "b"}}})), None);
    let elsewhere = json!({"namespaceSelector": {"matchLabels": {"a": "b"}}});
    assert_eq!(shown(elsewhere), Some(false));
}
