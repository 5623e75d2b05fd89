//! What Argo CD lets do whoever it knows nothing about: the role of `policy.default`, which
//! everybody has before a policy about themselves is asked (Argo CD `util/rbac/rbac.go`,
//! `assets/builtin-policy.csv`, operator-manual rbac).

use ringfort_model::{Kind, Str};

use crate::context::Context;

/// The ConfigMap of its policies.
pub const MAP: &str = "argocd-rbac-cm";

/// What the default role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRole<'c> {
    /// Its ConfigMap was not read.
    Unread,
    /// More than read, by its name.
    Writes(&'c str),
    /// No more than read; the name is empty where there is none.
    Reads(&'c str),
    /// Policies of other keys say it, whose values are not kept.
    Elsewhere(&'c str),
}

/// What the default role of an Argo CD in a namespace may do.
#[must_use]
pub fn default_role<'c>(context: &Context<'c>, namespace: &str) -> DefaultRole<'c> {
    let Some(map) = context.cluster.config_maps.get(namespace, MAP) else {
        return match context.cluster.coverage.is_complete(Kind::ConfigMap) {
            true => DefaultRole::Reads(""),
            false => DefaultRole::Unread,
        };
    };
    let value = |key: &str| map.data.get(key).map_or("", Str::as_str);
    let role = value("policy.default");
    let elsewhere =
        |key: &Str| key.starts_with("policy.") && key.ends_with(".csv") && *key != *"policy.csv";
    match role {
        "" => DefaultRole::Reads(role),
        _ if writes(value("policy.csv"), role) => DefaultRole::Writes(role),
        _ if map.data.iter().any(|(key, _)| elsewhere(key)) => DefaultRole::Elsewhere(role),
        // A role of which no policy speaks may do nothing.
        _ => DefaultRole::Reads(role),
    }
}

/// Whether a policy lets a role, or one that it holds, do more than get
/// (`p, role, resource, action, object, effect`; `g, role, role`). Of the built-in roles
/// `role:admin` does, `role:readonly` does not.
fn writes(csv: &str, role: &str) -> bool {
    let lines = || csv.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
    let mut roles = vec![role.to_owned()];
    let mut at = 0;
    while let Some(role) = roles.get(at).cloned() {
        at += 1;
        if role == "role:admin" {
            return true;
        }
        for line in lines() {
            match line.as_slice() {
                ["p", who, _, action, _, effect]
                    if *who == role && *action != "get" && *effect == "allow" =>
                {
                    return true;
                }
                ["g", who, other] if *who == role && !roles.iter().any(|known| known == other) => {
                    roles.push((*other).to_owned());
                }
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::writes;

    #[test]
    fn a_role_writes_by_itself_or_through_another() {
        let csv = "p, role:dev, applications, sync, */*, allow\ng, role:base, role:dev\n\
                   p, role:look, applications, get, */*, allow";
        assert!(writes(csv, "role:dev") && writes(csv, "role:base"));
        assert!(!writes(csv, "role:look"));
        assert!(writes("g, role:x, role:admin", "role:x"));
        assert!(writes("", "role:admin") && !writes("", "role:readonly"));
        assert!(writes("p, role:readonly, applications, sync, */*, allow", "role:readonly"));
        assert!(!writes("p, role:dev, applications, sync, */*, deny", "role:dev"));
    }
}
