//! The cloud under and beside the cluster, as far as objects show it: which provider runs the
//! nodes and the control plane, and which principals ServiceAccounts name.

use ringfort_model::record::Node;
use ringfort_model::{EntityId, Str, VolumeSource};

use crate::context::Context;
use crate::impact::Impact;
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Provider, Subject};
use crate::why::Why;

/// Providers with cloud accounts.
pub(crate) const CLOUDS: [Provider; 3] = [Provider::Aws, Provider::Google, Provider::Azure];

/// A provider, and what shows it.
pub struct Shown {
    /// The provider.
    pub provider: Provider,
    /// The field that shows it.
    pub why: Why,
}

/// The provider of a machine by the scheme of its id (`aws:///zone/instance`).
fn of_provider_id(id: &str) -> Option<Provider> {
    match id.split_once("://")?.0 {
        "aws" => Some(Provider::Aws),
        "gce" => Some(Provider::Google),
        "azure" => Some(Provider::Azure),
        _ => None,
    }
}

/// The cloud that runs the nodes, by their provider ids.
pub fn of_nodes(context: &Context<'_>) -> Option<Shown> {
    context.cluster.nodes.iter().find_map(|node| {
        let provider = of_provider_id(node.provider_id())?;
        Some(Shown { provider, why: field(node, "spec.providerID", node.provider_id()) })
    })
}

fn field(node: &Node, path: &str, value: &str) -> Why {
    Why::Field {
        object: EntityId::Node(node.metadata.name.clone()),
        path: Str::new(path),
        value: Str::new(value),
    }
}

/// The cloud that runs the control plane: labels that its node pools carry.
pub fn managed(context: &Context<'_>) -> Option<Shown> {
    const LABELS: [(&str, Provider); 6] = [
        ("eks.amazonaws.com/nodegroup", Provider::Aws),
        ("eks.amazonaws.com/compute-type", Provider::Aws),
        ("alpha.eksctl.io/cluster-name", Provider::Aws),
        ("cloud.google.com/gke-nodepool", Provider::Google),
        ("kubernetes.azure.com/cluster", Provider::Azure),
        ("kubernetes.azure.com/agentpool", Provider::Azure),
    ];
    context.cluster.nodes.iter().find_map(|node| {
        LABELS.iter().find_map(|(label, provider)| {
            let value = node.metadata.labels.get(label)?;
            let why = field(node, &format!("metadata.labels[{label}]"), value);
            Some(Shown { provider: *provider, why })
        })
    })
}

/// The provider whose registry a host is.
pub(crate) fn of_registry(host: &str) -> Option<Provider> {
    let host = host.to_ascii_lowercase();
    let ecr = host.contains(".dkr.ecr.")
        && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
    match host.as_str() {
        _ if ecr => Some(Provider::Aws),
        host if host == "gcr.io"
            || host.ends_with(".gcr.io")
            || host.ends_with("-docker.pkg.dev") =>
        {
            Some(Provider::Google)
        }
        host if host.ends_with(".azurecr.io") => Some(Provider::Azure),
        _ => None,
    }
}

/// The provider whose disks a CSI driver attaches.
pub(crate) fn of_driver(driver: &str) -> Option<Provider> {
    match driver {
        "ebs.csi.aws.com" => Some(Provider::Aws),
        "pd.csi.storage.gke.io" => Some(Provider::Google),
        "disk.csi.azure.com" => Some(Provider::Azure),
        _ => None,
    }
}

/// The role that the nodes have.
pub(crate) fn node_role(provider: Provider) -> NodeKey {
    NodeKey::Principal(provider, Str::new("node-role"))
}

/// Whoever holds some principal of the provider other than the nodes' own role.
pub(crate) fn any_principal(provider: Provider) -> NodeKey {
    NodeKey::Conjunct("cloud-principal", Str::new(provider.name()))
}

/// From principals to what follows from any of them. Called once all are known.
pub(crate) fn principals(context: &Context<'_>, maker: &mut Maker<'_>) {
    let nodes = of_nodes(context).map(|one| one.provider);
    for key in maker.outside("cloud-principal") {
        let NodeKey::Outside(_, name) = &key else { continue };
        let named = CLOUDS.into_iter().find(|one| name.starts_with(one.name()));
        if let Some(provider) = named.or(nodes) {
            maker.structure(key, any_principal(provider), []);
        }
    }
    for key in maker.principals() {
        let NodeKey::Principal(provider, _) = &key else { continue };
        if provider.is_cloud() && key != node_role(*provider) {
            maker.structure(key.clone(), any_principal(*provider), []);
            maker.structure(key, NodeKey::Impact(Impact::CloudRole), []);
        }
    }
}

/// Edges from ServiceAccounts to the principal that an annotation names.
pub(crate) fn annotated(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    annotation: &str,
    provider: Provider,
    fact: &str,
) {
    for account in &context.cluster.service_accounts {
        let meta = &account.metadata;
        let Some(name) = meta.annotations.get(annotation).filter(|name| !name.is_empty()) else {
            continue;
        };
        let subject = Subject::ServiceAccount(meta.namespace.clone(), meta.name.clone());
        let why = Why::Field {
            object: EntityId::ServiceAccount(meta.namespace.clone(), meta.name.clone()),
            path: Str::from(format!("metadata.annotations[{annotation}]")),
            value: name.clone(),
        };
        let to = NodeKey::Principal(provider, name.clone());
        let draft = Draft::new(NodeKey::Subject(subject), to).because(why);
        maker.edge(draft.unknown(fact));
    }
}

/// Edges from ServiceAccounts whose pods mount a token for an audience of AWS, to the role that
/// is not named; accounts with the annotation, which names it, are left to [`annotated`].
pub(crate) fn projected(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    audience: &str,
    annotation: &str,
    fact: &str,
) {
    for (at, unit) in context.units.iter().enumerate() {
        if unit.latent {
            continue;
        }
        let mounted = unit.spec.volumes.iter().enumerate().find(|(_, volume)| {
            let Some(VolumeSource::Projected(projected)) = &volume.source else { return false };
            let mut tokens =
                projected.sources.iter().filter_map(|one| one.service_account_token.as_ref());
            tokens.any(|token| *token.audience == *audience)
        });
        let Some((volume, _)) = mounted else { continue };
        let name = Str::new(unit.spec.account());
        let account = context.cluster.service_accounts.get(&unit.namespace, &name);
        if account.is_some_and(|one| one.metadata.annotations.get(annotation).is_some()) {
            continue;
        }
        let role = Str::from(format!("role-of:{}/{name}", unit.namespace));
        let why = Why::PodField {
            unit: at as u32,
            path: Str::from(format!("volumes[{volume}].projected.sources")),
            value: Str::from(format!("token for {audience}")),
        };
        let subject = Subject::ServiceAccount(unit.namespace.clone(), name);
        let draft = Draft::new(NodeKey::Subject(subject), NodeKey::Principal(Provider::Aws, role));
        maker.edge(draft.because(why).unknown(fact));
    }
}
