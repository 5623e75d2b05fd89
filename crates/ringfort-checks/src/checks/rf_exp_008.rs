//! RF-EXP-008: ingress annotations allow configuration injection.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::checks::rf_cp_007::open_to;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::settings::{Setting, setting};
use crate::versions::{Answer, Gives, Site, concerning, support};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::operator;
use ringfort_attack::recognise::known;
use ringfort_model::{Kind, Str, go_bool};
use ringfort_network::policy::Tri;

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-008",
    title: "Ingress annotations allow configuration injection",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["CKV_K8S_153", "CKV_K8S_154", "C-0059", "C-0292"],
    reads: &[Kind::Pod, Kind::Ingress, Kind::ConfigMap],
    doc: Doc {
        why: "A snippet is configuration of the controller, which reads the Secrets of every namespace that it serves.",
        fails: "A running ingress-nginx lets annotations carry snippets, or its version lies in the range of an advisory by which configuration is injected, or is maintained no more; an Ingress uses a snippet that such a controller reads.",
        not: "Other controllers, which read no snippets; snippets that the controller refuses.",
        unknown: "The version or the settings of the controller.",
        fix: "Set allow-snippet-annotations to false, and move to a maintained controller.",
    },
    judge: Judge::Cluster(judge),
};

const CONTROLLER: operator::Marks =
    operator::Marks { images: &["ingress-nginx/controller"], labels: &[] };
const ALLOW: &str = "allow-snippet-annotations";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let mut allows = Tri::No;
    for controller in operator::find(world.context, &CONTROLLER) {
        let image = image(world, controller.unit);
        let version = image.as_deref().and_then(version);
        let snippets = snippets(world, &controller, version);
        allows = allows.max(snippets);
        let mut notes = Vec::new();
        if snippets == Tri::Yes {
            notes.push("annotations may carry snippets".to_owned());
        }
        notes.extend(outdated(world, controller.unit));
        let verdict = match (notes.is_empty(), snippets, version) {
            (false, ..) => {
                let mut fault =
                    world.fault_of(vec![controller.why(world.context)], &[controller.unit]);
                fault.note = notes.join("; ");
                Verdict::Fail(fault)
            }
            (true, Tri::Unknown, _) => Verdict::missing("the settings of ingress-nginx"),
            (true, _, None) => Verdict::missing("the version of ingress-nginx"),
            (true, ..) => Verdict::Pass,
        };
        out.add(world.owner(controller.unit), verdict);
    }
    let seen = world.cluster.coverage.is_complete(Kind::Pod);
    for ingress in &world.cluster.ingresses {
        let meta = &ingress.metadata;
        let used = meta.annotations.iter().map(|(key, _)| key).find(|key| {
            key.starts_with("nginx.ingress.kubernetes.io/") && key.ends_with("-snippet")
        });
        let verdict = match (used, allows) {
            (None, _) => Verdict::Pass,
            (Some(key), Tri::Yes) => {
                let path = format!("metadata.annotations[{key}]");
                let at = (path.as_str(), "set");
                Verdict::of(vec![facts::field("Ingress", &meta.namespace, &meta.name, at)])
            }
            (Some(_), Tri::Unknown) => Verdict::missing("the settings of ingress-nginx"),
            (Some(_), Tri::No) if seen => Verdict::Pass,
            (Some(_), Tri::No) => Verdict::missing("which controller reads the snippet"),
        };
        out.add(Object::new("Ingress", &meta.namespace, &meta.name), verdict);
    }
}

/// By which advisories configuration is injected into a controller, and whether it is maintained.
fn outdated(world: &World<'_>, unit: u32) -> Vec<String> {
    let data = world.versions();
    let mut notes = Vec::new();
    let own = world.running().iter().filter(|one| one.site == Site::Unit(unit));
    for one in own.filter(|one| one.component == "ingress-nginx") {
        let injected = concerning(world, data, one).into_iter().filter(|(id, answer)| {
            matches!(answer, Answer::Yes(_)) && data.gives(id) == Some(Gives::ClusterSecrets)
        });
        let ids: Vec<&str> = injected.map(|(id, _)| id).collect();
        notes.extend(open_to(&ids));
        if let Some((false, Some(end))) = support(world, data, one) {
            notes.push(format!("no longer maintained since {end}"));
        }
    }
    notes
}

fn image(world: &World<'_>, unit: u32) -> Option<Str> {
    let spec = &world.context.units[unit as usize].spec;
    let mut all = spec.all_containers().map(|(_, _, container)| &container.image);
    all.find(|image| known(image, CONTROLLER.images).is_some()).cloned()
}

/// Minor and patch of version 1, from the tag.
fn version(image: &str) -> Option<(u32, u32)> {
    let plain = image.split('@').next().unwrap_or(image);
    let tag = plain.rsplit_once(':')?.1.strip_prefix("v1.")?;
    let (minor, patch) = tag.split_once('.')?;
    let digits = patch.bytes().take_while(u8::is_ascii_digit).count();
    Some((minor.parse().ok()?, patch[..digits].parse().ok()?))
}

/// Whether the controller takes snippets: its ConfigMap says so, else the default of its version
/// (off from 1.9).
fn snippets(
    world: &World<'_>,
    controller: &operator::Operator,
    version: Option<(u32, u32)>,
) -> Tri {
    let by_default = match version {
        Some((minor, _)) if minor >= 9 => Tri::No,
        Some(_) => Tri::Yes,
        None => Tri::Unknown,
    };
    let named = controller.flag(world.context, "configmap").unwrap_or_default();
    let name = named.rsplit('/').next().unwrap_or_default();
    match setting(world, &controller.namespace, name, ALLOW) {
        _ if name.is_empty() => by_default,
        // An empty value is the zero value; what is no boolean is told and left at the default.
        Setting::Set("") => Tri::No,
        Setting::Set(value) => match go_bool(value) {
            Some(true) => Tri::Yes,
            Some(false) => Tri::No,
            None => Tri::Unknown,
        },
        Setting::Unset => by_default,
        Setting::Unread => Tri::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_tags() {
        let image = "registry.k8s.io/ingress-nginx/controller:v1.11.4@sha256:0";
        assert_eq!(version(image), Some((11, 4)));
        assert_eq!(version("ingress-nginx/controller:v1.13.0-beta.0"), Some((13, 0)));
        assert_eq!(version("ingress-nginx/controller@sha256:0"), None);
    }
}
