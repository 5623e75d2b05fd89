//! What is taken from the input makes nothing better: no check, no control of a framework, no
//! metric of adoption and no answer about versions, on a cluster with a finding of every check.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ringfort_attack::{Attack, Engines};
use ringfort_checks::adoption::measure;
use ringfort_checks::framework::{assess, built_in};
use ringfort_checks::versions;
use ringfort_checks::{World, checks, choose, run};
use ringfort_collect::{Options, read_objects};
use ringfort_model::{Cluster, Coverage, Kind, KubeVersion, WorkloadKind};

/// The failing fixture of every check, as one cluster.
fn cluster() -> Cluster {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let texts: Vec<(String, String)> = checks::ALL
        .iter()
        .map(|check| {
            let path = folder.join(check.id).join("fail.yaml");
            (format!("{}.yaml", check.id), std::fs::read_to_string(path).expect("a fixture"))
        })
        .collect();
    let texts: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let version = Some(KubeVersion::minor(36));
    let options = Options { version, complete: true, threads: 1, ..Options::default() };
    read_objects(&texts, &options).expect("they read").cluster
}

/// What a report says, by what it says it of; a greater number is better.
type Said = BTreeMap<String, u64>;

fn said(cluster: &Cluster) -> Said {
    let engines = Engines::new(cluster);
    let attack = Attack::new(cluster, &engines);
    let world = World::new(&attack);
    let found = run(&world, &choose(None).expect("every check"));
    let mut said = Said::new();
    let mut say = |of: String, state: &str| {
        let rank = match state {
            "pass" | "yes" => 1,
            _ => 0,
        };
        said.insert(of, rank);
    };
    for tally in &found.checks {
        say(format!("check {}", tally.id), tally.status);
    }
    for framework in built_in() {
        for control in assess(&framework, &found.checks).controls {
            say(format!("{} {}", framework.id, control.id), control.state.name());
        }
    }
    let section = versions::measure(&world);
    for one in &section.components {
        let of = format!("{:?} {:?} {} supported", one.component, one.part, one.version);
        say(of, one.supported);
    }
    for one in measure(&world) {
        let present = one.total.present.unwrap_or_default();
        said.insert(format!("{} present", one.metric.id), present.count);
        said.insert(format!("{} effective", one.metric.id), one.total.effective.count);
    }
    said
}

#[test]
fn whichever_kind_is_missing_nothing_looks_better() {
    let whole = cluster();
    let before = said(&whole);
    assert!(before.len() > 300, "{}", before.len());
    let kinds =
        WorkloadKind::ALL.into_iter().map(Kind::Workload).chain(Kind::PLAIN.iter().copied());
    let mut better = Vec::new();
    for kind in kinds {
        let mut left = whole.clone();
        for object in whole.objects().filter(|object| object.kind() == Some(kind)) {
            left.remove(&object);
        }
        let key = Coverage::key(kind);
        left.coverage.resources.remove(key.as_str());
        left.coverage.not_listed.push(key.as_str().into());
        for (of, after) in said(&left) {
            if before.get(&of).is_some_and(|before| after > *before) {
                better.push(format!("{of}: {} -> {after} without {key}", before[&of]));
            }
        }
    }
    assert!(better.is_empty(), "{}", better.join("\n"));
}
