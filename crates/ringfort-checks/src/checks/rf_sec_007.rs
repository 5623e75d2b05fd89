//! RF-SEC-007: secret store open to every namespace.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::custom;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_model::{Kind, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-007",
    title: "Secret store open to every namespace",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["C-0208", "C-0234"],
    reads: &[Kind::Namespace, Kind::CustomResourceDefinition],
    doc: Doc {
        why: "Whoever may create an ExternalSecret anywhere reads what the store's role may read.",
        fails: "A ClusterSecretStore has no conditions, or one that every namespace meets. How much its role may read is shown by the store alone and absolves nothing.",
        not: "Conditions that leave some namespace out; a SecretStore, which serves its own namespace only.",
        unknown: "A condition is a regular expression, or the stores were not all read.",
        fix: "Set conditions on the store.",
    },
    judge: Judge::Cluster(judge),
};

const STORES: &str = "clustersecretstores.external-secrets.io";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let is_one = |one: &&ringfort_model::record::Other| {
        *one.kind == *"ClusterSecretStore" && one.group() == "external-secrets.io"
    };
    for store in world.cluster.others.iter().filter(is_one) {
        let name = &store.metadata.name;
        let conditions = store.spec.as_ref().map_or(&[][..], |spec| &spec.conditions);
        let serves = |namespace: &Str| {
            let known = world.cluster.namespaces.get("", namespace);
            let labels = known.map(|one| one.metadata.labels.clone()).unwrap_or_default();
            conditions.iter().any(|one| {
                let selector = one.namespace_selector.as_ref();
                one.namespaces.has(namespace)
                    || selector.is_some_and(|selector| selector.matches(&labels))
            })
        };
        let all = !context.namespaces.is_empty() && context.namespaces.iter().all(serves);
        let open = conditions.is_empty() || all;
        let guessed = conditions.iter().any(|one| !one.namespace_regexes.is_empty());
        let value = if conditions.is_empty() { "absent" } else { "every namespace meets them" };
        let verdict = match (open, guessed) {
            (true, _) => Verdict::of(vec![facts::field(
                "ClusterSecretStore",
                "",
                name,
                ("spec.conditions", value),
            )]),
            (false, true) => Verdict::missing("which namespaces the expressions match"),
            (false, false) => Verdict::Pass,
        };
        out.add(Object::wide("ClusterSecretStore", name), verdict);
    }
    custom::unread(world, out, "external-secrets.io", STORES);
}
