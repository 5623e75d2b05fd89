//! `privileged`: a privileged container.

use super::wording::containers;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let asks = |container: &&ringfort_model::Container| {
        container.security_context.as_ref().is_some_and(|sc| sc.privileged == Some(true))
    };
    let bad: Vec<&str> = subject.containers().filter(asks).map(|c| c.name.as_str()).collect();
    (!bad.is_empty()).then(|| Refusal {
        reason: "privileged",
        detail: format!("{} must not set securityContext.privileged=true", containers(&bad)),
    })
}
