//! `windowsHostProcess`: a Windows process on the node itself.

use ringfort_model::record::security::WindowsOptions;

use super::wording::Setters;
use super::{Refusal, Subject};

pub(super) fn run(subject: &Subject<'_>) -> Option<Refusal> {
    let asks = |options: Option<&WindowsOptions>| {
        options.is_some_and(|options| options.host_process == Some(true))
    };
    let pod = subject.spec.security_context.as_ref();
    let mut setters =
        Setters { pod: asks(pod.and_then(|sc| sc.windows_options.as_ref())), ..Setters::default() };
    for container in subject.containers() {
        let context = container.security_context.as_ref();
        if asks(context.and_then(|sc| sc.windows_options.as_ref())) {
            setters.containers.push(&container.name);
        }
    }
    (!setters.is_empty()).then(|| Refusal {
        reason: "hostProcess",
        detail: format!(
            "{} must not set securityContext.windowsOptions.hostProcess=true",
            setters.names()
        ),
    })
}
