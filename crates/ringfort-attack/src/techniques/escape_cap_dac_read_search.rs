//! `escape-cap-dac-read-search`: A root process with DAC_READ_SEARCH reaches beyond its container.

use crate::context::Context;
use crate::escape::{self, Found};
use crate::maker::Maker;
use crate::node::Files;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "escape-cap-dac-read-search",
    title: "open files of the node by handle",
    zone: Zone::InCluster,
    attack: &["T1611"],
    difficulty: Difficulty::D2,
    cut_by: &[FixKind::Pss, FixKind::Pod],
    doc: Doc {
        what: "A root process with DAC_READ_SEARCH reaches beyond its container.",
        when: "The container lists DAC_READ_SEARCH among its capabilities and is root, privileged beside it or not.",
        not: "DAC_READ_SEARCH asked for by a process that is not root: it holds nothing.",
        controls: "An effective user namespace or sandbox runtime removes it.",
        cut: "Drop DAC_READ_SEARCH.",
        upstream: "capabilities(7)",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    escape::each(context, maker, &TECHNIQUE, |one| {
        one.lists("DAC_READ_SEARCH")
            .then(|| Found::new([one.listed("DAC_READ_SEARCH")]).files(Files::All))
    });
}
