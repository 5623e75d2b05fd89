//! RF-CP-006: static or shared admin credentials accepted.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::settings;
use crate::world::World;
use ringfort_attack::evidence::target;
use ringfort_attack::server;
use ringfort_attack::server::Flag;
use ringfort_attack::{NodeKey, Why, Zone};
use ringfort_model::credential::BOOTSTRAP_LOGIN;
use ringfort_model::{EntityId, Kind};

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-006",
    title: "Static or shared admin credentials accepted",
    zone: Zone::Initial,
    severity: Severity::High,
    modifiers: &[],
    references: &["C-0114", "C-0286", "C-0288", "CIS 1.2.2", "CIS 3.1.1", "CIS 3.1.3", "MS-TA9003"],
    reads: &[Kind::Pod, Kind::Secret],
    doc: Doc {
        why: "Such a credential cannot be taken back from whoever copied it.",
        fails: "The API server takes tokens from a file; or a bootstrap token that logs in has no expiry, and the API server takes such tokens or its flags are not seen.",
        not: "Bootstrap tokens with an expiry, which the controller manager removes; those whose usage-bootstrap-authentication is anything but true, with which nobody logs in; those outside of kube-system, where the API server does not look; and those of a cluster every API server of which has --enable-bootstrap-token-auth off, which is the default.",
        unknown: "The values of a bootstrap token were not read. Of the API server otherwise always: client certificates with administrator's groups, and local accounts of a provider, show in no object.",
        fix: "Drop --token-auth-file; delete the bootstrap token.",
    },
    judge: Judge::Cluster(judge),
};

const TOKEN: &str = "bootstrap.kubernetes.io/token";
/// The only namespace in which the API server looks for such Secrets
/// (plugin/pkg/auth/authenticator/token/bootstrap, `NewTokenAuthenticator`).
const NAMESPACE: &str = "kube-system";
const LOGS_IN: &str = "usage-bootstrap-authentication";

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let flags = ["token-auth-file", "basic-auth-file"];
    let set = flags.into_iter().find_map(|name| match server::flag(world.cluster, name) {
        Flag::Set(value) => Some((name, value)),
        _ => None,
    });
    let verdict = match set {
        Some((name, value)) => {
            Verdict::of(vec![settings::server_field(world, (&format!("--{name}"), value))])
        }
        None => {
            Verdict::missing("client certificates and local accounts with administrator's groups")
        }
    };
    out.add(facts::whole("api-server"), verdict);
    // Off unless a server switches it on (apiserver `BuiltInAuthenticationOptions`). Servers that
    // are not seen may have it on, and the token is meant to be used.
    let switches: Vec<Flag<'_>> =
        server::switches(world.cluster, "enable-bootstrap-token-auth").collect();
    let refused =
        !switches.is_empty() && switches.iter().all(|one| *one == Flag::Unset || one.is_off());
    for secret in world.cluster.secrets.iter().filter(|secret| *secret.kind == *TOKEN) {
        let meta = &secret.metadata;
        let refused = refused || *meta.namespace != *NAMESPACE;
        let lasts = secret.data.0.has(LOGS_IN) && !secret.data.0.has("expiration");
        let logs_in = match lasts && !refused {
            true => secret.holds(BOOTSTRAP_LOGIN),
            false => Some(false),
        };
        let verdict = match logs_in {
            Some(false) => Verdict::Pass,
            None => Verdict::missing(format!("the value of {LOGS_IN} in a bootstrap token")),
            Some(true) => {
                let mut fault = Fault::of(vec![Why::Field {
                    object: EntityId::Secret(meta.namespace.clone(), meta.name.clone()),
                    path: "data.expiration".into(),
                    value: "absent".into(),
                }]);
                fault.at.insert(NodeKey::Secret(meta.namespace.clone(), meta.name.clone()));
                let shown = target("secret", &meta.namespace, &meta.name);
                fault.command = Some(format!("kubectl delete {shown}"));
                Verdict::Fail(fault)
            }
        };
        out.add(Object::new("Secret", &meta.namespace, &meta.name), verdict);
    }
}
