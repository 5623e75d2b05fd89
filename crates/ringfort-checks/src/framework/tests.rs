use super::*;
use crate::run::{Reason, Tally};
use serde_json::json;

fn file(controls: &Value) -> Value {
    json!({"schema": SCHEMA, "id": "own", "title": "Ours", "version": "1", "date": "2026-01-31",
        "controls": controls})
}

fn own(controls: &Value) -> Framework {
    Framework::read(&file(controls)).expect("it reads")
}

fn error(value: &Value) -> String {
    Framework::read(value).expect_err("it is wrong").to_string()
}

fn tally(id: &'static str, status: &'static str) -> Tally {
    let missing = Reason { missing: "the flags".into(), objects: 1, first: "Node a".into() };
    let count = |name: &str| usize::from(status == name);
    Tally {
        id,
        title: "",
        status,
        fail: count("fail"),
        pass: count("pass"),
        unknown: count("unknown"),
        not_applicable: count("not-applicable"),
        reasons: if status == "unknown" { vec![missing] } else { Vec::new() },
    }
}

/// References of checks that begin with a word, as (check, what follows).
fn references(word: &str) -> Vec<(&'static str, &'static str)> {
    let of = |check: &'static crate::Check| {
        check.references.iter().filter_map(move |one| Some((check.id, one.strip_prefix(word)?)))
    };
    checks::ALL.iter().copied().flat_map(of).collect()
}

fn find(id: &str) -> Framework {
    named(id).pop().expect("it is built in")
}

fn maps(framework: &Framework, control: &str, check: &str) -> bool {
    let of = |one: &Control| one.id == control && one.parts().any(|part| part == check);
    framework.controls.iter().any(of)
}

#[test]
fn built_in_frameworks_read_and_have_ids_of_their_own() {
    let all = built_in();
    assert_eq!(all.len(), BUILT_IN.len());
    assert!(all.windows(2).all(|two| two[0].id < two[1].id));
    assert_eq!(named("owasp-*").len(), 2);
    assert!(named("owasp").is_empty());
    for one in &all {
        assert!(one.source.starts_with("https://"), "{}", one.id);
        assert!(one.controls.iter().any(|control| control.parts().next().is_some()), "{}", one.id);
    }
}

#[test]
fn cis_has_every_reference_of_the_checks() {
    let cis = find("cis-1.12");
    let said = references("CIS ");
    assert!(said.len() > 40, "{}", said.len());
    for (check, control) in said {
        assert!(maps(&cis, control, check), "{check} refers to CIS {control}");
    }
}

#[test]
fn pod_security_has_every_reference_and_every_check_of_the_standards() {
    let pss = find("pss-*");
    let ids: Vec<&str> = ringfort_podsec::checks::REGISTRY.iter().map(|one| one.id).collect();
    for id in &ids {
        assert!(pss.controls.iter().any(|control| control.id == *id), "{id} is missing");
    }
    assert_eq!(pss.controls.len(), ids.len());
    let said = references("PSS ");
    assert!(said.len() > 10, "{}", said.len());
    for (check, controls) in said {
        for control in controls.split(", ") {
            // The catalogue says seccomp of both levels.
            let meant = |one: &&Control| {
                one.id == control || one.id.starts_with(&format!("{control}Profile_"))
            };
            let found: Vec<&Control> = pss.controls.iter().filter(meant).collect();
            assert!(!found.is_empty(), "{check} refers to PSS {control}");
            for one in found {
                assert!(maps(&pss, &one.id, check), "{check} refers to PSS {}", one.id);
            }
        }
    }
}

#[test]
fn the_guide_has_every_reference_below_its_chapter() {
    let guide = find("nsa-*");
    let said = references("NSA ");
    assert!(!said.is_empty());
    for (check, chapter) in said {
        let below = |one: &&Control| one.id.starts_with(&format!("{chapter}-"));
        let mut controls = guide.controls.iter().filter(below);
        let found = controls.any(|one| one.parts().any(|part| part == check));
        assert!(found, "{check} refers to NSA {chapter}");
    }
}

#[test]
fn attack_has_the_techniques_of_the_table_and_every_reference_to_them() {
    let attack = find("attack-containers-*");
    let rows = ringfort_attack::coverage::attack_containers::ATTACK_CONTAINERS.rows;
    let table: Vec<(&str, &str)> = rows.iter().map(|row| (row.id, row.name)).collect();
    let ours: Vec<(&str, &str)> =
        attack.controls.iter().map(|one| (&*one.id, &*one.title)).collect();
    assert_eq!(ours, table);
    let mut met = 0;
    for (check, id) in references("T") {
        let id = format!("T{id}");
        // Techniques outside the matrix for containers are in no control of it; where the
        // matrix has parts of one only, they are what is meant.
        let below = format!("{id}.");
        let within = |one: &&Control| one.id == id || one.id.starts_with(&below);
        let mut within = attack.controls.iter().filter(within).peekable();
        if within.peek().is_some() {
            met += 1;
            let found = within.any(|one| one.parts().any(|part| part == check));
            assert!(found, "{check} refers to {id}");
        }
    }
    assert!(met > 8, "{met}");
}

#[test]
fn a_control_is_the_worst_of_its_checks_and_unknown_is_never_a_pass() {
    let own = own(&json!([
        {"id": "both", "title": "t", "checks": ["RF-WKL-001", "RF-WKL-002"]},
        {"id": "open", "title": "t", "checks": ["RF-WKL-001", "RF-WKL-004"]},
        {"id": "wider", "title": "t", "checks": ["RF-WKL-001"], "wider": ["RF-WKL-002"]},
        {"id": "rest", "title": "t", "checks": ["RF-WKL-001"], "rest": "the rest"},
        {"id": "good", "title": "t", "checks": ["RF-WKL-001"], "wider": ["RF-WKL-003"]},
        {"id": "none", "title": "t", "checks": ["RF-WKL-003"]},
        {"id": "later", "title": "t", "checks": ["RF-WKL-005"]},
        {"id": "bare", "title": "t"}
    ]));
    let results = [
        tally("RF-WKL-001", "pass"),
        tally("RF-WKL-002", "fail"),
        tally("RF-WKL-003", "not-applicable"),
        tally("RF-WKL-004", "unknown"),
    ];
    let found = assess(&own, &results);
    let states: Vec<(&str, &str)> =
        found.controls.iter().map(|one| (&*one.id, one.state.name())).collect();
    let wanted = [
        ("both", "fail"),
        ("open", "unknown"),
        ("wider", "unknown"),
        ("rest", "unknown"),
        ("good", "pass"),
        ("none", "not-applicable"),
        ("later", "unknown"),
        ("bare", "not-covered"),
    ];
    assert_eq!(states, wanted);
    assert_eq!(found.controls[1].reasons, ["RF-WKL-004: the flags"]);
    assert_eq!(found.controls[3].reasons, ["not asked: the rest"]);
    assert_eq!(found.controls[6].reasons, ["RF-WKL-005 was not run"]);
    // One of six passes; two of the seven that apply are decided.
    assert_eq!((found.score, found.coverage), (Some(16), 28));
}

#[test]
fn without_results_nothing_passes() {
    for one in built_in() {
        let found = assess(&one, &[]);
        assert_eq!((found.counts.pass, found.counts.fail), (0, 0), "{}", one.id);
        assert_eq!((found.score, found.coverage), (Some(0), 0), "{}", one.id);
    }
    let bare = assess(&own(&json!([{"id": "a", "title": "t"}])), &[]);
    assert_eq!((bare.score, bare.coverage), (None, 0));
}

#[test]
fn errors_name_the_place() {
    let control = |value: Value| error(&file(&json!([{"id": "a", "title": "t"}, value])));
    assert_eq!(
        control(json!({"id": "b", "title": "t", "checks": ["RF-WLK-001"]})),
        "controls[1] (b): no check has the id RF-WLK-001"
    );
    assert_eq!(control(json!({"id": "b", "title": ""})), "controls[1] (b): title: empty");
    assert!(control(json!({"id": "a", "title": "t"})).contains("before it"));
    assert!(control(json!({"id": "b", "title": "t", "check": []})).contains("unknown field"));
    let twice = json!({"id": "b", "title": "t", "checks": ["RF-WKL-001"], "wider": ["RF-WKL-001"]});
    assert!(control(twice).contains("named twice"));
    assert!(control(json!({"id": "b", "title": "t", "rest": "x"})).contains("without checks"));
    assert!(control(json!("b")).starts_with("controls[1]: "));
    let with = |key: &str, value: Value| {
        let mut file = file(&json!([{"id": "a", "title": "t"}]));
        file[key] = value;
        error(&file)
    };
    assert!(with("schema", json!("x/2")).starts_with("schema: "));
    assert!(with("date", json!("soon")).starts_with("date: "));
    assert!(with("controls", json!([])).starts_with("controls: "));
    assert!(with("id", json!("a/b")).starts_with("id: "));
    assert!(error(&json!([])).len() > 3);
}
