//! What mutating policies make of an object (semantics ADM-01, ADM-04).
//!
//! Follows apiserver `pkg/admission/plugin/policy/mutating`: every policy that matches the object
//! as it was sent is asked in turn; each sees what those before it made, and its object is
//! defaulted again. Those that ask for it are asked once more after a change. The order of the
//! policies is nowhere fixed, so an outcome that depends on it is unknown.

use serde_json::Value as Json;

use crate::admission::{Admission, Bound};
use crate::cel::{self, Environment, Outcome, Stop, configuration, operations};
use crate::compiled::{Mutation, Patch, Policy};
use crate::decision::{Control, Finding, Tally};
use crate::defaulting::decode;
use crate::environment::roots;
use crate::matching::{Match, by_resources};
use crate::merge::merged;
use crate::mutation_rules;
use crate::params::{self, Params};
use crate::patch::patched;
use crate::policy::{Asked, Conditions, conditions};
use crate::request::Request;
use crate::rules::rules;

/// A policy that is asked, through a binding and with a parameter.
struct Invocation<'a> {
    policy: &'a Policy<'a>,
    control: Control,
    params: Outcome,
    /// Why it is not known whether it is asked.
    doubt: Option<String>,
}

/// What came of asking the policies in one order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Run {
    object: Option<Json>,
    refused: Vec<Finding>,
    /// What the object may be changed by in a way that is not known.
    unknown: Vec<Finding>,
    ineffective: Vec<Finding>,
    /// Policies that changed it, by their place.
    changed: Vec<usize>,
}

impl Admission<'_> {
    /// The object after all mutating policies. What is not known about it is in `tally`.
    pub(crate) fn mutated(&self, asked: &Asked<'_>, tally: &mut Tally) -> Option<Json> {
        let mut all = Vec::new();
        for bound in self.policies.iter().filter(|bound| bound.policy.mutating) {
            self.invocations(bound, asked, &mut all, tally);
        }
        let places: Vec<usize> = (0..all.len()).collect();
        let first = self.run(&all, &places, asked.request, asked);
        let mut run = first.clone();
        let calm = first.changed.is_empty() && first.unknown.is_empty() && first.refused.is_empty();
        let how = &mutation_rules::rules().switches;
        if all.len() > 1 && !calm && how.order_matters {
            let orders = telling(&places, &first);
            let differs = |order: &Vec<usize>| {
                let other = self.run(&all, order, asked.request, asked);
                other.object != first.object
                    || sorted(&other.refused) != sorted(&first.refused)
                    || other.unknown.is_empty() != first.unknown.is_empty()
            };
            if orders.is_empty() || orders.iter().any(differs) {
                let reason = format!(
                    "the outcome may depend on the order of {} policies, which the server does \
                     not fix",
                    all.len()
                );
                let one = first.changed.first().map_or(0, |at| *at);
                run.unknown.push(Finding::new(all[one].control.clone(), reason));
                run.refused.clear();
            }
        }
        tally.refused.extend(run.refused);
        tally.ineffective.extend(run.ineffective);
        for finding in run.unknown {
            tally.changes.push(finding.clone());
            tally.unknown.push(finding);
        }
        if let (Some(shape), Some(sent), Some(object), Some(at)) =
            (&asked.request.shape, &asked.request.object, &run.object, run.changed.first())
            && !asked.request.open_object
        {
            let mut add = |reason: String| {
                tally.unknown.push(Finding::new(all[*at].control.clone(), reason));
            };
            if how.class_may_be_taken && !shape.spec.fits(&object["spec"]) {
                add(format!("takes away what such a pod is made for ({})", shape.name));
            }
            if how.place_may_be_changed && !crate::escape::same_place(sent, object) {
                add("writes where the pod may run".to_owned());
            }
        }
        run.object
    }

    /// The invocations of a policy, through each binding and with each parameter.
    fn invocations<'a>(
        &self,
        bound: &'a Bound<'_>,
        asked: &Asked<'_>,
        all: &mut Vec<Invocation<'a>>,
        tally: &mut Tally,
    ) {
        let policy = &bound.policy;
        let off = match self.policies_on(rules().mutating) {
            Some(false) => return,
            Some(true) => None,
            None => Some("policies may be off on this server".to_owned()),
        };
        let seen = by_resources(policy.constraints, asked.request, asked.namespace_labels);
        if seen == Match::No {
            policy.note_evaded(&bound.bindings, asked, tally);
            return;
        }
        for binding in &bound.bindings {
            let Some(spec) = &binding.spec else { continue };
            let here =
                by_resources(spec.match_resources.as_ref(), asked.request, asked.namespace_labels);
            let here = if rules().switches.binding_selects { here } else { Match::Yes };
            let mut doubt = off.clone();
            match seen.clone().and(|| here) {
                Match::No => {
                    policy.note_evaded(&[*binding], asked, tally);
                    continue;
                }
                Match::Unknown(reason) => doubt = doubt.or(Some(reason)),
                Match::Yes => {}
            }
            let control = policy.control(Some(binding));
            let namespace = asked.request.namespace.as_str();
            let reference = spec.param_ref.as_ref();
            match params::collect(
                policy.param_kind,
                reference,
                namespace,
                asked.cluster,
                asked.given,
            ) {
                Params::Each(values) => all.extend(values.into_iter().map(|params| Invocation {
                    policy,
                    control: control.clone(),
                    params,
                    doubt: doubt.clone(),
                })),
                Params::Error(reason)
                    if policy.fails_closed && rules().switches.wrong_params_refuse =>
                {
                    match doubt {
                        None => tally.refused.push(Finding::new(control, reason)),
                        Some(doubt) => tally.unknown.push(Finding::new(control, doubt)),
                    }
                }
                Params::Error(reason) => tally.ineffective.push(Finding::new(control, reason)),
                Params::Unknown(reason) => {
                    let finding = Finding::new(control, reason);
                    tally.changes.push(finding.clone());
                    tally.unknown.push(finding);
                }
            }
        }
    }

    /// Asks the policies in one order, then those once more that want to see changes.
    fn run(
        &self,
        all: &[Invocation<'_>],
        order: &[usize],
        request: &Request,
        asked: &Asked<'_>,
    ) -> Run {
        let mut run = Run { object: request.object.clone(), ..Run::default() };
        for at in order {
            self.invoke(*at, &all[*at], request, asked, &mut run);
        }
        let how = &mutation_rules::rules().switches;
        if !run.changed.is_empty() {
            let again =
                |at: &&usize| how.all_asked_again || how.asked_again && all[**at].policy.again;
            for at in order.iter().filter(again) {
                self.invoke(*at, &all[*at], request, asked, &mut run);
            }
        }
        run
    }

    fn invoke(
        &self,
        at: usize,
        one: &Invocation<'_>,
        request: &Request,
        asked: &Asked<'_>,
        run: &mut Run,
    ) {
        let finding = |reason: String| Finding::new(one.control.clone(), reason);
        // What an unknown change left over is not known.
        let how = &mutation_rules::rules().switches;
        let open = how.open_object_stays_open && (request.open_object || !run.unknown.is_empty());
        let object = if how.policies_see_each_other { &run.object } else { &request.object };
        let object = object.clone();
        let now = Request { object, open_object: open, shape: None, ..request.clone() };
        let names = roots(&now, asked.namespace, one.params.clone());
        let matching = Environment::new(names, cel::cost::MATCH_CONDITIONS);
        let mut doubt = one.doubt.clone();
        match conditions(&one.policy.conditions, &matching) {
            Conditions::Skip => return,
            Conditions::Match => {}
            Conditions::Unknown(reason) => doubt = doubt.or(Some(reason)),
            Conditions::Error(reason) => {
                match (one.policy.fails_closed, doubt) {
                    (true, None) => run.refused.push(finding(reason)),
                    (true, Some(doubt)) => run.unknown.push(finding(doubt)),
                    (false, _) => run.ineffective.push(finding(reason)),
                }
                return;
            }
        }
        let Some(before) = &now.object else { return };
        if open {
            if !one.policy.mutations.is_empty() {
                run.unknown.push(finding("may change the object".to_owned()));
            }
            return;
        }
        let mut object = before.clone();
        // What was not defaulted before is not changed by being defaulted.
        let mut plain = before.clone();
        decode(&mut plain, self.version);
        let mut failed = None;
        for mutation in &one.policy.mutations {
            // The second mutation of a policy sees what the first one wrote.
            let seen = if how.mutations_see_each_other { &object } else { before };
            let inner = Request { object: Some(seen.clone()), ..now.clone() };
            let names = roots(&inner, asked.namespace, one.params.clone());
            let mut fresh = Environment::new(names, cel::cost::PER_BINDING);
            for variable in &one.policy.variables {
                if let Ok(expression) = &variable.expression {
                    fresh.variable(&variable.name, expression);
                }
            }
            match write(mutation, &fresh, &object) {
                Ok(written) => {
                    object = written;
                    if how.defaulted_again {
                        decode(&mut object, self.version);
                    }
                }
                Err(Stop::Unknown(reason)) => {
                    run.unknown.push(finding(format!("may change the object: {reason}")));
                    return;
                }
                Err(Stop::Error(text)) => failed = failed.or(Some(text)),
            }
            if failed.is_some() && !how.goes_on_after_failure {
                break;
            }
        }
        if failed.is_some() && !how.written_before_failure_stays {
            object.clone_from(before);
        }
        decode(&mut object, self.version);
        let failure = failed.filter(|_| one.policy.fails_closed && how.failure_refuses);
        if let Some(reason) = doubt {
            if failure.is_some() || object != plain || !how.no_change_is_no_doubt {
                run.unknown.push(finding(reason));
            }
            return;
        }
        if let Some(text) = failure {
            run.refused.push(finding(format!("mutation results in error: {text}")));
        }
        if object != plain {
            run.object = Some(object);
            if !run.changed.contains(&at) {
                run.changed.push(at);
            }
        }
    }
}

/// The object that a mutation makes of one.
fn write(mutation: &Mutation, environment: &Environment<'_>, object: &Json) -> Result<Json, Stop> {
    let expression = match &mutation.expression {
        Ok(expression) => expression,
        Err(problem) => return Err(Stop::Unknown(problem.to_string())),
    };
    let value = environment.evaluate(expression)?;
    match mutation.kind {
        Patch::Apply => merged(object, &configuration(&value)?),
        Patch::Json => patched(object, &operations(&value)?),
    }
}

fn sorted(findings: &[Finding]) -> Vec<Finding> {
    let mut all = findings.to_vec();
    all.sort();
    all
}

/// Orders of which at least one gives another outcome if any does; none if there is no such
/// list of a sensible length. Where one policy alone has an effect, the others are seen to have
/// none before it and none after it.
fn telling(places: &[usize], run: &Run) -> Vec<Vec<usize>> {
    if places.len() <= mutation_rules::rules().tried_in_every_order as usize {
        return orders(places);
    }
    let [one] = run.changed[..] else { return Vec::new() };
    if !run.unknown.is_empty() || !run.refused.is_empty() {
        return Vec::new();
    }
    let others: Vec<usize> = places.iter().copied().filter(|at| *at != one).collect();
    let (mut first, mut last) = (vec![one], others.clone());
    first.extend(others);
    last.push(one);
    vec![first, last]
}

/// Every order of the places but the one given.
fn orders(places: &[usize]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for place in places {
        let mut longer = Vec::new();
        for order in &found {
            for at in 0..=order.len() {
                let mut next = order.clone();
                next.insert(at, *place);
                longer.push(next);
            }
        }
        found = longer;
    }
    found.retain(|order| order != places);
    found
}
