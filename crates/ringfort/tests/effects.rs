//! Golden verdicts of rules that two engines know one half of each (EFF-NP, EFF-IMDS): every file
//! of `effects/` holds cases of the rule that it is named after. Each is about pod `a/p`; every
//! list was read unless the case is silent.

use std::path::Path;

use ringfort_attack::{Attack, Engines, effect};
use ringfort_collect::{Options, read_objects};
use ringfort_isolation::controls::{Engine, RULES};
use ringfort_isolation::{Control, Effect};
use ringfort_model::KubeVersion;
use serde_json::{Value, json};

fn judge(rule: &str, case: &Value) -> Control {
    let options = Options {
        version: Some(KubeVersion::minor(36)),
        complete: case["silent"] != true,
        threads: 1,
        ..Options::default()
    };
    let list = json!({"apiVersion": "v1", "kind": "List", "items": case["objects"]}).to_string();
    let cluster = read_objects(&[("x.json", list.as_bytes())], &options).expect("it reads").cluster;
    let engines = Engines::new(&cluster);
    let attack = Attack::new(&cluster, &engines);
    let context = &attack.context;
    let is_it = |name: &str| {
        let mut units = context.units.iter();
        units.position(|unit| unit.namespace == "a" && unit.name(&cluster) == name)
    };
    let unit = is_it("p").expect("pod a/p") as u32;
    match rule {
        "EFF-NP" => effect::network_policy(context, unit),
        "EFF-IMDS" => effect::metadata(context, unit),
        other => panic!("no rule {other}"),
    }
}

#[test]
fn rules_of_the_graph_judge_as_their_fixtures_say() {
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.engine == Engine::Graph) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/effects");
        let text = std::fs::read_to_string(folder.join(format!("{}.json", rule.id)));
        let cases: Vec<Value> = serde_json::from_str(&text.expect("a file")).expect("cases");
        for case in cases {
            let want = case["want"].as_str().expect("a verdict");
            let (kind, words) = want.split_once(':').unwrap_or((want, ""));
            let found = judge(rule.id, &case);
            let said = match &found.effect {
                Effect::PresentNotEffective(reason) => reason.clone(),
                Effect::Unknown(missing) => missing.join("; "),
                Effect::Absent | Effect::Effective => String::new(),
            };
            let same = found.effect.name() == kind && said.contains(words.trim());
            if !same || found.evidence.is_empty() {
                wrong.push(format!("{}, {}: want {want}, found {found:?}", rule.id, case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
