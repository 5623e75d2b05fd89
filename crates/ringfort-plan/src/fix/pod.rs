//! Fixes of pod specifications: a setting goes back to what is safe, a mount goes.
//!
//! They are made where the specification is written. A bare pod is replaced by a changed one
//! (almost nothing of its specification can be changed in place); the template of a Job cannot
//! be changed at all (batch/v1), so that the Job goes. Where the controller does not replace
//! running pods after a change of the template, the fix has a second step that does, or lifts
//! what holds the roll-out back.

use ringfort_attack::technique::FixKind;
use ringfort_attack::why::TokenSource;
use ringfort_language::{Sentence, message, sentence};
use ringfort_model::{ContainerKind, Kind, Object, Str, WorkloadKind};
use serde_json::{Value, json};

use crate::edits::{Edited, FieldEdit, ObjectEdit};
use crate::fix::running::running;
use crate::fix::{Desk, Fix, Remedy};
use crate::owner::{is_system, owner};
use crate::renew::is_token_volume;

const SYSTEM: &str = "the pod is a part of the cluster itself";
const UNWRITTEN: &str = "what is written now does not have it: pods of an earlier roll-out still run, or \
                         admission adds it";

const REFUSED: &str = "admission refuses the pod that the change would make";

/// Where a unit's specification is written.
struct Place {
    kind: Kind,
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
        let kind = WorkloadKind::from_name(&kind).map_or(Kind::Pod, Kind::Workload);
        let mut object = desk.attack.context.cluster.find(kind, &namespace, &name)?;
        // Fixes speak of fields, not of the lines they stand on.
        object.meta_mut().origin = None;
        let value = object.to_value();
        let base = format!("/{}", path.replace('.', "/"));
        Some(Self { kind, namespace, name, base, object, value })
    }

    /// The position where a container of the running pods is written: admission may have put
    /// others before it. `None` for one that admission added.
    fn container(&self, desk: &Desk<'_, '_>, unit: u32, list: &str, at: usize) -> Option<usize> {
        let spec = &desk.attack.context.units[unit as usize].spec;
        let containers = match list {
            "initContainers" => &spec.init_containers,
            "containers" => &spec.containers,
            _ => &spec.ephemeral_containers,
        };
        let name = containers.get(at)?.name.as_str();
        let written = self.get(&format!("/{list}"))?.as_array()?;
        written.iter().position(|one| one.get("name").and_then(Value::as_str) == Some(name))
    }

    fn title(&self) -> String {
        format!("{} {}/{}", self.kind.name(), self.namespace, self.name)
    }

    fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(&format!("{}{pointer}", self.base))
    }
}

/// One way to take a reason away.
struct Act {
    id: String,
    /// Without the value of `object`.
    title: Sentence,
    edits: Vec<FieldEdit>,
    breaks: String,
}

/// What can be done about a reason where it is written.
enum Found {
    Acts(Vec<Act>),
    /// It is not written there: admission added it, or an earlier template had it and its pods
    /// still run. No change of what is written now takes it away.
    Unwritten,
    Nothing,
}

impl From<Option<Act>> for Found {
    fn from(act: Option<Act>) -> Self {
        act.map_or(Self::Nothing, |act| Self::Acts(vec![act]))
    }
}

fn remedy(desk: &Desk<'_, '_>, unit: u32, acts: impl FnOnce(&Place) -> Found) -> Remedy {
    if is_system(desk.attack, unit) {
        return Remedy::Untouchable(SYSTEM);
    }
    let Some(place) = Place::new(desk, unit) else { return Remedy::Fact };
    let acts = match acts(&place) {
        Found::Acts(acts) => acts,
        Found::Unwritten => return Remedy::Untouchable(UNWRITTEN),
        Found::Nothing => return Remedy::Fact,
    };
    let edited = |edit: ObjectEdit| Edited {
        kind: place.kind,
        namespace: place.namespace.clone(),
        name: place.name.clone(),
        edit,
    };
    let object = place.title();
    let owner = owner(place.object.meta());
    if place.kind == Kind::Pod && place.object.meta().controller().is_some() {
        return Remedy::Untouchable("a controller that is not known makes the pod again");
    }
    if place.kind == Kind::Workload(WorkloadKind::Job) {
        return Remedy::Fixes(vec![Fix {
            id: format!("delete:{object}"),
            title: sentence!("delete {object}, whose template cannot be changed", object = &object),
            kind: FixKind::Pod,
            edits: vec![edited(ObjectEdit::Delete)],
            cost: desk.costs.workload,
            breadth: 1,
            breaks: vec![format!("{object} stops; make it again without the setting")],
            owner,
        }]);
    }
    let running = running(desk, unit, &place.object, &object);
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
        let mut fields: Vec<FieldEdit> = act.edits.into_iter().map(below).collect();
        fields.extend(running.release.iter().cloned());
        let mut edits = vec![edited(ObjectEdit::Fields(fields))];
        if running.restart {
            edits.push(edited(ObjectEdit::Restart));
        }
        let mut breaks = vec![act.breaks];
        breaks.extend(running.breaks.clone());
        Fix {
            id: format!("{}:{object}", act.id),
            title: act.title.with("object", &object),
            kind: FixKind::Pod,
            edits,
            cost: desk.costs.workload,
            breadth: 1,
            breaks,
            owner: owner.clone(),
        }
    };
    let fixes: Vec<Fix> = acts.into_iter().map(fix).collect();
    let (refused, fixes): (Vec<Fix>, Vec<Fix>) =
        fixes.into_iter().partition(|fix| desk.refuses(unit, &place.object, fix));
    match fixes.is_empty() && !refused.is_empty() {
        true => Remedy::Untouchable(REFUSED),
        false => Remedy::Fixes(fixes),
    }
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
    let unit_spec = &desk.attack.context.units[unit as usize].spec;
    let host_port = path.ends_with(".hostPort");
    if host_port && unit_spec.host_network != Some(true) {
        return remedy(desk, unit, |place| {
            let edits = ports(place, |_| true);
            if edits.is_empty() {
                return Found::Unwritten;
            }
            Found::Acts(vec![Act {
                id: "no-host-ports".to_owned(),
                title: Sentence::plain(message!("open no port of the node for {object}")),
                edits,
                breaks: "clients that use the addresses of its nodes".to_owned(),
            }])
        });
    }
    if *path == *"hostUsers" {
        return user_namespace(desk, unit);
    }
    // On the host network a container's ports are the node's.
    let path = &if host_port { Str::new("hostNetwork") } else { path.clone() };
    let is_flag = is_flag || host_port;
    if is_flag {
        return remedy(desk, unit, |place| {
            if !place.get(&format!("/{path}")).is_some_and(|value| *value == json!(true)) {
                return Found::Unwritten;
            }
            let mut edits =
                vec![FieldEdit::Set { pointer: format!("/{path}"), value: json!(false) }];
            if *path == *"hostNetwork" {
                edits.extend(defaulted_ports(place));
            }
            Found::Acts(vec![Act {
                id: format!("unset:{path}"),
                title: Sentence::plain(message!("switch {field} off in {object}"))
                    .with("field", path.as_str()),
                edits,
                breaks: format!("what its processes do through {path}"),
            }])
        });
    }
    let Some((list, index, rest)) = in_container(path) else { return Remedy::Fact };
    let safe = match rest {
        "securityContext.privileged" => json!(false),
        "securityContext.procMount" => json!("Default"),
        "securityContext.windowsOptions.hostProcess" => json!(false),
        "securityContext.capabilities.add" => Value::Null,
        _ => return Remedy::Fact,
    };
    remedy(desk, unit, |place| {
        let Some(index) = place.container(desk, unit, list, index) else { return Found::Unwritten };
        let pointer = format!("/{list}/{index}/{}", rest.replace('.', "/"));
        if place.get(&pointer).is_none_or(|value| *value == safe) {
            return Found::Unwritten;
        }
        match rest {
            "securityContext.capabilities.add" => {
                let act = drop(place, list, index, &pointer, value);
                act.map_or(Found::Unwritten, |act| Found::Acts(vec![act]))
            }
            _ => unset(place, list, index, pointer, safe).into(),
        }
    })
}

fn unset(place: &Place, list: &str, index: usize, pointer: String, safe: Value) -> Option<Act> {
    let name = place.get(&format!("/{list}/{index}/name"))?.as_str()?.to_owned();
    let field = pointer.rsplit('/').next().unwrap_or_default().to_owned();
    Some(Act {
        id: format!("unset:{name}:{field}"),
        title: Sentence::plain(message!("switch {field} off for container {name} of {object}"))
            .with("field", &field)
            .with("name", &name),
        edits: vec![is_container(place, list, index)?, FieldEdit::Set { pointer, value: safe }],
        breaks: format!("what container {name} does because of {field}"),
    })
}

fn drop(place: &Place, list: &str, index: usize, pointer: &str, capability: &str) -> Option<Act> {
    let name = place.get(&format!("/{list}/{index}/name"))?.as_str()?.to_owned();
    let mut edits = vec![is_container(place, list, index)?];
    for (at, one) in place.get(pointer)?.as_array()?.iter().enumerate() {
        let upper = one.as_str()?.to_ascii_uppercase();
        let plain = upper.strip_prefix("CAP_").unwrap_or(&upper);
        if plain == capability || plain == "ALL" {
            let pointer = format!("{pointer}/{at}");
            edits.push(FieldEdit::Test { pointer: pointer.clone(), value: one.clone() });
            edits.push(FieldEdit::Remove { pointer });
        }
    }
    (edits.len() > 1).then(|| Act {
        id: format!("drop-capability:{name}:{capability}"),
        title: Sentence::plain(message!(
            "take capability {capability} from container {name} of {object}"
        ))
        .with("capability", capability)
        .with("name", &name),
        edits,
        breaks: format!("what container {name} does with capability {capability}"),
    })
}

/// Ports of the node that the API server filled in because of hostNetwork
/// (SetDefaults_PodSpec): they would stay when it goes.
fn defaulted_ports(place: &Place) -> Vec<FieldEdit> {
    ports(place, |port| port.get("hostPort") == port.get("containerPort"))
}

/// Removals of the host ports that are meant.
fn ports(place: &Place, is_meant: impl Fn(&Value) -> bool) -> Vec<FieldEdit> {
    let mut found = Vec::new();
    for list in ["initContainers", "containers"] {
        let containers = place.get(&format!("/{list}")).and_then(Value::as_array);
        for (at, container) in containers.into_iter().flatten().enumerate() {
            let ports = container.get("ports").and_then(Value::as_array);
            for (port, one) in ports.into_iter().flatten().enumerate() {
                if let Some(value) = one.get("hostPort").filter(|_| is_meant(one)) {
                    let pointer = format!("/{list}/{at}/ports/{port}/hostPort");
                    let value = value.clone();
                    found.push(FieldEdit::Test { pointer: pointer.clone(), value });
                    found.push(FieldEdit::Remove { pointer });
                }
            }
        }
    }
    found
}

/// Gives the pod users of its own, where that is sure to work on every node that runs it. A
/// runtime class is no such fix: its name proves no sandbox (semantics EFF-RTC).
fn user_namespace(desk: &Desk<'_, '_>, unit: u32) -> Remedy {
    let context = &desk.attack.context;
    let one = &context.units[unit as usize];
    let works = |node| ringfort_attack::user_namespace_holds(context, &one.spec, node);
    if one.nodes.is_empty() || !one.nodes.iter().all(|node| works(*node)) {
        return Remedy::Fact;
    }
    remedy(desk, unit, |place| {
        if place.get("/hostUsers").is_some_and(|value| *value == json!(false)) {
            return Found::Unwritten;
        }
        Found::Acts(vec![Act {
            id: "user-namespace".to_owned(),
            title: Sentence::plain(message!(
                "give users of its own (hostUsers: false) to {object}"
            )),
            edits: vec![FieldEdit::Set { pointer: "/hostUsers".to_owned(), value: json!(false) }],
            breaks: "what its processes do as root of the node, and files of the node's users"
                .to_owned(),
        }])
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
    let spec = &desk.attack.context.units[unit as usize].spec;
    let mounted = spec
        .all_containers()
        .find(|(list, at, _)| *list == kind && *at == container)
        .and_then(|(.., one)| one.volume_mounts.get(mount))
        .map(|mount| mount.mount_path.clone());
    let (Some(mounted), false) = (mounted, kind == ContainerKind::Ephemeral) else {
        return Remedy::Fact;
    };
    remedy(desk, unit, |place| {
        let Some(at) = place.container(desk, unit, kind.field(), container) else {
            return Found::Unwritten;
        };
        unmount(place, kind, at, |at| at == mounted.as_str(), path)
    })
}

/// Takes away the mount whose path is meant.
fn unmount(
    place: &Place,
    kind: ContainerKind,
    container: usize,
    is_meant: impl Fn(&str) -> bool,
    path: &str,
) -> Found {
    let list = kind.field();
    let at = format!("/{list}/{container}");
    let name = place.get(&format!("{at}/name")).and_then(Value::as_str).unwrap_or_default();
    let mounts = place.get(&format!("{at}/volumeMounts")).and_then(Value::as_array);
    let meant = mounts.into_iter().flatten().enumerate().filter_map(|(index, mount)| {
        let mounted = mount.get("mountPath")?.as_str()?;
        is_meant(mounted).then_some((index, mounted))
    });
    // Of mounts one below the other the deepest holds the file.
    let Some((index, mounted)) = meant.max_by_key(|(_, mounted)| mounted.len()) else {
        return Found::Unwritten;
    };
    let pointer = format!("{at}/volumeMounts/{index}");
    let Some(test) = is_container(place, list, container) else { return Found::Nothing };
    Found::Acts(vec![Act {
        id: format!("unmount:{name}:{mounted}"),
        title: Sentence::plain(message!("do not mount {path} in container {name} of {object}"))
            .with("path", path)
            .with("name", name),
        edits: vec![
            test,
            FieldEdit::Test { pointer: format!("{pointer}/mountPath"), value: json!(mounted) },
            FieldEdit::Remove { pointer },
        ],
        breaks: format!("what container {name} does with {path}"),
    }])
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
            let written = place.get("/automountServiceAccountToken");
            if place.kind != Kind::Pod && written.is_some_and(|value| *value == json!(false)) {
                return Found::Unwritten;
            }
            let mut edits = vec![FieldEdit::Set {
                pointer: "/automountServiceAccountToken".to_owned(),
                value: json!(false),
            }];
            if place.kind == Kind::Pod {
                edits.extend(written_by_admission(place));
            }
            Found::Acts(vec![Act {
                id: "no-token".to_owned(),
                title: Sentence::plain(message!("mount no API token in {object}")),
                edits,
                breaks: "requests of its processes to the API server".to_owned(),
            }])
        });
    }
    if kind == ContainerKind::Ephemeral {
        return Remedy::Fact;
    }
    remedy(desk, unit, |place| {
        let Some(at) = place.container(desk, unit, kind.field(), container) else {
            return Found::Unwritten;
        };
        // A token file lies below the path of its mount.
        let holds = |mounted: &str| {
            let rest = path.strip_prefix(mounted.trim_end_matches('/'));
            !mounted.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        unmount(place, kind, at, holds, path)
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
