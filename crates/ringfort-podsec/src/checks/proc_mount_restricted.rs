//! `procMount_restricted`: the masked view of /proc only, also in a user namespace.

use super::{Refusal, Subject, proc_mount};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    proc_mount::unmasked(subject)
}
