//! Which kinds of routes a listener of the Gateway API serves (gateway-api `apis/v1`
//! ProtocolType, AllowedRoutes.kinds).

use ringfort_model::record::gateway::GatewayListener;

use super::gateway::GROUP;
use super::route_rules::rules;

/// Whether a listener serves routes of a kind: its protocol does, and its list of kinds, where
/// it has one, names it.
#[must_use]
pub fn listener_serves(listener: &GatewayListener, kind: &str) -> bool {
    let rule = &rules().switches;
    let passes = listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    let passes = passes.is_some_and(|mode| *mode == *"Passthrough");
    let by_protocol: &[&str] = match listener.protocol.as_str() {
        "HTTP" | "HTTPS" => &["HTTPRoute", "GRPCRoute"],
        "TLS" if passes => &["TLSRoute"],
        "TLS" => &["TCPRoute", "TLSRoute"],
        "TCP" => &["TCPRoute"],
        "UDP" => &["UDPRoute"],
        _ => &[],
    };
    let kinds = listener.allowed_routes.as_ref().map_or(&[][..], |allowed| &allowed.kinds);
    let allows = kinds.is_empty()
        || kinds.iter().any(|one| {
            *one.kind == *kind && one.group.as_ref().is_none_or(|group| *group == *GROUP)
        });
    let served = by_protocol.contains(&kind) || !rule.protocol_allows_kinds;
    served && (allows || !rule.kinds_count)
}
