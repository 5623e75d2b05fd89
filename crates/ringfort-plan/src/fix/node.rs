//! Fixes of nodes: an upgrade of what runs pods. It is made on the machine, not through the API;
//! the model is given the version that the node will show.
//!
//! An upgrade is offered where a version that is shown lies in the range of an advisory. Flaws of
//! what no object shows (the low-level runtime, the kernel's patches) are no edges of the graph
//! unless they are assumed, and no version proves them mended: no fix is offered for them. Nor is
//! one that dedicates nodes to pods: where the scheduler would put the others is not decided here.

use ringfort_attack::technique::FixKind;
use ringfort_attack::vectors::runtime::mended;
use ringfort_language::sentence;
use ringfort_model::{Kind, Str};
use serde_json::json;

use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::{Manager, Owner};

const RUNTIME: &str = "/status/nodeInfo/containerRuntimeVersion";

/// Upgrades the runtime of every node that shows this version.
pub(super) fn field(desk: &Desk<'_, '_>, path: &str, value: &Str) -> Remedy {
    if path != "status.nodeInfo.containerRuntimeVersion" {
        return Remedy::Fact;
    }
    let Some((advisory, version)) = mended(value) else { return Remedy::Fact };
    let info = |node: &ringfort_model::record::Node| {
        let info = node.status.as_ref()?.node_info.as_ref()?;
        Some(info.container_runtime_version.clone())
    };
    let nodes = desk.attack.context.cluster.nodes.iter();
    let edits: Vec<Edited> = nodes
        .filter(|node| info(node).as_ref() == Some(value))
        .map(|node| Edited {
            kind: Kind::Node,
            namespace: Str::default(),
            name: node.metadata.name.clone(),
            edit: ObjectEdit::Fields(vec![
                FieldEdit::Test { pointer: RUNTIME.to_owned(), value: json!(value.as_str()) },
                FieldEdit::Set { pointer: RUNTIME.to_owned(), value: json!(version) },
            ]),
        })
        .collect();
    let count = edits.len();
    Remedy::Fixes(vec![Fix {
        id: format!("upgrade:{value}"),
        title: sentence!(
            "upgrade {runtime} of {count} nodes to {version}, which mends {advisory}",
            runtime = value.as_str(),
            count,
            version,
            advisory
        ),
        kind: FixKind::Node,
        edits,
        cost: desk.costs.architecture,
        breadth: count as u32,
        breaks: vec![format!("pods of {count} nodes are drained while they are upgraded")],
        owner: Owner { namespace: String::new(), team: None, manager: Manager::Nobody },
    }])
}
