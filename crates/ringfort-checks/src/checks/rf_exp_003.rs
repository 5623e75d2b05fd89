//! RF-EXP-003: meant internal, is public.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::{Kind, Str};
use ringfort_network::exposure::{Asked, Listener, ListenerKind, Reach, asked};

pub(crate) static CHECK: Check = Check {
    id: "RF-EXP-003",
    title: "Meant internal, is public",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[],
    references: &["none known"],
    reads: &[Kind::Service, Kind::Ingress, Kind::IngressClass],
    doc: Doc {
        why: "The owner believes that nobody outside reaches it, so that nothing else protects it.",
        fails: "Annotations or the name of the class ask for an internal front, and its address is public, or the acting controller refuses the value, or reads it as something else: a word that it does not document and that is nearer to its word for internal than to that for public.",
        not: "A front that is meant to be public; a value that the acting controller takes for internal; one with a private address.",
        unknown: "Whether the front has a public address.",
        fix: "Write the value that the controller documents, and let the load balancer be made again.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let kinds = [ListenerKind::LoadBalancer, ListenerKind::Ingress];
    for listener in &world.context.exposure.listeners {
        let own = &listener.object;
        if !kinds.contains(&listener.kind) || !matches!(own.kind, "Service" | "Ingress") {
            continue;
        }
        let object = Object::new(own.kind, &own.namespace, &own.name);
        let mut garbled = false;
        let meant = match listener.intent.reach {
            Reach::Internal => Some(facts::decided(&listener.intent)),
            _ => misspelled(world, listener, &mut garbled)
                .or_else(|| wish(world, own.kind, &own.namespace, &own.name)),
        };
        let Some(meant) = meant else {
            out.add(object, Verdict::NotApplicable);
            continue;
        };
        let result = match listener.verdict.reach {
            Reach::Public => {
                let mut spots = vec![meant];
                let shown = facts::decided(&listener.verdict);
                if !spots.contains(&shown) {
                    spots.push(shown);
                }
                Verdict::Fail(world.fault_of(spots, &listener.backends.units))
            }
            // What decides is a word that says nothing to the controller.
            Reach::Unknown if garbled => {
                let fault = world.fault_of(vec![meant], &listener.backends.units);
                Verdict::Fail(fault.noted("the controller takes no such value"))
            }
            Reach::Unknown => Verdict::missing("whether the front has a public address"),
            Reach::AllowListed | Reach::Internal => Verdict::Pass,
        };
        out.add(object, result);
    }
}

/// An annotation that asks for an internal front in a word that no controller documents; `decides` is
/// whether the acting controller looks at it.
fn misspelled(world: &World<'_>, listener: &Listener, decides: &mut bool) -> Option<Why> {
    let own = &listener.object;
    let annotations = match own.kind {
        "Service" => &world.cluster.services.get(&own.namespace, &own.name)?.metadata.annotations,
        _ => &world.cluster.ingresses.get(&own.namespace, &own.name)?.metadata.annotations,
    };
    let (key, value) =
        annotations.iter().find(|(key, value)| asked(key, value) == Some(Asked::Garbled(true)))?;
    let path = format!("metadata.annotations[{key}]");
    *decides = listener.intent.object == *own && listener.intent.path == *path;
    Some(facts::field(own.kind, &own.namespace, &own.name, (&path, value)))
}

/// What people write who mean yes, whether or not a controller reads it so.
const YES: [&str; 5] = ["true", "yes", "1", "internal", "0.0.0.0/0"];

/// A field by which the owner seems to ask for an internal front: an annotation that says so, or
/// a class named for it.
fn wish(world: &World<'_>, kind: &'static str, namespace: &str, name: &str) -> Option<Why> {
    let (annotations, class, path) = match kind {
        "Service" => {
            let one = world.cluster.services.get(namespace, name)?;
            let class = one.spec.as_ref().and_then(|spec| spec.load_balancer_class.clone());
            (&one.metadata.annotations, class, "spec.loadBalancerClass")
        }
        _ => {
            let one = world.cluster.ingresses.get(namespace, name)?;
            let class = one.spec.as_ref().and_then(|spec| spec.ingress_class_name.clone());
            (&one.metadata.annotations, class, "spec.ingressClassName")
        }
    };
    let says = |(key, value): &(&Str, &Str)| {
        let value = value.to_ascii_lowercase();
        let scheme = key.ends_with("-scheme") || key.ends_with("load-balancer-type");
        YES.contains(&value.as_str())
            && (key.contains("internal") || scheme)
            && (!scheme || value == "internal")
    };
    if let Some((key, value)) = annotations.iter().find(says) {
        let path = format!("metadata.annotations[{key}]");
        return Some(facts::field(kind, namespace, name, (&path, value)));
    }
    let class = class.filter(|class| class.contains("internal") || class.contains("private"))?;
    Some(facts::field(kind, namespace, name, (path, &class)))
}
