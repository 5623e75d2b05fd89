//! Reasons and positions in words: what a person reads, and the command that shows it.

use ringfort_language::{Sentence, message, sentence};
use ringfort_model::Str;

use crate::attack::Attack;
use crate::ids::subject_id;
use crate::node::{NodeKey, Power, RoleKey, Scope, Subject};
use crate::why::{BindingKey, TokenSource, Why};

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The field.
    pub field: String,
    /// What it says.
    pub value: String,
    /// A kubectl command that shows it; empty where there is nothing to show.
    pub command: String,
}

fn get(kind: &str, namespace: &str, name: &str) -> String {
    format!("kubectl get {} -o yaml", target(kind, namespace, name))
}

/// An object as arguments of kubectl: `KIND NAME -n NAMESPACE`, or `KIND/NAME` where the name
/// begins with a dash, as that of a role may: kubectl would read it as a flag of its own. The word
/// after `-n` is its value whatever it is.
#[must_use]
pub fn target(kind: &str, namespace: &str, name: &str) -> String {
    let object = match name.starts_with('-') {
        true => quoted(&format!("{kind}/{name}")),
        false => format!("{} {}", quoted(kind), quoted(name)),
    };
    match namespace {
        "" => object,
        namespace => format!("{object} -n {}", quoted(namespace)),
    }
}

/// A word for a POSIX shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@=+,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// What is said of a role that the source does not hold ([`ringfort_model::defaults::bootstrap`]).
const ASSUMED: &str = "; assumed: not in the source, every API server writes the role at its start";

fn full(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// A subject as the object of a reason.
fn object_of(subject: &Subject) -> String {
    match subject {
        Subject::User(name) => format!("User {name}"),
        Subject::Group(name) => format!("Group {name}"),
        Subject::ServiceAccount(namespace, name) => format!("ServiceAccount {namespace}/{name}"),
        Subject::Limited(limited) => object_of(&limited.target),
    }
}

impl Attack<'_> {
    /// The object that a unit's specification is written in: kind, namespace, name, and the
    /// path of its pod specification.
    #[must_use]
    pub fn written_in(&self, unit: u32) -> (String, Str, Str, &'static str) {
        let unit = &self.context.units[unit as usize];
        if let Some((kind, name)) = &unit.owner {
            let path = self
                .context
                .cluster
                .workload(*kind, &unit.namespace, name)
                .map_or("spec.template.spec", |workload| workload.pod_spec_path());
            return (kind.name().to_owned(), unit.namespace.clone(), name.clone(), path);
        }
        let name = Str::new(unit.name(self.context.cluster));
        ("Pod".to_owned(), unit.namespace.clone(), name, "spec")
    }

    /// What follows the words about a role that is assumed to be there by default; else nothing.
    #[must_use]
    pub fn assumed(&self, role: &RoleKey) -> &'static str {
        if self.context.is_assumed(role) { ASSUMED } else { "" }
    }

    /// A reason in words.
    #[must_use]
    pub fn evidence(&self, why: &Why) -> Evidence {
        let of = |object: String, field: &str, value: String, command: String| Evidence {
            object,
            field: field.to_owned(),
            value,
            command,
        };
        match why {
            Why::Bound { binding: BindingKey::Node(name), .. } => of(
                format!("Node {name}"),
                "",
                "is allowed this by the node authorizer".into(),
                get("node", "", name),
            ),
            Why::Bound { binding, subject } => {
                let (kind, namespace, name) = match binding {
                    BindingKey::Cluster(name) => ("ClusterRoleBinding", "", name),
                    BindingKey::Namespaced(namespace, name) => {
                        ("RoleBinding", namespace.as_str(), name)
                    }
                    BindingKey::Node(name) => ("Node", "", name),
                };
                let object = format!("{kind} {}", full(namespace, name));
                let command = get(&kind.to_lowercase(), namespace, name);
                of(object, &format!("subjects[{subject}]"), "names the identity".into(), command)
            }
            Why::Rule { role, rule, verb, group, resource, name, .. } => {
                let (object, command) = role_of(role);
                let resource = if group.is_empty() || *group == "*" {
                    (*resource).to_owned()
                } else {
                    format!("{resource}.{group}")
                };
                let name = name.as_ref().map_or_else(String::new, |name| format!("/{name}"));
                let value = format!("{verb} {resource}{name}{}", self.assumed(role));
                of(object, &format!("rules[{rule}]"), value, command)
            }
            Why::Held { role, rule, .. } => {
                let (object, command) = role_of(role);
                let value = format!("is above what every cluster grants{}", self.assumed(role));
                of(object, &format!("rules[{rule}]"), value, command)
            }
            Why::Limit { role, rule } => {
                let (object, command) = role_of(role);
                let value = "names the requests that may be made as the other".into();
                of(object, &format!("rules[{rule}]"), value, command)
            }
            Why::Member(subject, group) => {
                let text = format!("{} is in group {group} by construction", subject_id(subject));
                of(object_of(subject), "groups", text, String::new())
            }
            Why::Masters => of(
                "Group system:masters".into(),
                "",
                "is never refused by the API server".into(),
                String::new(),
            ),
            Why::PodField { unit, path, value } => {
                let value = if value.is_empty() { "absent" } else { value };
                self.pod_field(*unit, path, value)
            }
            Why::Mark(field) => self.evidence(field),
            Why::HostMount { unit, kind, container, mount, path, read_only } => {
                let field = format!("{}[{container}].volumeMounts[{mount}]", kind.field());
                let how = if *read_only { "read-only" } else { "writable" };
                self.pod_field(*unit, &field, &format!("mounts {path} of the node, {how}"))
            }
            Why::Token { unit, kind, container, path, how } => {
                let field = format!("{}[{container}].volumeMounts", kind.field());
                let how = match how {
                    TokenSource::Automount => "mounted automatically",
                    TokenSource::Projected => "from a projected volume",
                    TokenSource::Secret => "from a token Secret",
                };
                self.pod_field(*unit, &field, &format!("token at {path}, {how}"))
            }
            Why::RunsOn { unit, node: None } => {
                self.pod_field(*unit, "nodeName", "is not set: any node may run it")
            }
            Why::RunsOn { unit, node: Some(node) } => {
                let cluster = self.context.cluster;
                let unit = &self.context.units[*unit as usize];
                let name = &cluster.nodes[*node].metadata.name;
                let on_node = unit.pods.iter().find(|&&pod| cluster.pods[pod].node_name == *name);
                let pod = on_node.map_or("", |&pod| cluster.pods[pod].metadata.name.as_str());
                of(
                    format!("Pod {}", full(&unit.namespace, pod)),
                    "spec.nodeName",
                    format!("runs on {name}"),
                    get("pod", &unit.namespace, pod),
                )
            }
            Why::PodSecurity { namespace, level, admits } => {
                let value = match level.as_str() {
                    "" => format!("no enforced level, so {admits} is let in"),
                    level => format!("enforces {level}, which lets {admits} in"),
                };
                of(
                    format!("Namespace {namespace}"),
                    "metadata.labels[pod-security.kubernetes.io/enforce]",
                    value,
                    get("namespace", "", namespace),
                )
            }
            Why::Field { object, path, value } => {
                let (kind, namespace, name) = object.named();
                let command = get(&kind.to_lowercase(), namespace, name);
                of(format!("{kind} {}", full(namespace, name)), path, value.to_string(), command)
            }
            Why::ObjectField { kind, namespace, name, path, value } => of(
                format!("{kind} {}", full(namespace, name)),
                path,
                value.to_string(),
                get(&kind.to_lowercase(), namespace, name),
            ),
            Why::Design(text) => of("Kubernetes".into(), "", (*text).to_owned(), String::new()),
            Why::Passes { unit, way } => {
                let (kind, namespace, name, _) = self.written_in(*unit);
                let command = format!("kubectl get networkpolicy -n {}", quoted(&namespace));
                let object = format!("{kind} {}", full(&namespace, &name));
                of(object, "network", way.text().into(), command)
            }
            Why::Missing(text) => of("unknown".into(), "", (*text).to_owned(), String::new()),
        }
    }

    fn pod_field(&self, unit: u32, path: &str, value: &str) -> Evidence {
        let (kind, namespace, name, spec) = self.written_in(unit);
        Evidence {
            object: format!("{kind} {}", full(&namespace, &name)),
            field: format!("{spec}.{path}"),
            value: value.to_owned(),
            command: get(&kind.to_lowercase(), &namespace, &name),
        }
    }

    /// The stable id of a position, as people write it where they can.
    #[must_use]
    pub fn id(&self, key: &NodeKey) -> String {
        self.context.id(key)
    }

    /// `workload/KIND/NS/NAME`, or `pod/NS/NAME` for a pod that no workload owns.
    #[must_use]
    pub fn unit_id(&self, unit: u32) -> String {
        self.context.unit_id(unit)
    }

    /// A position for a reader.
    #[must_use]
    pub fn title(&self, key: &NodeKey) -> Sentence {
        match key {
            NodeKey::Internet => sentence!("the internet"),
            NodeKey::Power(power, scope) => {
                let place = match scope {
                    Scope::Cluster => sentence!("the cluster"),
                    Scope::Namespace(name) => sentence!("namespace {name}", name = name.as_str()),
                };
                Sentence::new(power_title(*power), vec![("place", place.into())])
            }
            NodeKey::EveryNode => sentence!("every node"),
            NodeKey::Nodes(set) => {
                let count = self.context.choices.set(*set).len();
                sentence!("{count} of the nodes", count)
            }
            NodeKey::UnreadSecret => sentence!("a Secret whose contents were not read"),
            NodeKey::SomeNode => sentence!("a node that is held"),
            NodeKey::CloudAccount(provider) => {
                sentence!("the {cloud} account under the cluster", cloud = provider.name())
            }
            NodeKey::ControlPlane => sentence!("the control plane's keys"),
            NodeKey::Impact(impact) => Sentence::plain(impact.title()),
            other => Sentence::plain(self.id(other)),
        }
    }
}

fn role_of(role: &RoleKey) -> (String, String) {
    match role {
        RoleKey::Cluster(name) => (format!("ClusterRole {name}"), get("clusterrole", "", name)),
        RoleKey::Namespaced(namespace, name) => {
            (format!("Role {namespace}/{name}"), get("role", namespace, name))
        }
        RoleKey::Limited(role, _) => role_of(role),
        RoleKey::Node(name) => (format!("Node {name}"), get("node", "", name)),
    }
}

fn power_title(power: Power) -> &'static str {
    match power {
        Power::RunPods => message!("runs any pod in {place}"),
        Power::ExecPods => message!("runs commands in any pod of {place}"),
        Power::AttachPods => message!("attaches to any pod of {place}"),
        Power::SwapImages => message!("replaces images of any pod in {place}"),
        Power::AddContainers => message!("adds containers to any pod of {place}"),
        Power::ReadSecrets => message!("reads every Secret of {place}"),
        Power::MintTokens => message!("obtains a token of any account of {place}"),
        Power::ImpersonateAccounts => message!("acts as any account of {place}"),
        Power::BindRoles => message!("binds any role in {place}"),
        Power::ExecNodes => message!("reaches every kubelet of {place}"),
        Power::Everything => message!("does everything in {place}"),
        Power::ForwardPorts => message!("forwards ports of any pod of {place}"),
        Power::ProxyPods => message!("reaches any pod through the API server in {place}"),
        Power::ProxyServices => message!("reaches any Service through the API server in {place}"),
        Power::ReadLogs => message!("reads logs of any pod of {place}"),
        Power::ReadNodeLogs => message!("reads logs through any kubelet of {place}"),
        Power::ReadLogFolders => message!("reads the log folder of any node of {place}"),
        Power::ReadPodsOfNodes => message!("reads the pods of any kubelet of {place}"),
        Power::SteerPods => message!("has pods start on a node that is held in {place}"),
        Power::ReadVolumes => message!("reads the data of any claim of {place}"),
        Power::ReadPodSpecs => message!("reads the specification of any pod of {place}"),
        Power::ReadConfigs => message!("reads any ConfigMap of {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn no_name_is_read_as_a_flag() {
        assert_eq!(target("pod", "a", "p"), "pod p -n a");
        assert_eq!(target("namespace", "", "a"), "namespace a");
        assert_eq!(target("clusterrole", "", "--kubeconfig=x"), "clusterrole/--kubeconfig=x");
        assert_eq!(target("pod", "a", "-x; rm y"), "'pod/-x; rm y' -n a");
        assert_eq!(target("role", "-A", "--all"), "role/--all -n -A");
    }
}
