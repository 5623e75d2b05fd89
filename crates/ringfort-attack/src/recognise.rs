//! What an image is, by the name of its repository.

/// Image repository without registry host, tag and digest.
#[must_use]
pub fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => name,
    }
}

/// Which of the names the image's repository ends in.
#[must_use]
pub fn known(image: &str, names: &[&'static str]) -> Option<&'static str> {
    let repository = repository(image);
    names.iter().copied().find(|name| {
        repository == *name || repository.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
    })
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
    let (host, _) = full_repository(image).split_once('/')?;
    (host.contains(['.', ':']) || host == "localhost").then_some(host)
}
