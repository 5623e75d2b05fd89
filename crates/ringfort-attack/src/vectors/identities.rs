//! V1 and V2, what strangers may do at the API server, and V3, credentials that lie about.

use ringfort_authz::{Beyond, Said};
use ringfort_language::{Sentence, message, sentence};
use ringfort_model::record::PolicyRule;
use ringfort_model::{EntityId, Kind, Str};

use super::{Finding, Instance, State};
use crate::context::Context;
use crate::node::{NodeKey, RoleKey, Subject};
use crate::server::{Flag, flag, refuses_anonymous, server_says};
use crate::techniques::secret_kubeconfig::FIXED;
use crate::why::{BindingKey, Why};

const ENDPOINT: &str = message!("whether the API endpoint is reachable from the internet");

/// Whether a rule lets one do no more than find out what the server is: discovery paths, and
/// questions about oneself (the three roles that every server binds).
fn is_trivial(rule: &PolicyRule) -> bool {
    if rule.resources.is_empty() {
        const PATHS: &[&str] = &[
            "/healthz",
            "/livez",
            "/readyz",
            "/version",
            "/version/",
            "/api",
            "/api/*",
            "/apis",
            "/apis/*",
            "/openapi",
            "/openapi/*",
            "/healthz/",
            "/livez/",
            "/readyz/",
            // OpenShift shows these to everybody (installer extra, initial-access 0.4).
            "/.well-known",
            "/.well-known/*",
        ];
        return rule.non_resource_urls.iter().all(|url| PATHS.contains(&url.as_str()))
            && rule.verbs.iter().all(|verb| *verb == *"get" || *verb == *"head");
    }
    const SELF: &[&str] =
        &["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];
    rule.resources.iter().all(|resource| SELF.contains(&resource.as_str()))
        && rule.verbs.iter().all(|verb| *verb == *"create")
}

/// The `cluster-info` ConfigMap that kubeadm shows to everybody.
fn is_bootstrap(namespace: &str, rule: &PolicyRule) -> bool {
    namespace == "kube-public"
        && rule.verbs.iter().all(|verb| *verb == *"get")
        && rule.resources.iter().all(|resource| *resource == *"configmaps")
        && rule.resource_names.iter().all(|name| *name == *"cluster-info")
        && !rule.resource_names.is_empty()
}

/// Direct grants of a subject that let it do more than find out what the server is: index into
/// [`Context::grants`] and into the grant's `bound`, with the first such rule.
#[must_use]
pub fn beyond_discovery(context: &Context<'_>, subject: &Subject) -> Vec<(usize, usize, u32)> {
    let all = context.grants_of(subject).iter();
    let more = |&(grant, bound): &(usize, usize)| {
        let one = &context.grants[grant];
        let namespace = match &one.scope {
            crate::node::Scope::Cluster => "",
            crate::node::Scope::Namespace(name) => name.as_str(),
        };
        // A RoleBinding gives no paths (RBAC rule resolution drops what has no namespace).
        let gives = |rule: &PolicyRule| namespace.is_empty() || !rule.resources.is_empty();
        let is_more =
            |rule: &PolicyRule| gives(rule) && !is_trivial(rule) && !is_bootstrap(namespace, rule);
        Some((grant, bound, one.rules.iter().position(is_more)? as u32))
    };
    all.filter_map(more).collect()
}

fn grants(context: &Context<'_>, vector: &'static str, subjects: &[Subject]) -> Vec<Instance> {
    let mut found = Vec::new();
    for subject in subjects {
        for (grant, bound, _) in beyond_discovery(context, subject) {
            let grant = &context.grants[grant];
            let (_, binding, index) = &grant.bound[bound];
            let shown = match binding {
                BindingKey::Cluster(name) => name.to_string(),
                BindingKey::Namespaced(namespace, name) => format!("{namespace}/{name}"),
                BindingKey::Node(_) => continue,
            };
            let role = match &grant.role {
                RoleKey::Cluster(name) | RoleKey::Namespaced(_, name) => name.clone(),
                RoleKey::Limited(..) | RoleKey::Node(_) => continue,
            };
            let who = match subject {
                Subject::User(name) | Subject::Group(name) => name.clone(),
                Subject::ServiceAccount(_, name) => name.clone(),
                Subject::Limited(_) => continue,
            };
            found.push(Instance {
                vector,
                name: Str::from(format!("{shown}:{who}")),
                title: sentence!(
                    "binding {binding} gives {who} the role {role}",
                    binding = &shown,
                    who = who.as_str(),
                    role = role.as_str()
                ),
                state: State::Unknown,
                // A single rule is no reason: without it the role's others still lead in.
                why: vec![Why::Bound { binding: binding.clone(), subject: *index }],
                missing: vec![ENDPOINT],
                leads: vec![NodeKey::Subject(subject.clone())],
            });
        }
    }
    found
}

fn rbac_known(context: &Context<'_>) -> bool {
    [Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding]
        .into_iter()
        .all(|kind| context.cluster.coverage.is_complete(kind))
}

/// What authorizers beside RBAC and the node authorizer may allow a group, one instance for each.
fn authorizers(context: &Context<'_>, vector: &'static str, group: &str) -> Vec<Instance> {
    let instance = |said: &Said, title: Sentence| Instance {
        vector,
        name: Str::from(format!("{}:{group}", said.flag.trim_start_matches('-'))),
        title,
        state: State::Unknown,
        why: vec![server_says(said)],
        missing: vec![ENDPOINT],
        leads: vec![NodeKey::Subject(Subject::Group(Str::new(group)))],
    };
    match &context.beyond {
        Beyond::Nothing => Vec::new(),
        Beyond::Everything(said) => {
            vec![instance(said, sentence!("the API server allows {group} everything", group))]
        }
        Beyond::Perhaps(all) => {
            let one = |said: &Said| {
                let mode = said.authorizer.as_str();
                let title = match mode {
                    "" => sentence!("a file says which authorizers {group} meets", group),
                    _ => sentence!("authorizer {mode} may allow {group} more", mode, group),
                };
                let mut one = instance(said, title);
                if !mode.is_empty() {
                    one.name = Str::from(format!("{mode}:{group}"));
                }
                one.missing.push(message!("what authorizers beside RBAC allow"));
                one
            };
            all.iter().map(one).collect()
        }
    }
}

/// Whether the API server's own pods prove that no authenticator takes identities which the
/// owner did not give out: no OIDC, no webhook, no proxy in front but the aggregation layer's.
fn only_certificates(context: &Context<'_>) -> bool {
    let unset = |name| flag(context.cluster, name) == Flag::Unset;
    unset("oidc-issuer-url")
        && unset("authentication-token-webhook-config-file")
        && unset("authentication-config")
        && unset("token-auth-file")
        && crate::cloud::managed(context).is_none()
}

/// V1.
pub(super) fn anonymous(context: &Context<'_>) -> Finding {
    if refuses_anonymous(context.cluster) {
        return (Vec::new(), State::Closed, message!("the API server refuses anonymous requests"));
    }
    let subjects = [
        Subject::User(Str::new("system:anonymous")),
        Subject::Group(Str::new("system:unauthenticated")),
    ];
    let mut found = grants(context, "V1", &subjects);
    found.extend(authorizers(context, "V1", "system:unauthenticated"));
    match rbac_known(context) {
        true => (
            found,
            State::Unknown,
            message!("only discovery is granted; the reach of the API endpoint is not known"),
        ),
        false => (found, State::Unknown, message!("roles or bindings were not all read")),
    }
}

/// V2.
pub(super) fn any_account(context: &Context<'_>) -> Finding {
    let mut found = grants(context, "V2", &[Subject::Group(Str::new("system:authenticated"))]);
    found.extend(authorizers(context, "V2", "system:authenticated"));
    let own = only_certificates(context);
    for one in &mut found {
        match own {
            // Client certificates and ServiceAccounts are given out by the owner.
            true => {
                one.state = State::Closed;
                one.missing.clear();
                one.leads.clear();
            }
            false => {
                one.missing.push(message!("which authenticators accept identities of strangers"));
            }
        }
    }
    match rbac_known(context) {
        true => {
            (found, State::Closed, message!("nothing above discovery is granted to every account"))
        }
        false => (found, State::Unknown, message!("roles or bindings were not all read")),
    }
}

/// V3. Laptops and repositories are not observable, so this is never closed from objects. What
/// logs in with a program, or names a file of the reader's own, carries no credential.
pub(super) fn leaked(context: &Context<'_>) -> Finding {
    let fixed = |class: &str| FIXED.contains(&class);
    let mut found = Vec::new();
    let mut add = |name: String, place: Sentence, why: Why| {
        found.push(Instance {
            vector: "V3",
            name: Str::from(name),
            title: sentence!("kubeconfig with a static credential in {place}", place),
            state: State::Unknown,
            why: vec![why],
            missing: vec![message!("whether the credential is valid, and whose it is")],
            leads: Vec::new(),
        });
    };
    for config in &context.cluster.config_maps {
        let Some((path, class)) = config.held().find(|(_, class)| fixed(class)) else { continue };
        let meta = &config.metadata;
        let why = Why::Field {
            object: EntityId::ConfigMap(meta.namespace.clone(), meta.name.clone()),
            path: Str::from(path),
            value: class.clone(),
        };
        let shown = meta.full_name();
        add(format!("configmap/{shown}"), Sentence::plain(format!("ConfigMap {shown}")), why);
    }
    for (at, unit) in context.units.iter().enumerate() {
        let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
        for (kind, index, container) in unit.spec.all_containers() {
            for (path, class) in container.held().filter(|(_, class)| fixed(class)) {
                let variable = path.strip_prefix("env[").and_then(|rest| rest.strip_suffix(']'));
                let variable = variable.and_then(|at| container.env.get(at.parse::<usize>().ok()?));
                let why = Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].{path}", kind.field())),
                    value: Str::new(class),
                };
                let (name, place) = match variable {
                    Some(variable) => {
                        let name = variable.name.as_str();
                        let place = sentence!("variable {name} of {object}", name, object = &shown);
                        (format!("env/{shown}/{name}"), place)
                    }
                    None => {
                        let field = format!("{}[{index}].{path}", kind.field());
                        let name = format!("word/{shown}/{field}");
                        (name, sentence!("{field} of {object}", field, object = &shown))
                    }
                };
                add(name, place, why);
            }
        }
    }
    context.cluster.each_meta(&mut |kind, meta| {
        for one in meta.credentials.iter().filter(|one| fixed(&one.class)) {
            let why = Why::ObjectField {
                kind: kind.name(),
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
                path: Str::from(format!("metadata.annotations[{}]", one.annotation)),
                value: one.class.clone(),
            };
            let shown = format!("{} {}", kind.name(), meta.full_name());
            let name = format!("annotation/{}/{}", shown.replace(' ', "/"), one.annotation);
            let annotation = one.annotation.as_str();
            let place =
                sentence!("annotation {annotation} of {object}", annotation, object = shown);
            add(name, place, why);
        }
    });
    (found, State::Unknown, message!("laptops and foreign repositories are not observable"))
}
