//! `aks-wi-assume`: A token of the account is exchanged for one of the application or managed identity that trusts it by a federated credential.

use crate::cloud;
use crate::context::Context;
use crate::maker::Maker;
use crate::node::Provider;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "aks-wi-assume",
    title: "exchange the token for the Azure application",
    zone: Zone::Impact,
    attack: &["T1078.004"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Cloud, FixKind::Rbac],
    doc: Doc {
        what: "A token of the account is exchanged for one of the application or managed identity that trusts it by a federated credential.",
        when: "The ServiceAccount has the annotation azure.workload.identity/client-id. Whether a federated credential names the account is a fact of the tenant, so the edge is unknown.",
        not: "A ServiceAccount without the annotation. The label azure.workload.identity/use of a pod asks for injection only.",
        controls: "",
        cut: "Delete the federated credential; narrow the identity.",
        upstream: "Azure/azure-workload-identity docs: service account labels and annotations",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    cloud::annotated(
        context,
        maker,
        "azure.workload.identity/client-id",
        Provider::Azure,
        "the federated credentials of the application",
    );
}
