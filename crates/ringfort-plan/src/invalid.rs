//! What the API server finds wrong with an object by itself (pkg/apis/*/validation, and the labels
//! of a namespace as Pod Security's ValidateNamespace reads them), as far as the model keeps the
//! field. An object that was read has passed all of it, so that what is wrong both before and after
//! a change is only what the model does not show.

use std::collections::BTreeSet;

use ringfort_model::record::{PolicyRule, RoleRef, Service, Subject};
use ringfort_model::{Container, Object, PodSpec, Workload, WorkloadKind};
use ringfort_podsec::NamespacePolicy;

/// A field, and what is wrong with it.
pub(crate) type Wrong = BTreeSet<String>;

const RBAC: &str = "rbac.authorization.k8s.io";

/// What is wrong with an object. `levels` says whether the labels of namespaces are looked at.
pub(crate) fn invalid(object: &Object, levels: bool) -> Wrong {
    let mut wrong = Wrong::new();
    let found = &mut wrong;
    match object {
        Object::Pod(pod) => pod_spec("spec", &pod.spec, found),
        Object::Workload(one) => workload(one, found),
        Object::Service(one) => service(one, found),
        Object::Namespace(one) if levels => {
            let read = NamespacePolicy::of(&one.metadata.labels);
            found.extend(read.errors.iter().map(|error| format!("metadata.labels: {error}")));
        }
        Object::Role(one) => rules(&one.rules, true, found),
        Object::ClusterRole(one) => rules(&one.rules, false, found),
        Object::RoleBinding(one) => {
            role_ref(&one.role_ref, &["Role", "ClusterRole"], found);
            subjects(&one.subjects, true, found);
        }
        Object::ClusterRoleBinding(one) => {
            role_ref(&one.role_ref, &["ClusterRole"], found);
            subjects(&one.subjects, false, found);
        }
        _ => {}
    }
    wrong
}

fn required(is_there: bool, field: &str, wrong: &mut Wrong) {
    if !is_there {
        wrong.insert(format!("{field} is required"));
    }
}

fn one_of(value: &str, field: &str, allowed: &[&str], wrong: &mut Wrong) {
    if !allowed.contains(&value) {
        let allowed = allowed.join(", ");
        wrong.insert(format!("{field} {value:?} is none of {allowed}"));
    }
}

/// ValidatePodSpec: containers, their names and images, and that what they mount is there.
fn pod_spec(at: &str, spec: &PodSpec, wrong: &mut Wrong) {
    required(!spec.containers.is_empty(), &format!("{at}.containers"), wrong);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (kind, index, container) in spec.all_containers() {
        let at = format!("{at}.{}[{index}]", kind.field());
        required(!container.name.is_empty(), &format!("{at}.name"), wrong);
        required(!container.image.is_empty(), &format!("{at}.image"), wrong);
        if !container.name.is_empty() && !names.insert(&container.name) {
            wrong.insert(format!("{at}.name {:?} is there twice", container.name.as_str()));
        }
        mounts(&at, spec, container, wrong);
    }
}

fn mounts(at: &str, spec: &PodSpec, container: &Container, wrong: &mut Wrong) {
    let mounts = container.volume_mounts.iter().map(|mount| ("volumeMounts", &mount.name));
    let devices = container.volume_devices.iter().map(|device| ("volumeDevices", &device.name));
    for (field, name) in mounts.chain(devices) {
        if spec.volume(name).is_none() {
            wrong.insert(format!("{at}.{field}: there is no volume {:?}", name.as_str()));
        }
    }
}

fn workload(one: &Workload, wrong: &mut Wrong) {
    if one.spec.replicas.is_some_and(|count| count < 0) {
        wrong.insert("spec.replicas is less than 0".to_owned());
    }
    let at = match one.kind {
        WorkloadKind::CronJob => "spec.jobTemplate.spec.template",
        WorkloadKind::PodTemplate => "template",
        _ => "spec.template",
    };
    // Of a StatefulSet's template the server looks at labels and annotations alone
    // (ValidatePodTemplateSpecForStatefulSet).
    if one.kind == WorkloadKind::StatefulSet {
        return;
    }
    match one.pod_template().and_then(|template| template.spec.as_ref()) {
        Some(spec) => pod_spec(&format!("{at}.spec"), spec, wrong),
        None => required(false, &format!("{at}.spec"), wrong),
    }
}

/// ValidateService: its type, its ports, and what a type needs.
fn service(one: &Service, wrong: &mut Wrong) {
    let Some(spec) = &one.spec else { return required(false, "spec", wrong) };
    let kind = if spec.kind.is_empty() { "ClusterIP" } else { spec.kind.as_str() };
    let types = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
    one_of(kind, "spec.type", &types, wrong);
    let headless = *spec.cluster_ip == *"None";
    let needs_ports = kind != "ExternalName" && !headless;
    required(!needs_ports || !spec.ports.is_empty(), "spec.ports", wrong);
    if kind == "ExternalName" {
        required(!spec.external_name.is_empty(), "spec.externalName", wrong);
    }
    if headless && ["NodePort", "LoadBalancer"].contains(&kind) {
        wrong.insert(format!("spec.clusterIP may not be None where the type is {kind}"));
    }
    for (at, port) in spec.ports.iter().enumerate() {
        let at = format!("spec.ports[{at}]");
        required(spec.ports.len() == 1 || !port.name.is_empty(), &format!("{at}.name"), wrong);
        if !port.port.is_some_and(|port| (1..=65_535).contains(&port)) {
            wrong.insert(format!("{at}.port is no number from 1 to 65535"));
        }
        if !port.protocol.is_empty() {
            one_of(&port.protocol, &format!("{at}.protocol"), &["TCP", "UDP", "SCTP"], wrong);
        }
    }
}

/// ValidatePolicyRule.
fn rules(rules: &[PolicyRule], namespaced: bool, wrong: &mut Wrong) {
    for (at, rule) in rules.iter().enumerate() {
        let at = format!("rules[{at}]");
        required(!rule.verbs.is_empty(), &format!("{at}.verbs"), wrong);
        if rule.non_resource_urls.is_empty() {
            required(!rule.api_groups.is_empty(), &format!("{at}.apiGroups"), wrong);
            required(!rule.resources.is_empty(), &format!("{at}.resources"), wrong);
            continue;
        }
        if namespaced {
            wrong.insert(format!("{at}.nonResourceURLs may not stand in a Role"));
        }
        let empty = |list: &[_]| list.is_empty();
        if ![&rule.api_groups, &rule.resources, &rule.resource_names].into_iter().all(|l| empty(l))
        {
            wrong.insert(format!("{at} is of resources and of nonResourceURLs"));
        }
    }
}

fn role_ref(role: &RoleRef, kinds: &[&str], wrong: &mut Wrong) {
    if !role.api_group.is_empty() {
        one_of(&role.api_group, "roleRef.apiGroup", &[RBAC], wrong);
    }
    one_of(&role.kind, "roleRef.kind", kinds, wrong);
    required(!role.name.is_empty(), "roleRef.name", wrong);
}

/// ValidateRoleBindingSubject, after defaulting.
fn subjects(subjects: &[Subject], namespaced: bool, wrong: &mut Wrong) {
    for (at, subject) in subjects.iter().enumerate() {
        let at = format!("subjects[{at}]");
        required(!subject.name.is_empty(), &format!("{at}.name"), wrong);
        one_of(&subject.kind, &format!("{at}.kind"), &["ServiceAccount", "User", "Group"], wrong);
        let is_account = *subject.kind == *"ServiceAccount";
        if is_account {
            let known = namespaced || !subject.namespace.is_empty();
            required(known, &format!("{at}.namespace"), wrong);
        }
        let group = if is_account { "" } else { RBAC };
        if !subject.api_group.is_empty() {
            one_of(&subject.api_group, &format!("{at}.apiGroup"), &[group], wrong);
        }
    }
}
