//! RF-SA-004: non-expiring token Secret exists.

use crate::outcome::{Fault, Object, Outcomes, Verdict};
use crate::world::World;
use ringfort_attack::Zone;
use ringfort_attack::evidence::target;
use ringfort_attack::{NodeKey, Subject, Why};
use ringfort_model::EntityId;
use ringfort_model::Kind;

use crate::check::{Check, Doc, Judge, Modifier, Severity};

pub(crate) static CHECK: Check = Check {
    id: "RF-SA-004",
    title: "Non-expiring token Secret exists",
    zone: Zone::InCluster,
    severity: Severity::Medium,
    modifiers: &[Modifier::Path],
    references: &["C-0287", "CIS 3.1.2", "T1528"],
    reads: &[Kind::Secret, Kind::ServiceAccount],
    doc: Doc {
        why: "Whoever reads it once is the account until somebody deletes it.",
        fails: "A Secret of type kubernetes.io/service-account-token whose account exists.",
        not: "A Secret of another type; one whose account is gone, which authenticates nobody.",
        unknown: "Never, beside kinds that were not read.",
        fix: "Delete the Secret and use bound tokens.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let attack = world.attack;
    let targets: Vec<_> = attack.targets().iter().map(|(_, node)| *node).collect();
    for secret in &world.cluster.secrets {
        let meta = &secret.metadata;
        let object = Object::new("Secret", &meta.namespace, &meta.name);
        if *secret.kind != *"kubernetes.io/service-account-token" {
            out.add(object, Verdict::NotApplicable);
            continue;
        }
        let name = meta.annotations.get("kubernetes.io/service-account.name");
        let account =
            name.and_then(|name| world.cluster.service_accounts.get(&meta.namespace, name));
        let Some(account) = account else {
            out.add(object, Verdict::Pass);
            continue;
        };
        let mut fault = Fault::of(vec![Why::Field {
            object: EntityId::Secret(meta.namespace.clone(), meta.name.clone()),
            path: "type".into(),
            value: secret.kind.clone(),
        }]);
        fault.at.insert(NodeKey::Secret(meta.namespace.clone(), meta.name.clone()));
        let subject =
            Subject::ServiceAccount(meta.namespace.clone(), account.metadata.name.clone());
        let position = attack.node(&NodeKey::Subject(subject));
        let sink = position.is_some_and(|node| {
            let reached = attack.reach(&[node]);
            targets.iter().any(|target| reached.contains(target.index()))
        });
        if sink {
            fault.severity = Some(Severity::High);
            fault = fault.noted("the account reaches a target of attackers");
        }
        let shown = target("secret", &meta.namespace, &meta.name);
        fault.command = Some(format!("kubectl delete {shown}"));
        out.add(object, Verdict::Fail(fault));
    }
}
