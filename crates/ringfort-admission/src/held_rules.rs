//! Which controls hold, and which images must be signed, each rule as a switch or a row (semantics
//! EFF-ADM, EFF-SIG, ADM-07).
//!
//! Follows apiserver `pkg/admission/plugin/{policy,webhook}`, `discovery/v1` EndpointConditions,
//! kyverno/kyverno `api/kyverno/v1` and `api/policies.kyverno.io`, open-policy-agent/gatekeeper
//! `pkg/mutation/match` and `apis/constraints`, kubewarden/kubewarden-controller `api/policies`
//! and sigstore/policy-controller `pkg/apis/policy`. [`mutants`] makes wrong tables of it, for
//! `cargo xtask mutants`.

use ringfort_model::mutation::Mutants;
use ringfort_model::switches;

use crate::escape::PodWrite;

switches! {
    /// Rules that hold or do not.
    pub struct Switches {
        /// Whoever makes the object chooses its labels.
        labels_are_free: true,
        /// Policies do not see policies.
        policies_skip_policies: true,
        /// A server may not ask policies.
        policies_may_be_off: true,
        /// A policy without a binding does nothing.
        binding_needed: true,
        /// Bindings that were not read may be there.
        unread_binding_is_unknown: true,
        /// A policy that ignores its failure does not hold.
        ignoring_policy_does_not_hold: true,
        /// A policy holds where it holds through one binding.
        one_binding_is_enough: true,
        /// A binding that does not deny does not hold.
        binding_must_deny: true,
        /// A binding of a mutating policy needs no action.
        mutating_binding_needs_no_action: true,
        /// A binding's own selection counts.
        binding_selects: true,
        /// A policy without its parameters is not asked.
        parameters_needed: true,
        /// A configuration of parameters that is wrong refuses everything.
        wrong_parameters_hold: true,
        /// One parameter with which the conditions hold is enough.
        one_parameter_is_enough: true,
        /// Conditions that leave the request out.
        conditions_count: true,
        /// Conditions that fail refuse.
        failing_conditions_hold: true,
        /// Webhooks do not see webhooks.
        webhooks_skip_webhooks: true,
        /// A webhook must see every such request.
        webhook_must_see: true,
        /// A webhook that ignores its failure does not hold.
        ignoring_webhook_does_not_hold: true,
        /// A webhook's conditions count.
        webhook_conditions_count: true,
        /// A webhook of an engine that only audits does not hold.
        passive_engine_does_not_hold: true,
        /// An engine of which not all is known is unknown.
        blind_engine_is_unknown: true,
        /// Whether something outside of the cluster answers is not known.
        outside_is_unknown: true,
        /// The Service of a webhook must be there.
        service_must_exist: true,
        /// An endpoint must be ready.
        endpoint_must_be_ready: true,
        /// An endpoint that does not say counts as ready.
        unset_is_ready: true,
        /// Manifests hold no endpoints.
        manifests_have_no_endpoints: true,
        /// Kyverno: Enforce in any case of letters.
        kyverno_any_case: true,
        /// Kyverno: a rule's own action goes before the policy's.
        kyverno_own_action_first: true,
        /// Kyverno: an override counts.
        kyverno_overrides_count: true,
        /// Kyverno: an override counts in the namespaces that it names.
        kyverno_overrides_name_namespaces: true,
        /// Kyverno: a rule has overrides of its own.
        kyverno_rule_overrides_count: true,
        /// Kyverno: a rule that audits images and writes no digest does nothing.
        kyverno_audited_images_change_nothing: true,
        /// Kyverno: a policy with a namespace is of that one.
        kyverno_own_namespace: true,
        /// Kyverno: a rule's kinds count.
        kyverno_kinds_count: true,
        /// Kyverno: a rule's namespaces count.
        kyverno_namespaces_count: true,
        /// Kyverno: rules that verify images act where objects are changed.
        kyverno_images_mutate: true,
        /// Kyverno: rules that verify images act where objects are judged.
        kyverno_images_validate: true,
        /// Kyverno: without actions a policy in CEL denies.
        kyverno_denies_by_default: true,
        /// Gatekeeper: without an action a constraint denies.
        gatekeeper_denies_by_default: true,
        /// Gatekeeper: scoped actions count.
        gatekeeper_scopes_count: true,
        /// Gatekeeper: other enforcement points do not count.
        gatekeeper_points_count: true,
        /// Gatekeeper: kinds of a constraint count.
        gatekeeper_kinds_count: true,
        /// Gatekeeper: namespaces of a constraint count.
        gatekeeper_namespaces_count: true,
        /// Gatekeeper: namespaces that a constraint excludes count.
        gatekeeper_exclusions_count: true,
        /// Gatekeeper: mutators may change the object.
        gatekeeper_may_mutate: true,
        /// Kubewarden: a policy that monitors is passive.
        kubewarden_monitors: true,
        /// Kubewarden: each policy has a webhook of its own.
        kubewarden_own_webhook: true,
        /// A signature policy of another namespace does not count.
        signer_of_own_namespace: true,
        /// A kind that was not read may require signatures.
        unread_signer_is_unknown: true,
        /// The best of several signature policies counts.
        best_signer_counts: true,
        /// A verifier that is not modelled is unknown.
        other_signers_are_unknown: true,
        /// What is verified must be what runs.
        digest_needed: true,
        /// Kyverno writes digests unless told otherwise.
        digest_is_written: true,
        /// Kyverno requires digests unless told otherwise.
        digest_is_required: true,
        /// Where digests are written by another webhook that one must hold too.
        writer_must_hold: true,
        /// A signature policy must name an attestor.
        attestor_needed: true,
        /// Keys of older policies are attestors.
        keys_are_attestors: true,
        /// Attestations are enough.
        attestations_are_enough: true,
        /// A rule that takes some pods only leaves the others unknown.
        narrow_match_is_unknown: true,
        /// Namespaces in which a policy audits count.
        overrides_count: true,
        /// What a rule excludes is not known.
        exclusions_are_unknown: true,
        /// What a rule's preconditions leave out is not known.
        preconditions_are_unknown: true,
        /// Images that are skipped run unverified.
        skipped_images_count: true,
        /// Where not every image is meant something else may refuse the others.
        others_are_unknown: true,
        /// A pattern with a star means every image.
        any_star_is_all: false,
        /// A policy that audits does not hold.
        audit_does_not_hold: true,
        /// An image policy in CEL may not deny.
        image_policy_must_deny: true,
        /// An image policy in CEL may ignore its failure.
        image_policy_may_ignore: true,
        /// An image policy's conditions are not known.
        image_conditions_are_unknown: true,
        /// An image policy's constraints count.
        image_constraints_count: true,
        /// A policy of the policy-controller may only warn.
        sigstore_may_warn: true,
        /// An authority that lets everything pass is enough to pass.
        sigstore_static_passes: true,
        /// A policy of the policy-controller may mean some objects only.
        sigstore_match_is_unknown: true,
        /// Images without a policy are denied unless configured.
        sigstore_denies_others: true,
        /// Its ConfigMap may say otherwise.
        sigstore_configuration_counts: true,
        /// A ConfigMap that was not read may say otherwise.
        sigstore_unread_configuration_counts: true,
        /// A policy of Kubewarden that does not write digests verifies tags.
        kubewarden_must_write: true,
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Switches.
    pub switches: Switches,
    /// The label with which a slice names its Service.
    pub slice_label: &'static str,
    /// Every way in which an image comes into a pod.
    pub writes: &'static [PodWrite],
    /// Kinds that may require signatures; where one was not listed there may be a policy.
    pub signing: &'static [&'static str],
    /// API groups of what verifies images and does nothing else.
    pub signers: &'static [&'static str],
    /// Patterns that mean every image.
    pub every_image: &'static [&'static str],
    /// Enforcement points that are the webhook.
    pub points: &'static [&'static str],
}

/// The tables as upstream has them.
pub static UPSTREAM: Rules = Rules {
    switches: Switches::UPSTREAM,
    slice_label: "kubernetes.io/service-name",
    writes: &[PodWrite::Create, PodWrite::SwapImage, PodWrite::AddContainer],
    signing: &[
        "clusteradmissionpolicies.policies.kubewarden.io",
        "clusterimagepolicies.policy.sigstore.dev",
        "clusterpolicies.kyverno.io",
        "imagevalidatingpolicies.policies.kyverno.io",
        "policies.kyverno.io",
    ],
    signers: &["config.ratify.deislabs.io", "policy.sigstore.dev", "portieris.cloud.ibm.com"],
    every_image: &["*", "**", "*/*", "*/**"],
    points: &["*", "validation.gatekeeper.sh"],
};

ringfort_model::active_rules!("held", Rules);

/// Tables with one rule wrong, by name.
#[must_use]
pub fn mutants() -> Vec<(String, Rules)> {
    let mut found = Mutants::of(&UPSTREAM);
    found.switches(Switches::ALL, |rules| &mut rules.switches);
    found.list("writes", |rules| &mut rules.writes);
    found.list("signing", |rules| &mut rules.signing);
    found.list("signers", |rules| &mut rules.signers);
    found.list("every image", |rules| &mut rules.every_image);
    found.list("points", |rules| &mut rules.points);
    found.all()
}
