//! Admission policies (semantics ADM-04, ADM-05).
//!
//! Follows apiserver `pkg/admission/plugin/policy`: a policy without a binding does nothing;
//! an error of configuration denies whatever the binding's actions are; a validation that is
//! false, or that fails to be evaluated, does what the actions say, and only Deny refuses.

use ringfort_model::record::{Namespace, PolicyBinding};
use ringfort_model::{Cluster, Map};
use serde_json::Value as Json;

use crate::cel::{self, Environment, Outcome, Stop, Value};
use crate::compiled::{Check, Named, Policy};
use crate::decision::{Control, Finding, Tally};
use crate::environment::roots;
use crate::matching::{Match, by_resources};
use crate::params::{self, Params};
use crate::request::Request;
use crate::rules::rules;

/// Everything that policies are asked with.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request,
    pub(crate) namespace: Option<&'a Namespace>,
    pub(crate) namespace_labels: Option<&'a Map>,
    pub(crate) cluster: &'a Cluster,
    pub(crate) given: &'a [Json],
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
                    self.evaluate(binding, value, asked, tally);
                }
            }
        }
    }

    /// Evaluates the policy with one parameter.
    fn evaluate(
        &self,
        binding: &PolicyBinding,
        params: Outcome,
        asked: &Asked<'_>,
        tally: &mut Tally,
    ) {
        let control = self.control(Some(binding));
        let roots = roots(asked.request, asked.namespace, params);
        let lifted = self.fails_closed && asked.request.errors_are_values();
        let matching =
            Environment::new(roots.clone(), cel::cost::MATCH_CONDITIONS).errors_are_values(lifted);
        let mut report = Report::new(control, binding, tally);
        match conditions(&self.conditions, &matching) {
            Conditions::Skip => return,
            Conditions::Unknown(reason) => {
                // If no validation can fail, it does not matter whether they are asked.
                report.doubt = Some(reason);
            }
            Conditions::Error(reason) => {
                if self.fails_closed {
                    report.denied(reason);
                }
                return;
            }
            Conditions::Match => {}
        }
        let mut environment =
            Environment::new(roots, cel::cost::PER_BINDING).errors_are_values(lifted);
        for variable in &self.variables {
            // One that does not parse stays undeclared: what names it is unknown.
            if let Ok(expression) = &variable.expression {
                environment.variable(&variable.name, expression);
            }
        }
        for check in &self.checks {
            let outcome = match &check.expression {
                Ok(expression) => environment.evaluate(expression),
                Err(problem) => Err(Stop::Unknown(problem.to_string())),
            };
            match outcome {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => report.denied(message(check, &environment)),
                Ok(_) if !rules().switches.only_true_passes => {}
                Ok(_) => report.denied(message(check, &environment)),
                Err(Stop::Unknown(reason)) => report.unknown(reason),
                Err(Stop::Error(text)) if self.fails_closed && rules().switches.failure_refuses => {
                    report.denied(format!("expression results in error: {text}"));
                }
                Err(Stop::Error(_)) => {}
            }
        }
    }
}

/// The message of a validation that failed. One that is too long, has lines or cannot be
/// worked out gives way to the fixed message, and that to the expression.
fn message(check: &Check, environment: &Environment<'_>) -> String {
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
