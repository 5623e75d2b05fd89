//! Fixes of pod specifications: a setting goes back to what is safe, a mount goes.
//!
//! They are made where the specification is written. A bare pod is replaced by a changed one
//! (almost nothing of its specification can be changed in place); the template of a Job cannot
//! be changed at all (batch/v1), so that the Job goes.

use ringfort_attack::technique::FixKind;
use ringfort_attack::why::TokenSource;
use ringfort_model::{ContainerKind, Kind, Object, Str, WorkloadKind};
use serde_json::{Value, json};

use crate::change::is_token_volume;
use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::{is_system, owner};

const SYSTEM: &str = "the pod is a part of the cluster itself";

/// Where a unit's specification is written.
struct Place {
    kind: String,
    namespace: Str,
    name: Str,
    /// JSON pointer of the pod specification.
    base: String,
    object: Object,
    /// The object as JSON.
    value: Value,
}

impl Place {
    fn new(desk: &Desk<'_, '_>, unit: u32) -> Option<Self> {
        let (kind, namespace, name, path) = desk.attack.written_in(unit);
        let model = WorkloadKind::from_name(&kind).map_or(Kind::Pod, Kind::Workload);
        let object = desk.attack.context.cluster.find(model, &namespace, &name)?;
        let value = serde_json::from_slice(&object.to_json()).ok()?;
        let base = format!("/{}", path.replace('.', "/"));
        Some(Self { kind, namespace, name, base, object, value })
    }

    fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(&format!("{}{pointer}", self.base))
    }
}

/// One way to take a reason away.
struct Act {
    id: String,
    title: String,
    edits: Vec<FieldEdit>,
    breaks: String,
}

fn remedy(desk: &Desk<'_, '_>, unit: u32, acts: impl FnOnce(&Place) -> Option<Vec<Act>>) -> Remedy {
    if is_system(desk.attack, unit) {
        return Remedy::Untouchable(SYSTEM);
    }
    let Some(place) = Place::new(desk, unit) else { return Remedy::Fact };
    let Some(acts) = acts(&place) else { return Remedy::Fact };
    let edited = |edit: ObjectEdit| Edited {
        kind: place.kind.clone(),
        namespace: place.namespace.clone(),
        name: place.name.clone(),
        edit,
    };
    let object = place.title();
    let owner = owner(place.object.meta());
    if place.kind == "Pod" && place.object.meta().controller().is_some() {
        return Remedy::Untouchable("a controller that is not known makes the pod again");
    }
    if place.kind == "Job" {
        return Remedy::Fixes(vec![Fix {
            id: format!("delete:{object}"),
            title: format!("delete {object}, whose template cannot be changed"),
            kind: FixKind::Pod,
            edits: vec![edited(ObjectEdit::Delete)],
            cost: desk.costs.workload,
            breadth: 1,
            breaks: vec![format!("{object} stops; make it again without the setting")],
            owner,
        }]);
    }
    let fix = |act: Act| {
        let base = &place.base;
        let below = |edit: FieldEdit| match edit {
            FieldEdit::Set { pointer, value } => {
                FieldEdit::Set { pointer: format!("{base}{pointer}"), value }
            }
            FieldEdit::Remove { pointer } => {
                FieldEdit::Remove { pointer: format!("{base}{pointer}") }
            }
            FieldEdit::Test { pointer, value } => {
                FieldEdit::Test { pointer: format!("{base}{pointer}"), value }
            }
        };
        Fix {
            id: format!("{}:{object}", act.id),
            title: format!("{} {object}", act.title),
            kind: FixKind::Pod,
            edits: vec![edited(ObjectEdit::Fields(act.edits.into_iter().map(below).collect()))],
            cost: desk.costs.workload,
            breadth: 1,
            breaks: vec![act.breaks],
            owner: owner.clone(),
        }
    };
    Remedy::Fixes(acts.into_iter().map(fix).collect())
}

/// A test that the container at a position is the one that was meant.
fn is_container(place: &Place, list: &str, index: usize) -> Option<FieldEdit> {
    let pointer = format!("/{list}/{index}/name");
    let value = place.get(&pointer)?.clone();
    Some(FieldEdit::Test { pointer, value })
}

/// `containers[0].securityContext.privileged` as the list, the index, and the rest.
fn in_container(path: &str) -> Option<(&str, usize, &str)> {
    let (list, rest) = path.split_once('[')?;
    let (index, rest) = rest.split_once(']')?;
    let rest = rest.strip_prefix('.')?;
    matches!(list, "containers" | "initContainers").then_some((list, index.parse().ok()?, rest))
}

/// Sets a field of a pod specification back.
pub(super) fn field(desk: &Desk<'_, '_>, unit: u32, path: &Str, value: &Str) -> Remedy {
    let is_flag =
        matches!(path.as_str(), "hostPID" | "hostIPC" | "hostNetwork" | "shareProcessNamespace");
    if is_flag {
        return remedy(desk, unit, |_| {
            Some(vec![Act {
                id: format!("unset:{path}"),
                title: format!("switch {path} off in"),
                edits: vec![FieldEdit::Set { pointer: format!("/{path}"), value: json!(false) }],
                breaks: format!("what its processes do through {path}"),
            }])
        });
    }
    let Some((list, index, rest)) = in_container(path) else { return Remedy::Fact };
    let at = format!("/{list}/{index}");
    let safe = match rest {
        "securityContext.privileged" => json!(false),
        "securityContext.procMount" => json!("Default"),
        "securityContext.windowsOptions.hostProcess" => json!(false),
        "securityContext.capabilities.add" => Value::Null,
        _ => return Remedy::Fact,
    };
    remedy(desk, unit, |place| {
        let pointer = format!("{at}/{}", rest.replace('.', "/"));
        let name = place.get(&format!("{at}/name"))?.as_str()?.to_owned();
        let mut edits = vec![is_container(place, list, index)?];
        let (id, title, breaks) = if rest == "securityContext.capabilities.add" {
            let held = place.get(&pointer)?.as_array()?.iter().enumerate();
            let same = held.filter_map(|(at, one)| {
                let one = one.as_str()?;
                let upper = one.to_ascii_uppercase();
                let plain = upper.strip_prefix("CAP_").unwrap_or(&upper);
                (plain == value.as_str() || plain == "ALL").then(|| (at, one.to_owned()))
            });
            for (at, one) in same {
                let pointer = format!("{pointer}/{at}");
                edits.push(FieldEdit::Test { pointer: pointer.clone(), value: json!(one) });
                edits.push(FieldEdit::Remove { pointer });
            }
            (
                format!("drop-capability:{name}:{value}"),
                format!("take capability {value} from container {name} of"),
                format!("what container {name} does with capability {value}"),
            )
        } else {
            place.get(&pointer)?;
            edits.push(FieldEdit::Set { pointer, value: safe });
            let field = rest.rsplit('.').next().unwrap_or(rest);
            (
                format!("unset:{name}:{field}"),
                format!("switch {field} off for container {name} of"),
                format!("what container {name} does because of {field}"),
            )
        };
        (edits.len() > 1).then(|| vec![Act { id, title, edits, breaks }])
    })
}

/// Takes a mount of the node's files away.
pub(super) fn mount(
    desk: &Desk<'_, '_>,
    unit: u32,
    kind: ContainerKind,
    container: usize,
    mount: usize,
    path: &Str,
) -> Remedy {
    if kind == ContainerKind::Ephemeral {
        return Remedy::Fact;
    }
    remedy(desk, unit, |place| Some(vec![unmount(place, kind, container, mount, path)?]))
}

fn unmount(
    place: &Place,
    kind: ContainerKind,
    container: usize,
    mount: usize,
    path: &str,
) -> Option<Act> {
    let list = kind.field();
    let at = format!("/{list}/{container}");
    let name = place.get(&format!("{at}/name"))?.as_str()?;
    let pointer = format!("{at}/volumeMounts/{mount}");
    let mounted = place.get(&format!("{pointer}/mountPath"))?;
    Some(Act {
        id: format!("unmount:{name}:{}", mounted.as_str()?),
        title: format!("do not mount {path} in container {name} of"),
        edits: vec![
            is_container(place, list, container)?,
            FieldEdit::Test { pointer: format!("{pointer}/mountPath"), value: mounted.clone() },
            FieldEdit::Remove { pointer },
        ],
        breaks: format!("what container {name} does with {path}"),
    })
}

/// Takes a token away from a container.
pub(super) fn token(
    desk: &Desk<'_, '_>,
    unit: u32,
    kind: ContainerKind,
    container: usize,
    path: &Str,
    how: TokenSource,
) -> Remedy {
    if how == TokenSource::Automount {
        return remedy(desk, unit, |place| {
            let mut edits = vec![FieldEdit::Set {
                pointer: "/automountServiceAccountToken".to_owned(),
                value: json!(false),
            }];
            if place.kind == "Pod" {
                edits.extend(written_by_admission(place));
            }
            Some(vec![Act {
                id: "no-token".to_owned(),
                title: "mount no API token in".to_owned(),
                edits,
                breaks: "requests of its processes to the API server".to_owned(),
            }])
        });
    }
    if kind == ContainerKind::Ephemeral {
        return Remedy::Fact;
    }
    remedy(desk, unit, |place| {
        let mounts = place.get(&format!("/{}/{container}/volumeMounts", kind.field()))?;
        // A token file lies below the path of its mount.
        let of = |mount: &Value| {
            let at = mount.get("mountPath").and_then(Value::as_str).unwrap_or_default();
            !at.is_empty() && path.starts_with(at)
        };
        let at = mounts.as_array()?.iter().position(of)?;
        Some(vec![unmount(place, kind, container, at, path)?])
    })
}

/// What admission wrote into a running pod for its token: it would be kept by a replacement.
fn written_by_admission(place: &Place) -> Vec<FieldEdit> {
    let mut found = Vec::new();
    let mut lists = vec!["/volumes".to_owned()];
    for list in ["initContainers", "containers"] {
        let containers = place.get(&format!("/{list}")).and_then(Value::as_array);
        let count = containers.map_or(0, Vec::len);
        lists.extend((0..count).map(|at| format!("/{list}/{at}/volumeMounts")));
    }
    for list in lists {
        let items = place.get(&list).and_then(Value::as_array).into_iter().flatten().enumerate();
        let added = items.filter(|(_, item)| is_token_volume(item));
        found.extend(added.map(|(at, _)| FieldEdit::Remove { pointer: format!("{list}/{at}") }));
    }
    found
}
