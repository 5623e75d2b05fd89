//! What a route leads to and who serves it (EXP-09, EXP-10), each rule as a switch or a list:
//! Ingress and its classes, Gateway API and its references, OpenShift's routes, Istio's gateways.
//!
//! The sources stand at the heads of `ingress` and `gateway`. [`mutants`] makes wrong tables of
//! it, for `cargo xtask mutants`.

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// The legacy annotation goes before the field.
        legacy_class_first: true,
        /// The default class counts where none is named.
        default_class_counts: true,
        /// Several default classes leave nothing known.
        one_default_class: true,
        /// A class that does not exist is served by nobody.
        class_must_exist: true,
        /// An Ingress that nobody claims opens nothing.
        nobody_opens_nothing: true,
        /// Google's controller takes an Ingress without class.
        google_takes_classless: true,
        /// ingress-nginx takes one without class only when told to.
        nginx_takes_classless_by_flag: true,
        /// The default backend serves what no rule does.
        default_backend_serves: true,
        /// TLS for a host is served on 443.
        tls_is_443: true,
        /// A Service in front of the controller goes before the status.
        front_before_status: true,
        /// Internal is the default of AWS' controller.
        alb_is_internal_by_default: true,
        /// A group that the class' parameters name counts, before the annotation.
        class_groups: true,
        /// EKS Auto Mode reads no group from an annotation.
        auto_mode_groups: true,
        /// EKS Auto Mode has parameters in a group of its own.
        auto_mode_params: true,
        /// Members of an ALB group that differ leave nothing known.
        alb_group_must_agree: true,
        /// Parameters of the class go before an Ingress' own scheme.
        class_params_first: true,
        /// Security groups are not shown.
        alb_groups_are_unknown: true,
        /// Source ranges narrow who gets in.
        sources_narrow: true,
        /// Prefix lists narrow who gets in.
        alb_prefix_lists_narrow: true,
        /// gce-internal is internal.
        google_internal_class: true,
        /// Azure's gateway may be asked for its private address.
        azure_private_address: true,
        /// A GatewayClass that does not exist is served by nobody.
        gateway_class_must_exist: true,
        /// A listener lets in routes of its own namespace by default.
        same_namespace_by_default: true,
        /// `All` lets in every namespace.
        all_lets_in_all: true,
        /// A selector lets in the namespaces that it selects.
        selector_lets_in: true,
        /// A selector that is wrong leaves nothing known.
        wrong_selector_is_unknown: true,
        /// Namespaces carry a label with their name.
        namespaces_carry_their_name: true,
        /// A listener's protocol allows kinds of routes.
        protocol_allows_kinds: true,
        /// A listener's list of kinds counts.
        kinds_count: true,
        /// A parentRef may name one listener.
        section_counts: true,
        /// A parentRef may name a port.
        port_counts: true,
        /// Host names of route and listener must meet.
        hosts_must_meet: true,
        /// A wildcard holds the name below it only, not the name itself.
        wildcard_needs_a_label: true,
        /// A Service of another namespace needs a ReferenceGrant.
        backends_need_grants: true,
        /// A certificate of another namespace needs one.
        certificates_need_grants: true,
        /// A grant may name one object.
        grant_names_count: true,
        /// A grant names the kind that refers.
        grant_kinds_count: true,
        /// A grant names the namespace that refers.
        grant_namespaces_count: true,
        /// A backend of weight 0 gets nothing.
        weight_counts: true,
        /// A Gateway allows no ListenerSet by default.
        no_listener_sets_by_default: true,
        /// The Service made for a Gateway goes before its status.
        made_service_first: true,
        /// Google's classes say which kind.
        google_gateway_classes: true,
        /// Istio may be asked for a cluster address.
        istio_service_type: true,
        /// A route that no router admits opens nothing.
        router_must_admit: true,
        /// A router admits a route unless it says that it does not.
        routers_admit_silently: true,
        /// Without a status the router called `default` is meant.
        default_router: true,
        /// Of alternate backends one of weight 0 gets nothing.
        route_weight_counts: true,
        /// Alternate backends of a route get traffic.
        alternate_backends_count: true,
        /// A route with TLS is served on 443.
        route_tls_is_443: true,
        /// Sources narrow who gets in at a route.
        route_sources_narrow: true,
        /// A Gateway of Istio that no pod serves opens nothing.
        istio_needs_pods: true,
        /// Host names of a server and a VirtualService must meet.
        istio_hosts_must_meet: true,
        /// A server may limit its hosts to namespaces.
        istio_namespaces_count: true,
        /// `.` is the Gateway's own namespace.
        istio_dot_is_own: true,
        /// A VirtualService may name a Gateway of another namespace.
        istio_gateways_of_others: true,
        /// A short name of a destination is one of the same namespace.
        istio_short_names_are_own: true,
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// Annotations for sources of ingress-nginx.
    pub nginx_sources: &'static [&'static str],
    /// Controllers of AWS by class.
    pub alb_controllers: &'static [&'static str],
    /// Classes of Google's controller.
    pub google_classes: &'static [&'static str],
    /// Annotations for sources of OpenShift's router.
    pub route_sources: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    nginx_sources: &[
        "nginx.ingress.kubernetes.io/allowlist-source-range",
        "nginx.ingress.kubernetes.io/whitelist-source-range",
    ],
    alb_controllers: &["ingress.k8s.aws/alb", "eks.amazonaws.com/alb"],
    google_classes: &["gce", "gce-internal", "gce-regional-external", "gce-multi-cluster"],
    route_sources: &[
        "haproxy.router.openshift.io/ip_allowlist",
        "haproxy.router.openshift.io/ip_whitelist",
    ],
};

ringfort_model::active_rules!("routes", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("nginx sources", |rules| &mut rules.nginx_sources);
    found.list("ALB controllers", |rules| &mut rules.alb_controllers);
    found.list("sources of routes", |rules| &mut rules.route_sources);
    found.list("Google classes", |rules| &mut rules.google_classes);
    found.all()
}
