//! What an image is, by the name of its repository.

use ringfort_model::{ContainerKind, Str, Unit};
use rustc_hash::FxHashMap;

/// Image repository without registry host, tag and digest.
#[must_use]
pub fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    split_host(name).map_or(name, |(_, rest)| rest)
}

/// The registry host that begins a name, and the rest: what has a dot, a port or an upper-case
/// letter, which no path may have, and `localhost` (distribution/reference, `splitDockerDomain`).
fn split_host(name: &str) -> Option<(&str, &str)> {
    let (host, rest) = name.split_once('/')?;
    let upper = host.chars().flat_map(char::to_lowercase).ne(host.chars());
    (host == "localhost" || host.contains(['.', ':']) || upper).then_some((host, rest))
}

/// Repository of an image as the runtime completes it, with its registry and without tag and
/// digest: without a host it is one of `docker.io`, where a single name lies in `library`
/// (distribution/reference, normalize.go).
#[must_use]
pub fn completed(image: &str) -> String {
    const HUB: &str = "docker.io";
    let name = full_repository(image);
    let (host, rest) = match split_host(name) {
        Some(("index.docker.io", rest)) => (HUB, rest),
        Some(split) => split,
        None => (HUB, name),
    };
    match host == HUB && !rest.contains('/') {
        true => format!("{HUB}/library/{rest}"),
        false => format!("{host}/{rest}"),
    }
}

/// Which of the names the image's repository ends in.
#[must_use]
pub fn known(image: &str, names: &[&'static str]) -> Option<&'static str> {
    ends(repository(image), names)
}

fn ends(repository: &str, names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| {
        repository == *name || repository.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
    })
}

/// A container: its unit, its list and its index there.
pub(crate) type Place = (u32, ContainerKind, u32);

/// Containers of units that run, by the repository of their image: a cluster has far fewer
/// repositories than containers, and every sort of controller is looked for.
#[derive(Debug)]
pub(crate) struct Images {
    by_repository: FxHashMap<Str, Vec<Place>>,
}

impl Images {
    pub(crate) fn new(units: &[Unit]) -> Self {
        let mut by_repository: FxHashMap<Str, Vec<Place>> = FxHashMap::default();
        for (at, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.latent) {
            for (kind, index, container) in unit.spec.all_containers() {
                let repository = repository(&container.image);
                let place = (at as u32, kind, index as u32);
                match by_repository.get_mut(repository) {
                    Some(places) => places.push(place),
                    None => {
                        by_repository.insert(Str::new(repository), vec![place]);
                    }
                }
            }
        }
        Self { by_repository }
    }

    /// Containers whose image is one of those that [`known`] finds, in the order of units.
    pub(crate) fn of(&self, names: &[&'static str]) -> Vec<Place> {
        let meant = self.by_repository.iter().filter(|(name, _)| ends(name, names).is_some());
        let mut places: Vec<Place> = meant.flat_map(|(_, places)| places).copied().collect();
        places.sort_unstable();
        places
    }
}

/// Repository of an image with its registry host, without tag and digest: what one pushes to.
pub(crate) fn full_repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// The registry host that a reference names; `None` where the runtime's default decides.
#[must_use]
pub fn registry(image: &str) -> Option<&str> {
    split_host(full_repository(image)).map(|(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed_as_the_runtime_does() {
        for (image, full) in [
            ("nginx:1", "docker.io/library/nginx"),
            ("docker.io/nginx:1@sha256:0", "docker.io/library/nginx"),
            ("index.docker.io/nginx", "docker.io/library/nginx"),
            ("index.docker.io/a/b", "docker.io/a/b"),
            ("grafana/grafana", "docker.io/grafana/grafana"),
            ("registry.corp:5000/a/b:1@sha256:0", "registry.corp:5000/a/b"),
            ("localhost/a", "localhost/a"),
            ("Registry/a", "Registry/a"),
            ("host:5000/a", "host:5000/a"),
        ] {
            assert_eq!(completed(image), full, "{image}");
        }
        assert_eq!((repository("Registry/a:1"), registry("Registry/a:1")), ("a", Some("Registry")));
        assert_eq!((repository("grafana/grafana"), registry("a/b")), ("grafana/grafana", None));
    }
}
