//! RF-WKL-015: kernel interfaces widened.

use crate::outcome::Verdict;
use crate::pods::{self, Said};
use crate::world::{Place, World};
use ringfort_attack::Zone;
use ringfort_isolation::Effect;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-WKL-015",
    title: "Kernel interfaces widened",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["PSS procMount, sysctls", "KSV-0027", "KSV-0026"],
    reads: &[Kind::Node],
    doc: Doc {
        why: "Masked files of /proc or unsafe kernel parameters can be changed from the container.",
        fails: "Pod Security refuses a sysctl at baseline, or procMount is Unmasked and no user namespace has effect.",
        not: "procMount Default; sysctls that the standard of the version lists.",
        unknown: "Whether the user namespace of an unmasked pod has effect.",
        fix: "Set procMount to Default and take the sysctl out.",
    },
    judge: Judge::Pods(judge),
};

fn judge(world: &World<'_>, place: &Place<'_>) -> Verdict {
    let mut verdict = Verdict::of(pods::refused(world, place, &[("sysctls", "sysctls")]));
    let namespace = world.user_namespace(place.at);
    verdict.join(pods::containers(place, |container| {
        let context = container.security_context.as_ref();
        let mount = context.and_then(|one| one.proc_mount.as_ref());
        match (mount.is_some_and(|mount| *mount == *"Unmasked"), &namespace) {
            (false, _) | (true, Effect::Effective) => Said::Good,
            (true, Effect::Unknown(missing)) => Said::Missing(missing.clone()),
            (true, _) => Said::Bad("securityContext.procMount".into(), "Unmasked".into()),
        }
    }));
    verdict
}
