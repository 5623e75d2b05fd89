//! Impacts beside control of the cluster (techniques section 9): what a grant or a position does
//! to data, services and others. None of them is a default target.

use ringfort_model::{Kind, Str, VolumeSource};

use crate::context::{Ask, Context, Held, POD_MAKERS};
use crate::draw;
use crate::impact::Impact;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, Scope};
use crate::pod_making::conjoin_making;
use crate::why::Why;

const WRITE: &[&str] = &["create", "update", "patch"];
const DELETE: &[&str] = &["delete", "deletecollection"];
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Adds the edges to these impacts.
pub(crate) fn draw(context: &Context<'_>, maker: &mut Maker<'_>) {
    namespace_admin(context, maker);
    data(context, maker);
    destruction(context, maker);
    compute(context, maker);
    persistence(context, maker);
    outage(context, maker);
    outside(maker);
    if maker.has(&NodeKey::EveryNode) {
        maker.structure(NodeKey::EveryNode, NodeKey::Impact(Impact::AllSecrets), []);
    }
    let admin = NodeKey::Impact(Impact::ClusterAdmin);
    for impact in [
        Impact::NamespaceAdmin,
        Impact::DataDestruction,
        Impact::ComputeHijack,
        Impact::Persistence,
        Impact::DenialOfService,
    ] {
        maker.structure(admin.clone(), NodeKey::Impact(impact), []);
    }
}

fn reach(context: &Context<'_>, maker: &mut Maker<'_>, held: &[Held], impact: Impact) {
    for one in held {
        let why = one.why(context, None);
        maker.structure(one.node(context), NodeKey::Impact(impact), [why]);
    }
}

/// Workloads and Secrets of one namespace, and its roles or every account of it.
fn namespace_admin(context: &Context<'_>, maker: &mut Maker<'_>) {
    const RBAC: &str = "rbac.authorization.k8s.io";
    let secrets = context.held(&Ask { verbs: WRITE, ..Ask::unnamed(&[], "", "secrets") });
    let mut power = context.held(&Ask { verbs: WRITE, ..Ask::unnamed(&[], RBAC, "rolebindings") });
    power.extend(context.held(&Ask::unnamed(&["impersonate"], "", "serviceaccounts")));
    power.extend(context.held(&Ask::unnamed(&["create"], "", "serviceaccounts/token")));
    for (conjunction, by) in conjoin_making(context, &[(&secrets, None), (&power, None)]) {
        maker.conjoined("namespace-admin", &conjunction, &format!("namespace{by}"), |at| {
            Draft::new(at, NodeKey::Impact(Impact::NamespaceAdmin))
        });
    }
}

/// A container reads the claims that it mounts; what lies in folders of a node is data.
fn data(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        for (kind, index, container) in unit.spec.all_containers() {
            for (mounted, mount) in container.volume_mounts.iter().enumerate() {
                let source = unit.spec.volume(&mount.name).and_then(|v| v.source.as_ref());
                let Some(VolumeSource::PersistentVolumeClaim(claim)) = source else { continue };
                let name = &claim.claim_name;
                let table = &context.cluster.persistent_volume_claims;
                if table.find(&unit.namespace, name).is_none() {
                    continue;
                }
                let to = NodeKey::Claim(unit.namespace.clone(), name.clone());
                let why = Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].volumeMounts[{mounted}]", kind.field())),
                    value: name.clone(),
                };
                for place in context.places(at as u32) {
                    let from = NodeKey::Container(at as u32, place, kind, index as u32);
                    maker.structure(from, to.clone(), [why.clone()]);
                }
                maker.structure(to, NodeKey::Impact(Impact::DataStore), []);
            }
        }
    }
    for data in maker.host_data() {
        maker.structure(data, NodeKey::Impact(Impact::DataStore), []);
    }
}

/// Deleting claims, volumes that go with their object, namespaces, or a node's disk.
fn destruction(context: &Context<'_>, maker: &mut Maker<'_>) {
    let claims = Ask { verbs: DELETE, ..Ask::named(&[], "", "persistentvolumeclaims") };
    let volumes = Ask { verbs: DELETE, ..Ask::named(&[], "", "persistentvolumes") };
    let namespaces = Ask { verbs: &["delete"], ..Ask::named(&[], "", "namespaces") };
    for ask in [claims, volumes.cluster(), namespaces] {
        let mut held = context.held(&ask);
        held.retain(|one| draw::names_data(context, one));
        reach(context, maker, &held, Impact::DataDestruction);
    }
    for (id, _) in context.cluster.nodes.ids() {
        maker.structure(NodeKey::Node(id), NodeKey::Impact(Impact::DataDestruction), []);
    }
}

/// Starting pods; a quota bounds them.
fn compute(context: &Context<'_>, maker: &mut Maker<'_>) {
    let known = context.cluster.coverage.is_complete(Kind::ResourceQuota);
    for scope in maker.scopes_of(Power::RunPods) {
        let Scope::Namespace(name) = &scope else { continue };
        let bounds = ["pods", "count/pods", "cpu", "requests.cpu", "limits.cpu"];
        let mut quotas = context.cluster.resource_quotas.in_namespace(name);
        let quota = quotas.find(|(_, quota)| {
            let hard = quota.spec.as_ref().map(|spec| &spec.hard);
            hard.is_some_and(|hard| bounds.iter().any(|key| hard.get(key).is_some()))
        });
        let to = NodeKey::Impact(Impact::ComputeHijack);
        let draft = Draft::new(NodeKey::Power(Power::RunPods, scope.clone()), to);
        maker.edge(match (quota, known) {
            (Some((_, quota)), _) => {
                let name = &quota.metadata.name;
                draft.unverified(format!("quota {name} bounds what pods may use"))
            }
            (None, false) => draft.unverified("ResourceQuotas were not all read"),
            (None, true) => draft,
        });
    }
}

/// What starts again or answers after the entry is closed.
fn persistence(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (group, resource) in POD_MAKERS.into_iter().filter(|(_, resource)| *resource != "pods") {
        let held = context.held(&Ask { verbs: WRITE, ..Ask::named(&[], group, resource) });
        reach(context, maker, &held, Impact::Persistence);
    }
    for resource in ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
        let held = crate::webhooks::writable(context, resource, true);
        reach(context, maker, &held, Impact::Persistence);
    }
}

/// Stopping the system's workloads, nodes, or every request by a webhook that fails.
fn outage(context: &Context<'_>, maker: &mut Maker<'_>) {
    let mut system = vec![
        Ask { verbs: DELETE, ..Ask::unnamed(&[], "", "pods") },
        Ask::unnamed(&["create"], "", "pods/eviction"),
    ];
    for (group, resource) in POD_MAKERS.into_iter().filter(|(group, _)| !group.is_empty()) {
        let verbs: &[&str] = &["delete", "deletecollection", "update", "patch"];
        system.push(Ask { verbs, ..Ask::unnamed(&[], group, resource) });
    }
    for ask in system {
        let mut held = context.held(&ask);
        held.retain(|one| one.scope(context).reaches(Some("kube-system")));
        reach(context, maker, &held, Impact::DenialOfService);
    }
    let nodes: &[&str] = &["delete", "deletecollection", "update", "patch"];
    let held = context.held(&Ask { verbs: nodes, ..Ask::unnamed(&[], "", "nodes") }.cluster());
    reach(context, maker, &held, Impact::DenialOfService);
    for resource in ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
        let ask = Ask { verbs: WRITE, ..Ask::unnamed(&[], ADMISSION, resource) };
        let held = context.held(&ask.cluster());
        reach(context, maker, &held, Impact::DenialOfService);
    }
}

/// What positions beside the cluster mean.
fn outside(maker: &mut Maker<'_>) {
    for key in maker.outside("cloud-principal") {
        maker.structure(key, NodeKey::Impact(Impact::CloudRole), []);
    }
    for key in maker.outside("registry") {
        maker.structure(key.clone(), NodeKey::Impact(Impact::IpTheft), []);
        let push = Draft::new(key, NodeKey::Impact(Impact::SupplyChainPush));
        maker.edge(push.unknown("whether the registry lets the credential push"));
    }
    for key in maker.outside("images") {
        maker.structure(key, NodeKey::Impact(Impact::IpTheft), []);
    }
    for key in maker.outside("account") {
        let source = ringfort_model::credential::SOURCE_TOKEN;
        if matches!(&key, NodeKey::Outside(_, name) if name.starts_with(source)) {
            maker.structure(key.clone(), NodeKey::Impact(Impact::IpTheft), []);
            let push = Draft::new(key, NodeKey::Impact(Impact::SupplyChainPush));
            maker.edge(push.unknown("whether the token may write to a repository"));
        }
    }
}
