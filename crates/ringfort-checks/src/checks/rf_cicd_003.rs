//! RF-CICD-003: argo CD project leaves sources or destinations open.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::custom;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::{Kind, Str};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-003",
    title: "Argo CD project leaves sources or destinations open",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["none known"],
    reads: &[Kind::CustomResourceDefinition],
    doc: Doc {
        why: "Whoever writes an Application of the project deploys what they like, where they like.",
        fails: "A project takes any source repository, any namespace of this cluster, any cluster-scoped kind, or Applications from any namespace. The project default, which is there from the start, only where an Application uses it.",
        not: "Lists without *; the untouched default project that nothing uses.",
        unknown: "Projects or Applications were not all read.",
        fix: "List repositories, destinations and kinds in every project, the default one included.",
    },
    judge: Judge::Cluster(judge),
};

/// How projects name the cluster that Argo CD runs in.
const HERE: &str = "https://kubernetes.default.svc";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let argo = |kind: &'static str| {
        let all = world.cluster.others.iter();
        all.filter(move |one| *one.kind == *kind && one.group() == "argoproj.io")
    };
    let used: BTreeSet<&str> = argo("Application")
        .filter_map(|one| one.spec.as_ref())
        .map(|spec| if spec.project.is_empty() { "default" } else { spec.project.as_str() })
        .collect();
    for project in argo("AppProject") {
        let meta = &project.metadata;
        let object = Object::new("AppProject", &meta.namespace, &meta.name);
        let Some(spec) = &project.spec else {
            out.add(object, Verdict::missing("the specification of the project"));
            continue;
        };
        let any = |text: &Str| *text == *"*";
        let wide = |one: &&ringfort_model::record::custom::Destination| {
            let here = any(&one.server) || one.server == HERE || any(&one.name);
            any(&one.namespace) && (here || one.name == "in-cluster")
        };
        let kinds = &spec.cluster_resource_whitelist;
        let open = [
            ("spec.sourceRepos", spec.source_repos.iter().any(any)),
            ("spec.destinations", spec.destinations.iter().find(wide).is_some()),
            (
                "spec.clusterResourceWhitelist",
                kinds.iter().any(|one| any(&one.group) && any(&one.kind)),
            ),
            ("spec.sourceNamespaces", spec.source_namespaces.iter().any(any)),
        ];
        let spots: Vec<Why> = open
            .iter()
            .filter(|(_, open)| *open)
            .map(|(path, _)| facts::field("AppProject", &meta.namespace, &meta.name, (path, "*")))
            .collect();
        let idle = *meta.name == *"default" && !used.contains("default");
        let verdict = match (spots.is_empty(), idle) {
            (false, true) if custom::is_read(world, "applications.argoproj.io") => Verdict::Pass,
            (false, true) => Verdict::missing("the Applications, which were not all read"),
            _ => Verdict::of(spots),
        };
        out.add(object, verdict);
    }
    custom::unread(world, out, "argoproj.io", "appprojects.argoproj.io");
}
