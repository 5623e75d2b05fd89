//! References of images, and what an image is by the name of its repository.

/// Image repository without registry host, tag and digest.
#[must_use]
pub fn repository(image: &str) -> &str {
    let name = full_repository(image);
    split_host(name).map_or(name, |(_, rest)| rest)
}

/// Repository of an image with its registry host, without tag and digest: what one pushes to.
#[must_use]
pub fn full_repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// The registry host that begins a name, and the rest: what has a dot, a port or an upper-case
/// letter, which no path may have, and `localhost` (distribution/reference, `splitDockerDomain`).
#[must_use]
pub fn split_host(name: &str) -> Option<(&str, &str)> {
    let (host, rest) = name.split_once('/')?;
    let upper = host.chars().flat_map(char::to_lowercase).ne(host.chars());
    (host == "localhost" || host.contains(['.', ':']) || upper).then_some((host, rest))
}

/// Which of the names a repository ends in, or is a copy of.
#[must_use]
pub fn ends(repository: &str, names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| {
        repository == *name
            || repository.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
            || is_copy(repository, name)
    })
}

/// Whether a repository is named as Rancher names what it takes from others for k3s and RKE2:
/// `mirrored-ORG-NAME` is the image `ORG/NAME` itself (rancher/image-mirror), `hardened-NAME` its
/// own build of it (rancher/image-build-*).
fn is_copy(repository: &str, name: &str) -> bool {
    let last = repository.rsplit('/').next().unwrap_or(repository);
    let Some(rest) = last.strip_prefix("mirrored-").or_else(|| last.strip_prefix("hardened-"))
    else {
        return false;
    };
    let one_org =
        |org: &str| org.strip_suffix('-').is_some_and(|org| !org.is_empty() && !org.contains('-'));
    rest == name.replace('/', "-")
        || !name.contains('/') && rest.strip_suffix(name).is_some_and(one_org)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_what_they_copy() {
        let is = |image: &str, name: &'static str| ends(repository(image), &[name]).is_some();
        for (image, name) in [
            ("registry.k8s.io/coredns/coredns:v1.11", "coredns"),
            ("rancher/mirrored-coredns-coredns:1.9.3", "coredns"),
            ("docker.io/rancher/hardened-coredns:v1.14.3-build20260511", "coredns"),
            ("r.corp:5000/rancher/mirrored-calico-node@sha256:0", "calico/node"),
            ("rancher/mirrored-library-traefik:3", "traefik"),
            ("rancher/mirrored-pause:3.6", "pause"),
        ] {
            assert!(is(image, name), "{image} is {name}");
        }
        for (image, name) in [
            ("rancher/mirrored-coredns-coredns-autoscaler", "coredns"),
            ("rancher/mirrored-a-b-etcd", "etcd"),
            ("rancher/mirrored-calico-node-driver", "calico/node"),
            ("a/coredns-coredns", "coredns"),
            ("mirrored-x/other", "x"),
        ] {
            assert!(!is(image, name), "{image} is not {name}");
        }
    }
}
