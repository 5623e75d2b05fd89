//! Ingress (EXP-09): whose it is, what it leads to, and who reaches that controller.
//!
//! A legacy annotation names the class before `spec.ingressClassName` does, as the controllers
//! that read it do (ingress-nginx `pkg/.../ingressclass`, aws-load-balancer-controller
//! `pkg/ingress/class_loader.go`); without either the default class counts, then controllers
//! that serve Ingress without class. An Ingress that nobody claims opens nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfort_model::record::network::IngressBackend;
use ringfort_model::record::{Ingress, IngressClass};
use ringfort_model::{Kind, Str};

use super::address::{Cidr, is_allow_list};
use super::balance::status;
use super::edge::{Finder, assumed, object, shown};
use super::provider::{Provider, field};
use super::route_rules::rules;
use super::{Condition, Listener, ListenerKind, ObjectRef, Reach, Verdict};

const LEGACY: &str = "kubernetes.io/ingress.class";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const ALB: &str = "alb.ingress.kubernetes.io/";
/// The controller of EKS Auto Mode.
const AUTO_MODE: &str = "eks.amazonaws.com/alb";

/// A controller whose data plane runs in the cluster: its name in classes, the class that its
/// legacy annotation names, and the ends of its images' repositories.
struct Controller {
    names: &'static [&'static str],
    legacy: &'static str,
    images: &'static [&'static str],
}

/// Ends of the repositories of ingress-nginx: the project's own, the one that it had, and those of
/// others that build it (Rancher, Bitnami).
pub const INGRESS_NGINX: &[&str] =
    &["ingress-nginx/controller", "ingress-nginx/controller-chroot", "nginx-ingress-controller"];

static IN_CLUSTER: [Controller; 9] = [
    Controller { names: &["k8s.io/ingress-nginx"], legacy: "nginx", images: INGRESS_NGINX },
    Controller {
        names: &["nginx.org/ingress-controller"],
        legacy: "nginx",
        images: &["nginx/nginx-ingress", "nginx-ic/nginx-plus-ingress"],
    },
    Controller {
        names: &["traefik.io/ingress-controller"],
        legacy: "traefik",
        images: &["traefik"],
    },
    Controller {
        names: &["haproxy.org/ingress-controller", "haproxy-ingress.github.io/controller"],
        legacy: "haproxy",
        images: &[
            "haproxytech/kubernetes-ingress",
            "jcmoraisjr/haproxy-ingress",
            "haproxy-ingress/haproxy-ingress",
        ],
    },
    Controller {
        names: &["projectcontour.io/ingress-controller"],
        legacy: "contour",
        images: &["envoyproxy/envoy"],
    },
    Controller {
        names: &["ingress-controllers.konghq.com/kong"],
        legacy: "kong",
        images: &["kong", "kong/kong-gateway"],
    },
    Controller {
        names: &["istio.io/ingress-controller"],
        legacy: "istio",
        images: &["istio/proxyv2"],
    },
    Controller {
        names: &["getambassador.io/ingress-controller"],
        legacy: "ambassador",
        images: &["emissary-ingress/emissary", "datawire/aes"],
    },
    Controller {
        names: &["openshift.io/ingress-to-route"],
        legacy: "openshift-default",
        images: &["openshift/origin-haproxy-router"],
    },
];

/// Whom an Ingress belongs to.
enum Claim<'a> {
    /// A controller in the cluster.
    InCluster(&'static Controller),
    /// The AWS Load Balancer Controller, with the class if it is an object.
    Aws(Option<&'a IngressClass>),
    /// Google's controller, by its class.
    Google(Str),
    /// Azure Application Gateway.
    Azure,
    /// A controller that no rule is known for: why.
    Foreign(Str, Str),
    /// Nobody: the field and why.
    Nobody(&'static str, String),
}

/// Units of each controller's data plane, in the order of [`IN_CLUSTER`].
struct Running(Vec<Vec<u32>>);

impl Running {
    fn of(&self, controller: &'static Controller) -> &[u32] {
        let at = IN_CLUSTER.iter().position(|one| std::ptr::eq(one, controller));
        at.map_or(&[][..], |at| &self.0[at])
    }
}

/// Finds what Ingresses open.
pub(super) fn find(finder: &mut Finder<'_>) {
    let ingresses = &finder.cluster.ingresses;
    if ingresses.is_empty() {
        return;
    }
    let units = IN_CLUSTER.iter().map(|one| finder.units_with_image(one.images)).collect();
    let running = Running(units);
    let schemes = schemes(finder, &running);
    for ingress in ingresses {
        let own = object("Ingress", &ingress.metadata);
        let claim = claim(finder, ingress, &running);
        let rule = &rules().switches;
        if let (Claim::Nobody(path, reason), true) = (&claim, rule.nobody_opens_nothing) {
            finder.idle(&own, path, reason.clone());
            continue;
        }
        let addresses: Arc<[Str]> = ingress
            .status
            .iter()
            .filter_map(|status| status.load_balancer.as_ref())
            .flat_map(|balancer| balancer.ingress.iter())
            .flat_map(|one| [one.ip.clone(), one.hostname.clone()])
            .filter(|text| !text.is_empty())
            .collect();
        let fact = status(finder, &addresses, &own, "status.loadBalancer.ingress[]");
        let intent = intent(finder, ingress, &claim, &running, &schemes, &own);
        let shown_fact = fact.as_ref().filter(|fact| fact.reach != Reach::Unknown).cloned();
        let base = match &claim {
            // Its controller's Service decides; the status repeats it.
            Claim::InCluster(_) if intent.reach != Reach::Unknown && rule.front_before_status => {
                intent.clone()
            }
            _ => shown_fact.unwrap_or_else(|| intent.clone()),
        };
        let (sources, verdict) = narrow(finder, ingress, &claim, &own, base);
        routes(finder, ingress, &own, |condition, port, service, backends| Listener {
            kind: ListenerKind::Ingress,
            object: own.clone(),
            part: Str::default(),
            addresses: addresses.clone(),
            port: Some(port),
            protocol: Str::new("TCP"),
            condition,
            service,
            backends,
            sources: sources.clone(),
            intent: intent.clone(),
            fact: fact.clone(),
            verdict: verdict.clone(),
        });
    }
}

type Make<'a> =
    dyn Fn(Option<Condition>, i64, Option<(Str, Str)>, Arc<super::Backends>) -> Listener + 'a;

/// Every host and path with its Service; what none of them matches goes to the default.
fn routes(
    finder: &mut Finder<'_>,
    ingress: &Ingress,
    own: &ObjectRef,
    make: impl Fn(Option<Condition>, i64, Option<(Str, Str)>, Arc<super::Backends>) -> Listener,
) {
    let make: &Make<'_> = &make;
    let Some(spec) = &ingress.spec else { return };
    let rule = &rules().switches;
    let encrypted = |host: &str| {
        let covers = |tls: &ringfort_model::record::network::IngressTls| {
            tls.hosts.is_empty() || tls.hosts.has(host)
        };
        if spec.tls.iter().any(covers) && rule.tls_is_443 { 443 } else { 80 }
    };
    let mut add = |backend: &IngressBackend, path: String, condition: Option<Condition>| {
        let host = condition.as_ref().map_or("", |condition| condition.host.as_str());
        let port = encrypted(host);
        let namespace = &ingress.metadata.namespace;
        let Some(name) = backend.service_name() else { return };
        let key = Some((namespace.clone(), name.clone()));
        let known = finder.cluster.coverage.is_complete(Kind::Service);
        match finder.service(own, &path, namespace, name) {
            Some((_, backends)) => finder.listeners.push(make(condition, port, key, backends)),
            None if known => {}
            None => finder.listeners.push(make(condition, port, key, Arc::default())),
        }
    };
    let default = spec.default_backend.as_ref().or(spec.backend.as_ref());
    if let Some(backend) = default.filter(|_| rule.default_backend_serves) {
        add(backend, "spec.defaultBackend".to_owned(), None);
    }
    for (at, rule) in spec.rules.iter().enumerate() {
        for (number, path) in rule.http.iter().flat_map(|http| http.paths.iter()).enumerate() {
            let Some(backend) = &path.backend else { continue };
            let condition = Condition {
                host: rule.host.clone(),
                path: path.path.clone(),
                path_type: path.path_type.clone().unwrap_or_default(),
            };
            let field = format!("spec.rules[{at}].http.paths[{number}].backend");
            add(backend, field, Some(condition));
        }
    }
}

fn claim<'a>(finder: &Finder<'a>, ingress: &Ingress, running: &Running) -> Claim<'a> {
    let cluster = finder.cluster;
    let spec_class = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.clone());
    let spec_class = spec_class.filter(|name| !name.is_empty());
    let rule = &rules().switches;
    let legacy = ingress.metadata.annotations.get(LEGACY).filter(|name| !name.is_empty());
    let legacy = legacy.filter(|_| rule.legacy_class_first || spec_class.is_none());
    if let Some(name) = legacy {
        if let Some(class) = cluster.ingress_classes.get("", name) {
            return by_class(class);
        }
        return by_legacy(running, name);
    }
    if let Some(name) = spec_class {
        let path = "spec.ingressClassName";
        return match cluster.ingress_classes.get("", &name) {
            Some(class) => by_class(class),
            None if cluster.coverage.is_complete(Kind::IngressClass) && rule.class_must_exist => {
                Claim::Nobody(path, format!("IngressClass {name} does not exist"))
            }
            None => Claim::Foreign(
                Str::new(path),
                Str::from(format!("IngressClass {name} is not known")),
            ),
        };
    }
    let default = cluster.ingress_classes.iter().filter(|class| {
        class.metadata.annotations.get(DEFAULT).is_some_and(|value| *value == *"true")
    });
    let default: Vec<&IngressClass> = default.filter(|_| rule.default_class_counts).collect();
    match default.as_slice() {
        [one] => return by_class(one),
        [one, ..] if !rule.one_default_class => return by_class(one),
        [] => {}
        _ => {
            let reason = Str::new("several classes are the default");
            return Claim::Foreign(Str::new("spec.ingressClassName"), reason);
        }
    }
    if finder.providers.contains(&Provider::Gcp) && rule.google_takes_classless {
        return Claim::Google(Str::new("gce"));
    }
    for controller in &IN_CLUSTER {
        let takes = running.of(controller).iter().any(|&unit| {
            let containers = &finder.units[unit as usize].spec.containers;
            let words = containers.iter().flat_map(|c| c.command.iter().chain(c.args.iter()));
            let mut words = words.map(Str::as_str);
            match controller.legacy {
                "nginx" if !rule.nginx_takes_classless_by_flag => true,
                "nginx" => words.any(|word| {
                    matches!(
                        word,
                        "--watch-ingress-without-class" | "--watch-ingress-without-class=true"
                    )
                }),
                "traefik" => {
                    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
                    let has = |start: &str| words.iter().any(|word| word.starts_with(start));
                    has("--providers.kubernetesingress")
                        && !has("--providers.kubernetesingress.ingressclass=")
                }
                _ => false,
            }
        });
        if takes {
            return Claim::InCluster(controller);
        }
    }
    let read = cluster.coverage.is_complete(Kind::IngressClass);
    if read && cluster.coverage.is_complete(Kind::Pod) {
        let reason = "no class, no default class, and no controller takes it without".to_owned();
        return Claim::Nobody("spec.ingressClassName", reason);
    }
    let reason = Str::new("no class, and the default class is not known");
    Claim::Foreign(Str::new("spec.ingressClassName"), reason)
}

fn by_class(class: &IngressClass) -> Claim<'_> {
    let controller = class.spec.as_ref().map_or("", |spec| spec.controller.as_str());
    match controller {
        alb if rules().alb_controllers.contains(&alb) => return Claim::Aws(Some(class)),
        "azure/application-gateway" => return Claim::Azure,
        _ => {}
    }
    let known = IN_CLUSTER.iter().find(|known| {
        known.names.iter().any(|name| {
            // Some add a part of their own after the name.
            controller == *name
                || controller.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
    });
    match known {
        Some(known) => Claim::InCluster(known),
        None => Claim::Foreign(
            Str::new("spec.ingressClassName"),
            Str::from(format!("no rule is known for controller {controller}")),
        ),
    }
}

fn by_legacy<'a>(running: &Running, name: &str) -> Claim<'a> {
    match name {
        "alb" => return Claim::Aws(None),
        google if rules().google_classes.contains(&google) => {
            return Claim::Google(Str::new(name));
        }
        "azure/application-gateway" => return Claim::Azure,
        _ => {}
    }
    // Of two controllers that read one name the one that runs is meant.
    let named: Vec<&'static Controller> =
        IN_CLUSTER.iter().filter(|controller| controller.legacy == name).collect();
    let runs = named.iter().find(|controller| !running.of(controller).is_empty());
    match runs.or(named.first()) {
        Some(controller) => Claim::InCluster(controller),
        None => {
            Claim::Foreign(field(LEGACY), Str::from(format!("no rule is known for class {name}")))
        }
    }
}

fn intent(
    finder: &Finder<'_>,
    ingress: &Ingress,
    claim: &Claim<'_>,
    running: &Running,
    schemes: &BTreeMap<Str, BTreeSet<Str>>,
    own: &ObjectRef,
) -> Verdict {
    let annotations = &ingress.metadata.annotations;
    match claim {
        Claim::InCluster(controller) => {
            let units = running.of(controller);
            if units.is_empty() {
                let reason = "no pod of its controller is recognised";
                return shown(Reach::Unknown, own, "spec.ingressClassName", "", reason);
            }
            finder.reach_of_units(units, own)
        }
        Claim::Aws(class) => amazon(finder, ingress, *class, schemes, own),
        Claim::Google(class) => {
            let reason = "the class of Google's controller";
            let path = field(LEGACY);
            match class.as_str() {
                "gce-internal" if rules().switches.google_internal_class => {
                    shown(Reach::Internal, own, path, class.clone(), reason)
                }
                "gce" if annotations.get(LEGACY).is_none() => {
                    assumed(Reach::Public, own, path, "Google's controller takes it as external")
                }
                _ => shown(Reach::Public, own, path, class.clone(), reason),
            }
        }
        Claim::Azure => {
            let key = "appgw.ingress.kubernetes.io/use-private-ip";
            match annotations.get(key) {
                Some(value) if *value == *"true" && rules().switches.azure_private_address => {
                    let reason = "asks for the gateway's private address";
                    shown(Reach::Internal, own, field(key), value.clone(), reason)
                }
                _ => {
                    let reason =
                        "whether the application gateway has a public address is not shown";
                    assumed(Reach::Unknown, own, field(key), reason)
                }
            }
        }
        Claim::Foreign(path, reason) => {
            shown(Reach::Unknown, own, path.clone(), "", reason.clone())
        }
        Claim::Nobody(path, reason) => shown(Reach::Internal, own, *path, "", reason.clone()),
    }
}

/// Schemes that the members of each ALB group ask for.
fn schemes(finder: &Finder<'_>, running: &Running) -> BTreeMap<Str, BTreeSet<Str>> {
    let mut found: BTreeMap<Str, BTreeSet<Str>> = BTreeMap::new();
    for ingress in &finder.cluster.ingresses {
        let Claim::Aws(class) = claim(finder, ingress, running) else { continue };
        let Some(group) = alb_group(finder, ingress, class) else { continue };
        let group = found.entry(group).or_default();
        group.extend(alb_scheme(finder, ingress, class).map(|(_, _, scheme)| scheme));
    }
    found
}

/// The explicit group of an ALB: that of the class' parameters goes before the annotation, which
/// EKS Auto Mode does not read (`loadGroupID`; EKS user guide, auto-configure-alb).
fn alb_group(finder: &Finder<'_>, ingress: &Ingress, class: Option<&IngressClass>) -> Option<Str> {
    let rule = &rules().switches;
    let spec = params(finder, class).and_then(|params| params.spec.as_ref());
    let of_class = spec.and_then(|spec| spec.group.as_ref()).map(|group| group.name.clone());
    let auto = class.and_then(|class| class.spec.as_ref());
    let auto = auto.is_some_and(|spec| spec.controller == *AUTO_MODE) && rule.auto_mode_groups;
    let own = ingress.metadata.annotations.get(&format!("{ALB}group.name")).filter(|_| !auto);
    of_class.filter(|_| rule.class_groups).or_else(|| own.cloned())
}

/// The scheme that an Ingress asks for, and where: in its class' parameters, else by annotation.
fn alb_scheme(
    finder: &Finder<'_>,
    ingress: &Ingress,
    class: Option<&IngressClass>,
) -> Option<(ObjectRef, Str, Str)> {
    let rule = &rules().switches;
    let key = format!("{ALB}scheme");
    let own = ingress.metadata.annotations.get(&key);
    let own = own.map(|scheme| (object("Ingress", &ingress.metadata), field(&key), scheme.clone()));
    let params = params(finder, class);
    let of_class = params.and_then(|params| {
        let scheme = params.spec.as_ref()?.scheme.as_ref()?;
        let place = object("IngressClassParams", &params.metadata);
        Some((place, Str::new("spec.scheme"), scheme.clone()))
    });
    if rule.class_params_first { of_class.or(own) } else { own.or(of_class) }
}

fn amazon(
    finder: &Finder<'_>,
    ingress: &Ingress,
    class: Option<&IngressClass>,
    schemes: &BTreeMap<Str, BTreeSet<Str>>,
    own: &ObjectRef,
) -> Verdict {
    let key = format!("{ALB}scheme");
    let says = |object: &ObjectRef, path: Str, scheme: &Str| match scheme.as_str() {
        "internet-facing" => {
            shown(Reach::Public, object, path, scheme.clone(), "asks for an internet-facing one")
        }
        "internal" => {
            shown(Reach::Internal, object, path, scheme.clone(), "asks for an internal one")
        }
        _ => {
            let reason = "the controller refuses this value and changes nothing";
            shown(Reach::Unknown, object, path, scheme.clone(), reason)
        }
    };
    let rule = &rules().switches;
    let group = alb_group(finder, ingress, class);
    let group = group.as_ref().and_then(|group| schemes.get(group));
    if rule.alb_group_must_agree && group.is_some_and(|all| all.len() > 1) {
        let reason = "members of its group ask for different schemes";
        return shown(Reach::Unknown, own, field(&key), "", reason);
    }
    if let Some((place, path, scheme)) = alb_scheme(finder, ingress, class) {
        return says(&place, path, &scheme);
    }
    if let Some(scheme) = group.and_then(BTreeSet::first) {
        return says(own, field(&key), scheme);
    }
    let internal = rule.alb_is_internal_by_default;
    let reach = if internal { Reach::Internal } else { Reach::Public };
    assumed(reach, own, field(&key), "internal is the controller's default")
}

fn params<'a>(
    finder: &Finder<'a>,
    class: Option<&IngressClass>,
) -> Option<&'a ringfort_model::record::edge::AwsClassParams> {
    let class = class?.spec.as_ref()?;
    let parameters = class.parameters.as_ref()?;
    // EKS Auto Mode has the kind in a group of its own, under its own controller.
    let known = match class.controller == *AUTO_MODE && rules().switches.auto_mode_params {
        true => &finder.cluster.eks_class_params,
        false => &finder.cluster.aws_class_params,
    };
    (*parameters.kind == *"IngressClassParams").then(|| known.get("", &parameters.name))?
}

/// Source filters that the Ingress itself asks for.
fn narrow(
    finder: &mut Finder<'_>,
    ingress: &Ingress,
    claim: &Claim<'_>,
    own: &ObjectRef,
    base: Verdict,
) -> (Vec<Str>, Verdict) {
    let annotations = &ingress.metadata.annotations;
    let listed = |key: &str| -> Vec<Str> {
        let value = annotations.get(key).map_or("", |value| value.as_str());
        value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Str::new).collect()
    };
    if base.reach == Reach::Internal {
        return (Vec::new(), base);
    }
    let rule = &rules().switches;
    let (path, sources) = match claim {
        Claim::Aws(class) => {
            let groups = format!("{ALB}security-groups");
            if let Some(value) = annotations.get(&groups).filter(|_| rule.alb_groups_are_unknown) {
                let reason = "the rules of these security groups are not shown";
                let verdict = shown(Reach::Unknown, own, field(&groups), value.clone(), reason);
                return (Vec::new(), verdict);
            }
            let own_params = params(finder, *class).and_then(|params| params.spec.as_ref());
            let from_params = own_params.map(|spec| spec.inbound_cidrs.to_vec());
            let key = format!("{ALB}inbound-cidrs");
            let sources = from_params.filter(|all| !all.is_empty()).unwrap_or_else(|| listed(&key));
            let prefixes = format!("{ALB}security-group-prefix-lists");
            let alone = sources.is_empty() && rule.alb_prefix_lists_narrow;
            if let (true, Some(value)) = (alone, annotations.get(&prefixes)) {
                let reason = "only these prefix lists get in";
                let path = field(&prefixes);
                let verdict = shown(Reach::AllowListed, own, path, value.clone(), reason);
                return (Vec::new(), verdict);
            }
            (field(&key), sources)
        }
        Claim::InCluster(controller) if controller.names == ["k8s.io/ingress-nginx"] => {
            let key = rules().nginx_sources.iter().find(|key| annotations.get(key).is_some());
            key.map_or_else(|| (Str::default(), Vec::new()), |key| (field(key), listed(key)))
        }
        _ => (Str::default(), Vec::new()),
    };
    let mut ranges = Vec::new();
    for text in &sources {
        // ingress-nginx takes a bare address for itself.
        let whole = if text.contains(':') { 128 } else { 32 };
        let range = Cidr::parse(text).or_else(|| Cidr::parse(&format!("{text}/{whole}")));
        match range {
            Some(range) => ranges.push(range),
            None => {
                let verdict = finder.wrong(own, &path, text, "is no range of addresses");
                return (sources, verdict);
            }
        }
    }
    if !is_allow_list(&ranges) || !rule.sources_narrow {
        return (sources, base);
    }
    let value = sources.iter().map(Str::as_str).collect::<Vec<_>>().join(",");
    (sources, shown(Reach::AllowListed, own, path, value, "only these sources get in"))
}
