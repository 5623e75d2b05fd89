//! Credentials in annotations of objects other than pods, for `literal-credential`: whoever reads
//! the object reads them.
//!
//! ```text
//!  role ──► all objects of the kind ──► those of a namespace ──► object ──► account
//!    └───────────── by resourceNames ──────────────────────────────┘
//! ```

use std::collections::BTreeMap;

use ringfort_authz::Names;
use ringfort_model::record::Annotated;
use ringfort_model::{Cluster, Kind, Str};

use crate::context::{Context, reads};
use crate::maker::{Draft, Maker};
use crate::node::{NodeKey, Scope};
use crate::techniques::literal_credential::{account, sure, why_of};
use crate::why::Why;

/// What is read: a kind that the model knows, or one that a definition or its own name tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    Known(Kind),
    /// Group, plural, kind, whether objects live in namespaces, whether a definition says so.
    Custom(Str, Str, Str, bool, bool),
}

/// An object with credentials in its annotations.
struct Shown {
    namespace: Str,
    name: Str,
    credentials: Vec<Annotated>,
}

/// A rule that shows objects.
struct Reader {
    from: NodeKey,
    scope: Scope,
    names: Names,
    why: Why,
}

/// Draws who reads credentials in annotations.
pub(crate) fn draw(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (resource, objects) in shown(context.cluster) {
        for reader in readers(context, &resource) {
            match &reader.names {
                Names::Any => {
                    let to = all(&resource, &reader.scope);
                    if objects.iter().any(|one| reader.scope.reaches(one.within(&resource))) {
                        maker.edge(resource.sure(Draft::new(reader.from, to).because(reader.why)));
                    }
                }
                Names::Only(names) => {
                    let named = |one: &&Shown| {
                        names.contains(&one.name) && reader.scope.reaches(one.within(&resource))
                    };
                    for one in objects.iter().filter(named) {
                        let draft = Draft::new(reader.from.clone(), one.position(&resource));
                        maker.edge(resource.sure(draft.because(reader.why.clone())));
                    }
                }
            }
        }
        for one in &objects {
            let at = one.position(&resource);
            let scopes = [Scope::Cluster, Scope::Namespace(one.namespace.clone())];
            for scope in scopes {
                let from = all(&resource, &scope);
                if maker.has(&from) {
                    maker.structure(from, at.clone(), []);
                }
            }
            if !maker.has(&at) {
                continue;
            }
            for held in &one.credentials {
                let kind = match &resource {
                    Resource::Known(kind) => kind.name(),
                    Resource::Custom(..) => "custom resource",
                };
                let why = why_of(kind, (&one.namespace, &one.name), "metadata", held);
                let rest = format!("{}/{}", one.title(&resource), held.annotation);
                let draft = Draft::new(at.clone(), account(&held.class, &rest)).because(why);
                maker.edge(sure(&held.class, draft));
            }
        }
    }
}

/// Objects whose annotations hold credentials, by what they are read as. Pods are units; of a
/// Secret nothing is kept.
fn shown(cluster: &Cluster) -> BTreeMap<Resource, Vec<Shown>> {
    let mut found: BTreeMap<Resource, Vec<Shown>> = BTreeMap::new();
    cluster.each_meta(&mut |kind, meta| {
        if kind != Kind::Pod && !meta.credentials.is_empty() {
            let known = found.entry(Resource::Known(kind)).or_default();
            known.push(Shown::new(&meta.namespace, &meta.name, &meta.credentials));
        }
    });
    for other in &cluster.others {
        let meta = &other.metadata;
        if !meta.credentials.is_empty() {
            let resource = custom(cluster, other.group(), &other.kind, !meta.namespace.is_empty());
            let known = found.entry(resource).or_default();
            known.push(Shown::new(&meta.namespace, &meta.name, &meta.credentials));
        }
    }
    found
}

/// The resource of a kind, as its definition has it; without one, by the custom of names.
fn custom(cluster: &Cluster, group: &str, kind: &Str, namespaced: bool) -> Resource {
    let specs = cluster.custom_resource_definitions.iter().filter_map(|one| one.spec.as_ref());
    let named = specs.filter(|spec| spec.group == *group).filter_map(|spec| spec.names.as_ref());
    let defined = named.into_iter().find(|names| names.kind == *kind);
    let plural = defined.map_or_else(
        || Str::from(format!("{}s", kind.to_ascii_lowercase())),
        |names| names.plural.clone(),
    );
    Resource::Custom(Str::new(group), plural, kind.clone(), namespaced, defined.is_some())
}

fn readers(context: &Context<'_>, resource: &Resource) -> Vec<Reader> {
    match resource {
        Resource::Known(kind) => {
            let held = context.reading(kind.group(), kind.plural(), kind.is_namespaced());
            let held = held.into_iter();
            held.map(|one| Reader {
                from: one.node(context),
                scope: one.scope(context).clone(),
                why: one.why(context, None),
                names: one.names,
            })
            .collect()
        }
        Resource::Custom(group, plural, _, namespaced, _) => {
            let mut found = Vec::new();
            for grant in &context.grants {
                if !namespaced && grant.scope != Scope::Cluster {
                    continue;
                }
                for (at, rule) in grant.rules.iter().enumerate() {
                    let Some((_, names)) = reads(rule, group, plural) else { continue };
                    let (role, scope) = (grant.role.clone(), grant.scope.clone());
                    let why = Why::Held { role, scope, rule: at as u32 };
                    let scope = grant.scope.clone();
                    found.push(Reader { from: grant.node(), scope, names, why });
                }
            }
            found
        }
    }
}

/// The position of whoever reads all objects of a kind in a scope.
fn all(resource: &Resource, scope: &Scope) -> NodeKey {
    let (group, plural) = match resource {
        Resource::Known(kind) => (kind.group(), kind.plural()),
        Resource::Custom(group, plural, ..) => (group.as_str(), plural.as_str()),
    };
    let name = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
    NodeKey::Outside(
        "objects",
        match scope {
            Scope::Cluster => Str::from(name),
            Scope::Namespace(namespace) => Str::from(format!("{namespace}/{name}")),
        },
    )
}

impl Resource {
    fn sure(&self, draft: Draft) -> Draft {
        match self {
            Self::Custom(.., false) => draft.unverified("no definition says how the kind is read"),
            _ => draft,
        }
    }
}

impl Shown {
    fn new(namespace: &Str, name: &Str, credentials: &[Annotated]) -> Self {
        let (namespace, name) = (namespace.clone(), name.clone());
        Self { namespace, name, credentials: credentials.to_vec() }
    }

    /// The namespace of requests for it.
    fn within(&self, resource: &Resource) -> Option<&str> {
        let namespaced = match resource {
            Resource::Known(kind) => kind.is_namespaced(),
            Resource::Custom(_, _, _, namespaced, _) => *namespaced,
        };
        namespaced.then_some(self.namespace.as_str())
    }

    fn title(&self, resource: &Resource) -> String {
        let kind = match resource {
            Resource::Known(kind) => kind.name(),
            Resource::Custom(_, _, kind, ..) => kind.as_str(),
        };
        match self.namespace.as_str() {
            "" => format!("{kind}/{}", self.name),
            namespace => format!("{kind}/{namespace}/{}", self.name),
        }
    }

    fn position(&self, resource: &Resource) -> NodeKey {
        NodeKey::Outside("object", Str::from(self.title(resource)))
    }
}
