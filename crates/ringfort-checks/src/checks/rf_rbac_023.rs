//! RF-RBAC-023: use of the system:masters group.

use crate::baseline::Baseline;
use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{BindingKey, Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-RBAC-023",
    title: "Use of the system:masters group",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["KSV-0123", "C-0246", "CIS 5.1.7"],
    reads: &[Kind::ClusterRoleBinding, Kind::RoleBinding, Kind::ConfigMap],
    doc: Doc {
        why: "The API server never refuses its members, and no change of a role takes their power away.",
        fails: "A binding other than the default one names the group.",
        not: "The default binding of cluster-admin.",
        unknown: "The mappings of aws-auth, whose values are not kept; client certificates show in no object.",
        fix: "Bind a group of the owner's own to the roles that are used.",
    },
    judge: Judge::Cluster(judge),
};

const MASTERS: &str = "system:masters";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let wide =
        world.cluster.cluster_role_bindings.iter().map(|one| {
            (BindingKey::Cluster(one.metadata.name.clone()), &one.role_ref, &one.subjects)
        });
    let narrow = world.cluster.role_bindings.iter().map(|one| {
        let meta = &one.metadata;
        let key = BindingKey::Namespaced(meta.namespace.clone(), meta.name.clone());
        (key, &one.role_ref, &one.subjects)
    });
    for (key, role, subjects) in wide.chain(narrow) {
        let named = subjects.iter().enumerate().filter(|(_, one)| {
            one.kind == "Group"
                && one.name == MASTERS
                && !Baseline::shipped().has_subject(&key, role, one)
        });
        let spots: Vec<Why> =
            named.map(|(at, _)| Why::Bound { binding: key.clone(), subject: at as u32 }).collect();
        let object = match &key {
            BindingKey::Namespaced(namespace, name) => Object::new("RoleBinding", namespace, name),
            BindingKey::Cluster(name) | BindingKey::Node(name) => {
                Object::wide("ClusterRoleBinding", name)
            }
        };
        out.add(object, Verdict::of(spots));
    }
    if let Some(map) = world.cluster.config_maps.get("kube-system", "aws-auth") {
        let object = Object::new("ConfigMap", &map.metadata.namespace, &map.metadata.name);
        out.add(object, Verdict::missing("the groups that aws-auth maps to"));
    }
}
