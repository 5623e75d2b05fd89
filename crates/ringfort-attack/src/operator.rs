//! Operators: controllers that act with their own power on fields of objects that others write.
//!
//! A controller is known by the repository of its image or by its labels; its identity is the
//! ServiceAccount of its pods; what it may do is asked of the authorization engine, and what
//! limits it is read from its arguments and its objects.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_authz::Names;
use ringfort_model::record::Other;
use ringfort_model::{ContainerKind, Str, go_bool};

use crate::context::{Ask, Context, Held, POD_MAKERS};
use crate::given::{self, Given};
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Power, Scope, Subject};
use crate::why::Why;

/// How a controller is known: by the end of its image's repository, or by a label of its pods.
pub struct Marks {
    /// Ends of image repositories.
    pub images: &'static [&'static str],
    /// Labels with their values.
    pub labels: &'static [(&'static str, &'static str)],
}

/// A running controller.
#[derive(Clone)]
pub struct Operator {
    /// Its unit.
    pub unit: u32,
    /// Its namespace.
    pub namespace: Str,
    kind: ContainerKind,
    container: usize,
}

/// Controllers of a sort, in the order of units: the first container whose image is one of them,
/// in a unit that is known by a label alone its first.
pub fn find(context: &Context<'_>, marks: &Marks) -> Vec<Operator> {
    let mut found: BTreeMap<u32, usize> = BTreeMap::new();
    for (unit, kind, container) in context.images.of(marks.images) {
        if kind == ContainerKind::Regular {
            found.entry(unit).or_insert(container as usize);
        }
    }
    if !marks.labels.is_empty() {
        let units = context.units.iter().enumerate().filter(|(_, unit)| !unit.latent);
        for (at, unit) in units.filter(|(_, unit)| !unit.spec.containers.is_empty()) {
            let mut labels = marks.labels.iter();
            if labels.any(|(key, value)| unit.labels.get(key).is_some_and(|v| v == value)) {
                found.entry(at as u32).or_insert(0);
            }
        }
    }
    let operator =
        |(unit, container)| Operator::at(context, unit, ContainerKind::Regular, container);
    found.into_iter().map(operator).collect()
}

impl Operator {
    /// What runs in a container of a unit.
    #[must_use]
    pub fn at(context: &Context<'_>, unit: u32, kind: ContainerKind, container: usize) -> Self {
        let namespace = context.units[unit as usize].namespace.clone();
        Self { unit, namespace, kind, container }
    }

    /// Whose power the controller acts with.
    pub fn account(&self, context: &Context<'_>) -> Subject {
        let name = Str::new(context.units[self.unit as usize].spec.account());
        Subject::ServiceAccount(self.namespace.clone(), name)
    }

    /// That the controller runs, as a reason.
    pub fn why(&self, context: &Context<'_>) -> Why {
        let spec = &context.units[self.unit as usize].spec;
        let container = spec
            .all_containers()
            .find(|(kind, index, _)| (*kind, *index) == (self.kind, self.container));
        let image = container.map(|(_, _, one)| one.image.clone()).unwrap_or_default();
        Why::image(self.unit, self.kind, self.container, &image)
    }

    /// Words of the controller's command line.
    fn words<'c>(&self, context: &'c Context<'_>) -> Vec<&'c str> {
        let spec = &context.units[self.unit as usize].spec;
        let containers = spec
            .all_containers()
            .filter(|(kind, index, _)| (*kind, *index) == (self.kind, self.container));
        containers
            .flat_map(|(_, _, one)| one.command.iter().chain(one.args.iter()))
            .map(Str::as_str)
            .collect()
    }

    /// Whether a word of the command line ends in the text.
    pub fn runs(&self, context: &Context<'_>, program: &str) -> bool {
        self.words(context).iter().any(|word| word.ends_with(program))
    }

    /// The last value of a flag, written `--flag=value` or `--flag value`; a flag without a
    /// value reads as `true`.
    pub fn flag<'c>(&self, context: &'c Context<'_>, flag: &str) -> Option<&'c str> {
        let words = self.words(context);
        let mut found = None;
        for (at, word) in words.iter().enumerate() {
            let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
            let Some(rest) = bare.and_then(|word| word.strip_prefix(flag)) else { continue };
            if let Some(value) = rest.strip_prefix('=') {
                found = Some(value);
            } else if rest.is_empty() {
                let next = words.get(at + 1).filter(|next| !next.starts_with('-'));
                found = Some(next.copied().unwrap_or("true"));
            }
        }
        found
    }

    /// A boolean flag as Go's packages read one: alone it is true, and the word after it is not
    /// its value; `None` if it is not set, or to what is no boolean.
    pub fn switch(&self, context: &Context<'_>, flag: &str) -> Option<bool> {
        self.words(context)
            .into_iter()
            .rev()
            .find_map(|word| {
                let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
                match bare.strip_prefix(flag)? {
                    "" => Some("true"),
                    rest => rest.strip_prefix('='),
                }
            })
            .and_then(go_bool)
    }

    /// What a boolean flag is given on the command line, read as [`Self::switch`] does. A script that
    /// names it is not read.
    pub(crate) fn switched<'c>(&self, context: &'c Context<'_>, flag: &str) -> Given<'c> {
        let words = self.words(context);
        let given = words.iter().rev().find_map(|word| {
            let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
            match bare.strip_prefix(flag)? {
                "" => Some("true"),
                rest => rest.strip_prefix('='),
            }
        });
        let named = format!("--{flag}");
        let in_script = || words.iter().any(|word| word.contains(' ') && word.contains(&named));
        match given {
            Some(value) if value.contains("$(") => {
                Given::Unread(format!("the variables that {named} is put together from"))
            }
            Some(value) => Given::To(value, None),
            None if in_script() => Given::Unread(format!("what the script makes of {named}")),
            None => Given::Unset,
        }
    }

    /// What a variable is given whose literal value is a documented setting.
    pub(crate) fn variable<'c>(&self, context: &'c Context<'_>, name: &str) -> Given<'c> {
        let spec = &context.units[self.unit as usize].spec;
        let mut containers = spec.all_containers();
        containers
            .find(|(kind, index, _)| (*kind, *index) == (self.kind, self.container))
            .map_or(Given::Unset, |(_, _, container)| {
                given::variable(context.cluster, &self.namespace, container, name)
            })
    }

    /// Whether a word is a variable that the kubelet fills with the namespace of the pod.
    pub(crate) fn is_own_namespace(&self, context: &Context<'_>, word: &str) -> bool {
        let Some(name) = word.strip_prefix("$(").and_then(|word| word.strip_suffix(')')) else {
            return false;
        };
        let spec = &context.units[self.unit as usize].spec;
        let mut containers = spec.all_containers();
        let own =
            containers.find(|(kind, index, _)| (*kind, *index) == (self.kind, self.container));
        let variable =
            own.and_then(|(_, _, one)| one.env.iter().rev().find(|one| *one.name == *name));
        let field = variable.and_then(|one| one.value_from.as_ref()?.field_ref.as_ref());
        field.is_some_and(|field| *field.field_path == *"metadata.namespace")
    }

    /// A field of its container, as a reason.
    #[must_use]
    pub fn field(&self, path: &str, value: &str) -> Why {
        Why::PodField {
            unit: self.unit,
            path: Str::from(format!("{}[{}].{path}", self.kind.field(), self.container)),
            value: Str::new(value),
        }
    }

    /// That a flag is not set, as a reason.
    pub(crate) fn without(&self, flag: &str) -> Why {
        Why::PodField {
            unit: self.unit,
            path: Str::from(format!("{}[{}].args", self.kind.field(), self.container)),
            value: Str::from(format!("--{flag} is not set")),
        }
    }

    /// The scopes among `of` in which the controller looks for objects: everywhere, or the
    /// namespaces that the flag lists.
    pub(crate) fn watched(&self, context: &Context<'_>, flag: &str, of: &Scope) -> Vec<Scope> {
        let value = self.flag(context, flag).unwrap_or_default();
        if value.is_empty() {
            return vec![of.clone()];
        }
        let names: BTreeSet<&str> = value.split(',').map(str::trim).collect();
        names.into_iter().filter_map(|name| Scope::Namespace(Str::new(name)).meet(of)).collect()
    }
}

/// A kind of custom resource.
#[derive(Clone, Copy)]
pub(crate) struct Custom {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
}

/// A namespaced kind.
pub(crate) const fn custom(
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Custom {
    Custom { group, plural, kind, namespaced: true }
}

/// A cluster-scoped kind.
pub(crate) const fn cluster_custom(
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Custom {
    Custom { group, plural, kind, namespaced: false }
}

impl Custom {
    /// Objects of the kind, in order.
    pub(crate) fn objects<'c>(self, context: &'c Context<'_>) -> impl Iterator<Item = &'c Other> {
        let all = context.cluster.others.iter();
        all.filter(move |one| *one.kind == *self.kind && one.group() == self.group)
    }

    /// The object of that namespace and name.
    pub(crate) fn named<'c>(
        self,
        context: &'c Context<'_>,
        namespace: &'c str,
        name: &'c str,
    ) -> Option<&'c Other> {
        let mut all = context.cluster.others.all(namespace, name);
        all.find(|one| *one.kind == *self.kind && one.group() == self.group)
    }

    /// Whether the cluster defines the kind, or definitions were not all read.
    pub(crate) fn is_defined(self, context: &Context<'_>) -> bool {
        let kind = ringfort_model::Kind::CustomResourceDefinition;
        let specs = context.cluster.custom_resource_definitions.iter();
        let mut specs = specs.filter_map(|one| one.spec.as_ref());
        !context.cluster.coverage.is_complete(kind)
            || specs.any(|spec| {
                let named = spec.names.as_ref().is_some_and(|names| *names.kind == *self.kind);
                *spec.group == *self.group && named
            })
    }

    /// Whether every object of the kind was read.
    pub(crate) fn is_known(self, context: &Context<'_>) -> bool {
        use ringfort_model::coverage::Listed;
        let resource = format!("{}.{}", self.plural, self.group);
        let listed = context.cluster.coverage.of_resource(&resource);
        matches!(listed, Listed::Complete | Listed::Absent)
    }

    /// A field of an object of the kind, as a reason.
    pub(crate) fn field(self, object: &Other, path: &str, value: &str) -> Why {
        Why::ObjectField {
            kind: self.kind,
            namespace: object.metadata.namespace.clone(),
            name: object.metadata.name.clone(),
            path: Str::new(path),
            value: Str::new(value),
        }
    }

    fn ask(self, verbs: &'static [&'static str], named: bool) -> Ask {
        let ask = match named {
            true => Ask::named(verbs, self.group, self.plural),
            false => Ask::unnamed(verbs, self.group, self.plural),
        };
        if self.namespaced { ask } else { ask.cluster() }
    }

    /// Every rule that lets somebody decide what an object of the kind says: create, or update
    /// and patch of one that exists.
    pub(crate) fn writes(self, context: &Context<'_>) -> Vec<Write> {
        let mut found: Vec<Write> = Vec::new();
        for held in context.held(&self.ask(&["create"], false)) {
            let scope = held.scope(context).clone();
            found.push(Write { held, scope, name: None });
        }
        let created: BTreeSet<(usize, u32)> =
            found.iter().map(|write| (write.held.grant, write.held.rule)).collect();
        let unread = !self.is_known(context);
        for held in context.held(&self.ask(&["update", "patch"], true)) {
            if created.contains(&(held.grant, held.rule)) {
                continue;
            }
            let scope = held.scope(context).clone();
            let exists = |name: Option<&Str>| {
                unread
                    || self.objects(context).any(|object| {
                        let namespace = &object.metadata.namespace;
                        let inside = !self.namespaced || scope.reaches(Some(namespace));
                        inside && name.is_none_or(|name| object.metadata.name == *name)
                    })
            };
            match held.names.clone() {
                Names::Any if exists(None) => found.push(Write { held, scope, name: None }),
                Names::Any => {}
                Names::Only(names) => {
                    for name in names.into_iter().filter(|name| exists(Some(name))) {
                        let scope = self.scope_of(context, &scope, &name);
                        found.push(Write { held: held.clone(), scope, name: Some(name) });
                    }
                }
            }
        }
        found
    }

    /// Where an object of that name lies, if it is the only one of the name; else the scope.
    fn scope_of(self, context: &Context<'_>, scope: &Scope, name: &Str) -> Scope {
        let mut all = self.objects(context).filter(|object| {
            object.metadata.name == *name && scope.reaches(Some(&object.metadata.namespace))
        });
        match (self.namespaced, all.next(), all.next()) {
            (true, Some(one), None) => Scope::Namespace(one.metadata.namespace.clone()),
            _ => scope.clone(),
        }
    }
}

/// A permission to decide what objects of a kind say.
pub(crate) struct Write {
    pub(crate) held: Held,
    /// Where the objects lie; cluster-wide for kinds without namespaces.
    pub(crate) scope: Scope,
    name: Option<Str>,
}

impl Write {
    /// An edge from whoever holds it.
    pub(crate) fn draft(&self, context: &Context<'_>, to: NodeKey) -> Draft {
        let draft = Draft::new(self.held.node(context), to);
        draft.because(self.held.why(context, self.name.as_ref()))
    }
}

/// Draws for every write of a kind that an operator of the sort runs on, to whatever `reach`
/// says that the operator can be made to do.
pub(crate) fn deputies(
    context: &Context<'_>,
    maker: &mut Maker<'_>,
    marks: &Marks,
    kinds: &[Custom],
    reach: impl Fn(&Operator, &Scope) -> Vec<NodeKey>,
) {
    for operator in find(context, marks) {
        for write in kinds.iter().flat_map(|kind| kind.writes(context)) {
            for to in reach(&operator, &write.scope) {
                maker.edge(write.draft(context, to).because(operator.why(context)));
            }
        }
    }
}

/// The power to start pods of one's own making.
pub(crate) fn run_pods(scope: Scope) -> NodeKey {
    NodeKey::Power(Power::RunPods, scope)
}

/// The rules by which a subject, its implicit groups included, may do something.
pub(crate) fn held_by(context: &Context<'_>, subject: &Subject, ask: &Ask) -> Vec<Held> {
    let mut members = vec![subject.clone()];
    members.extend(subject.implicit_groups().into_iter().map(Subject::Group));
    let grants: BTreeSet<usize> =
        members.iter().flat_map(|one| context.grants_of(one)).map(|(grant, _)| *grant).collect();
    let mut held = context.held(ask);
    held.retain(|one| grants.contains(&one.grant));
    held
}

/// What somebody gains who has a subject write objects of any kind in a scope: the subject's
/// own power where it may hand roles out everywhere, else pods where it may start them.
pub(crate) fn as_writer(
    context: &Context<'_>,
    subject: &Subject,
    scope: &Scope,
) -> Vec<(NodeKey, Why)> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    let mut found = Vec::new();
    if *scope == Scope::Cluster {
        let ask = Ask::unnamed(&["create"], RBAC, "clusterrolebindings").cluster();
        if let Some(held) = held_by(context, subject, &ask).first() {
            return vec![(NodeKey::Subject(subject.clone()), held.why(context, None))];
        }
    }
    let mut scopes = BTreeSet::new();
    for (group, resource) in POD_MAKERS {
        for held in held_by(context, subject, &Ask::unnamed(&["create"], group, resource)) {
            let Some(scope) = held.scope(context).meet(scope) else { continue };
            if scopes.insert(scope.clone()) {
                found.push((run_pods(scope), held.why(context, None)));
            }
        }
    }
    found
}

/// Whether a glob of `*` matches a text; `*` stands for any text, separators included.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_match_whole_texts() {
        assert!(glob("*", "") && glob("*", "a/b") && glob("a*c", "abc") && glob("a*b*c", "aXbYc"));
        assert!(glob("team-*", "team-a") && glob("x", "x"));
        assert!(!glob("team-*", "a-team-a") && !glob("x", "xy") && !glob("ab*b", "ab"));
    }
}
