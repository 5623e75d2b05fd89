//! The built-in vulnerable cluster: objects of our own, embedded.

use anyhow::Result;
use ringfort_collect::{Collected, Options, read_objects};
use ringfort_model::KubeVersion;

const OBJECTS: &str = include_str!("demo.yaml");
const COMPLETE: &str = r#"{"complete": true}"#;

/// Reads the demo cluster.
pub(crate) fn cluster() -> Result<Collected> {
    let options =
        Options { version: Some(KubeVersion::minor(36)), threads: 1, ..Options::default() };
    let texts = [("complete.json", COMPLETE.as_bytes()), ("demo.yaml", OBJECTS.as_bytes())];
    let mut collected = read_objects(&texts, &options)?;
    "built-in demo cluster".clone_into(&mut collected.described);
    Ok(collected)
}
