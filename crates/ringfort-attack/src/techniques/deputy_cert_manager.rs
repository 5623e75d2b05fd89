//! `deputy-cert-manager`: cert-manager signs a certificate of the writer's choice with the key of a CA issuer; if the API server trusts that CA for clients, the writer is whoever the certificate says.

use crate::context::Context;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope, Subject};
use crate::operator::{Custom, Marks, cluster_custom, custom, find as operators};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-cert-manager",
    title: "have a CA issuer sign a client certificate",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "cert-manager signs a certificate of the writer's choice with the key of a CA issuer; if the API server trusts that CA for clients, the writer is whoever the certificate says.",
        when: "create or update on certificates or certificaterequests in a namespace where a CA issuer can be used. Whether the API server trusts the CA is not in any object, so the edge is unknown.",
        not: "An ACME, Vault or self-signed issuer; a CA that cert-manager itself made, which the API server has no reason to trust.",
        controls: "An approver policy in place of the built-in approver leaves the edge unverified.",
        cut: "Keep the cluster's client CA out of the cluster; limit issuers by approver-policy.",
        upstream: "cert-manager documentation: CA issuer, CertificateRequest approval",
    },
    find,
};

const MARKS: Marks = Marks { images: &["cert-manager-controller"], labels: &[] };
const KINDS: [Custom; 2] = [
    custom("cert-manager.io", "certificates", "Certificate"),
    custom("cert-manager.io", "certificaterequests", "CertificateRequest"),
];
const ISSUERS: [Custom; 2] = [
    custom("cert-manager.io", "issuers", "Issuer"),
    cluster_custom("cert-manager.io", "clusterissuers", "ClusterIssuer"),
];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let masters = NodeKey::Subject(Subject::Group(Str::new("system:masters")));
    for controller in operators(context, &MARKS) {
        // The default is upstream's (internal/apis/config/controller/v1alpha1/defaults.go).
        let resources = controller.flag(context, "cluster-resource-namespace");
        let resources = match resources.unwrap_or("kube-system") {
            own if controller.is_own_namespace(context, own) => controller.namespace.clone(),
            named => Str::new(named),
        };
        if ISSUERS.iter().any(|issuers| !issuers.is_known(context)) {
            let writes = KINDS.iter().flat_map(|kind| kind.writes(context));
            let from: Vec<_> = writes
                .map(|write| write.draft(context, masters.clone()).because(controller.why(context)))
                .collect();
            let fact = "the issuers of cert-manager, and whether the API server trusts one of them";
            maker.assuming(fact, from, masters.clone());
        }
        for issuers in ISSUERS {
            for issuer in issuers.objects(context) {
                let Some(ca) = issuer.spec.as_ref().and_then(|spec| spec.ca.as_ref()) else {
                    continue;
                };
                let (usable, namespace) = match issuers.namespaced {
                    true => {
                        let own = &issuer.metadata.namespace;
                        (Scope::Namespace(own.clone()), own)
                    }
                    false => (Scope::Cluster, &resources),
                };
                let secret = context.cluster.secrets.get(namespace, &ca.secret_name);
                let made_here = secret.is_some_and(|secret| {
                    secret.metadata.annotations.get("cert-manager.io/certificate-name").is_some()
                });
                if made_here {
                    continue;
                }
                for write in KINDS.iter().flat_map(|kind| kind.writes(context)) {
                    if write.scope.meet(&usable).is_none() {
                        continue;
                    }
                    let draft = write.draft(context, masters.clone());
                    let draft = draft.because(controller.why(context));
                    maker.edge(draft.because(issuers.field(issuer, "spec.ca.secretName", &ca.secret_name)).unknown(format!(
                        "whether the API server trusts the CA in Secret {namespace}/{} for clients",
                        ca.secret_name
                    )));
                }
            }
        }
    }
}
