//! Patterns of paths as Trivy's ignore files write them (bmatcuk/doublestar v4, `Match`): `*` and
//! `?` within a name, `**` as a whole name for any number of folders, `[a-z]`, `[^a]`, `{a,b}`,
//! and a backslash before what is meant to the letter.

use regex::Regex;

/// The expression that matches the same paths, or `None` if the pattern is broken.
pub(super) fn expression(pattern: &str) -> Option<Regex> {
    let mut out = String::from("^");
    let mut rest: Vec<char> = pattern.chars().rev().collect();
    let mut depth = 0usize;
    let mut starts_name = true;
    while let Some(one) = rest.pop() {
        let began = starts_name;
        starts_name = false;
        match one {
            '*' if rest.last() == Some(&'*') => {
                while rest.last() == Some(&'*') {
                    rest.pop();
                }
                match (began, rest.last()) {
                    // `**/`: any number of folders, none included.
                    (true, Some('/')) => {
                        rest.pop();
                        out.push_str("(?:[^/]+/)*");
                        starts_name = true;
                    }
                    // A last `/**` also matches the folder itself.
                    (true, None) => match out.strip_suffix('/').map(str::to_owned) {
                        Some(folder) => out = format!("{folder}(?:/.*)?"),
                        None => out.push_str(".*"),
                    },
                    _ => out.push_str("[^/]*"),
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '/' => {
                out.push('/');
                starts_name = true;
            }
            '[' => out.push_str(&class(&mut rest)?),
            '{' => {
                depth += 1;
                out.push_str("(?:");
                starts_name = began;
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => {
                out.push('|');
                starts_name = true;
            }
            '\\' => out.push_str(&regex::escape(&rest.pop()?.to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    if depth > 0 {
        return None;
    }
    out.push('$');
    Regex::new(&out).ok()
}

/// The rest of a class, after its bracket.
fn class(rest: &mut Vec<char>) -> Option<String> {
    let mut out = String::from("[");
    if matches!(rest.last(), Some('^' | '!')) {
        rest.pop();
        // A class never matches what parts names.
        out.push_str("^/");
    }
    let mut some = false;
    loop {
        match rest.pop()? {
            ']' if some => break,
            ']' | '/' => return None,
            '-' if some && rest.last() != Some(&']') => out.push('-'),
            '\\' => out.push_str(&regex::escape(&rest.pop()?.to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
        some = true;
    }
    out.push(']');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn patterns_match_what_upstream_says() {
        for (pattern, yes, no) in [
            (
                "deploy/app.yaml",
                &["deploy/app.yaml"][..],
                &["deploy/app.yml", "x/deploy/app.yaml"][..],
            ),
            ("*.yaml", &["a.yaml"], &["d/a.yaml"]),
            ("**/*.yaml", &["a.yaml", "d/a.yaml", "d/e/a.yaml"], &["a.yml"]),
            ("deploy/**", &["deploy", "deploy/a", "deploy/b/c.yaml"], &["deployed/a"]),
            ("a/**/b.yaml", &["a/b.yaml", "a/x/y/b.yaml"], &["a/xb.yaml"]),
            ("a**b", &["ab", "axb"], &["a/b"]),
            ("app?.yaml", &["app1.yaml"], &["app.yaml", "app12.yaml"]),
            ("[ab]-[^c].yaml", &["a-d.yaml"], &["a-c.yaml", "c-d.yaml"]),
            ("{web,api}/x", &["web/x", "api/x"], &["webapi/x"]),
            (r"a\*b", &["a*b"], &["axb"]),
            ("a.b", &["a.b"], &["axb"]),
        ] {
            let found = expression(pattern).expect(pattern);
            for path in yes {
                assert!(found.is_match(path), "{pattern} matches {path}");
            }
            for path in no {
                assert!(!found.is_match(path), "{pattern} does not match {path}");
            }
        }
        for broken in ["[", "[]", "{a", "a\\", "[a"] {
            assert!(expression(broken).is_none(), "{broken}");
        }
    }
}
