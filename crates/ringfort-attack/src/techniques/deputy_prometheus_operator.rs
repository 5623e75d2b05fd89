//! `deputy-prometheus-operator`: A Prometheus, Alertmanager or ThanosRuler object runs containers of its author's making as any account of the namespace; a ServiceMonitor has Prometheus send the token of its own account to a target of the author's choice.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope, Subject};
use crate::operator::{Custom, Marks, custom, find as operators, run_pods};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;
use ringfort_model::record::Other;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-prometheus-operator",
    title: "have the operator run a pod or leak a token",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "A Prometheus, Alertmanager or ThanosRuler object runs containers of its author's making as any account of the namespace; a ServiceMonitor has Prometheus send the token of its own account to a target of the author's choice.",
        when: "create or update on prometheuses, prometheusagents, alertmanagers or thanosrulers in a namespace that the operator watches; or on servicemonitors in a namespace that a Prometheus selects and does not deny files to.",
        not: "prometheusrules; a Prometheus with arbitraryFSAccessThroughSMs.deny; read access.",
        controls: "",
        cut: "Deny arbitrary files on every Prometheus; keep the kinds that make pods to their owners.",
        upstream: "prometheus-operator documentation: API reference, ArbitraryFSAccessThroughSMsConfig",
    },
    find,
};

const MARKS: Marks = Marks { images: &["prometheus-operator/prometheus-operator"], labels: &[] };
const GROUP: &str = "monitoring.coreos.com";
const PODS: [Custom; 4] = [
    custom(GROUP, "prometheuses", "Prometheus"),
    custom(GROUP, "prometheusagents", "PrometheusAgent"),
    custom(GROUP, "alertmanagers", "Alertmanager"),
    custom(GROUP, "thanosrulers", "ThanosRuler"),
];
const SERVERS: Custom = custom(GROUP, "prometheuses", "Prometheus");
const MONITORS: Custom = custom(GROUP, "servicemonitors", "ServiceMonitor");

/// Namespaces of a scope whose ServiceMonitors a Prometheus reads.
fn selects(context: &Context<'_>, server: &Other, scope: &Scope) -> bool {
    let Some(spec) = &server.spec else { return false };
    if spec.service_monitor_selector.is_none() {
        return false;
    }
    match &spec.service_monitor_namespace_selector {
        None => scope.reaches(Some(&server.metadata.namespace)),
        Some(selector) => context.namespaces_in(scope).any(|name| {
            let namespace = context.cluster.namespaces.get("", name);
            namespace.is_some_and(|one| selector.matches(&one.metadata.labels))
        }),
    }
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for operator in operators(context, &MARKS) {
        for write in PODS.iter().flat_map(|kind| kind.writes(context)) {
            for scope in operator.watched(context, "namespaces", &write.scope) {
                let draft = write.draft(context, run_pods(scope));
                maker.edge(draft.because(operator.why(context)));
            }
        }
        let monitors = MONITORS.writes(context);
        for server in SERVERS.objects(context) {
            let Some(spec) = &server.spec else { continue };
            let denies = spec.arbitrary_files.as_ref().and_then(|files| files.deny) == Some(true);
            for write in monitors.iter().filter(|_| !denies) {
                if !selects(context, server, &write.scope) {
                    continue;
                }
                let name = match spec.service_account_name.as_str() {
                    "" => Str::new("default"),
                    _ => spec.service_account_name.clone(),
                };
                let account = Subject::ServiceAccount(server.metadata.namespace.clone(), name);
                let draft = write.draft(context, NodeKey::Subject(account));
                let path = "spec.arbitraryFSAccessThroughSMs.deny";
                let why = SERVERS.field(server, path, "is not set");
                maker.edge(draft.because(operator.why(context)).because(why));
            }
        }
    }
}
