//! `image-vuln-entry`: Whoever reaches a listener exploits a vulnerability of the image that serves it.

use crate::context::Context;
use crate::maker::Draft;
use crate::maker::Maker;
use crate::node::NodeKey;
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::vectors::exposed;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "image-vuln-entry",
    title: "exploit the image behind the listener",
    zone: Zone::Initial,
    attack: &["T1190"],
    difficulty: Difficulty::D3,
    cut_by: &[FixKind::Image, FixKind::Netpol],
    doc: Doc {
        what: "Whoever reaches a listener exploits a vulnerability of the image that serves it.",
        when: "A listener that V7 says is reachable from outside. Whether its image is vulnerable needs a scan, so the edge is unknown.",
        not: "A workload that nothing exposes.",
        controls: "A scan, with the packages that are loaded.",
        cut: "Update the image; remove the exposure.",
        upstream: "initial access: V7",
    },
    find,
};

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for (unit, why) in exposed(context) {
        for to in context.pods_of(unit) {
            let draft = Draft::new(NodeKey::Listener(unit), to).because(why.clone());
            maker.edge(draft.unknown("a vulnerability scan of the images"));
        }
    }
}
