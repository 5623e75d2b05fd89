//! RF-CICD-014: credentials for other clusters concentrated here.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::{EntityId, Kind, Str};
use std::collections::BTreeMap;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-014",
    title: "Credentials for other clusters concentrated here",
    zone: Zone::Impact,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["MS-TA9003"],
    reads: &[Kind::Secret],
    doc: Doc {
        why: "Whoever takes this cluster takes those.",
        fails: "A namespace holds cluster Secrets of Argo CD or kubeconfigs of Cluster API, known by label or type.",
        not: "Namespaces without such Secrets; kubeconfigs of people, which RF-SEC-003 names.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Give the controller short-lived credentials, narrow to what it deploys there.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let mut found: BTreeMap<&Str, Fault> = BTreeMap::new();
    for secret in &world.cluster.secrets {
        let meta = &secret.metadata;
        let label = "argocd.argoproj.io/secret-type";
        let argo = meta.labels.get(label).is_some_and(|kind| *kind == *"cluster");
        let capi = *secret.kind == *"cluster.x-k8s.io/secret" && meta.name.ends_with("-kubeconfig");
        if !argo && !capi {
            continue;
        }
        let path = if argo { format!("metadata.labels[{label}]") } else { "type".to_owned() };
        let value = if argo { "cluster" } else { "cluster.x-k8s.io/secret" };
        let fault = found.entry(&meta.namespace).or_default();
        fault.spots.push(Why::Field {
            object: EntityId::Secret(meta.namespace.clone(), meta.name.clone()),
            path: Str::new(&path),
            value: Str::new(value),
        });
        fault.at.insert(NodeKey::Secret(meta.namespace.clone(), meta.name.clone()));
    }
    for name in &world.context.namespaces {
        let verdict = match found.remove(name) {
            Some(fault) => {
                let note = format!("{} clusters", fault.spots.len());
                Verdict::Fail(fault.noted(note))
            }
            None => Verdict::Pass,
        };
        out.add(Object::wide("Namespace", name), verdict);
    }
}
