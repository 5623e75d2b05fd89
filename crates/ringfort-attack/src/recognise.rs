//! What an image is, by the name of its repository.

use ringfort_model::image::{ends, split_host};
pub use ringfort_model::image::{full_repository, repository};
use ringfort_model::{ContainerKind, Str, Unit};
use rustc_hash::FxHashMap;

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

/// Which of the names the image's repository ends in, or is a copy of.
#[must_use]
pub fn known(image: &str, names: &[&'static str]) -> Option<&'static str> {
    ends(repository(image), names)
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
