//! Until when components are supported: dated data, so that the same input gives the same answer
//! on every day.
//!
//! The data are rows of endoflife.date (MIT), written by `cargo xtask support`; a component
//! without a row is unknown.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// The data, with their date.
#[derive(Debug, Default)]
pub(crate) struct Support {
    /// The day of the data.
    pub(crate) date: String,
    /// Last day of support by product and cycle; nothing where none is set yet.
    ends: BTreeMap<(String, String), Option<String>>,
}

#[derive(Deserialize)]
struct Dated {
    date: String,
}

#[derive(Deserialize)]
struct Row {
    product: String,
    cycle: String,
    /// Last day of support, extended support included.
    end: Option<String>,
}

impl Support {
    /// The data that come with the program.
    pub(crate) fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<Support> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::read(include_str!("../data/support.jsonl")))
    }

    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let Dated { date } = serde_json::from_str(first).expect("the first line is the date");
        let row = |line| serde_json::from_str(line).expect("the data are written by xtask");
        let rows = lines.map(row).map(|Row { product, cycle, end }| ((product, cycle), end));
        Self { date, ends: rows.collect() }
    }

    /// Whether a release of a product is supported on the day of the data, with the day on which
    /// support ends; nothing without a row.
    pub(crate) fn of(&self, product: &str, cycle: &str) -> Option<(bool, Option<&str>)> {
        let end = self.ends.get(&(product.to_owned(), cycle.to_owned()))?.as_deref();
        Some((end.is_none_or(|end| end >= self.date.as_str()), end))
    }

    /// The same of a version of Kubernetes, by whom its suffix names.
    pub(crate) fn kubernetes(&self, version: &str) -> Option<(bool, Option<&str>)> {
        let product = match version {
            eks if eks.contains("-eks-") => "amazon-eks",
            gke if gke.contains("-gke.") => "google-kubernetes-engine",
            _ => "kubernetes",
        };
        self.of(product, &cycle(version)?)
    }
}

/// `1.36` of `v1.36.2-gke.1`.
pub(crate) fn cycle(version: &str) -> Option<String> {
    let mut parts = version.trim_start_matches('v').split('.');
    let major: u32 = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor.bytes().take_while(u8::is_ascii_digit).count();
    let minor: u32 = minor[..digits].parse().ok()?;
    Some(format!("{major}.{minor}"))
}

/// Products by the end of their image's repository.
const IMAGES: &[(&str, &str)] = &[
    ("argoproj/argocd", "argo-cd"),
    ("calico/node", "calico"),
    ("cilium/cilium", "cilium"),
    ("etcd", "etcd"),
    ("istio/pilot", "istio"),
    ("istio/proxyv2", "istio"),
];

/// The product that an image is, and the version that its tag says.
pub(crate) fn of_image(image: &str) -> Option<(&'static str, Option<String>)> {
    let names: [&'static str; 6] = std::array::from_fn(|at| IMAGES[at].0);
    let name = ringfort_attack::recognise::known(image, &names)?;
    let product = IMAGES.iter().find(|(known, _)| *known == name).map(|(_, product)| *product)?;
    let plain = image.split('@').next().unwrap_or(image);
    let tag = plain.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    Some((product, tag.and_then(cycle)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_is_judged_on_the_day_of_the_data() {
        let data = r#"{"date": "2026-08-22"}
{"product": "kubernetes", "cycle": "1.9", "end": "2018-09-27"}
{"product": "kubernetes", "cycle": "1.90", "end": "2026-08-22"}
{"product": "x", "cycle": "2.0"}"#;
        let support = Support::read(data);
        assert_eq!(support.kubernetes("v1.9.3"), Some((false, Some("2018-09-27"))));
        assert_eq!(support.kubernetes("v1.90.0"), Some((true, Some("2026-08-22"))));
        assert_eq!(support.kubernetes("v1.10.0"), None);
        assert_eq!(support.of("x", "2.0"), Some((true, None)));
        assert_eq!(cycle("v1.36.2-gke.1").as_deref(), Some("1.36"));
        assert_eq!(cycle("latest"), None);
        let image = of_image("quay.io/argoproj/argocd:v3.1.0@sha256:0");
        assert_eq!(image, Some(("argo-cd", Some("3.1".to_owned()))));
        assert_eq!(of_image("registry.k8s.io/etcd:3.6.4-0"), Some(("etcd", Some("3.6".into()))));
    }

    #[test]
    fn the_shipped_data_are_dated_and_know_the_newest_minor() {
        let shipped = Support::shipped();
        assert!(shipped.date.as_str() >= "2026-01-01", "{}", shipped.date);
        assert_eq!(shipped.kubernetes("v1.36.0").map(|(ok, _)| ok), Some(true));
        assert_eq!(shipped.kubernetes("v1.24.0").map(|(ok, _)| ok), Some(false));
    }
}
