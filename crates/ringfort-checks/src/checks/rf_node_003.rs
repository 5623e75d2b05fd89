//! RF-NODE-003: node software out of support or beyond skew.

use std::collections::BTreeMap;

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::versions::{Running, Site, support};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::record::Node;
use ringfort_model::{EntityId, Id, Kind, KubeVersion, Str};

pub(crate) static CHECK: Check = Check {
    id: "RF-NODE-003",
    title: "Node software out of support or beyond skew",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0273", "NSA upgrade"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "Flaws that are found from now on stay open there, and such a pair of versions is tried by nobody.",
        fails: "The kubelet's minor is out of support on the day of the data; or it is newer than the API server, or older by more than three minors (two before 1.28).",
        not: "Supported minors within the skew; extended support that the provider sells counts.",
        unknown: "The version of the kubelet or of the API server, or a minor of which the data know nothing.",
        fix: "Upgrade the node.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let data = world.versions();
    let kubelets: BTreeMap<Id<Node>, &Running> = world
        .running()
        .iter()
        .filter_map(|one| match one.site {
            Site::Node(node) if one.component == "kubernetes" => Some((node, one)),
            _ => None,
        })
        .collect();
    for (id, node) in world.cluster.nodes.ids() {
        let object = Object::wide("Node", &node.metadata.name);
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        let text = info.map_or("", |info| info.kubelet_version.as_str());
        let Ok(kubelet) = KubeVersion::parse(text) else {
            out.add(object, Verdict::missing("the version of the kubelet"));
            continue;
        };
        let skew = world.context.version.map(|server| {
            let allowed = if server.minor >= 28 { 3 } else { 2 };
            match kubelet.minor {
                newer if newer > server.minor => Some("newer than the API server"),
                older if older + allowed < server.minor => Some("too old for the API server"),
                _ => None,
            }
        });
        let supported = kubelets.get(&id).and_then(|one| support(world, data, one));
        let fail = |note: String| {
            let name = node.metadata.name.clone();
            let spot = Why::Field {
                object: EntityId::Node(name),
                path: "status.nodeInfo.kubeletVersion".into(),
                value: Str::new(text),
            };
            Verdict::Fail(Fault::of(vec![spot]).noted(note))
        };
        let verdict = match (skew, supported) {
            (Some(Some(why)), _) => fail(why.to_owned()),
            (_, Some((false, end))) => {
                let end = end.unwrap_or_default();
                fail(format!("support ended {end}, by data of {}", data.date()))
            }
            (None, _) => Verdict::missing("the version of the API server"),
            (_, None) => Verdict::missing("until when the kubelet's minor is supported"),
            (Some(None), Some((true, _))) => Verdict::Pass,
        };
        out.add(object, verdict);
    }
}
