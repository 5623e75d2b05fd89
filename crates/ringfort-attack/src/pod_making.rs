//! Who makes pods, beside other conditions: by create of a kind that is a pod or makes them; or,
//! where rules hold a name, by server-side apply, which is asked as patch and as create of that
//! name while no such object is there ([`draw::applied`]).

use ringfort_model::Str;

use crate::conjunction::{Conjunction, conjoin_named};
use crate::context::{Context, Held, POD_MAKERS};
use crate::draw;
use crate::node::Scope;

/// A name under which pods are made by server-side apply.
pub(crate) struct Applied {
    group: &'static str,
    resource: &'static str,
    pub(crate) name: Str,
    /// Rules that let an object of that name be created.
    pub(crate) create: Vec<Held>,
    /// Rules that let it be patched.
    pub(crate) patch: Vec<Held>,
}

impl Applied {
    /// Every name that rules hold.
    pub(crate) fn all(context: &Context<'_>) -> Vec<Self> {
        let of = |(group, resource)| {
            let names = draw::applied(context, group, resource).into_iter();
            names.map(move |(name, create, patch)| Self { group, resource, name, create, patch })
        };
        POD_MAKERS.into_iter().flat_map(of).collect()
    }

    /// Whether every place of the scope has an object of that name already, which an apply would
    /// not create but change.
    pub(crate) fn is_taken(&self, context: &Context<'_>, scope: &Scope) -> bool {
        let mut places = context.namespaces_in(scope).peekable();
        let resource = (self.group, self.resource);
        places.peek().is_some()
            && places.all(|place| draw::is_maker(context, resource, place, &self.name))
    }
}

/// Every identity that holds one of each list and makes pods in the same scope, with what tells
/// the ways of making them apart. Each list has the name under which its rules are used.
pub(crate) fn conjoin_making(
    context: &Context<'_>,
    lists: &[(&[Held], Option<&Str>)],
) -> Vec<(Conjunction, Str)> {
    let with = |more: &[(&[Held], Option<&Str>)]| {
        let all: Vec<(&[Held], Option<&Str>)> = lists.iter().chain(more).copied().collect();
        conjoin_named(context, &all)
    };
    let create = context.held_pod_create();
    let mut found: Vec<(Conjunction, Str)> =
        with(&[(&create, None)]).into_iter().map(|one| (one, Str::default())).collect();
    for applied in Applied::all(context) {
        let name = Some(&applied.name);
        for one in with(&[(&applied.create, name), (&applied.patch, name)]) {
            if !applied.is_taken(context, &one.scope) {
                let text = format!("{}/{}", applied.resource, applied.name);
                found.push((one, Str::from(text)));
            }
        }
    }
    found
}
