//! `ringfort netpol suggest`: policies for a namespace, tried before they are printed.

use anyhow::{Context as _, Result};
use ringfort_model::Object;
use ringfort_network::policy::suggest;
use ringfort_report::human::harmless;
use serde_json::Value;

use crate::args::{Netpol, Reading};
use crate::commands::{print, read, usage};

pub(crate) fn run(netpol: &Netpol, reading: &Reading) -> Result<u8> {
    let Netpol::Suggest { namespace, cluster } = netpol;
    let collected = read(cluster.as_deref(), reading)?;
    let found = suggest(&collected.cluster, namespace).map_err(|error| usage(error.to_string()))?;
    let mut text = String::new();
    for line in &found.checked {
        text.push_str(&format!("# checked: {}\n", harmless(line)));
    }
    for line in &found.left_out {
        text.push_str(&format!("# not covered: {}\n", harmless(line)));
    }
    for line in &found.cut {
        text.push_str(&format!("# cuts: {}\n", harmless(line)));
    }
    for policy in found.policies {
        let json = Object::NetworkPolicy(policy).to_json();
        let value: Value = serde_json::from_slice(&json).context("a policy is written as JSON")?;
        text.push_str("---\n");
        yaml(&value, 0, &mut text);
    }
    print(&text)?;
    Ok(0)
}

/// Writes a JSON value as block YAML. Texts are quoted, so that none reads as something else.
fn yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let inline = |value: &Value| match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = if key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    key.clone()
                } else {
                    Value::from(key.as_str()).to_string()
                };
                if inline(value) {
                    text.push_str(&format!("{indent}{key}: {value}\n"));
                } else {
                    text.push_str(&format!("{indent}{key}:\n"));
                    yaml(value, depth + 1, text);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if inline(item) {
                    text.push_str(&format!("{indent}- {item}\n"));
                    continue;
                }
                let mut inner = String::new();
                yaml(item, depth + 1, &mut inner);
                // The first line of the item stands behind the dash.
                text.push_str(&format!("{indent}- {}", &inner[2 * (depth + 1)..]));
            }
        }
        other => text.push_str(&format!("{indent}{other}\n")),
    }
}
