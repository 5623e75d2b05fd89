//! RF-SEC-004: certificate-authority or signing key in a Secret readable beyond its owner.

use crate::check::{Check, Doc, Judge, Modifier, Severity};
use crate::facts;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::secrets;
use crate::world::World;
use ringfort_attack::context::Ask;
use ringfort_attack::{NodeKey, Subject, Zone};
use ringfort_model::{Kind, credential};

pub(crate) static CHECK: Check = Check {
    id: "RF-SEC-004",
    title: "Certificate-authority or signing key in a Secret readable beyond its owner",
    zone: Zone::Impact,
    severity: Severity::High,
    modifiers: &[Modifier::Path],
    references: &["T1649"],
    reads: &[
        Kind::Secret,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::RoleBinding,
    ],
    doc: Doc {
        why: "Whoever holds the key issues identities that every member believes.",
        fails: "A Secret holds the private key of a certificate authority, and somebody who is neither an administrator nor an account of its namespace may read it.",
        not: "The key of a certificate that signs no others; an authority that only accounts of its namespace read.",
        unknown: "The values of the Secret were not read.",
        fix: "Keep signing keys out of the cluster, or narrow who reads the Secret.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let context = world.context;
    let held = context.held(&Ask::named(&["get", "list", "watch"], "", "secrets"));
    for secret in &world.cluster.secrets {
        let meta = &secret.metadata;
        let object = Object::new("Secret", &meta.namespace, &meta.name);
        let verdict = match secret.holds(credential::CA_KEY) {
            Some(false) => Verdict::NotApplicable,
            None if secrets::may_hold_anything(secret) => {
                Verdict::missing("whether its values are a key that signs certificates")
            }
            None => Verdict::NotApplicable,
            Some(true) => {
                let beyond = world.outsiders(&held).find(|(one, (grant, ..))| {
                    let reads = one.scope(context).reaches(Some(&meta.namespace))
                        && one.names.allow(&meta.name);
                    let own = |subject: &Subject| {
                        matches!(subject, Subject::ServiceAccount(at, _) if *at == meta.namespace)
                    };
                    let bound = &context.grants[*grant].bound;
                    reads && bound.iter().any(|(one, ..)| !own(one) && !world.is_administrator(one))
                });
                match beyond {
                    None => Verdict::Pass,
                    Some((_, given)) => {
                        let at = ("data", credential::CA_KEY);
                        let own = facts::field("Secret", &meta.namespace, &meta.name, at);
                        let spots = [own].into_iter().chain(world.grant_why(given)).collect();
                        let mut fault = Fault::of(spots);
                        let key = NodeKey::Secret(meta.namespace.clone(), meta.name.clone());
                        fault.at.insert(key);
                        Verdict::Fail(fault)
                    }
                }
            }
        };
        out.add(object, verdict);
    }
}
