//! `windows-host-process`: A HostProcess container runs on the node itself.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "windows-host-process",
    title: "run as a process of the Windows node",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A HostProcess container runs on the node itself.",
        when: "windowsOptions.hostProcess is true.",
        not: "A Linux node.",
        controls: "None.",
        cut: "Remove hostProcess.",
        upstream: "kubernetes/kubernetes pkg/apis/core/validation/validation.go",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        let own =
            one.container().security_context.as_ref().and_then(|c| c.windows_options.as_ref());
        let pod = one.spec().security_context.as_ref().and_then(|c| c.windows_options.as_ref());
        let on = own.and_then(|o| o.host_process).or(pod.and_then(|o| o.host_process));
        (on == Some(true)).then(|| {
            Found::new([one.because("securityContext.windowsOptions.hostProcess", "true")])
                .windows()
        })
    });
}
