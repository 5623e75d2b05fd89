//! What runs, in which version, and where that is written: the API server's own word, nodes'
//! status, and the tags of images. What no object shows is listed as well, with the reason.

use ringfort_attack::Why;
use ringfort_attack::context::Context;
use ringfort_attack::operator::Operator;
use ringfort_model::record::Node;
use ringfort_model::{ContainerKind, EntityId, Id, Str};

use super::data::Part;
use super::images::{Component, component};
use super::release::Release;
use crate::facts;
use crate::outcome::Object;
use crate::world::World;

/// Where a component runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Site {
    /// The cluster as a whole.
    Cluster,
    /// A node.
    Node(Id<Node>),
    /// A group of equal pods.
    Unit(u32),
}

/// A component that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) component: &'static str,
    pub(crate) part: Option<Part>,
    pub(crate) site: Site,
    /// The container of such pods that runs it.
    pub(crate) container: Option<(ContainerKind, usize)>,
    /// The version as it is written; empty if it is nowhere.
    pub(crate) text: Str,
    /// The version, or why it is not known.
    pub(crate) release: Result<Release, &'static str>,
    /// The distribution that packages the component with fixes of its own, without showing them
    /// in the version.
    pub(crate) packaged: Option<Str>,
    /// Where the version is written.
    pub(crate) why: Why,
    /// The object that it is said about.
    pub(crate) object: Object,
}

impl Running {
    /// Whether it is the API server.
    pub(crate) fn is_api_server(&self) -> bool {
        self.part == Some(Part::ApiServer)
    }

    /// Its command line, where it is what pods run.
    pub(crate) fn operator(&self, context: &Context<'_>) -> Option<Operator> {
        let (Site::Unit(unit), Some((kind, index))) = (self.site, self.container) else {
            return None;
        };
        Some(Operator::at(context, unit, kind, index))
    }

    /// The component with its part and version, in words.
    pub(crate) fn label(&self) -> String {
        let part = self.part.map(|part| format!(" ({})", part.name())).unwrap_or_default();
        format!("{}{part} {}", self.component, self.text).trim_end().to_owned()
    }
}

/// Names of runtimes in a node's status.
const RUNTIMES: [(&str, &str); 3] =
    [("containerd", "containerd"), ("cri-o", "cri-o"), ("docker", "docker")];

/// Distributions that package containerd and runc and port fixes back to the version that they
/// have, by how a node's `osImage` begins. Others ship upstream's releases as they are.
const PACKAGING: [&str; 17] = [
    "AlmaLinux",
    "Alpine",
    "Amazon Linux",
    "Azure Linux",
    "CBL-Mariner",
    "CentOS",
    "Common Base Linux",
    "Container-Optimized OS",
    "Debian",
    "Fedora",
    "openSUSE",
    "Oracle Linux",
    "Photon",
    "Red Hat",
    "Rocky",
    "SUSE",
    "Ubuntu",
];

const DIGEST: &str = "the image is named by its digest only";
const TAG: &str = "the image's tag names no version";
const FOREIGN: &str = "its program runs in an image whose tags may count something else";
const NOWHERE: &str = "no object shows the version";
const UNREADABLE: &str = "the version does not read as one";

/// The version that an image's tag says, as it is written.
fn tag(image: &str) -> Result<&str, &'static str> {
    let (plain, digest) = image.split_once('@').map_or((image, false), |(plain, _)| (plain, true));
    match plain.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => Ok(tag),
        _ if digest => Err(DIGEST),
        _ => Err(TAG),
    }
}

fn release(component: &str, text: &str, otherwise: &'static str) -> Result<Release, &'static str> {
    // Builds of ingress-nginx before 1.0 and Rancher's for RKE say the name in the tag as well.
    let text = match component {
        "ingress-nginx" => text.strip_prefix("nginx-").unwrap_or(text),
        _ => text,
    };
    Release::parse(text, component == "etcd").ok_or(otherwise)
}

/// Everything that runs, in the order of components, parts and places.
pub(crate) fn running(world: &World<'_>) -> Vec<Running> {
    let mut found = Vec::new();
    nodes(world, &mut found);
    images(world, &mut found);
    api_server(world, &mut found);
    found.sort_by(|a, b| {
        (a.component, a.part, &a.object, a.site).cmp(&(b.component, b.part, &b.object, b.site))
    });
    found
}

/// The API server says its version itself; a pod's image says it where nobody asked, or where
/// only the minor is known.
fn api_server(world: &World<'_>, found: &mut Vec<Running>) {
    let cluster = world.cluster;
    let minor = cluster.version.map(|version| version.to_string()).unwrap_or_default();
    let own = match cluster.git_version.as_str() {
        "" => minor.as_str(),
        text => text,
    };
    let release = match own {
        "" => Err(NOWHERE),
        text => release("kubernetes", text, UNREADABLE),
    };
    let is_server = |one: &Running| one.part == Some(Part::ApiServer) && one.release.is_ok();
    match &release {
        Ok(known) if known.is_exact() => found.retain(|one| !is_server(one)),
        _ if found.iter().any(is_server) => return,
        _ => {}
    }
    found.push(Running {
        component: "kubernetes",
        part: Some(Part::ApiServer),
        site: Site::Cluster,
        container: None,
        text: Str::new(own),
        release,
        packaged: None,
        why: facts::field("Cluster", "", "api-server", ("version", own)),
        object: facts::whole("api-server"),
    });
}

fn nodes(world: &World<'_>, found: &mut Vec<Running>) {
    for (id, node) in world.cluster.nodes.ids() {
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        let object = Object::wide("Node", &node.metadata.name);
        let mut add = |component, part, field: &str, text: &str, packaged: Option<Str>| {
            let release = match text {
                "" => Err(NOWHERE),
                text => release(component, text, UNREADABLE),
            };
            let path = format!("status.nodeInfo.{field}");
            found.push(Running {
                component,
                part,
                site: Site::Node(id),
                container: None,
                text: Str::new(text),
                release,
                packaged,
                why: Why::Field {
                    object: EntityId::Node(node.metadata.name.clone()),
                    path: Str::from(path),
                    value: info.map_or_else(Str::default, |info| match field {
                        "containerRuntimeVersion" => info.container_runtime_version.clone(),
                        _ => Str::new(text),
                    }),
                },
                object: object.clone(),
            });
        };
        let (kubelet, runtime, os, kernel) = info.map_or(("", "", "", ""), |info| {
            (
                info.kubelet_version.as_str(),
                info.container_runtime_version.as_str(),
                info.os_image.as_str(),
                info.kernel_version.as_str(),
            )
        });
        add("kubernetes", Some(Part::Kubelet), "kubeletVersion", kubelet, None);
        let (name, version) = runtime.split_once("://").unwrap_or_default();
        let packaged = match PACKAGING.iter().any(|begin| os.starts_with(begin)) {
            true => Some(Str::new(os)),
            // Of a system without a name nothing is known.
            false if os.is_empty() => Some(Str::new("the node's system")),
            false => None,
        };
        match RUNTIMES.iter().find(|(known, _)| *known == name) {
            Some((_, component)) => {
                // CRI-O's packages carry their build in the version.
                let packaged = packaged.clone().filter(|_| *component != "cri-o");
                add(component, None, "containerRuntimeVersion", version, packaged);
            }
            None => add("container-runtime", None, "containerRuntimeVersion", "", None),
        }
        if !node.is_windows() {
            add("runc", None, "containerRuntimeVersion", "", packaged);
            add("linux-kernel", None, "kernelVersion", kernel, None);
        }
    }
}

fn images(world: &World<'_>, found: &mut Vec<Running>) {
    for place in world.places().filter(|place| !place.unit.latent) {
        for (kind, index, container) in place.unit.spec.all_containers() {
            let Some(Component { name, part, tagged }) = component(container) else { continue };
            let tag = if tagged { tag(&container.image) } else { Err(FOREIGN) };
            let path = format!("{}[{index}].image", kind.field());
            let one = Running {
                component: name,
                part,
                site: Site::Unit(place.at),
                container: Some((kind, index)),
                text: Str::new(tag.unwrap_or_default()),
                release: tag.and_then(|tag| release(name, tag, TAG)),
                packaged: None,
                why: place.field(path, &container.image).into_mark(),
                object: world.owner(place.at),
            };
            // Containers of one pod often share an image.
            let same = |other: &Running| {
                (other.component, other.part, other.site, &other.text)
                    == (one.component, one.part, one.site, &one.text)
            };
            if !found.iter().rev().take(16).any(same) {
                found.push(one);
            }
        }
    }
}

/// Under which name the data on support know a component; nothing where they know none.
pub(crate) fn product(world: &World<'_>, running: &Running) -> Option<&'static str> {
    Some(match running.component {
        "kubernetes" => match running.text.as_str() {
            text if text.contains("-eks-") => "amazon-eks",
            text if text.contains("-gke.") => "google-kubernetes-engine",
            _ if is_aks(world) => "azure-kubernetes-service",
            _ => "kubernetes",
        },
        known @ ("argo-cd" | "calico" | "cilium" | "containerd" | "etcd" | "ingress-nginx"
        | "istio") => known,
        _ => return None,
    })
}

/// Whether nodes carry the labels of Azure's service, whose versions carry no suffix.
fn is_aks(world: &World<'_>) -> bool {
    world.cluster.nodes.iter().any(|node| {
        node.metadata.labels.iter().any(|(key, _)| *key == *"kubernetes.azure.com/cluster")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_versions_and_digests_do_not() {
        assert_eq!(tag("quay.io/argoproj/argocd:v3.1.0@sha256:0"), Ok("v3.1.0"));
        assert_eq!(tag("registry:5000/etcd:3.6.4-0"), Ok("3.6.4-0"));
        assert_eq!(tag("registry:5000/etcd"), Err(TAG));
        assert_eq!(tag("registry:5000/etcd@sha256:0"), Err(DIGEST));
        let of = |component: &str, image: &str| {
            tag(image).and_then(|tag| release(component, tag, TAG)).map(|one| one.cycle())
        };
        assert_eq!(of("etcd", "etcd:3.6.4-0"), Ok("3.6".to_owned()));
        assert_eq!(of("argo-cd", "argoproj/argocd:latest"), Err(TAG));
        assert_eq!(of("argo-cd", "argoproj/argocd@sha256:0"), Err(DIGEST));
        let rke = "rancher/nginx-ingress-controller:nginx-1.11.3-rancher1";
        assert_eq!(of("ingress-nginx", rke), Ok("1.11".to_owned()));
    }
}
