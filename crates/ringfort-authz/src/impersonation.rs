//! Acting as somebody else (RBAC-40 to RBAC-47; apiserver
//! `pkg/endpoints/filters/impersonation`).

use ringfort_model::{KubeVersion, Str};

use crate::evaluator::Authz;
use crate::request::{Request, User};

const AUTHENTICATION: &str = "authentication.k8s.io";

/// Whom a request asks to act as, by its headers.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// User name; mandatory (RBAC-40).
    pub user: Str,
    /// Groups.
    pub groups: Vec<Str>,
    /// User id.
    pub uid: Str,
    /// Extra keys with one value each.
    pub extras: Vec<(Str, Str)>,
}

/// How impersonation succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Verb `impersonate` on each part; any request may follow.
    Legacy,
    /// A constrained mode: the request itself needs `impersonate-on:<mode>:<verb>` as well.
    Constrained(&'static str),
}

/// Whether constrained impersonation exists: on by default from 1.36, alpha before; `None`
/// where the version is not known.
#[must_use]
pub fn is_constrained(version: Option<KubeVersion>) -> Option<bool> {
    version.map(|version| version.minor >= 36)
}

impl Authz<'_> {
    /// By which modes `requester` may make `request` as `target`, in the order in which the
    /// server tries them. `node` is the node that the requester's own token names, if any. The
    /// request still has to be allowed for the target.
    #[must_use]
    pub fn impersonate(
        &self,
        requester: &User,
        node: Option<&str>,
        target: &Target,
        request: &Request,
        constrained: bool,
    ) -> Vec<Mode> {
        if target.user.is_empty() {
            return Vec::new();
        }
        let mut modes = Vec::new();
        if constrained {
            for mode in ["associated-node", "arbitrary-node", "serviceaccount", "user-info"] {
                if self.constrained(requester, node, target, mode)
                    && self.on_request(requester, mode, request)
                {
                    modes.push(Mode::Constrained(mode));
                }
            }
        }
        if self.legacy(requester, target) {
            modes.push(Mode::Legacy);
        }
        modes
    }

    fn asks(
        &self,
        user: &User,
        verb: &str,
        resource: (&str, &str),
        namespace: &str,
        name: &str,
    ) -> bool {
        user.is_in("system:masters")
            || self
                .rbac(&Request::resource(user.clone(), verb, resource, namespace, name))
                .is_some()
    }

    fn legacy(&self, requester: &User, target: &Target) -> bool {
        let ask = |resource: (&str, &str), namespace: &str, name: &str| {
            self.asks(requester, "impersonate", resource, namespace, name)
        };
        let user = User { name: target.user.clone(), groups: Vec::new() };
        let named = match user.as_service_account() {
            Some((namespace, name)) => ask(("", "serviceaccounts"), namespace, name),
            None => ask(("", "users"), "", &target.user),
        };
        named
            && target.groups.iter().all(|group| ask(("", "groups"), "", group))
            && (target.uid.is_empty() || ask((AUTHENTICATION, "uids"), "", &target.uid))
            && target
                .extras
                .iter()
                .all(|(key, value)| ask((AUTHENTICATION, &format!("userextras/{key}")), "", value))
    }

    fn constrained(
        &self,
        requester: &User,
        node: Option<&str>,
        target: &Target,
        mode: &str,
    ) -> bool {
        let verb = format!("impersonate:{mode}");
        let ask = |resource: &str, namespace: &str, name: &str| {
            self.asks(requester, &verb, (AUTHENTICATION, resource), namespace, name)
        };
        let alone = target.groups.is_empty() && target.uid.is_empty() && target.extras.is_empty();
        let user = User { name: target.user.clone(), groups: Vec::new() };
        let as_node = node_of(&target.user);
        match mode {
            "associated-node" => {
                alone
                    && requester.as_service_account().is_some()
                    && as_node.is_some_and(|name| node == Some(name))
                    && ask("nodes", "", "*")
            }
            "arbitrary-node" => alone && as_node.is_some_and(|name| ask("nodes", "", name)),
            "serviceaccount" => {
                alone
                    && user
                        .as_service_account()
                        .is_some_and(|(namespace, name)| ask("serviceaccounts", namespace, name))
            }
            _ => {
                let refused = |group: &Str| group.is_empty() || group == "system:masters";
                // From four values on the server first asks once for the name `*` (RBAC-46).
                let all = |resource: &str, values: &[Str]| {
                    (values.len() > 3 && ask(resource, "", "*"))
                        || values.iter().all(|value| ask(resource, "", value))
                };
                as_node.is_none()
                    && user.as_service_account().is_none()
                    && !target.groups.iter().any(refused)
                    && ask("users", "", &target.user)
                    && all("groups", &target.groups)
                    && (target.uid.is_empty() || ask("uids", "", &target.uid))
                    && ((target.extras.len() > 3 && ask("userextras/*", "", "*"))
                        || target
                            .extras
                            .iter()
                            .all(|(key, value)| ask(&format!("userextras/{key}"), "", value)))
            }
        }
    }

    fn on_request(&self, requester: &User, mode: &str, request: &Request) -> bool {
        let verb = Str::from(format!("impersonate-on:{mode}:{}", request.verb));
        let asked =
            Request { user: requester.clone(), verb, attributes: request.attributes.clone() };
        requester.is_in("system:masters") || self.rbac(&asked).is_some()
    }
}

/// The groups that the request has afterwards (RBAC-42).
#[must_use]
pub fn result_groups(target: &Target) -> Vec<Str> {
    let user = User { name: target.user.clone(), groups: Vec::new() };
    let mut groups = target.groups.clone();
    if groups.is_empty()
        && let Some((namespace, name)) = user.as_service_account()
    {
        groups = User::service_account(namespace, name).groups;
    }
    let added = match target.user.as_str() {
        "system:anonymous" => "system:unauthenticated",
        _ => "system:authenticated",
    };
    // A user who asks to be unauthenticated is not made authenticated.
    let has = |wanted: &str| groups.iter().any(|group| group == wanted);
    if !has(added) && !has("system:unauthenticated") {
        groups.push(Str::new(added));
    }
    groups
}

/// The node whose user name this is. A node's name is a DNS subdomain (apimachinery
/// `NameIsDNSSubdomain`); anything else after `system:node:` is a user's name.
#[must_use]
pub fn node_of(user: &str) -> Option<&str> {
    user.strip_prefix("system:node:").filter(|name| is_node_name(name))
}

fn is_node_name(name: &str) -> bool {
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty()
            && part.bytes().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(part)
}
