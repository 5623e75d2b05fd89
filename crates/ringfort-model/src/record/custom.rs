//! Custom resource definitions, and every kind that no rule looks into: metadata only.

use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::text::Str;
use crate::wire::record;

record! {
    /// CustomResourceDefinition.
    pub struct CustomResourceDefinition {
        pub metadata: Meta,
        pub spec: Option<DefinitionSpec>,
    }
    /// CustomResourceDefinitionSpec without schemas.
    pub struct DefinitionSpec {
        pub group: Str,
        pub names: Option<DefinitionNames>,
        pub scope: Str,
    }
    /// CustomResourceDefinitionNames.
    pub struct DefinitionNames {
        pub kind: Str,
        pub plural: Str,
    }
    /// Any other object: its type and its name.
    pub struct Other {
        pub api_version: Str,
        pub kind: Str,
        pub metadata: Meta,
        /// `spec` as canonical JSON, for kinds by which a policy engine is set up; never read
        /// from the object itself.
        #[serde(rename = "x-ringfort-spec")]
        pub spec: Option<Str>,
    }
}
has_meta!(CustomResourceDefinition, Other);

/// API groups of policy engines, whose objects say what the engine enforces.
const POLICY_ENGINES: &[&str] = &[
    "kyverno.io",
    "policies.kyverno.io",
    "config.gatekeeper.sh",
    "constraints.gatekeeper.sh",
    "policies.kubewarden.io",
];

impl Other {
    /// The API group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Keeps `spec` of the object's JSON, if its kind sets up a policy engine.
    pub(crate) fn keep_spec(&mut self, json: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Body {
            spec: Option<serde_json::Value>,
        }
        if self.spec.is_some() || !POLICY_ENGINES.contains(&self.group()) {
            return;
        }
        let body: Option<Body> = serde_json::from_slice(json).ok();
        self.spec = body.and_then(|body| body.spec).map(|spec| Str::from(spec.to_string()));
    }
}
