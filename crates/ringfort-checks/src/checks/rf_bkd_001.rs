//! RF-BKD-001: system-looking identity that is not part of the system.

use crate::baseline::Baseline;
use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::versions::Site;
use crate::world::World;
use ringfort_attack::{BindingKey, NodeKey, RoleKey, Subject, Why, Zone};
use ringfort_model::Kind;
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-BKD-001",
    title: "System-looking identity that is not part of the system",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[],
    references: &["T1036.005", "T1098.006", "MS-TA9023"],
    reads: &[
        Kind::ServiceAccount,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Whoever reads a list of bindings passes over what looks like Kubernetes.",
        fails: "An account of kube-system named like a controller, or a role or binding named system:, that neither Kubernetes, a known add-on nor a provider brings, and that is bound to something.",
        not: "Names of the default roles and of known add-ons and providers; accounts with which only images of known components run; accounts and roles to which nothing is granted.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Find out who made it; delete it if nobody of yours did.",
    },
    judge: Judge::Cluster(judge),
};

/// Names, or beginnings of names with *, of parts that add-ons and providers bring. A beginning
/// is a provider's or an add-on's own name, so that nothing of Kubernetes itself is imitated.
const KNOWN: &[&str] = &[
    "antrea-controller",
    "aws-*",
    "azure-*",
    "calico-kube-controllers",
    "cloud-node-controller",
    "cloud-node-lifecycle-controller",
    "csi-snapshot-controller",
    "ebs-csi-*",
    "efs-csi-*",
    "eks-*",
    "gce-*",
    "gke-*",
    "glbc-controller",
    "hcloud-*",
    "oci-*",
    "sealed-secrets-controller",
    "snapshot-controller",
    "volume-snapshot-controller",
    "vpa-admission-controller",
    "vpc-resource-controller",
    "system:addon-manager",
    "system:aggregated-metrics-reader",
    "system:aks-*",
    "system:azure-*",
    "system:cloud-controller-manager",
    "system:cloud-node-controller",
    "system:controller:cloud-node-controller",
    "system:controller:glbc",
    "system:coredns",
    "system:coredns-autoscaler",
    "system:deployer",
    "system:deployers",
    "system:eks:*",
    "system:evictioner",
    "system:gce-*",
    "system:gcp-*",
    "system:gke-*",
    "system:glbc-status",
    "system:hcloud-*",
    "system:image-auditor",
    "system:image-builder",
    "system:image-builders",
    "system:image-pruner",
    "system:image-puller",
    "system:image-pullers",
    "system:image-pusher",
    "system:image-signer",
    "system:k3s-controller",
    "system:konnectivity-server",
    "system:kube-dns-autoscaler",
    "system:leader-locking-vpa-*",
    "system:managed-certificate-controller",
    "system:metrics-reader",
    "system:metrics-server",
    "system:metrics-server-nanny",
    "system:node-admin",
    "system:node-reader",
    "system:oauth-token-deleter",
    "system:openshift:*",
    "system:prometheus-adapter",
    "system:registry",
    "system:rke2-controller",
    "system:router",
    "system:scope-impersonation",
    "system:sdn-*",
    "system:vpa-*",
    "system:webhook",
];

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

/// Whether what runs with an account is all in images that are known.
fn runs_known(world: &World<'_>, subject: &Subject) -> bool {
    let known = |at: u32| world.running().iter().any(|one| one.site == Site::Unit(at));
    let mut own = world.places().filter(|place| {
        let Subject::ServiceAccount(namespace, name) = subject else { return false };
        let unit = place.unit;
        !unit.latent && unit.namespace == *namespace && *unit.spec.account() == **name
    });
    let first = own.next();
    first.is_some_and(|first| known(first.at) && own.all(|place| known(place.at)))
}

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let shipped = Baseline::shipped();
    for account in &world.cluster.service_accounts {
        let meta = &account.metadata;
        if *meta.namespace != *"kube-system" || !meta.name.ends_with("-controller") {
            continue;
        }
        let subject = Subject::ServiceAccount(meta.namespace.clone(), meta.name.clone());
        let grants = world.own_grants(&subject);
        let imitates = !shipped.names_account(&meta.namespace, &meta.name)
            && !is_known(&meta.name)
            && !runs_known(world, &subject);
        let verdict = match imitates && !grants.is_empty() {
            false => Verdict::Pass,
            true => {
                let whys = grants.into_iter().flat_map(|given| world.grant_why(given));
                let mut fault = Fault::of(whys.collect());
                fault.at.insert(NodeKey::Subject(subject));
                Verdict::Fail(fault)
            }
        };
        out.add(Object::new("ServiceAccount", &meta.namespace, &meta.name), verdict);
    }
    let mut seen = BTreeSet::new();
    for grant in &world.context.grants {
        let name = match &grant.role {
            RoleKey::Cluster(name) | RoleKey::Namespaced(_, name) => name,
            RoleKey::Limited(..) | RoleKey::Node(_) => continue,
        };
        if !name.starts_with("system:") || grant.limit.is_some() || !seen.insert(&grant.role) {
            continue;
        }
        let imitates = !shipped.names_role(&grant.role) && !is_known(name);
        let all = world.context.grants.iter().filter(|one| one.role == grant.role);
        let bound = all.flat_map(|one| &one.bound).next();
        let spot = bound.filter(|_| imitates).map(|(_, binding, subject)| Why::Bound {
            binding: binding.clone(),
            subject: *subject,
        });
        out.add(World::role_object(&grant.role), Verdict::of(spot.into_iter().collect()));
    }
    for binding in &world.cluster.cluster_role_bindings {
        let name = &binding.metadata.name;
        let key = BindingKey::Cluster(name.clone());
        if !name.starts_with("system:") {
            continue;
        }
        let imitates =
            !shipped.names_binding(&key) && !is_known(name) && !binding.subjects.is_empty();
        let spot = imitates.then_some(Why::Bound { binding: key, subject: 0 });
        let object = Object::wide("ClusterRoleBinding", name);
        out.add(object, Verdict::of(spot.into_iter().collect()));
    }
}
