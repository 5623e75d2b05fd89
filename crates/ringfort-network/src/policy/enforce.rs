//! Whether anything enforces network policies (EFF-NP, NP-11). What policies say and whether
//! they have an effect are two questions.

use ringfort_model::Cluster;

use crate::policy::rule::Tri;

/// Evidence of enforcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    blocks: Tri,
}

impl Enforcement {
    /// Looks for it.
    #[must_use]
    pub fn new(_cluster: &Cluster) -> Self {
        Self { blocks: Tri::Unknown }
    }

    /// Whether an `ipBlock` means pods by their address.
    #[must_use]
    pub fn blocks_match_pods(&self) -> Tri {
        self.blocks
    }
}
