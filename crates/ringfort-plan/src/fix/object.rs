//! Fixes of other objects: a namespace's Pod Security label, a token Secret, an annotation.

use std::collections::BTreeMap;

use ringfort_attack::technique::FixKind;
use ringfort_language::sentence;
use ringfort_model::{EntityId, Kind, Str, WorkloadKind};
use ringfort_podsec::{Level, PolicyVersion, evaluate};

use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::{Desk, Fix, Remedy, service};
use crate::owner::{Owner, is_system, owner};

/// Has a namespace enforce the baseline level.
pub(super) fn pod_security(desk: &Desk<'_, '_>, namespace: &Str) -> Remedy {
    let context = &desk.attack.context;
    let Some(object) = context.cluster.namespaces.get("", namespace) else { return Remedy::Fact };
    let mut breaks = Vec::new();
    for (at, unit) in context.units_in(namespace) {
        let passes = evaluate(
            &unit.spec,
            &unit.annotations,
            Level::Baseline,
            PolicyVersion::Latest,
            context.version,
        )
        .is_empty();
        if passes {
            continue;
        }
        if is_system(desk.attack, at) {
            return Remedy::Untouchable("the namespace runs parts of the cluster itself");
        }
        let id = desk.attack.unit_id(at);
        breaks.push(format!("{id} does not meet baseline and would not start again"));
    }
    let cost = desk.costs.label + desk.costs.workload * breaks.len() as u32;
    let labels =
        BTreeMap::from([("pod-security.kubernetes.io/enforce".to_owned(), "baseline".to_owned())]);
    Remedy::Fixes(vec![Fix {
        id: format!("enforce-baseline:{namespace}"),
        title: sentence!(
            "enforce Pod Security baseline in namespace {namespace}",
            namespace = namespace.as_str()
        ),
        kind: FixKind::Pss,
        edits: vec![Edited {
            kind: Kind::Namespace,
            namespace: Str::default(),
            name: namespace.clone(),
            edit: ObjectEdit::Labels(labels),
        }],
        cost,
        breadth: 1,
        breaks,
        owner: Owner { namespace: namespace.to_string(), ..owner(&object.metadata) },
    }])
}

/// Takes an annotation with a credential in it away.
pub(super) fn annotation(
    desk: &Desk<'_, '_>,
    kind: &str,
    (namespace, name): (&Str, &Str),
    key: &str,
) -> Remedy {
    let cluster = desk.attack.context.cluster;
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    let kinds = workloads.chain(Kind::PLAIN.iter().copied()).filter(|known| known.name() == kind);
    let found = kinds.filter_map(|kind| Some((kind, cluster.find(kind, namespace, name)?)));
    let Some((kind, object)) =
        found.into_iter().find(|(_, object)| object.meta().annotations.get(key).is_some())
    else {
        return Remedy::Fact;
    };
    let title = object.title();
    let breaks = match key {
        "kubectl.kubernetes.io/last-applied-configuration" => {
            "the next kubectl apply does not take fields away that its manifest no longer has"
        }
        _ => "whatever reads the annotation no longer finds it",
    };
    let pointer = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
    Remedy::Fixes(vec![Fix {
        id: format!("drop-annotation:{title}:{key}"),
        title: sentence!("take the annotation {key} from {object}", key, object = &title),
        kind: FixKind::Delete,
        edits: vec![Edited {
            kind,
            namespace: namespace.clone(),
            name: name.clone(),
            edit: ObjectEdit::Fields(vec![FieldEdit::Remove { pointer }]),
        }],
        cost: desk.costs.label,
        breadth: 1,
        breaks: vec![breaks.to_owned()],
        owner: owner(object.meta()),
    }])
}

/// What a field of an object stands for decides what takes it away.
pub(super) fn field(desk: &Desk<'_, '_>, object: &EntityId, path: &Str) -> Remedy {
    match (object, path.as_str()) {
        (EntityId::Secret(namespace, name), "type") => token_secret(desk, namespace, name),
        (EntityId::Service(namespace, name), path) => service::field(desk, namespace, name, path),
        _ => Remedy::Fact,
    }
}

fn token_secret(desk: &Desk<'_, '_>, namespace: &Str, name: &Str) -> Remedy {
    let context = &desk.attack.context;
    let Some(secret) = context.cluster.secrets.get(namespace, name) else { return Remedy::Fact };
    let users: Vec<String> = context
        .units_in(namespace)
        .filter(|(at, _)| desk.attack.secrets_of(*at).contains(name))
        .map(|(at, _)| format!("{} reads it", desk.attack.unit_id(at)))
        .collect();
    let cost = if users.is_empty() { desk.costs.label } else { desk.costs.grant };
    Remedy::Fixes(vec![Fix {
        id: format!("delete:Secret {namespace}/{name}"),
        title: sentence!("delete {object}", object = format!("Secret {namespace}/{name}")),
        kind: FixKind::Delete,
        edits: vec![Edited {
            kind: Kind::Secret,
            namespace: namespace.clone(),
            name: name.clone(),
            edit: ObjectEdit::Delete,
        }],
        cost,
        breadth: 1,
        breaks: users,
        owner: owner(&secret.metadata),
    }])
}
