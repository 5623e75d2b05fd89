//! Credentials that stand where every reader of an object finds them: in specifications of pods,
//! ConfigMaps and annotations.

use ringfort_attack::evidence::target;
use ringfort_attack::{Evidence, NodeKey, Why};
use ringfort_model::record::Annotated;
use ringfort_model::record::custom::resource;
use ringfort_model::{Kind, credential};

use crate::facts::field;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::pods;
use crate::world::{Place, World};

/// Judges every object by the classes of credential in it; one whose value the source hides leaves
/// it unknown.
pub(crate) fn judge(
    world: &World<'_>,
    out: &mut Outcomes,
    is_meant: impl Fn(&str) -> bool,
    missing: &str,
) {
    for place in world.places() {
        let mut seen = Seen::new(&is_meant, missing);
        for (kind, index, container) in place.unit.spec.all_containers() {
            for (path, class) in container.held() {
                let path = format!("{}[{index}].{path}", kind.field());
                seen.add(class, || place.field(path, class));
            }
        }
        annotations(world, &place, &mut seen);
        let mut verdict = seen.verdict();
        if let Verdict::Fail(fault) = &mut verdict {
            pods::complete(world, &place, fault);
        }
        out.add(world.owner(place.at), verdict);
    }
    for map in &world.cluster.config_maps {
        let meta = &map.metadata;
        let mut seen = Seen::new(&is_meant, missing);
        for (path, class) in map.held() {
            let why = || field("ConfigMap", &meta.namespace, &meta.name, (&path, class));
            seen.add(class, why);
        }
        let mut verdict = seen.verdict();
        if let Verdict::Fail(fault) = &mut verdict {
            fault.at.insert(NodeKey::ConfigMap(meta.namespace.clone(), meta.name.clone()));
        }
        out.add(Object::new("ConfigMap", &meta.namespace, &meta.name), verdict);
    }
    world.cluster.each_meta(&mut |kind, meta| {
        // Those of pods and of their templates are their units'.
        if kind == Kind::Pod || meta.credentials.is_empty() {
            return;
        }
        let mut seen = Seen::new(&is_meant, missing);
        for one in &meta.credentials {
            let path = path_of("metadata", one);
            let why = || field(kind.name(), &meta.namespace, &meta.name, (&path, &one.class));
            seen.add(&one.class, why);
        }
        out.add(Object::new(kind.name(), &meta.namespace, &meta.name), seen.verdict());
    });
    for other in world.cluster.others.iter().filter(|one| !one.metadata.credentials.is_empty()) {
        let meta = &other.metadata;
        let mut seen = Seen::new(&is_meant, missing);
        let object = Object::new(&other.kind, &meta.namespace, &meta.name);
        for one in &meta.credentials {
            seen.show(&one.class, || Evidence {
                object: object.to_string(),
                field: path_of("metadata", one),
                value: one.class.to_string(),
                command: format!(
                    "kubectl get {} -o yaml",
                    target(&resource(other.group(), &other.kind), &meta.namespace, &meta.name)
                ),
            });
        }
        out.add(object, seen.verdict());
    }
}

/// Annotations of a group of pods, where they are written: in the template, else in the pod.
fn annotations(world: &World<'_>, place: &Place<'_>, seen: &mut Seen<'_>) {
    if place.unit.credentials.is_empty() {
        return;
    }
    let (kind, _, _, spec) = world.attack.written_in(place.at);
    let meta = match kind.as_str() {
        "Pod" => "metadata".to_owned(),
        _ => format!("{}.metadata", spec.strip_suffix(".spec").unwrap_or(spec)),
    };
    for one in &place.unit.credentials {
        let why = || world.owner_field(place.at, &path_of(&meta, one), &one.class);
        seen.add(&one.class, why);
    }
}

fn path_of(meta: &str, one: &Annotated) -> String {
    format!("{meta}.annotations[{}]", one.annotation)
}

/// What was seen of an object.
struct Seen<'m> {
    is_meant: &'m dyn Fn(&str) -> bool,
    missing: &'m str,
    spots: Vec<Why>,
    shown: Vec<Evidence>,
    unread: bool,
}

impl<'m> Seen<'m> {
    fn new(is_meant: &'m dyn Fn(&str) -> bool, missing: &'m str) -> Self {
        Self { is_meant, missing, spots: Vec::new(), shown: Vec::new(), unread: false }
    }

    fn add(&mut self, class: &str, why: impl FnOnce() -> Why) {
        self.unread |= class == credential::UNREAD;
        if (self.is_meant)(class) {
            self.spots.push(why());
        }
    }

    fn show(&mut self, class: &str, evidence: impl FnOnce() -> Evidence) {
        self.unread |= class == credential::UNREAD;
        if (self.is_meant)(class) {
            self.shown.push(evidence());
        }
    }

    fn verdict(self) -> Verdict {
        let missing = self.unread.then(|| self.missing.to_owned());
        match self.shown.is_empty() {
            true => Verdict::with(self.spots, missing.into_iter().collect()),
            false => Verdict::Fail(Fault { shown: self.shown, ..Fault::of(self.spots) }),
        }
    }
}
