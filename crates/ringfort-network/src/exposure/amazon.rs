//! AWS: two controllers read the same keys with opposite defaults (EXP-20).
//!
//! cloud-provider-aws `pkg/providers/v1/aws.go` (`EnsureLoadBalancer`, `isLBExternal`), and
//! aws-load-balancer-controller `pkg/service/model_build_load_balancer.go`
//! (`buildLoadBalancerScheme`), `pkg/service/service_utils.go`, `pkg/ingress`.

use ringfort_model::Str;
use ringfort_model::record::Service;

use super::edge::{assumed, shown};
use super::provider::{either, field, go_bool, read};
use super::rules::rules;
use super::{ObjectRef, Reach, Verdict};

pub(super) const INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
pub(super) const SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
pub(super) const TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const GROUPS: &str = "service.beta.kubernetes.io/aws-load-balancer-security-groups";
const PREFIXES: &str = "service.beta.kubernetes.io/aws-load-balancer-security-group-prefix-lists";

/// Classes of the AWS Load Balancer Controller, alone and as part of EKS.
pub(super) const CLASSES: &[&str] = &["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];

/// What the status' host name shows.
pub(super) fn fact(hostname: &str, own: &ObjectRef) -> Option<Verdict> {
    let path = "status.loadBalancer.ingress[].hostname";
    if !hostname.ends_with(".amazonaws.com") {
        return None;
    }
    let rule = &rules().switches;
    let internal = hostname.starts_with("internal-") && hostname.ends_with(".elb.amazonaws.com");
    if internal && rule.internal_names {
        let reason = "the name of an internal load balancer";
        return Some(shown(Reach::Internal, own, path, hostname, reason));
    }
    (is_classic(hostname) && rule.classic_names).then(|| {
        let reason = "a Classic or Application load balancer without the prefix internal-";
        shown(Reach::Public, own, path, hostname, reason)
    })
}

/// What the controllers make of a Service.
pub(super) fn intent(service: &Service, hostname: &str, own: &ObjectRef) -> Verdict {
    let rules = rules();
    let rule = &rules.switches;
    let class = service.spec.as_ref().and_then(|spec| spec.load_balancer_class.as_ref());
    let class = class.filter(|class| !class.is_empty());
    let kind = read(service, TYPE).map_or("", Str::as_str);
    let has = |finalizer: &str| {
        rule.finalizers_show_controller
            && service.metadata.finalizers.iter().any(|f| *f == *finalizer)
    };
    let of_class = class.is_some_and(|class| rules.aws_classes.contains(&class.as_str()));
    let controller = (of_class && rule.class_shows_controller)
        || rules.aws_types.contains(&kind)
        || has("service.k8s.aws/resources");
    let in_tree = !controller
        && class.is_none()
        && ((is_classic(hostname) && rule.name_shows_tree)
            || has("service.kubernetes.io/load-balancer-cleanup"));
    if controller {
        return by_controller(service, hostname, own);
    }
    if in_tree {
        return by_tree(service, own);
    }
    let (one, other) = (by_tree(service, own), by_controller(service, hostname, own));
    if one.reach == other.reach || !rule.either_controller_is_unknown {
        return one;
    }
    let reason = "absent: either AWS controller may act, and they differ";
    shown(Reach::Unknown, own, "spec.loadBalancerClass", "absent", reason)
}

fn by_tree(service: &Service, own: &ObjectRef) -> Verdict {
    let rules = rules();
    match read(service, INTERNAL) {
        Some(value) if rules.tree_external.contains(&value.as_str()) => {
            let reason = "the in-tree controller takes empty and false for internet-facing";
            shown(Reach::Public, own, field(INTERNAL), value.clone(), reason)
        }
        Some(value) => {
            let reason = "the in-tree controller takes any other value for internal";
            shown(Reach::Internal, own, field(INTERNAL), value.clone(), reason)
        }
        None => {
            let reason = "internet-facing is the in-tree controller's default";
            let external = rules.switches.tree_is_external_by_default;
            let reach = if external { Reach::Public } else { Reach::Internal };
            assumed(reach, own, field(INTERNAL), reason)
        }
    }
}

fn by_controller(service: &Service, hostname: &str, own: &ObjectRef) -> Verdict {
    let refused = "the controller refuses this value and changes nothing";
    let rules = rules();
    let rule = &rules.switches;
    let internal = read(service, INTERNAL);
    let scheme = read(service, SCHEME).filter(|_| rule.scheme_goes_first || internal.is_none());
    if let Some(scheme) = scheme {
        let (reach, reason) = match either(rules.aws_schemes, scheme) {
            Some(false) => (Reach::Public, "asks for an internet-facing one"),
            Some(true) => (Reach::Internal, "asks for an internal one"),
            None => (Reach::Unknown, refused),
        };
        return shown(reach, own, field(SCHEME), scheme.clone(), reason);
    }
    if let Some(value) = internal {
        let (reach, reason) = match go_bool(value) {
            Some(true) => (Reach::Internal, "asks for an internal one"),
            Some(false) => (Reach::Public, "asks for an internet-facing one"),
            None => (Reach::Unknown, refused),
        };
        return shown(reach, own, field(INTERNAL), value.clone(), reason);
    }
    if !hostname.is_empty() && rule.existing_keeps_scheme {
        let reason = "an existing load balancer keeps its scheme, which its name does not show";
        return assumed(Reach::Unknown, own, field(SCHEME), reason);
    }
    let internal = rule.controller_is_internal_by_default;
    let reach = if internal { Reach::Internal } else { Reach::Public };
    assumed(reach, own, field(SCHEME), "internal is the controller's default")
}

/// How the controller's own keys narrow who gets in.
pub(super) fn narrowed(service: &Service, own: &ObjectRef) -> Option<Verdict> {
    let annotations = &service.metadata.annotations;
    let given = |key: &str| annotations.get(key).filter(|value| !value.trim().is_empty()).cloned();
    let rule = &rules().switches;
    if let Some(value) = given(GROUPS).filter(|_| rule.groups_are_unknown) {
        let reason = "the rules of these security groups are not shown";
        return Some(shown(Reach::Unknown, own, field(GROUPS), value, reason));
    }
    let value = given(PREFIXES).filter(|_| rule.prefix_lists_narrow)?;
    Some(shown(Reach::AllowListed, own, field(PREFIXES), value, "only these prefix lists get in"))
}

/// `NAME-DIGITS.REGION.elb.amazonaws.com` is a Classic load balancer's name.
fn is_classic(hostname: &str) -> bool {
    let Some(rest) = hostname.strip_suffix(".elb.amazonaws.com") else { return false };
    let Some((name, region)) = rest.rsplit_once('.') else { return false };
    let digits = name.rsplit_once('-').map_or("", |(_, digits)| digits);
    !region.is_empty() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}
