//! `deputy-generic`: An operator that nothing is known about may act, with its own power, on an object or account that a custom resource refers to.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_authz::{Names, RuleRequest, rule_names};
use ringfort_model::Str;
use std::collections::BTreeSet;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-generic",
    title: "have an operator act on a reference",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "An operator that nothing is known about may act, with its own power, on an object or account that a custom resource refers to.",
        when: "Only where heuristics are asked for. create or update on a kind of a CustomResourceDefinition whose schema has namespace, secretRef or serviceAccountName below spec; and an account that runs pods and writes the status of the kind.",
        not: "A schema without such fields; a controller whose power the other rows describe.",
        controls: "A guess by the shape of the schema: never part of the default graph.",
        cut: "Look at what the operator does with the field.",
        upstream: "Kubernetes API conventions: object references",
    },
    find,
};

/// Groups that a row of its own describes.
const DESCRIBED: &[&str] = &[
    "argoproj.io",
    "tekton.dev",
    "triggers.tekton.dev",
    "serving.knative.dev",
    "serving.kserve.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "cert-manager.io",
    "external-secrets.io",
    "kyverno.io",
    "mutations.gatekeeper.sh",
    "velero.io",
    "karpenter.k8s.aws",
    "kubevirt.io",
    "monitoring.coreos.com",
    "cluster.x-k8s.io",
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    if !context.heuristics {
        return;
    }
    let running: BTreeSet<Subject> = context
        .units
        .iter()
        .filter(|unit| !unit.latent)
        .map(|unit| {
            let name = Str::new(unit.spec.account());
            Subject::ServiceAccount(unit.namespace.clone(), name)
        })
        .collect();
    for definition in &context.cluster.custom_resource_definitions {
        let Some(spec) = &definition.spec else { continue };
        let Some(names) = &spec.names else { continue };
        let schemas = spec.versions.iter().filter_map(|version| version.schema.as_ref());
        let fields: BTreeSet<&Str> = schemas.flat_map(|schema| schema.0.iter()).collect();
        let Some(field) = fields.first().filter(|_| !DESCRIBED.contains(&spec.group.as_str()))
        else {
            continue;
        };
        let cluster = *spec.scope == *"Cluster";
        let resource = names.plural.as_str();
        let writers = allowed(context, &["create"], (&spec.group, resource), cluster);
        let status = format!("{resource}/status");
        let mut accounts = BTreeSet::new();
        for (grant, _) in allowed(context, &["update", "patch"], (&spec.group, &status), cluster) {
            let bound = &context.grants[grant].bound;
            accounts
                .extend(bound.iter().map(|(one, _, _)| one).filter(|one| running.contains(one)));
        }
        for (at, rule) in writers {
            let grant = &context.grants[at];
            for account in &accounts {
                if grant.bound.iter().any(|(one, _, _)| one == *account) {
                    continue;
                }
                let held = Why::Held { role: grant.role.clone(), scope: grant.scope.clone(), rule };
                let schema = Why::ObjectField {
                    kind: "CustomResourceDefinition",
                    namespace: Str::default(),
                    name: definition.metadata.name.clone(),
                    path: "spec.versions[].schema".into(),
                    value: Str::from(format!("has the field {field} below spec")),
                };
                let draft = Draft::new(grant.node(), NodeKey::Subject((*account).clone()));
                let draft = draft.because(held).because(schema);
                maker.edge(draft.unknown("heuristic: what the operator does with the field"));
            }
        }
    }
}

/// Grants, and their rules, that allow a request without a name.
fn allowed(
    context: &Context<'_>,
    verbs: &[&str],
    (group, resource): (&str, &str),
    cluster: bool,
) -> Vec<(usize, u32)> {
    let mut found = Vec::new();
    for (at, grant) in context.grants.iter().enumerate() {
        if cluster && grant.scope != Scope::Cluster {
            continue;
        }
        let rule = grant.rules.iter().position(|rule| {
            verbs.iter().any(|verb| {
                let request = RuleRequest::of(verb, group, resource);
                rule_names(rule, &request) == Some(Names::Any)
            })
        });
        found.extend(rule.map(|rule| (at, rule as u32)));
    }
    found
}
