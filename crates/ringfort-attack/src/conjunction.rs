//! Several permissions of one identity (techniques TEC-01).
//!
//! Conjuncts may come from different roles and bindings of one identity, its implicit groups
//! included. Where each conjunct has one provenance the technique is one edge with all
//! reasons on it; where one has several, the identity passes through stages with parallel
//! edges, so that every alternative stays visible and must be cut by itself.

use std::collections::{BTreeMap, BTreeSet};

use ringfort_model::Str;

use crate::context::{Context, Held};
use crate::maker::{Draft, Maker, scope_text};
use crate::node::{NodeKey, Scope, Subject};
use crate::technique::Technique;
use crate::why::Why;

/// One way to hold one conjunct: the reasons, bindings included.
pub type Way = Vec<Why>;

/// An identity (or a role that is bound to nobody yet) that holds every conjunct in a scope.
#[derive(Debug)]
pub struct Conjunction {
    /// Who holds it.
    pub at: NodeKey,
    /// Where all conjuncts hold together.
    pub scope: Scope,
    /// For each conjunct, the ways in which it is held; none is empty.
    pub ways: Vec<Vec<Way>>,
}

/// Every identity that holds one of each list, by scope. `name` is the one under which the rules
/// are used, to be shown as evidence.
#[must_use]
pub fn conjoin(context: &Context<'_>, lists: &[&[Held]], name: Option<&Str>) -> Vec<Conjunction> {
    let lists: Vec<(&[Held], Option<&Str>)> = lists.iter().map(|list| (*list, name)).collect();
    conjoin_named(context, &lists)
}

/// The same with a name for each list.
#[must_use]
pub fn conjoin_named(context: &Context<'_>, lists: &[(&[Held], Option<&Str>)]) -> Vec<Conjunction> {
    let mut found = Vec::new();
    // Roles that nobody is bound to matter to whoever can bind them.
    let mut by_grant: BTreeMap<usize, Vec<(usize, &Held)>> = BTreeMap::new();
    for (list, (held, _)) in lists.iter().enumerate() {
        for one in *held {
            by_grant.entry(one.grant).or_default().push((list, one));
        }
    }
    for (&grant, held) in &by_grant {
        if !context.grants[grant].bound.is_empty() {
            continue;
        }
        let mut ways = vec![Vec::new(); lists.len()];
        for (list, one) in held {
            ways[*list].push(vec![one.why(context, lists[*list].1)]);
        }
        if ways.iter().all(|list| !list.is_empty()) {
            let grant = &context.grants[grant];
            found.push(Conjunction { at: grant.node(), scope: grant.scope.clone(), ways });
        }
    }
    let mut subjects: BTreeSet<&Subject> = BTreeSet::new();
    for grant in by_grant.keys() {
        subjects.extend(context.grants[*grant].bound.iter().map(|(subject, _, _)| subject));
    }
    for subject in subjects {
        let mut closure = vec![subject.clone()];
        closure.extend(subject.implicit_groups().into_iter().map(Subject::Group));
        // (list, scope, way, direct)
        let mut all: Vec<(usize, &Scope, Way, bool)> = Vec::new();
        for (depth, member) in closure.iter().enumerate() {
            for &(grant, bound) in context.grants_of(member) {
                let Some(held) = by_grant.get(&grant) else { continue };
                let (_, binding, index) = &context.grants[grant].bound[bound];
                for (list, one) in held {
                    let mut way = Vec::new();
                    if let Subject::Group(group) = member
                        && depth > 0
                    {
                        way.push(Why::Member(subject.clone(), group.clone()));
                    }
                    way.push(Why::Bound { binding: binding.clone(), subject: *index });
                    way.extend(context.grants[grant].limit.clone());
                    way.push(one.why(context, lists[*list].1));
                    all.push((*list, &context.grants[grant].scope, way, depth == 0));
                }
            }
        }
        let scopes: BTreeSet<&Scope> = all.iter().map(|(_, scope, _, _)| *scope).collect();
        for scope in scopes {
            let mut ways = vec![Vec::new(); lists.len()];
            let (mut direct, mut exact) = (false, false);
            for (list, held_in, way, own) in &all {
                if *held_in == scope || **held_in == Scope::Cluster {
                    direct |= *own;
                    exact |= *held_in == scope;
                    ways[*list].push(way.clone());
                }
            }
            // A conjunction that a wider group or a wider scope holds by itself is that one's.
            if direct && exact && ways.iter().all(|list| !list.is_empty()) {
                let at = NodeKey::Subject(subject.clone());
                found.push(Conjunction { at, scope: scope.clone(), ways });
            }
        }
    }
    found
}

impl Maker<'_> {
    /// Draws a conjunction: one edge with all reasons, or stages where a conjunct has several
    /// ways. `draft` makes the last edge from its source and reasons.
    pub fn conjunction(
        &mut self,
        technique: &Technique,
        conjunction: &Conjunction,
        detail: &str,
        draft: impl Fn(NodeKey) -> Draft,
    ) {
        self.conjoined(technique.id, conjunction, detail, draft);
    }

    /// The same for what is no technique: `id` names the stages.
    pub fn conjoined(
        &mut self,
        id: &'static str,
        conjunction: &Conjunction,
        detail: &str,
        draft: impl Fn(NodeKey) -> Draft,
    ) {
        if conjunction.ways.iter().all(|ways| ways.len() == 1) {
            let why = conjunction.ways.iter().flat_map(|ways| ways[0].iter().cloned());
            self.edge(draft(conjunction.at.clone()).because_all(why));
            return;
        }
        let mut at = conjunction.at.clone();
        let last = conjunction.ways.len() - 1;
        for (stage, ways) in conjunction.ways.iter().enumerate() {
            if stage == last {
                for way in ways {
                    self.edge(draft(at.clone()).because_all(way.iter().cloned()));
                }
                return;
            }
            let text = format!("{stage}|{}|{detail}", scope_text(&conjunction.scope));
            let next = NodeKey::Stage(id, Box::new(conjunction.at.clone()), Str::from(text));
            for way in ways {
                self.structure(at.clone(), next.clone(), way.iter().cloned());
            }
            at = next;
        }
    }
}
