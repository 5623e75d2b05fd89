//! The Pod Security plug-in's say (semantics T5 to T7; pod-security-admission
//! `admission/admission.go`).

use ringfort_model::{KubeVersion, Map, Pod, Str};
use ringfort_podsec::{NamespacePolicy, enforcement_on, evaluate, is_ignored, refusal_message};
use serde_json::Value as Json;

use crate::decision::{Control, Finding, Tally};
use crate::request::{Identity, Operation, Request};
use crate::rules::rules;

/// What the plug-in's configuration leaves out. The API does not show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Namespaces.
    pub namespaces: Vec<Str>,
    /// User names of requests.
    pub usernames: Vec<Str>,
    /// Runtime classes of pods.
    pub runtime_classes: Vec<Str>,
}

/// Asks the plug-in about a pod. Objects with a template get audit and warn only.
pub(crate) fn ask(
    request: &Request,
    labels: &Map,
    server: Option<KubeVersion>,
    exempt: &Exemptions,
    tally: &mut Tally,
) {
    let resource = &request.resource;
    let is_pod = resource.group.is_empty() && resource.resource == "pods";
    let evaluated = matches!(request.operation, Operation::Create | Operation::Update);
    if !is_pod || !evaluated || is_ignored(&request.subresource) {
        return;
    }
    // Some pod satisfies every level, and labels that may be changed hold nothing back. Of a
    // shape the object is the pod that violates the least.
    let any = request.open_object && request.known().is_none();
    if any || request.free_namespace {
        return;
    }
    let rule = &rules().switches;
    let free = rule.exempt_namespaces && exempt.namespaces.contains(&request.namespace);
    if enforcement_on(server) == Some(false) || free || !rule.pod_security_asked {
        return;
    }
    let (level, version) = NamespacePolicy::of(labels).enforce;
    let control = Control::PodSecurity(level);
    let Some(object) = &request.object else { return };
    let pod = match read(object) {
        Ok(pod) => pod,
        Err(reason) => {
            tally.unknown.push(Finding::new(control, reason));
            return;
        }
    };
    if let Some(old) = &request.old_object
        && request.operation == Operation::Update
        && rule.only_significant_updates
        && let Ok(old) = read(old)
        && !significant(&old, &pod)
    {
        return;
    }
    let class = pod.spec.runtime_class_name.as_ref();
    if class.is_some_and(|class| exempt.runtime_classes.contains(class)) && rule.exempt_classes {
        return;
    }
    if request.open_object && !exempt.runtime_classes.is_empty() && rule.exempt_classes {
        let reason = "pods of some runtime classes are exempt".to_owned();
        tally.unknown.push(Finding::new(control, reason));
        return;
    }
    let found = evaluate(&pod.spec, &pod.metadata.annotations, level, version, server);
    if found.is_empty() {
        return;
    }
    let reason = refusal_message(&found);
    match &request.identity {
        Identity::User { name, .. }
            if rule.exempt_users && exempt.usernames.iter().any(|one| *one == **name) => {}
        Identity::Any if !exempt.usernames.is_empty() => {
            let reason = "some users are exempt".to_owned();
            tally.unknown.push(Finding::new(control, reason));
        }
        _ => tally.refused.push(Finding::new(control, reason)),
    }
}

fn read(object: &Json) -> Result<Pod, String> {
    serde_json::from_value(object.clone()).map_err(|error| error.to_string())
}

/// Whether an update is looked at: another number of containers, another image, or an
/// ephemeral container that is new or has another image.
fn significant(old: &Pod, new: &Pod) -> bool {
    let (old, new) = (&old.spec, &new.spec);
    if old.containers.len() != new.containers.len()
        || old.init_containers.len() != new.init_containers.len()
    {
        return true;
    }
    let pairs = old
        .containers
        .iter()
        .zip(&new.containers)
        .chain(old.init_containers.iter().zip(&new.init_containers));
    let changed = pairs.into_iter().any(|(old, new)| old.image != new.image);
    changed
        || new.ephemeral_containers.iter().any(|one| {
            let before = old.ephemeral_containers.iter().find(|known| known.name == one.name);
            before.is_none_or(|known| known.image != one.image)
        })
}
