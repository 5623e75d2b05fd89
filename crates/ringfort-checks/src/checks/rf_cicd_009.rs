//! RF-CICD-009: runner can take its node.

use crate::check::{Check, Doc, Judge, Severity};
use crate::custom;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::pods;
use crate::runners;
use crate::world::World;
use ringfort_attack::gitops;
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CICD-009",
    title: "Runner can take its node",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::Pod, Kind::PersistentVolume, Kind::PersistentVolumeClaim],
    doc: Doc {
        why: "Whoever gets a job into the pipeline has the node, and what runs beside it.",
        fails: "A runner that is recognised by its image, or a pod with a daemon of Docker or BuildKit to build with, has a privileged container beside or in it, or mounts the socket of the runtime or a path from which the node runs code. So do the pods of a Runner, RunnerReplicaSet, RunnerDeployment or RunnerSet of GitHub Actions (a Docker daemon is on unless switched off) or of an AutoscalingRunnerSet, or of a Task of Tekton. What one of these makes of itself is reported on it alone.",
        not: "Runners without such containers and mounts; Docker's image without a daemon; containerMode kubernetes.",
        unknown: "Never, beside kinds that were not read; Tasks and runners that were not all read. Which jobs start in pods of their own shows only while they run.",
        fix: "Build images without a daemon, and run jobs in a sandbox.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let spots_of = |unit: u32| {
        let mounts = ringfort_attack::node_mounts(context, unit).into_iter();
        let bad = mounts.filter(|one| one.socket || (one.runs_code && !one.read_only));
        let mut spots: Vec<Why> = bad.map(|one| one.why).collect();
        spots.extend(pods::privileged(unit, &context.units[unit as usize]));
        spots
    };
    for one in gitops::perhaps_builders(context) {
        if !spots_of(one.unit).is_empty() {
            let verdict = Verdict::missing("whether an image that a digest names is a daemon");
            out.add(world.owner(one.unit), verdict);
        }
    }
    for runner in gitops::runners(context).into_iter().chain(gitops::builders(context)) {
        let spots = spots_of(runner.unit);
        let verdict = match spots.is_empty() {
            true => Verdict::Pass,
            false => {
                let mut fault = world.fault_of(spots, &[runner.unit]);
                // That it is a runner is no fault: another image would change what runs.
                fault.beyond.push(runner.why(context));
                Verdict::Fail(fault)
            }
        };
        out.add(world.owner(runner.unit), verdict);
    }
    for (kind, object) in runners::objects(world.cluster) {
        let meta = &object.metadata;
        let spots = runners::taking_the_node(kind, object);
        out.add(Object::new(kind.kind, &meta.namespace, &meta.name), Verdict::of(spots));
    }
    for kind in runners::KINDS {
        custom::unread(world, out, kind.group, kind.resource);
    }
}
