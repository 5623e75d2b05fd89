//! Secrets by the classes of credential that their values are.

use ringfort_attack::NodeKey;
use ringfort_model::record::Secret;

use crate::facts::field;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;

/// Whether the type of a Secret leaves open what it holds.
pub(crate) fn may_hold_anything(secret: &Secret) -> bool {
    const TYPED: [&str; 4] = [
        "kubernetes.io/service-account-token",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/dockercfg",
        "bootstrap.kubernetes.io/token",
    ];
    !TYPED.contains(&secret.kind.as_str())
}

/// Judges every Secret by the classes of credential that its values are.
pub(crate) fn judge(world: &World<'_>, out: &mut Outcomes, classes: &[&str], missing: &str) {
    for secret in &world.cluster.secrets {
        let meta = &secret.metadata;
        let found = classes.iter().find(|class| secret.holds(class) == Some(true));
        let open = classes.iter().any(|class| secret.holds(class).is_none());
        let verdict = match found {
            Some(class) => {
                let spot = field("Secret", &meta.namespace, &meta.name, ("data", class));
                let mut fault = Fault::of(vec![spot]);
                fault.at.insert(NodeKey::Secret(meta.namespace.clone(), meta.name.clone()));
                Verdict::Fail(fault)
            }
            None if open && may_hold_anything(secret) => Verdict::missing(missing),
            None => Verdict::Pass,
        };
        out.add(Object::new("Secret", &meta.namespace, &meta.name), verdict);
    }
}
