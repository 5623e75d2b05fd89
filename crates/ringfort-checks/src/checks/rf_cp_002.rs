//! RF-CP-002: anonymous authentication on.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Outcomes, Verdict};
use crate::pods;
use crate::settings;
use crate::world::World;
use ringfort_attack::server;
use ringfort_attack::server::Flag;
use ringfort_attack::{Subject, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-002",
    title: "Anonymous authentication on",
    zone: Zone::Initial,
    severity: Severity::Info,
    modifiers: &[],
    references: &["C-0113", "CIS 1.2.1"],
    reads: &[Kind::Pod, Kind::ClusterRole, Kind::ClusterRoleBinding, Kind::Role, Kind::RoleBinding],
    doc: Doc {
        why: "Whatever is granted to system:anonymous or system:unauthenticated is granted to everybody who connects.",
        fails: "Some pod of the API server shows no --anonymous-auth=false, however Go writes it. Informational, unless something beyond discovery is granted to such requests: then high.",
        not: "--anonymous-auth=false.",
        unknown: "The API server's flags are not among the objects, or a configuration file decides for which paths.",
        fix: "Set --anonymous-auth=false, or limit it to the health paths by an AuthenticationConfiguration.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let set = server::switch(world.cluster, "anonymous-auth");
    let by_file = server::flag(world.cluster, "authentication-config");
    let verdict = match (set, by_file) {
        (Flag::Unseen, _) => Verdict::missing("the flags of the API server"),
        (set, _) if set.is_off() => Verdict::Pass,
        (_, Flag::Set(_)) => Verdict::missing("the file of --authentication-config"),
        (set, _) => {
            let value = match set {
                Flag::Set(value) => value,
                _ => "absent, which is true",
            };
            let anonymous = [
                Subject::User("system:anonymous".into()),
                Subject::Group("system:unauthenticated".into()),
            ];
            let granted = anonymous.iter().any(|one| !world.own_grants(one).is_empty());
            let spot = settings::server_field(world, ("--anonymous-auth", value));
            let severity = if granted { Severity::High } else { Severity::Info };
            pods::rated(Verdict::of(vec![spot]), severity)
        }
    };
    out.add(facts::whole("api-server"), verdict);
}
