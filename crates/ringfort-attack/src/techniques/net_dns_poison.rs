//! `net-dns-poison`: Whoever writes the configuration of the cluster DNS decides which address every name leads to.

use crate::context::Ask;
use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-dns-poison",
    title: "answer for names of the cluster",
    zone: Zone::InCluster,
    attack: &["T1557", "MS-TA9035"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac],
    doc: Doc {
        what: "Whoever writes the configuration of the cluster DNS decides which address every name leads to.",
        when: "update or patch on the ConfigMap kube-system/coredns, or control of the pods of the cluster DNS.",
        not: "A grant on other ConfigMaps of kube-system by resourceNames.",
        controls: "On managed clusters the provider may write the ConfigMap again.",
        cut: "Drop the verb or name other ConfigMaps.",
        upstream: "coredns/coredns plugin/reload; kubernetes/kubernetes cluster/addons/dns/coredns",
    },
    find,
};

const CONFIGS: [&str; 3] = ["coredns", "coredns-custom", "kube-dns"];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    let to = NodeKey::Outside("traffic", Str::new("cluster-dns"));
    let exists: Vec<&str> = CONFIGS
        .into_iter()
        .filter(|name| context.cluster.config_maps.get("kube-system", name).is_some())
        .collect();
    for one in context.held(&Ask::named(&["update", "patch"], "", "configmaps")) {
        if !one.scope(context).reaches(Some("kube-system")) {
            continue;
        }
        for name in exists.iter().filter(|name| one.names.allow(name)) {
            let why = one.why(context, Some(&Str::new(name)));
            let draft = Draft::new(one.node(context), to.clone()).because(why);
            maker.edge(match crate::cloud::managed(context) {
                Some(_) => draft.weakened(&TECHNIQUE, "the provider may write the ConfigMap again"),
                None => draft,
            });
        }
    }
    for (at, unit) in context.units_in("kube-system") {
        let serves = unit.labels.get("k8s-app").is_some_and(|app| *app == *"kube-dns");
        if !serves || unit.latent {
            continue;
        }
        for from in context.pods_of(at) {
            let why = crate::why::Why::PodField {
                unit: at,
                path: "metadata.labels[k8s-app]".into(),
                value: "kube-dns".into(),
            };
            maker.edge(Draft::new(from, to.clone()).because(why));
        }
    }
}
