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
    }
}
has_meta!(CustomResourceDefinition, Other);
