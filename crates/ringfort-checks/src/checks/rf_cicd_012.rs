//! RF-CICD-012: workflow engine accepts unauthenticated submissions.

use crate::check::{Check, Doc, Judge, Severity};
use crate::outcome::Verdict;
use crate::world::{Place, World};
use ringfort_attack::recognise::known;
use ringfort_attack::{Why, Zone, vectors};
use ringfort_model::Kind;
use ringfort_network::exposure::Reach;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-012",
    title: "Workflow engine accepts unauthenticated submissions",
    zone: Zone::Initial,
    severity: Severity::Critical,
    modifiers: &[],
    references: &["MS-TA9005"],
    reads: &[Kind::Pod, Kind::Service, Kind::Ingress],
    doc: Doc {
        why: "Whoever opens it runs containers of their own.",
        fails: "A workflow engine that is recognised by its image asks for no login, and the internet or listed sources reach it.",
        not: "A login; an engine that only the cluster reaches.",
        unknown: "Whether it asks for a login, or whether the internet reaches it.",
        fix: "Turn the login on; take the engine off the internet.",
    },
    judge: Judge::Pods(judge),
};

const ENGINES: [&str; 6] = [
    "argoproj/argocli",
    "apache/airflow",
    "tektoncd/dashboard",
    "kubeflow/centraldashboard",
    "prefecthq/prefect",
    "dagster/dagster",
];

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let engine = place.unit.spec.all_containers().find_map(|(kind, index, container)| {
        known(&container.image, &ENGINES)?;
        Some(Why::image(place.at, kind, index, &container.image))
    });
    let Some(engine) = engine.filter(|_| !place.unit.latent) else {
        return Verdict::NotApplicable;
    };
    let login = vectors::login(world.context, place.at);
    match (vectors::reach(world.context, place.at), login) {
        (None | Some(Reach::Internal), _) | (_, Some((true, _))) => Verdict::Pass,
        (Some(Reach::Unknown), _) => Verdict::missing("whether the internet reaches it"),
        (Some(_), None) => Verdict::missing("the login setting of the engine"),
        (Some(_), Some((false, why))) => {
            Verdict::of([engine, why].into_iter().chain(world.front(place.at)).collect())
        }
    }
}
