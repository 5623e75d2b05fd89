//! `net-gateway-route`: A route with the host of another draws the traffic of a gateway that admits the namespace.

use crate::context::{Ask, Context, Held};
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_authz::Names;
use ringfort_model::record::gateway::GatewayListener;
use ringfort_model::{Map, Str};
use ringfort_network::exposure::listener_serves;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "net-gateway-route",
    title: "attach a route to a gateway",
    zone: Zone::InCluster,
    attack: &["T1557"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Admission],
    doc: Doc {
        what: "A route with the host of another draws the traffic of a gateway that admits the namespace.",
        when: "create, update or patch on routes (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute) in a namespace from which some listener of a gateway admits routes of that kind. That the hostname meets is the choice of whoever writes the route.",
        not: "A listener that admits routes of its own namespace only, from another; one whose protocol or list of kinds leaves the kind out; resourceNames that name no route.",
        controls: "A backend in another namespace needs a ReferenceGrant.",
        cut: "Admit routes from chosen namespaces; drop the verbs.",
        upstream: "gateway-api.sigs.k8s.io: AllowedRoutes, ProtocolType",
    },
    find,
};

const GROUP: &str = "gateway.networking.k8s.io";

/// Kinds of routes, with their resources.
const ROUTES: &[(&str, &str)] = &[
    ("GRPCRoute", "grpcroutes"),
    ("HTTPRoute", "httproutes"),
    ("TCPRoute", "tcproutes"),
    ("TLSRoute", "tlsroutes"),
    ("UDPRoute", "udproutes"),
];

/// Rules that let somebody write routes of a kind: new ones, or one that exists.
fn held(context: &Context<'_>, kind: &str, resource: &'static str) -> Vec<Held> {
    let cluster = context.cluster;
    let table = match kind {
        "GRPCRoute" => &cluster.grpc_routes,
        "HTTPRoute" => &cluster.http_routes,
        "TCPRoute" => &cluster.tcp_routes,
        "TLSRoute" => &cluster.tls_routes,
        _ => &cluster.udp_routes,
    };
    let mut held = context.held(&Ask::named(&["update", "patch"], GROUP, resource));
    held.retain(|one| match &one.names {
        Names::Any => true,
        Names::Only(names) => table.iter().any(|route| {
            let meta = &route.metadata;
            one.scope(context).reaches(Some(&meta.namespace)) && names.contains(&meta.name)
        }),
    });
    held.extend(context.held(&Ask::unnamed(&["create"], GROUP, resource)));
    held
}

/// Whether a listener admits routes of a namespace: by default those of the gateway's own.
fn admits(listener: &GatewayListener, own: &Str, namespace: &Str, labels: &Map) -> bool {
    let from = listener.allowed_routes.as_ref().and_then(|routes| routes.namespaces.as_ref());
    let named = from.and_then(|from| from.from.as_ref()).map_or("Same", Str::as_str);
    match named {
        "All" => true,
        "Selector" => {
            let selector = from.and_then(|from| from.selector.as_ref());
            selector.is_some_and(|selector| selector.matches(labels))
        }
        "None" => false,
        _ => own == namespace,
    }
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (kind, resource) in ROUTES {
        draw(context, maker, kind, &held(context, kind, resource));
    }
}

/// Draws what rules on one kind of routes give.
fn draw(context: &Context<'_>, maker: &mut Maker<'_>, kind: &str, held: &[Held]) {
    for gateway in &context.cluster.gateways {
        let meta = &gateway.metadata;
        let listeners = gateway.spec.iter().flat_map(|spec| spec.listeners.iter()).enumerate();
        for (at, listener) in listeners.filter(|(_, one)| listener_serves(one, kind)) {
            for one in held {
                let mut reached = context.namespaces_in(one.scope(context));
                let meets = reached.any(|name| {
                    let object = context.cluster.namespaces.get("", name);
                    let mut labels = object.map(|o| o.metadata.labels.clone()).unwrap_or_default();
                    if labels.get("kubernetes.io/metadata.name").is_none() {
                        let own = (Str::new("kubernetes.io/metadata.name"), name.clone());
                        let all = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
                        labels = all.chain([own]).collect();
                    }
                    admits(listener, &meta.namespace, name, &labels)
                });
                if !meets {
                    continue;
                }
                let to =
                    NodeKey::Outside("traffic", Str::from(format!("gateway/{}", meta.full_name())));
                let why = Why::ObjectField {
                    kind: "Gateway",
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                    path: Str::from(format!("spec.listeners[{at}].allowedRoutes")),
                    value: "admits the namespace".into(),
                };
                let draft = Draft::new(one.node(context), to).because(one.why(context, None));
                maker.edge(draft.because(why));
            }
        }
    }
}
