//! RF-CP-007: control-plane or add-on version unsupported or vulnerable.

use crate::check::{Check, Doc, Judge, Severity};
use crate::facts;
use crate::outcome::{Fault, Outcomes, Verdict};
use crate::pods;
use crate::support::{Support, of_image};
use crate::world::World;
use ringfort_attack::{Why, Zone};
use ringfort_model::Kind;

pub(crate) static CHECK: Check = Check {
    id: "RF-CP-007",
    title: "Control-plane or add-on version unsupported or vulnerable",
    zone: Zone::Initial,
    severity: Severity::Medium,
    modifiers: &[],
    references: &["C-0273", "C-0292", "NSA upgrade"],
    reads: &[Kind::Pod],
    doc: Doc {
        why: "Flaws that are found from now on stay open there.",
        fails: "The API server's minor, or the release of an add-on that is recognised by its image, is out of support on the day of the data. High for an add-on that the internet reaches.",
        not: "Supported releases; extended support that the provider sells counts.",
        unknown: "A version that is not shown, or of which the data know nothing.",
        fix: "Upgrade.",
    },
    judge: Judge::Cluster(judge),
};

fn judge(world: &World<'_>, out: &mut Outcomes) {
    let support = Support::shipped();
    let verdict = |known: Option<(bool, Option<&str>)>, spot: Why| match known {
        None => Verdict::missing("the version, or until when it is supported"),
        Some((true, _)) => Verdict::Pass,
        Some((false, end)) => {
            let end = end.unwrap_or("before");
            let note = format!("support ended {end}, by data of {}", support.date);
            Verdict::Fail(Fault::of(vec![spot]).noted(note))
        }
    };
    let cluster = world.cluster;
    let own = match (cluster.git_version.as_str(), cluster.version) {
        ("", Some(version)) => support.kubernetes(&version.to_string()),
        (text, _) => support.kubernetes(text),
    };
    let text = cluster.version.map_or_else(String::new, |version| version.to_string());
    let server = facts::field("Cluster", "", "api-server", ("version", &text));
    out.add(facts::whole("api-server"), verdict(own, server));
    for place in world.places().filter(|place| !place.unit.latent) {
        for (kind, index, container) in place.unit.spec.all_containers() {
            let Some((product, release)) = of_image(&container.image) else { continue };
            let known = release.and_then(|release| support.of(product, &release));
            let path = format!("{}[{index}].image", kind.field());
            let mut one = verdict(known, place.field(path, &container.image));
            if let Verdict::Fail(fault) = &mut one {
                pods::complete(world, &place, fault);
                if fault.exposed {
                    fault.severity = Some(Severity::High);
                }
            }
            out.add(world.owner(place.at), one);
        }
    }
}
