//! What is dropped before an object enters the model: values of Secrets, and values of
//! ConfigMaps and environment variables other than documented settings, and annotations that no
//! rule reads, of all of which only the class of credential is kept (see [`crate::credential`]);
//! command lines beyond the flags that a rule reads.

mod annotations;
mod config_maps;
mod pods;

use std::sync::Arc;

use crate::credential::Finder;
use crate::kinds::Object;
use crate::record::Secret;
use crate::text::Str;

pub use config_maps::keeps_entry;
pub(crate) use pods::held_in;
pub use pods::keeps_variable;

/// Where an object comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comes {
    /// A server or a file.
    FromOutside,
    /// The model wrote it: what stands for values in it was put there on the first reading.
    FromModel,
}

/// Removes what must not be kept.
pub(crate) fn scrub(object: &mut Object, comes: Comes) {
    annotations::scrub(object.meta_mut());
    match object {
        Object::Pod(pod) => pods::scrub(Arc::make_mut(&mut pod.spec), comes),
        Object::Workload(workload) => {
            if let Some(template) = workload.pod_template_mut() {
                if let Some(meta) = &mut template.metadata {
                    annotations::scrub(meta);
                }
                if let Some(spec) = &mut template.spec {
                    pods::scrub(Arc::make_mut(spec), comes);
                }
            }
        }
        Object::ConfigMap(config) => config_maps::scrub(config),
        Object::Secret(secret) => {
            // Who reads its annotations reads its values.
            let gone = std::mem::take(&mut secret.metadata.credentials);
            let kept = |key: &str, value: &str| {
                !value.is_empty() || gone.iter().all(|one| one.annotation != *key)
            };
            secret.metadata.annotations = secret.metadata.annotations.filtered(kept);
            scrub_secret(secret);
        }
        _ => {}
    }
}

/// What a Secret's values are, its `stringData` joined with its `data`.
fn scrub_secret(secret: &mut Secret) {
    let mut names: Vec<Str> = secret.data.0.to_vec();
    let held = std::mem::take(&mut secret.data.1);
    let mut classes: Vec<Str> = held.iter().map(|one| one.class.clone()).collect();
    let text = std::mem::take(&mut secret.string_data);
    if names.is_empty() && text.is_empty() {
        secret.credentials = None;
        return;
    }
    let mut finder = Finder::default();
    for (key, value) in text.iter() {
        finder.secret_entry(key, value);
    }
    classes.extend(finder.classes().into_iter().map(Str::new));
    names.extend(text.iter().map(|(key, _)| key.clone()));
    for list in [&mut names, &mut classes] {
        list.sort();
        list.dedup();
    }
    secret.data.0 = names.into();
    secret.credentials = Some(classes.into());
}
