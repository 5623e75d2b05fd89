//! What a [`Context`](super::Context) holds that no object of RBAC has a say in.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ringfort_isolation::{ContainerTokens, Control};
use ringfort_model::{Cluster, SourceKind, Str, Unit};
use ringfort_network::exposure::Exposure;
use ringfort_network::policy::{Assumptions, ConnectionSet, Network};
use rustc_hash::FxHashMap;

use crate::listener::{OpenPort, open_ports};
use crate::mesh::Peers;
use crate::recognise::Images;
use crate::signed::Signatures;

/// What a [`Context`](super::Context) holds that no object of RBAC has a say in. A change of roles and bindings
/// alone leaves it as it is, so that trying one costs the rest only.
pub struct Ground {
    /// Groups of equal pods; positions refer to them by index.
    pub units: Vec<Unit>,
    /// For each unit, whether what follows from its containers depends on the node, as far as
    /// the unit itself shows.
    pub(super) placed_by_shape: Vec<bool>,
    /// Who reaches which listener from outside.
    pub exposure: Exposure,
    /// What network policies say.
    pub network: Network,
    /// Units behind each Service, by namespace and name.
    pub behind: FxHashMap<(Str, Str), Vec<u32>>,
    /// Listeners in front of each unit, by position in [`Self::exposure`].
    pub fronts: Vec<Vec<u32>>,
    /// Token files of each unit's containers.
    pub(super) tokens: Vec<Vec<ContainerTokens>>,
    /// Ports of each unit on which something asks nobody.
    pub(crate) open: Vec<Vec<OpenPort>>,
    pub(super) listening: OnceLock<Vec<ConnectionSet>>,
    /// Containers by what runs in them.
    pub(crate) images: Images,
    pub(crate) peers: OnceLock<Peers>,
    pub(crate) signatures: OnceLock<Signatures>,
    pub(crate) pod_policies: OnceLock<BTreeMap<Str, Arc<Control>>>,
}

impl Ground {
    /// Asks the engines that look at pods, networks and what is in front of them.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let units = cluster.units();
        let tokens = units.iter().map(|unit| tokens(cluster, unit)).collect();
        let placed_by_shape =
            units.iter().map(|unit| crate::placement::matters(cluster, unit)).collect();
        let exposure = Exposure::with_units(cluster, &units);
        let network = Network::with(cluster, &units, &Assumptions::default());
        let fronts = exposure.by_unit(units.len());
        let mut behind: FxHashMap<(Str, Str), Vec<u32>> = FxHashMap::default();
        for listener in &exposure.listeners {
            if let Some(service) = &listener.service {
                let known = behind.entry(service.clone()).or_default();
                known.extend(&listener.backends.units);
                known.sort_unstable();
                known.dedup();
            }
        }
        let open = units.iter().enumerate().map(|(at, unit)| open_ports(at as u32, unit)).collect();
        let images = Images::new(&units);
        Self {
            units,
            placed_by_shape,
            exposure,
            network,
            behind,
            fronts,
            tokens,
            open,
            listening: OnceLock::new(),
            peers: OnceLock::new(),
            signatures: OnceLock::new(),
            pod_policies: OnceLock::new(),
            images,
        }
    }
}

fn tokens(cluster: &Cluster, unit: &Unit) -> Vec<ContainerTokens> {
    let account = cluster.service_accounts.get(&unit.namespace, unit.spec.account());
    let automount = account.and_then(|account| account.automount_service_account_token);
    let is_token = |name: &str| {
        cluster
            .secrets
            .get(&unit.namespace, name)
            .is_some_and(|secret| *secret.kind == *"kubernetes.io/service-account-token")
    };
    let at_creation = unit.pods.is_empty() || cluster.source == SourceKind::Manifests;
    ringfort_isolation::token_files(&unit.spec, unit.mirror, automount, at_creation, &is_token)
}
