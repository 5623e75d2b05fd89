//! `runner-privileged`: A job talks to the container daemon beside it, which is privileged, and starts a container of its own there.

use crate::context::Context;
use crate::gitops::runners;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::recognise::known;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "runner-privileged",
    title: "drive the privileged container daemon of the runner",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pod, FixKind::Pss],
    doc: Doc {
        what: "A job talks to the container daemon beside it, which is privileged, and starts a container of its own there.",
        when: "A running runner with a privileged container of a Docker or BuildKit image in the same pod. A runner that is privileged itself, or mounts the runtime's socket, is the subject of escape-privileged and runtime-socket.",
        not: "A rootless builder in an unprivileged container.",
        controls: "",
        cut: "Build without privileges; give jobs a sandbox or a virtual machine.",
        upstream: "Docker documentation: Docker in Docker image, rootless mode",
    },
    find,
};

const DAEMONS: &[&str] = &["docker", "library/docker", "moby/buildkit", "docker-dind"];

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for runner in runners(context) {
        let spec = &context.units[runner.unit as usize].spec;
        for (kind, index, container) in spec.all_containers() {
            let security = container.security_context.as_ref();
            let privileged = security.is_some_and(|security| security.privileged == Some(true));
            if !privileged || known(&container.image, DAEMONS).is_none() {
                continue;
            }
            let why = Why::PodField {
                unit: runner.unit,
                path: Str::from(format!("{}[{index}].securityContext.privileged", kind.field())),
                value: "true".into(),
            };
            for place in context.places(runner.unit) {
                let daemon = NodeKey::Container(runner.unit, place, kind, index as u32);
                let from = runner.container_at(place);
                let draft = Draft::new(from, daemon).because(runner.why(context));
                maker.edge(draft.because(why.clone()));
            }
        }
    }
}
