//! `deputy-sealed-vault-injector`: Pods of the account are given secrets of a Vault role: whoever holds the account's token logs in to that role.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::{NodeKey, Provider, Subject};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-sealed-vault-injector",
    title: "log in to Vault as the account",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "Pods of the account are given secrets of a Vault role: whoever holds the account's token logs in to that role.",
        when: "A pod that asks the Vault injector for a role by annotation. Which accounts the role accepts is set in Vault, so the edge is unknown.",
        not: "A pod without the annotations.",
        controls: "bound_service_account_names and bound_service_account_namespaces of the role.",
        cut: "Bind each Vault role to one account of one namespace.",
        upstream: "hashicorp/vault-k8s: agent injector annotations; Vault: Kubernetes auth method",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (at, unit) in context.units.iter().enumerate() {
        let asks = unit.annotations.get("vault.hashicorp.com/agent-inject");
        let role = unit.annotations.get("vault.hashicorp.com/role");
        let (Some(asks), Some(role)) = (asks, role) else { continue };
        if *asks != *"true" || unit.latent {
            continue;
        }
        let account =
            Subject::ServiceAccount(unit.namespace.clone(), Str::new(unit.spec.account()));
        let to = NodeKey::Principal(Provider::Vault, role.clone());
        let why = Why::PodField {
            unit: at as u32,
            path: "metadata.annotations[vault.hashicorp.com/role]".into(),
            value: role.clone(),
        };
        let draft = Draft::new(NodeKey::Subject(account), to).because(why);
        maker.edge(draft.unknown("the accounts that the Vault role accepts"));
    }
}
