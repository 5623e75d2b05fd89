//! `cargo xtask krew VERSION URL PLATFORM=FILE…`: the manifest with which krew installs
//! `kubectl ringfort`, from the archives of a release. URL is the folder that they are published
//! in; a platform is `linux/amd64`, `linux/arm64`, `darwin/amd64`, `darwin/arm64` or
//! `windows/amd64`. The digests are those of the files given, so that nobody types them
//! (sigs.k8s.io/krew, docs: plugin manifest).

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::image::sha256;

const PLATFORMS: [&str; 5] =
    ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"];

pub(crate) fn run(arguments: &mut dyn Iterator<Item = String>) -> Result<()> {
    let usage = "krew VERSION URL PLATFORM=FILE…";
    let version = arguments.next().context(usage)?;
    let url = arguments.next().context(usage)?;
    let mut archives = Vec::new();
    for word in arguments {
        let (platform, file) = word.split_once('=').context(usage)?;
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        archives.push((platform.to_owned(), name.context(usage)?.to_owned(), sha256(&bytes)));
    }
    print!("{}", manifest(&version, &url, &archives)?);
    Ok(())
}

/// The manifest; archives are platform, file name and digest.
fn manifest(version: &str, url: &str, archives: &[(String, String, String)]) -> Result<String> {
    let numbers: Vec<&str> = version.split('.').collect();
    let plain = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(numbers.len() == 3 && numbers.iter().all(plain), "{version} is no version as 1.2.3");
    ensure!(url.starts_with("https://"), "krew fetches by https, not from {url}");
    ensure!(!archives.is_empty(), "no archive, no platform");
    let mut text = format!(
        "apiVersion: krew.googlecontainertools.github.com/v1alpha2\n\
         kind: Plugin\n\
         metadata:\n  name: ringfort\n\
         spec:\n  version: v{version}\n\
         \x20 shortDescription: Find attack paths and the changes that cut them\n\
         \x20 description: |\n\
         \x20   Reads the cluster, draws every way in and every way on from there as one graph,\n\
         \x20   and names the smallest set of changes that cuts the ways to what matters.\n\
         \x20   It only reads, with the permissions of the current context.\n\
         \x20 platforms:\n"
    );
    for (platform, file, digest) in archives {
        if !PLATFORMS.contains(&platform.as_str()) {
            bail!("{platform} is none of {}", PLATFORMS.join(", "));
        }
        let (os, arch) = platform.split_once('/').unwrap_or_default();
        let end = if os == "windows" { ".exe" } else { "" };
        text.push_str(&format!(
            "    - selector:\n        matchLabels:\n          os: {os}\n          arch: {arch}\n\
             \x20     uri: {}/{file}\n      sha256: \"{digest}\"\n      bin: kubectl-ringfort{end}\n\
             \x20     files:\n        - from: ringfort{end}\n          to: kubectl-ringfort{end}\n\
             \x20       - from: LICENSE\n          to: .\n",
            url.trim_end_matches('/')
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::manifest;

    fn archive(platform: &str) -> (String, String, String) {
        (platform.to_owned(), "ringfort.tar.gz".to_owned(), "0".repeat(64))
    }

    #[test]
    fn a_manifest_names_what_krew_needs() {
        let all = [archive("linux/amd64"), archive("windows/amd64")];
        let text = manifest("1.2.3", "https://example.org/v1.2.3/", &all).expect("a manifest");
        let value = ringfort_collect::yaml_values(&text).expect("YAML").remove(0);
        assert_eq!(value["metadata"]["name"], "ringfort");
        assert_eq!(value["spec"]["version"], "v1.2.3");
        let platforms = value["spec"]["platforms"].as_array().expect("a list");
        assert_eq!(platforms.len(), 2);
        for (one, end) in platforms.iter().zip(["", ".exe"]) {
            assert_eq!(one["uri"], "https://example.org/v1.2.3/ringfort.tar.gz");
            assert_eq!(one["bin"], format!("kubectl-ringfort{end}"));
            assert_eq!(one["files"][0]["from"], format!("ringfort{end}"));
            assert_eq!(one["sha256"], "0".repeat(64));
        }
        assert_eq!(platforms[0]["selector"]["matchLabels"]["os"], "linux");
        // What krew refuses: more than 50 characters.
        let short = value["spec"]["shortDescription"].as_str().expect("text");
        assert!(short.len() <= 50, "{short}");
    }

    #[test]
    fn what_krew_could_not_install_is_refused() {
        for (version, url, all) in [
            ("v1.2.3", "https://example.org", vec![archive("linux/amd64")]),
            ("1.2", "https://example.org", vec![archive("linux/amd64")]),
            ("1.2.3", "http://example.org", vec![archive("linux/amd64")]),
            ("1.2.3", "https://example.org", vec![archive("linux/x86")]),
            ("1.2.3", "https://example.org", vec![]),
        ] {
            assert!(manifest(version, url, &all).is_err(), "{version} {url}");
        }
    }
}
