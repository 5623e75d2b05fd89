//! Admission policies (semantics ADM-04, ADM-05).
//!
//! Follows apiserver `pkg/admission/plugin/policy`: a policy without a binding does nothing;
//! an error of configuration denies whatever the binding's actions are; a validation that is
//! false, or that fails to be evaluated, does what the actions say, and only Deny refuses.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use ringfort_model::record::{Namespace, PolicyBinding};
use ringfort_model::{Cluster, Map, Str};

use crate::cel::{self, Environment, Outcome, Stop, Value};
use crate::compiled::{Check, Named, Policy};
use crate::decision::{Control, Finding, Tally};
use crate::environment::{roots, told_roots};
use crate::matching::{Match, by_resources};
use crate::params::{self, Given, Params};
use crate::request::Request;
use crate::rules::rules;

/// Everything that policies are asked with.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request,
    pub(crate) namespace: Option<&'a Namespace>,
    pub(crate) namespace_labels: Option<&'a Map>,
    pub(crate) cluster: &'a Cluster,
    pub(crate) given: Given<'a>,
}

/// What match conditions say (apiserver `pkg/admission/plugin/webhook/matchconditions`).
pub(crate) enum Conditions {
    Match,
    Skip,
    Error(String),
    Unknown(String),
}

/// Evaluates match conditions: one that is false decides, then one that is not known, then an
/// error.
pub(crate) fn conditions(list: &[Named], environment: &Environment<'_>) -> Conditions {
    let (mut error, mut unknown) = (None, None);
    for one in list {
        let outcome = match &one.expression {
            Ok(expression) => environment.evaluate(expression),
            Err(problem) => Err(Stop::Unknown(problem.to_string())),
        };
        match outcome {
            Ok(Value::Bool(false)) if error.is_none() || rules().switches.false_condition_first => {
                return Conditions::Skip;
            }
            Ok(Value::Bool(false)) => {}
            Ok(Value::Bool(true)) => {}
            Ok(_) => error = error.or_else(|| Some(format!("condition {} is no bool", one.name))),
            Err(Stop::Error(text)) => {
                error = error.or(Some(format!("condition {}: {text}", one.name)));
            }
            Err(Stop::Unknown(text)) => {
                unknown = unknown.or(Some(format!("condition {}: {text}", one.name)));
            }
        }
    }
    match (unknown, error) {
        (Some(reason), _) => Conditions::Unknown(reason),
        (None, Some(text)) => Conditions::Error(text),
        (None, None) => Conditions::Match,
    }
}

impl Policy<'_> {
    pub(crate) fn control(&self, binding: Option<&PolicyBinding>) -> Control {
        let (policy, binding) = (self.name.clone(), binding.map(|one| one.metadata.name.clone()));
        match self.mutating {
            true => Control::MutatingPolicy { policy, binding },
            false => Control::ValidatingPolicy { policy, binding },
        }
    }

    /// Asks a validating policy through each of its bindings.
    pub(crate) fn ask(&self, bindings: &[&PolicyBinding], asked: &Asked<'_>, tally: &mut Tally) {
        if bindings.is_empty() {
            return;
        }
        let seen = by_resources(self.constraints, asked.request, asked.namespace_labels);
        if seen == Match::No {
            self.note_evaded(bindings, asked, tally);
            return;
        }
        for binding in bindings {
            let Some(spec) = &binding.spec else { continue };
            let bound =
                by_resources(spec.match_resources.as_ref(), asked.request, asked.namespace_labels);
            let bound = if rules().switches.binding_selects { bound } else { Match::Yes };
            match seen.clone().and(|| bound) {
                Match::No => self.note_evaded(&[*binding], asked, tally),
                Match::Unknown(reason) => {
                    if spec.validation_actions.has("Deny") {
                        tally.unknown.push(Finding::new(self.control(Some(binding)), reason));
                    }
                }
                Match::Yes => self.through(binding, asked, tally),
            }
        }
    }

    /// A policy that would see the object with other labels is present and can be evaded.
    pub(crate) fn note_evaded(
        &self,
        bindings: &[&PolicyBinding],
        asked: &Asked<'_>,
        tally: &mut Tally,
    ) {
        if !asked.request.free_labels {
            return;
        }
        let selective = |resources: Option<&ringfort_model::record::MatchResources>| {
            resources.is_some_and(|one| {
                one.object_selector.as_ref().is_some_and(|s| !crate::matching::is_empty(s))
            })
        };
        for binding in bindings {
            let bound = binding.spec.as_ref().and_then(|spec| spec.match_resources.as_ref());
            if selective(self.constraints) || selective(bound) {
                let reason = "selects by labels that the maker of the object chooses";
                tally.ineffective.push(Finding::new(self.control(Some(binding)), reason));
            }
        }
    }

    fn through(&self, binding: &PolicyBinding, asked: &Asked<'_>, tally: &mut Tally) {
        let Some(spec) = &binding.spec else { return };
        let control = self.control(Some(binding));
        let namespace = asked.request.namespace.as_str();
        let reference = spec.param_ref.as_ref();
        let found =
            params::collect(self.param_kind, reference, namespace, asked.cluster, asked.given);
        match found {
            Params::Error(reason) if self.fails_closed && rules().switches.wrong_params_refuse => {
                tally.refused.push(Finding::new(control, reason));
            }
            Params::Error(reason) => tally.ineffective.push(Finding::new(control, reason)),
            Params::Unknown(reason) => {
                // Parameters that are missing can deny by themselves, whatever the actions.
                let missing_denies = reference
                    .is_some_and(|one| one.parameter_not_found_action.as_deref() == Some("Deny"));
                let acts = missing_denies || spec.validation_actions.has("Deny");
                let list = if acts { &mut tally.unknown } else { &mut tally.ineffective };
                list.push(Finding::new(control, reason));
            }
            Params::Each(values) => {
                for value in values {
                    self.evaluate(binding, &value, asked, tally);
                }
            }
        }
    }

    /// Evaluates the policy with one parameter.
    fn evaluate(
        &self,
        binding: &PolicyBinding,
        params: &Outcome,
        asked: &Asked<'_>,
        tally: &mut Tally,
    ) {
        let Some(judged) = self.judge(params, asked) else { return };
        let mut report = Report::new(self.control(Some(binding)), binding, tally);
        report.doubt = judged.doubt;
        for said in judged.said {
            match said {
                Said::Denied { message, .. } => report.denied(message),
                Said::Unknown(reason) => report.unknown(reason),
            }
        }
    }

    /// What the validations say with one parameter; `None` if they are not asked.
    pub(crate) fn judge(&self, params: &Outcome, asked: &Asked<'_>) -> Option<Judged> {
        let lifted = self.fails_closed && asked.request.errors_are_values();
        let in_all = |roots, limit| Environment::new(roots, limit).errors_are_values(lifted);
        let told = || told_roots(asked.request, asked.namespace, params);
        let seen = roots(asked.request, asked.namespace, params.clone());
        let mut judged = Judged::default();
        let limit = cel::cost::MATCH_CONDITIONS;
        match conditions(&self.conditions, &in_all(seen.clone(), limit)) {
            Conditions::Skip => return None,
            Conditions::Unknown(reason) => {
                // If no validation can fail, it does not matter whether they are asked.
                let same = |roots| match conditions(&self.conditions, &in_all(roots, limit)) {
                    Conditions::Unknown(told) => told == reason,
                    _ => false,
                };
                let shown = told().is_none_or(same);
                judged.doubt = Some(if shown { reason } else { HELD_BACK.to_owned() });
            }
            Conditions::Error(reason) => {
                if self.fails_closed {
                    let same = |roots| match conditions(&self.conditions, &in_all(roots, limit)) {
                        Conditions::Error(told) => told == reason,
                        _ => false,
                    };
                    let shown = told().is_none_or(same);
                    let message = if shown { reason } else { CONDITION_FAILED.to_owned() };
                    judged.said.push(Said::Denied { message, expression: None });
                }
                return Some(judged);
            }
            Conditions::Match => {}
        }
        let environment = self.environment(seen, lifted);
        let made = OnceCell::new();
        // Messages are worked out without the values that are not shown.
        let shown = || {
            made.get_or_init(|| told().map(|roots| self.environment(roots, lifted)))
                .as_ref()
                .unwrap_or(&environment)
        };
        let says =
            |check: &Check, stop: &Stop| outcome(check, shown()).as_ref().err() == Some(stop);
        for check in &self.checks {
            let denied =
                |message: String| Said::Denied { message, expression: Some(check.text.clone()) };
            judged.said.push(match outcome(check, &environment) {
                Ok(Value::Bool(true)) => continue,
                Ok(Value::Bool(false)) => denied(message(check, shown())),
                Ok(_) if !rules().switches.only_true_passes => continue,
                Ok(_) => denied(message(check, shown())),
                Err(Stop::Unknown(reason)) => {
                    let stop = Stop::Unknown(reason.clone());
                    Said::Unknown(if says(check, &stop) { reason } else { HELD_BACK.to_owned() })
                }
                Err(stop @ Stop::Error(_))
                    if self.fails_closed && rules().switches.failure_refuses =>
                {
                    let text = match &stop {
                        Stop::Error(text) if says(check, &stop) => format!(": {text}"),
                        _ => String::new(),
                    };
                    denied(format!("expression results in error{text}"))
                }
                Err(Stop::Error(_)) => continue,
            });
        }
        Some(judged)
    }

    /// Where validations are evaluated.
    pub(crate) fn environment(
        &self,
        roots: BTreeMap<&'static str, Outcome>,
        lifted: bool,
    ) -> Environment<'_> {
        let mut environment =
            Environment::new(roots, cel::cost::PER_BINDING).errors_are_values(lifted);
        for variable in &self.variables {
            // One that does not parse stays undeclared: what names it is unknown.
            if let Ok(expression) = &variable.expression {
                environment.variable(&variable.name, expression);
            }
        }
        environment
    }
}

/// In place of a reason that may hold values which are not shown.
pub(crate) const HELD_BACK: &str = "it rests on values that are not shown";

/// In place of the text of an error of a condition, likewise.
const CONDITION_FAILED: &str = "a match condition results in an error";

/// What the validations of a policy say.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Why it is not known whether they are asked at all.
    pub(crate) doubt: Option<String>,
    /// What those say that are not true.
    pub(crate) said: Vec<Said>,
}

/// What a validation says that is not true.
#[derive(Debug)]
pub(crate) enum Said {
    /// No; the expression is missing where none was reached.
    Denied { message: String, expression: Option<Str> },
    /// Not known.
    Unknown(String),
}

/// What the expression of a validation gives.
pub(crate) fn outcome(check: &Check, environment: &Environment<'_>) -> Outcome {
    match &check.expression {
        Ok(expression) => environment.evaluate(expression),
        Err(problem) => Err(Stop::Unknown(problem.to_string())),
    }
}

/// The message of a validation that failed. One that is too long, has lines or cannot be
/// worked out gives way to the fixed message, and that to the expression.
pub(crate) fn message(check: &Check, environment: &Environment<'_>) -> String {
    if let Some(Ok(expression)) = &check.message_expression
        && let Ok(Value::String(text)) = environment.evaluate(expression)
    {
        let trimmed = text.trim();
        if !trimmed.is_empty()
            && trimmed.len() <= rules().longest_message as usize
            && !trimmed.contains('\n')
        {
            return trimmed.to_owned();
        }
    }
    if check.message.is_empty() {
        format!("failed expression: {}", check.text.trim())
    } else {
        check.message.trim().to_owned()
    }
}

/// What the actions of a binding make of a denial.
struct Report<'r, 't> {
    control: Control,
    binding: &'r PolicyBinding,
    tally: &'t mut Tally,
    /// Why it is not known whether the policy is asked at all.
    doubt: Option<String>,
}

impl<'r, 't> Report<'r, 't> {
    fn new(control: Control, binding: &'r PolicyBinding, tally: &'t mut Tally) -> Self {
        Self { control, binding, tally, doubt: None }
    }

    fn has(&self, action: &str) -> bool {
        let spec = self.binding.spec.as_ref();
        spec.is_some_and(|spec| spec.validation_actions.has(action))
    }

    /// Whether a denial refuses.
    fn refuses(&self) -> bool {
        let rule = &rules().switches;
        self.has("Deny") || !rule.deny_needed || (rule.audit_refuses && self.has("Audit"))
    }

    fn denied(&mut self, reason: String) {
        if let Some(doubt) = self.doubt.clone() {
            return self.unknown(doubt);
        }
        let finding = Finding::new(self.control.clone(), reason);
        if self.has("Warn") && rules().switches.warn_warns {
            self.tally.warnings.push(finding.clone());
        }
        match self.refuses() {
            true => self.tally.refused.push(finding),
            false => self.tally.ineffective.push(finding),
        }
    }

    fn unknown(&mut self, reason: String) {
        let finding = Finding::new(self.control.clone(), reason);
        match self.refuses() {
            true => self.tally.unknown.push(finding),
            false => self.tally.ineffective.push(finding),
        }
    }
}
