//! What Argo CD is set to, where it decides who may do what with it.
//!
//! A flag's default is a variable, which the installation takes from `argocd-cmd-params-cm`; its
//! server looks at `argocd-cm` itself (cmd/argocd-server/commands/argocd_server.go,
//! util/settings/settings.go).

use ringfort_model::{Str, go_bool};

use crate::context::Context;
use crate::given::{Given, entry};
use crate::operator::Operator;
use crate::why::Why;

/// The ConfigMap that the installation takes its variables from, and the key of this setting.
pub const PARAMETER: (&str, &str) = ("argocd-cmd-params-cm", "server.disable.auth");

/// Whether a server asks for a login at all.
pub enum Login {
    /// It does, by default.
    Asked,
    /// What it is started with says whether it does.
    Said(bool, Why),
    /// A ConfigMap and key say whether it does, which the variable is taken from.
    Told(bool, Str, Str),
    /// What decides it is not known, in words.
    Unread(String),
}

/// util/env `ParseBoolFromEnv`: any other text leaves the default.
#[must_use]
pub fn environment_bool(text: &str) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether a server of Argo CD asks for a login, anonymous access aside.
#[must_use]
pub fn login(context: &Context<'_>, server: &Operator) -> Login {
    const FLAG: &str = "disable-auth";
    const VARIABLE: &str = "ARGOCD_SERVER_DISABLE_AUTH";
    match server.switched(context, FLAG) {
        Given::Unset => {}
        Given::Unread(fact) => return Login::Unread(fact),
        Given::To(value, _) => {
            return match go_bool(value) {
                Some(off) => Login::Said(!off, server.field("args", &format!("--{FLAG}={off}"))),
                // pflag refuses it, and the program ends.
                None => Login::Unread(format!("what runs: no server starts with --{FLAG}={value}")),
            };
        }
    }
    match server.variable(context, VARIABLE) {
        Given::Unset => Login::Asked,
        Given::Unread(fact) => Login::Unread(fact),
        Given::To(value, from) => {
            let off = environment_bool(value) == Some(true);
            match from {
                Some((map, key)) => Login::Told(!off, Str::new(map), Str::new(key)),
                None => Login::Said(!off, server.field("env", &format!("{VARIABLE}={value}"))),
            }
        }
    }
}

/// Whether syncs run as accounts that the projects name instead of the controller's; `None` where
/// the ConfigMap that says it was not read.
pub(crate) fn impersonates(context: &Context<'_>, controller: &Operator) -> Option<bool> {
    let key = "application.sync.impersonation.enabled";
    match entry(context.cluster, &controller.namespace, "argocd-cm", key) {
        Given::To(value, _) => Some(value == "true"),
        Given::Unset => Some(false),
        Given::Unread(_) => None,
    }
}

/// What decides it where [`impersonates`] does not know.
pub(crate) const IMPERSONATION: &str =
    "whether syncs impersonate, which the ConfigMap argocd-cm says, which was not read";

/// The patterns of namespaces beside its own in which a controller takes Applications; an error
/// names what says it and was not read.
pub(crate) fn application_namespaces<'c>(
    context: &'c Context<'_>,
    controller: &Operator,
) -> Result<&'c str, String> {
    if let Some(value) = controller.flag(context, "application-namespaces") {
        return match value.contains("$(") {
            true => Err("the variables that --application-namespaces is put together from".into()),
            false => Ok(value),
        };
    }
    match controller.variable(context, "ARGOCD_APPLICATION_NAMESPACES") {
        Given::Unset => Ok(""),
        Given::To(value, _) => Ok(value),
        Given::Unread(fact) => Err(fact),
    }
}
