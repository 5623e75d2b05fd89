//! `ringfort podsec`: where each namespace stands with Pod Security, and the label that it could
//! have today.

use anyhow::Result;
use ringfort_podsec::{Exemptions, Level, Patch, PolicyVersion, Standing, standings};
use serde_json::{Value, json};

use crate::args::{Podsec, Reading};
use crate::commands::{lines, print, read, shown_place, usage};

pub(crate) fn run(arguments: &Podsec, reading: &Reading) -> Result<u8> {
    let collected = read(arguments.cluster.as_deref(), reading)?;
    let mut found = standings(&collected.cluster, &Exemptions::default());
    if let Some(namespace) = &arguments.namespace {
        found.retain(|standing| *standing.namespace == **namespace);
        if found.is_empty() {
            return Err(usage(format!("namespace {namespace} does not exist in the source")));
        }
    }
    let place = shown_place(arguments.cluster.as_deref());
    print(&match arguments.format.as_str() {
        "json" => {
            let text = serde_json::to_string_pretty(&json(&found, &place, &collected.described))?;
            format!("{text}\n")
        }
        _ => lines(&human(&found)),
    })?;
    Ok(0)
}

fn human(found: &[Standing]) -> String {
    let mut text = String::new();
    for standing in found {
        let policy = &standing.policy;
        text.push_str(&format!(
            "ns/{}  enforce {}  audit {}  warn {}{}\n",
            standing.namespace,
            mode(policy.enforce),
            mode(policy.audit),
            mode(policy.warn),
            match (policy.enforce_label.is_some(), standing.on) {
                (true, Some(false)) => "  (not in force: the plug-in is off before 1.23)",
                (true, None) => "  (in force if the server is 1.23 or newer)",
                _ => "",
            }
        ));
        for error in &policy.errors {
            text.push_str(&format!("  wrong: {error}\n"));
        }
        let (pods, templates) = standing.looked_at;
        let unless = if standing.missing.is_empty() {
            String::new()
        } else {
            format!(", not certain: {}", standing.missing.join(", "))
        };
        text.push_str(&format!(
            "  satisfies {} at {} ({pods} pods, {templates} templates{unless})\n",
            standing.satisfied, standing.version
        ));
        for holder in standing.holders.iter().take(SHOWN) {
            text.push_str(&format!("  held down by {}: {}\n", holder.id, words(&holder.checks)));
        }
        match (&standing.without_holder, standing.holders.len()) {
            (Some(level), _) => {
                text.push_str(&format!("  it alone: without it the namespace satisfies {level}\n"));
            }
            (None, all) if all > SHOWN => {
                text.push_str(&format!("  and {} more workloads\n", all - SHOWN));
            }
            _ => {}
        }
        if !standing.violating.is_empty() {
            let count = standing.violating.len();
            text.push_str(&format!("  labelled but violated by {count} live pods:\n"));
        }
        for pod in standing.violating.iter().take(SHOWN) {
            text.push_str(&format!("    {}: {}\n", pod.id, words(&pod.checks)));
        }
        if standing.violating.len() > SHOWN {
            text.push_str(&format!("    and {} more\n", standing.violating.len() - SHOWN));
        }
        if let Some(patch) = &standing.patch {
            text.push_str(&format!("  could enforce {} today:\n", standing.satisfied));
            text.push_str(&format!("    {}\n", kubectl(&standing.namespace, patch)));
            for line in yaml(&standing.namespace, patch).lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
    }
    text
}

/// How many holders and violating pods a person is shown; JSON has all.
const SHOWN: usize = 5;

fn mode((level, version): (Level, PolicyVersion)) -> String {
    match level {
        Level::Privileged => level.to_string(),
        _ => format!("{level}:{version}"),
    }
}

fn words(checks: &[(&'static str, String)]) -> String {
    let each: Vec<String> = checks.iter().map(|(id, detail)| format!("{id}: {detail}")).collect();
    each.join("; ")
}

fn kubectl(namespace: &str, patch: &Patch) -> String {
    let labels: Vec<String> =
        patch.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let object = ringfort_attack::evidence::target("namespace", "", namespace);
    format!("kubectl label --overwrite {object} {}", labels.join(" "))
}

fn yaml(namespace: &str, patch: &Patch) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {}\n  labels:\n",
        Value::from(namespace)
    );
    for (key, value) in &patch.labels {
        text.push_str(&format!("    {key}: {value}\n"));
    }
    text
}

fn json(found: &[Standing], place: &str, described: &str) -> Value {
    let namespaces: Vec<Value> = found.iter().map(one).collect();
    json!({
        "schema": "ringfort.dev/podsec/v1",
        "tool": {"name": "ringfort", "version": env!("CARGO_PKG_VERSION")},
        "source": {"place": place, "described": described},
        "namespaces": namespaces,
    })
}

fn one(standing: &Standing) -> Value {
    let of_mode = |(level, version): (Level, PolicyVersion)| json!({"level": level.name(), "version": version.to_string()});
    let checks = |list: &[(&'static str, String)]| -> Vec<Value> {
        list.iter().map(|(id, detail)| json!({"id": id, "detail": detail})).collect()
    };
    let holders: Vec<Value> = standing
        .holders
        .iter()
        .map(|one| json!({"id": one.id, "level": one.level.name(), "checks": checks(&one.checks)}))
        .collect();
    let violating: Vec<Value> = standing
        .violating
        .iter()
        .map(|pod| json!({"id": pod.id, "checks": checks(&pod.checks)}))
        .collect();
    let patch = standing.patch.as_ref().map(|patch| {
        let labels: serde_json::Map<String, Value> = patch
            .labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str())))
            .collect();
        json!({
            "labels": labels,
            "kubectl": kubectl(&standing.namespace, patch),
            "yaml": yaml(&standing.namespace, patch),
        })
    });
    json!({
        "id": format!("ns/{}", standing.namespace),
        "enforce": of_mode(standing.policy.enforce),
        "audit": of_mode(standing.policy.audit),
        "warn": of_mode(standing.policy.warn),
        "labelled": standing.policy.enforce_label.is_some(),
        "in_force": standing.on,
        "errors": standing.policy.errors,
        "satisfies": {
            "level": standing.satisfied.name(),
            "version": standing.version.to_string(),
            "missing": standing.missing,
        },
        "pods": standing.looked_at.0,
        "templates": standing.looked_at.1,
        "held_down_by": holders,
        "without_holder": standing.without_holder.map(Level::name),
        "violated_by": violating,
        "patch": patch,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_shell_and_yaml() {
        let patch = Patch { labels: vec![("k", "baseline".to_owned())] };
        assert_eq!(kubectl("shop", &patch), "kubectl label --overwrite namespace shop k=baseline");
        assert_eq!(
            kubectl("a'; rm -rf /", &patch),
            "kubectl label --overwrite namespace 'a'\\''; rm -rf /' k=baseline"
        );
        assert_eq!(kubectl("-o", &patch), "kubectl label --overwrite namespace/-o k=baseline");
        assert!(yaml("a: b\n", &patch).contains("  name: \"a: b\\n\"\n"));
    }
}
