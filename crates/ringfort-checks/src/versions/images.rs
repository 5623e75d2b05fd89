//! Which component a container runs: by the name of its image, else by the program that it is
//! told to start; and what else shows that a component is there, so that a component of which no
//! image is known is not called absent.

use ringfort_attack::recognise::known;
use ringfort_model::image::{ends, repository};
use ringfort_model::{Cluster, Container, Unit};
use ringfort_network::exposure::INGRESS_NGINX;

use super::data::Part;

/// What an image is, by the ends of its repositories.
struct Image {
    repositories: &'static [&'static str],
    component: &'static str,
    part: Option<Part>,
}

const fn image(repositories: &'static [&'static str], component: &'static str) -> Image {
    Image { repositories, component, part: None }
}

const fn kubernetes(repositories: &'static [&'static str], part: Part) -> Image {
    Image { repositories, component: "kubernetes", part: Some(part) }
}

const IMAGES: &[Image] = &[
    kubernetes(&["kube-apiserver"], Part::ApiServer),
    kubernetes(&["kube-controller-manager"], Part::ControllerManager),
    kubernetes(&["kube-scheduler"], Part::Scheduler),
    kubernetes(&["kube-proxy"], Part::KubeProxy),
    image(&["amazon-k8s-cni"], "aws-vpc-cni"),
    image(&["antrea-agent-ubuntu", "antrea-ubuntu"], "antrea"),
    image(&["argoproj/argocd"], "argo-cd"),
    image(&["calico/node", "calico/typha", "calico/kube-controllers", "hardened-calico"], "calico"),
    image(&["cilium/cilium"], "cilium"),
    image(&["coredns"], "coredns"),
    image(&["etcd"], "etcd"),
    image(&["flannel"], "flannel"),
    image(&["fluxcd/helm-controller"], "flux-helm-controller"),
    image(&["fluxcd/image-automation-controller"], "flux-image-automation-controller"),
    image(&["fluxcd/image-reflector-controller"], "flux-image-reflector-controller"),
    image(&["fluxcd/kustomize-controller"], "flux-kustomize-controller"),
    image(&["fluxcd/notification-controller"], "flux-notification-controller"),
    image(&["fluxcd/source-controller"], "flux-source-controller"),
    image(INGRESS_NGINX, "ingress-nginx"),
    image(&["istio/pilot", "istio/proxyv2", "istio/ztunnel"], "istio"),
    image(
        &[
            "jetstack/cert-manager-cainjector",
            "jetstack/cert-manager-controller",
            "jetstack/cert-manager-webhook",
        ],
        "cert-manager",
    ),
    image(&["kindnetd"], "kindnet"),
    image(&["weave-kube"], "weave"),
];

/// Images of all of Kubernetes, whose command says the part.
const WHOLE: &[&str] = &["hardened-kubernetes", "hyperkube"];

/// What a program is, whatever the name of the image that it comes in.
const PROGRAMS: &[(&str, &str, Option<Part>)] = &[
    ("kube-apiserver", "kubernetes", Some(Part::ApiServer)),
    ("kube-controller-manager", "kubernetes", Some(Part::ControllerManager)),
    ("kube-scheduler", "kubernetes", Some(Part::Scheduler)),
    ("kube-proxy", "kubernetes", Some(Part::KubeProxy)),
    ("argocd-application-controller", "argo-cd", None),
    ("argocd-repo-server", "argo-cd", None),
    ("argocd-server", "argo-cd", None),
    ("cilium-agent", "cilium", None),
    ("coredns", "coredns", None),
    ("etcd", "etcd", None),
    ("flanneld", "flannel", None),
    ("nginx-ingress-controller", "ingress-nginx", None),
];

/// Labels that the manifests of a component give its pods.
const LABELS: &[(&str, &str, &str)] = &[
    ("antrea", "app", "antrea"),
    ("argo-cd", "app.kubernetes.io/part-of", "argocd"),
    ("calico", "k8s-app", "calico-node"),
    ("calico", "k8s-app", "calico-typha"),
    ("calico", "k8s-app", "calico-kube-controllers"),
    ("cert-manager", "app.kubernetes.io/name", "cert-manager"),
    ("cilium", "k8s-app", "cilium"),
    ("coredns", "k8s-app", "kube-dns"),
    ("flannel", "app", "flannel"),
    ("flux-helm-controller", "app", "helm-controller"),
    ("flux-image-automation-controller", "app", "image-automation-controller"),
    ("flux-image-reflector-controller", "app", "image-reflector-controller"),
    ("flux-kustomize-controller", "app", "kustomize-controller"),
    ("flux-notification-controller", "app", "notification-controller"),
    ("flux-source-controller", "app", "source-controller"),
    ("ingress-nginx", "app", "ingress-nginx"),
    ("ingress-nginx", "app.kubernetes.io/name", "ingress-nginx"),
    ("istio", "app", "istiod"),
];

/// kube-dns, which CoreDNS took the place and the label of.
const KUBE_DNS: &[&str] = &["k8s-dns-kube-dns", "k8s-dns-kube-dns-amd64", "kube-dns"];

/// A component in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) name: &'static str,
    pub(super) part: Option<Part>,
    /// Whether the image is one whose tag is the component's version.
    pub(super) tagged: bool,
}

/// What a container runs.
pub(super) fn component(container: &Container) -> Option<Component> {
    let repository = repository(&container.image);
    let whole = ends(repository, WHOLE).is_some();
    let own = IMAGES.iter().find(|one| ends(repository, one.repositories).is_some());
    if let Some(image) = own.filter(|_| !whole) {
        return Some(Component { name: image.component, part: image.part, tagged: true });
    }
    started(container).map(|(_, name, part)| Component {
        name,
        part: *part,
        tagged: whole && *name == "kubernetes",
    })
}

/// The program that a container is told to start: the first word of its command or arguments, or
/// what follows the `--` of a small init.
fn started(container: &Container) -> Option<&'static (&'static str, &'static str, Option<Part>)> {
    [&container.command, &container.args].into_iter().find_map(|list| {
        let begins = list.iter().take(1);
        let after = list.iter().zip(list.iter().skip(1)).filter(|(word, _)| **word == *"--");
        let words = begins.chain(after.map(|(_, word)| word));
        let mut names = words.map(|word| word.rsplit('/').next().unwrap_or(word));
        names.find_map(|name| PROGRAMS.iter().find(|(program, ..)| *program == name))
    })
}

/// What shows a component of which no container is known, as an object's kind and name with what
/// it says.
pub(crate) enum Mark<'c> {
    /// A group of equal pods has a label of its manifests.
    Label(u32),
    /// A class of Ingresses names its controller.
    Class(&'c str),
}

/// The first mark of a component.
pub(crate) fn mark<'c>(cluster: &'c Cluster, units: &[Unit], component: &str) -> Option<Mark<'c>> {
    let labels = || LABELS.iter().filter(|(one, ..)| *one == component);
    let marked = units.iter().position(|unit| {
        let has = |key: &str, value: &str| unit.labels.get(key).is_some_and(|one| *one == *value);
        let other = || {
            let mut all = unit.spec.all_containers();
            component == "coredns"
                && all.any(|(_, _, container)| known(&container.image, KUBE_DNS).is_some())
        };
        !unit.latent && labels().any(|(_, key, value)| has(key, value)) && !other()
    });
    let class = || {
        let mut all = cluster.ingress_classes.iter();
        let class = all.find(|class| {
            class.spec.as_ref().is_some_and(|spec| is_ingress_nginx(&spec.controller))
        });
        class.filter(|_| component == "ingress-nginx")
    };
    marked
        .map(|at| Mark::Label(u32::try_from(at).unwrap_or(u32::MAX)))
        .or_else(|| class().map(|class| Mark::Class(&class.metadata.name)))
}

/// Whether a class's controller is ingress-nginx: `k8s.io/ingress-nginx`, or one of several that
/// its `--controller-class` tells apart as its documentation does (`k8s.io/internal-ingress-nginx`).
fn is_ingress_nginx(controller: &str) -> bool {
    controller.starts_with("k8s.io/") && controller.ends_with("ingress-nginx")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(container: &Value) -> Option<(&'static str, Option<Part>, bool)> {
        let container: Container = serde_json::from_value(container.clone()).expect("a container");
        component(&container).map(|one| (one.name, one.part, one.tagged))
    }

    #[test]
    fn an_image_is_one_thing() {
        let all = || IMAGES.iter().flat_map(|one| one.repositories);
        for name in all() {
            assert_eq!(all().filter(|other| *other == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn builds_of_others_and_copies_are_the_component() {
        for image in [
            "rancher/nginx-ingress-controller:v1.12.0-hardened2",
            "registry.k8s.io/ingress-nginx/controller-chroot:v1.11.3@sha256:0",
            "bitnami/nginx-ingress-controller:1.12.0",
            "quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.30.0",
        ] {
            let wanted = Some(("ingress-nginx", None, true));
            assert_eq!(of(&json!({"image": image})), wanted, "{image}");
        }
        let dns = json!({"image": "rancher/hardened-coredns:v1.12.1-build20250401"});
        assert_eq!(of(&dns), Some(("coredns", None, true)));
        assert_eq!(of(&json!({"image": "nginx/nginx-ingress:4.0"})), None);
    }

    #[test]
    fn a_program_is_known_in_any_image_and_its_version_is_not() {
        let nginx = Some(("ingress-nginx", None, false));
        let mirror = |words: Value| of(&json!({"image": "corp/edge:7", "args": words}));
        assert_eq!(mirror(json!(["/nginx-ingress-controller", "--x"])), nginx);
        assert_eq!(mirror(json!(["--", "/nginx-ingress-controller"])), nginx);
        assert_eq!(mirror(json!(["--data-dir", "/var/lib/etcd"])), None);
        let server = Some(("kubernetes", Some(Part::ApiServer), true));
        let rke2 = "rancher/hardened-kubernetes:v1.31.7-rke2r1-build20250312";
        assert_eq!(of(&json!({"image": rke2, "command": ["kube-apiserver"]})), server);
        assert_eq!(of(&json!({"image": rke2, "command": ["sleep"]})), None);
    }
}
