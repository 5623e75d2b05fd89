//! RF-EXP-008: ingress annotations allow configuration injection.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::checks::rf_cp_007::open_to;
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::settings::{Setting, setting};
use crate::versions::{Answer, Bound, Gives, Point, Range, Running, concerning, mark, support};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::operator::Operator;
use ringfort_model::{Kind, go_bool};
use ringfort_network::policy::Tri;

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-008",
    title: "Ingress annotations allow configuration injection",
    zone: Zone::InCluster,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["CKV_K8S_153", "CKV_K8S_154", "C-0059", "C-0292"],
    reads: &[Kind::Pod, Kind::Ingress, Kind::IngressClass, Kind::ConfigMap],
    doc: Doc {
        why: "A snippet is configuration of the controller, which reads the Secrets of every namespace that it serves.",
        fails: "A running ingress-nginx lets annotations carry snippets, or its version lies in the range of an advisory by which configuration is injected, or is maintained no more; an Ingress uses a snippet that such a controller reads.",
        not: "Other controllers, which read no snippets; snippets that the controller refuses.",
        unknown: "The version or the settings of the controller.",
        fix: "Set allow-snippet-annotations to false, and move to a maintained controller.",
    },
    judge: Judge::Cluster(judge),
};

const COMPONENT: &str = "ingress-nginx";
const ALLOW: &str = "allow-snippet-annotations";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let mut allows = Tri::No;
    let mut controllers =
        world.running().iter().filter(|one| one.component == COMPONENT).peekable();
    let shown = controllers.peek().is_some();
    for one in controllers {
        let Some(controller) = one.operator(world.context) else { continue };
        let snippets = snippets(world, &controller, one);
        allows = allows.max(snippets);
        let mut notes = Vec::new();
        if snippets == Tri::Yes {
            notes.push("annotations may carry snippets".to_owned());
        }
        notes.extend(outdated(world, one));
        let verdict = match (notes.is_empty(), snippets, &one.release) {
            (false, ..) => {
                let mut fault =
                    world.fault_of(vec![controller.why(world.context)], &[controller.unit]);
                fault.note = notes.join("; ");
                Verdict::Fail(fault)
            }
            (true, Tri::Unknown, _) => Verdict::missing("the settings of ingress-nginx"),
            (true, _, Err(_)) => Verdict::missing("the version of ingress-nginx"),
            (true, ..) => Verdict::Pass,
        };
        out.add(world.owner(controller.unit), verdict);
    }
    // A controller that shows only by its marks may run in an image that is not known.
    let marked = || mark(world.cluster, &world.context.units, COMPONENT).is_some();
    let seen = world.cluster.coverage.is_complete(Kind::Pod) && (shown || !marked());
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
fn outdated(world: &World<'_>, one: &Running) -> Vec<String> {
    let data = world.versions();
    let injected = concerning(world, data, one).into_iter().filter(|(id, answer)| {
        matches!(answer, Answer::Yes(_)) && data.gives(id) == Some(Gives::ClusterSecrets)
    });
    let ids: Vec<&str> = injected.map(|(id, _)| id).collect();
    let mut notes: Vec<String> = open_to(&ids).into_iter().collect();
    if let Some((false, Some(end))) = support(world, data, one) {
        notes.push(format!("no longer maintained since {end}"));
    }
    notes
}

/// The first release that takes no snippets unless it is told to.
const OFF: &str = "1.9.0-beta.0";

/// Whether the controller takes snippets: its ConfigMap says so, else the default of its version.
fn snippets(world: &World<'_>, controller: &Operator, one: &Running) -> Tri {
    let newer = Range { from: Point::parse(OFF), end: Bound::Open, unconfirmed: false };
    let by_default = match &one.release {
        Ok(release) => match newer.holds(release) {
            Tri::Yes => Tri::No,
            Tri::Unknown => Tri::Unknown,
            Tri::No => Tri::Yes,
        },
        Err(_) => Tri::Unknown,
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
