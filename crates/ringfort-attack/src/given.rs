//! What a program is given by its environment, as the kubelet makes it
//! (pkg/kubelet/kubelet_pods.go, `makeEnvironmentVariables`): the sources of `envFrom` in their
//! order, and over them the variables of `env` in theirs. What an optional reference does not find
//! leaves what was there. Values that no object kept here holds are not known: never a default.

use ringfort_model::record::pod::{EnvFrom, EnvVar, LocalReference};
use ringfort_model::{Cluster, Container, Kind, Str, keeps_entry, keeps_variable};

/// What a setting is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given<'c> {
    /// Nothing: its default holds.
    Unset,
    /// A value, with the ConfigMap and key that it comes from.
    To(&'c str, Option<(&'c str, &'c str)>),
    /// Something that was not read or is not kept, in words.
    Unread(String),
}

/// A key of a ConfigMap.
#[must_use]
pub fn entry<'c>(cluster: &'c Cluster, namespace: &str, name: &str, key: &str) -> Given<'c> {
    let shown = || format!("key {key} of ConfigMap {namespace}/{name}");
    match cluster.config_maps.get(namespace, name) {
        Some(map) => match map.data.iter().find(|(one, _)| **one == *key) {
            Some((key, value)) if keeps_entry(name, key) => {
                let from = (map.metadata.name.as_str(), key.as_str());
                Given::To(value, Some(from))
            }
            Some(_) => Given::Unread(format!("the value of {}", shown())),
            None => Given::Unset,
        },
        None if cluster.coverage.is_complete(Kind::ConfigMap) => Given::Unset,
        None => Given::Unread(format!("{}, which was not read", shown())),
    }
}

/// A variable of a container whose literal value is a documented setting.
#[must_use]
pub fn variable<'c>(
    cluster: &'c Cluster,
    namespace: &str,
    container: &'c Container,
    name: &str,
) -> Given<'c> {
    let own = container.env.iter().rev().filter(|one| *one.name == *name);
    let whole = container.env_from.iter().rev();
    own.map(|one| single(cluster, namespace, one))
        .chain(whole.map(|source| of_source(cluster, namespace, source, name)))
        .find(|given| *given != Given::Unset)
        .unwrap_or(Given::Unset)
}

/// What one variable of `env` sets; nothing where its reference finds nothing and need not.
fn single<'c>(cluster: &'c Cluster, namespace: &str, variable: &'c EnvVar) -> Given<'c> {
    let text = variable.value.as_deref().unwrap_or_default();
    let from = match &variable.value_from {
        Some(from) if text.is_empty() => from,
        _ if !keeps_variable(&variable.name) => {
            return Given::Unread(format!("the value of the variable {}", variable.name));
        }
        _ if text.contains("$(") => {
            let named = &variable.name;
            return Given::Unread(format!("the variables that {named} is put together from"));
        }
        _ => return Given::To(text, None),
    };
    let is_optional = |one: &LocalReference| one.optional == Some(true);
    if let Some(wanted) = &from.config_map_key_ref {
        let given = entry(cluster, namespace, &wanted.name, &wanted.key);
        return match given {
            Given::Unset if !is_optional(wanted) => {
                let LocalReference { name, key, .. } = wanted;
                Given::Unread(format!(
                    "key {key} of ConfigMap {namespace}/{name}, which is not there"
                ))
            }
            given => given,
        };
    }
    match &from.secret_key_ref {
        Some(wanted)
            if is_optional(wanted)
                && secret_has(cluster, namespace, &wanted.name, &wanted.key) == Some(false) =>
        {
            Given::Unset
        }
        Some(LocalReference { name, key, .. }) => {
            Given::Unread(format!("key {key} of Secret {namespace}/{name}"))
        }
        None => Given::Unread(format!("the field that the variable {} shows", variable.name)),
    }
}

/// What a source of `envFrom` sets a variable to.
fn of_source<'c>(
    cluster: &'c Cluster,
    namespace: &str,
    source: &EnvFrom,
    variable: &str,
) -> Given<'c> {
    let Some(key) = variable.strip_prefix(source.prefix.as_str()) else { return Given::Unset };
    if let Some(LocalReference { name, .. }) = &source.config_map_ref {
        return entry(cluster, namespace, name, key);
    }
    match &source.secret_ref {
        Some(LocalReference { name, .. }) => match secret_has(cluster, namespace, name, key) {
            Some(false) => Given::Unset,
            Some(true) => Given::Unread(format!("key {key} of Secret {namespace}/{name}")),
            None => Given::Unread(format!("the keys of Secret {namespace}/{name}")),
        },
        None => Given::Unset,
    }
}

/// Whether a Secret has a key; `None` where only its metadata, or not even that, was read.
fn secret_has(cluster: &Cluster, namespace: &str, name: &str, key: &str) -> Option<bool> {
    match cluster.secrets.get(namespace, name) {
        Some(secret) if secret.data.0.is_empty() => None,
        Some(secret) => Some(secret.data.0.iter().any(|one: &Str| **one == *key)),
        None => cluster.coverage.is_complete(Kind::Secret).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfort_model::{ClusterBuilder, Coverage, Listed, Object, SourceKind};
    use serde_json::{Value, json};

    const NAME: &str = "ARGOCD_SERVER_DISABLE_AUTH";
    const MAP: &str = "argocd-cmd-params-cm";
    const KEY: &str = "server.disable.auth";

    /// What a container is given beside some objects; a list of ConfigMaps that was read if asked.
    fn given(container: &Value, objects: &[Value], listed: bool) -> String {
        let mut builder = ClusterBuilder::new(SourceKind::Dump);
        for object in objects {
            builder.add(Object::read(object.to_string().as_bytes()).expect("an object"));
        }
        for kind in [Kind::ConfigMap, Kind::Secret].into_iter().filter(|_| listed) {
            builder.coverage().note(&Coverage::key(kind), Listed::Complete);
        }
        let cluster = builder.freeze();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
            "spec": {"containers": [container]}});
        let Ok(Object::Pod(pod)) = Object::read(pod.to_string().as_bytes()) else {
            panic!("a pod")
        };
        match variable(&cluster, "a", &pod.spec.containers[0], NAME) {
            Given::Unset => "unset".to_owned(),
            Given::To(value, from) => format!("{value:?} {from:?}"),
            Given::Unread(fact) => format!("unread: {fact}"),
        }
    }

    fn map(name: &str, key: &str, value: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"},
            "data": {key: value}})
    }

    fn reference(name: &str, key: &str, optional: bool) -> Value {
        json!({"name": "c", "env": [{"name": NAME, "valueFrom":
            {"configMapKeyRef": {"name": name, "key": key, "optional": optional}}}]})
    }

    #[test]
    fn a_variable_is_what_the_kubelet_makes_it() {
        let literal = json!({"name": "c", "env": [{"name": NAME, "value": "true"},
            {"name": NAME, "value": "false"}], "envFrom": [{"secretRef": {"name": "s"}}]});
        assert_eq!(given(&literal, &[], false), "\"false\" None");
        let told = reference(MAP, KEY, true);
        let set = given(&told, &[map(MAP, KEY, "true")], false);
        assert_eq!(set, format!("\"true\" Some((\"{MAP}\", \"{KEY}\"))"));
        assert_eq!(given(&told, &[map(MAP, "other", "true")], false), "unset");
        assert_eq!(given(&told, &[], true), "unset");
        let fact = format!("unread: key {KEY} of ConfigMap a/{MAP}, which was not read");
        assert_eq!(given(&told, &[], false), fact);
        let fact = format!("unread: key {KEY} of ConfigMap a/{MAP}, which is not there");
        assert_eq!(given(&reference(MAP, KEY, false), &[], true), fact);
        let other = given(&reference("mine", "k", true), &[map("mine", "k", "true")], true);
        assert_eq!(other, "unread: the value of key k of ConfigMap a/mine");
        assert_eq!(given(&json!({"name": "c"}), &[], false), "unset");
    }

    #[test]
    fn what_a_whole_source_may_hold_is_not_known() {
        let all = |source: Value| json!({"name": "c", "envFrom": [source]});
        let secret = |keys: Value| {
            json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "namespace": "a"}, "data": keys})
        };
        let whole = all(json!({"secretRef": {"name": "s"}}));
        assert_eq!(given(&whole, &[], false), "unread: the keys of Secret a/s");
        assert_eq!(given(&whole, &[secret(json!({"k": "dg=="}))], true), "unset");
        let named = given(&whole, &[secret(json!({NAME: "dg=="}))], true);
        assert_eq!(named, format!("unread: key {NAME} of Secret a/s"));
        let maps = all(json!({"configMapRef": {"name": "m"}}));
        assert_eq!(given(&maps, &[map("m", "k", "v")], false), "unset");
        let named = given(&maps, &[map("m", NAME, "true")], false);
        assert_eq!(named, format!("unread: the value of key {NAME} of ConfigMap a/m"));
        let cut = all(json!({"prefix": "ARGOCD_", "configMapRef": {"name": "m"}}));
        let named = given(&cut, &[map("m", "SERVER_DISABLE_AUTH", "true")], false);
        assert!(named.starts_with("unread: the value of key SERVER_DISABLE_AUTH"), "{named}");
        // An optional key that is not there leaves what the sources gave.
        let mut both = reference(MAP, "gone", true);
        both["envFrom"] = json!([{"secretRef": {"name": "s"}}]);
        assert_eq!(given(&both, &[], true), "unset");
        assert_eq!(given(&both, &[map(MAP, "k", "v")], false), "unread: the keys of Secret a/s");
    }
}
