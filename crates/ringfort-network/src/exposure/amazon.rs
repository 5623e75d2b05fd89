//! AWS: two controllers read the same keys with opposite defaults (EXP-20).
//!
//! cloud-provider-aws `pkg/providers/v1/aws.go` (`EnsureLoadBalancer`, `isLBExternal`), and
//! aws-load-balancer-controller `pkg/service/model_build_load_balancer.go`
//! (`buildLoadBalancerScheme`), `pkg/service/service_utils.go`, `pkg/ingress`.

use ringfort_model::Str;
use ringfort_model::record::Service;

use super::edge::{assumed, shown};
use super::provider::{field, go_bool};
use super::{ObjectRef, Reach, Verdict};

pub(super) const INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
const SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
const TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const GROUPS: &str = "service.beta.kubernetes.io/aws-load-balancer-security-groups";
const PREFIXES: &str = "service.beta.kubernetes.io/aws-load-balancer-security-group-prefix-lists";

/// Keys that show that AWS is meant.
pub(super) const KEYS: &[&str] = &[INTERNAL, SCHEME, TYPE];

/// Classes of the AWS Load Balancer Controller, alone and as part of EKS.
pub(super) const CLASSES: [&str; 2] = ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];

/// What the status' host name shows.
pub(super) fn fact(hostname: &str, own: &ObjectRef) -> Option<Verdict> {
    let path = "status.loadBalancer.ingress[].hostname";
    if !hostname.ends_with(".amazonaws.com") {
        return None;
    }
    if hostname.starts_with("internal-") && hostname.ends_with(".elb.amazonaws.com") {
        let reason = "the name of an internal load balancer";
        return Some(shown(Reach::Internal, own, path, hostname, reason));
    }
    is_classic(hostname).then(|| {
        let reason = "a Classic or Application load balancer without the prefix internal-";
        shown(Reach::Public, own, path, hostname, reason)
    })
}

/// What the controllers make of a Service.
pub(super) fn intent(service: &Service, hostname: &str, own: &ObjectRef) -> Verdict {
    let annotations = &service.metadata.annotations;
    let class = service.spec.as_ref().and_then(|spec| spec.load_balancer_class.as_ref());
    let class = class.filter(|class| !class.is_empty());
    let kind = annotations.get(TYPE).map_or("", Str::as_str);
    let has = |finalizer: &str| service.metadata.finalizers.iter().any(|f| *f == *finalizer);
    let controller = class.is_some_and(|class| CLASSES.contains(&class.as_str()))
        || matches!(kind, "external" | "nlb-ip")
        || has("service.k8s.aws/resources");
    let in_tree = !controller
        && class.is_none()
        && (is_classic(hostname) || has("service.kubernetes.io/load-balancer-cleanup"));
    if controller {
        return by_controller(service, hostname, own);
    }
    if in_tree {
        return by_tree(service, own);
    }
    let (one, other) = (by_tree(service, own), by_controller(service, hostname, own));
    if one.reach == other.reach {
        return one;
    }
    let reason = "absent: either AWS controller may act, and they differ";
    shown(Reach::Unknown, own, "spec.loadBalancerClass", "absent", reason)
}

fn by_tree(service: &Service, own: &ObjectRef) -> Verdict {
    match service.metadata.annotations.get(INTERNAL) {
        Some(value) if value.is_empty() || *value == *"false" => {
            let reason = "the in-tree controller takes empty and false for internet-facing";
            shown(Reach::Public, own, field(INTERNAL), value.clone(), reason)
        }
        Some(value) => {
            let reason = "the in-tree controller takes any other value for internal";
            shown(Reach::Internal, own, field(INTERNAL), value.clone(), reason)
        }
        None => {
            let reason = "internet-facing is the in-tree controller's default";
            assumed(Reach::Public, own, field(INTERNAL), reason)
        }
    }
}

fn by_controller(service: &Service, hostname: &str, own: &ObjectRef) -> Verdict {
    let annotations = &service.metadata.annotations;
    let refused = "the controller refuses this value and changes nothing";
    if let Some(scheme) = annotations.get(SCHEME) {
        let (reach, reason) = match scheme.as_str() {
            "internet-facing" => (Reach::Public, "asks for an internet-facing one"),
            "internal" => (Reach::Internal, "asks for an internal one"),
            _ => (Reach::Unknown, refused),
        };
        return shown(reach, own, field(SCHEME), scheme.clone(), reason);
    }
    if let Some(value) = annotations.get(INTERNAL) {
        let (reach, reason) = match go_bool(value) {
            Some(true) => (Reach::Internal, "asks for an internal one"),
            Some(false) => (Reach::Public, "asks for an internet-facing one"),
            None => (Reach::Unknown, refused),
        };
        return shown(reach, own, field(INTERNAL), value.clone(), reason);
    }
    if !hostname.is_empty() {
        let reason = "an existing load balancer keeps its scheme, which its name does not show";
        return assumed(Reach::Unknown, own, field(SCHEME), reason);
    }
    assumed(Reach::Internal, own, field(SCHEME), "internal is the controller's default")
}

/// How the controller's own keys narrow who gets in.
pub(super) fn narrowed(service: &Service, own: &ObjectRef) -> Option<Verdict> {
    let annotations = &service.metadata.annotations;
    let given = |key: &str| annotations.get(key).filter(|value| !value.trim().is_empty()).cloned();
    if let Some(value) = given(GROUPS) {
        let reason = "the rules of these security groups are not shown";
        return Some(shown(Reach::Unknown, own, field(GROUPS), value, reason));
    }
    let value = given(PREFIXES)?;
    Some(shown(Reach::AllowListed, own, field(PREFIXES), value, "only these prefix lists get in"))
}

/// `NAME-DIGITS.REGION.elb.amazonaws.com` is a Classic load balancer's name.
fn is_classic(hostname: &str) -> bool {
    let Some(rest) = hostname.strip_suffix(".elb.amazonaws.com") else { return false };
    let Some((name, region)) = rest.rsplit_once('.') else { return false };
    let digits = name.rsplit_once('-').map_or("", |(_, digits)| digits);
    !region.is_empty() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}
