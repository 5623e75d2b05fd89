//! What deploys to the cluster by itself: GitOps controllers with the repositories that they
//! watch, and runners of pipelines.

use std::collections::BTreeSet;

use ringfort_model::record::custom::{CustomSpec, SourceReference};
use ringfort_model::record::{Node, Other};
use ringfort_model::{ContainerKind, Id, Str};

use crate::argo_settings::{IMPERSONATION, impersonates};
use crate::context::Context;
use crate::node::{NodeKey, Subject};
use crate::operator::{Custom, Operator, custom};
use crate::recognise::known;
use crate::techniques::{deputy_argocd_app as argo, deputy_flux as flux};
use crate::why::Why;

/// Kinds of sources of Flux.
pub(crate) const SOURCES: [Custom; 4] = [
    custom("source.toolkit.fluxcd.io", "gitrepositories", "GitRepository"),
    custom("source.toolkit.fluxcd.io", "ocirepositories", "OCIRepository"),
    custom("source.toolkit.fluxcd.io", "helmrepositories", "HelmRepository"),
    custom("source.toolkit.fluxcd.io", "buckets", "Bucket"),
];
const APPLICATIONS: Custom = custom("argoproj.io", "applications", "Application");

/// A repository whose content is applied.
pub(crate) struct Deployment {
    /// Address of the repository.
    pub(crate) repository: Str,
    /// What its writers can do.
    pub(crate) to: NodeKey,
    pub(crate) why: Vec<Why>,
    /// Whether signatures are verified before anything is applied.
    pub(crate) verified: bool,
    pub(crate) fact: Option<&'static str>,
}

/// The source that a reference names.
pub(crate) fn source<'c>(
    context: &'c Context<'_>,
    reference: &'c SourceReference,
    namespace: &'c Str,
) -> Option<&'c Other> {
    let namespace = match reference.namespace.as_str() {
        "" => namespace,
        _ => &reference.namespace,
    };
    let kind = SOURCES.iter().find(|kind| *reference.kind == *kind.kind)?;
    kind.named(context, namespace, &reference.name)
}

/// Everything that a GitOps controller applies from a repository, sorted by controller.
pub(crate) fn deployments(context: &Context<'_>) -> Vec<Deployment> {
    let mut found = Vec::new();
    for (controller, kind) in flux::controllers(context) {
        for object in kind.objects(context) {
            let Some(spec) = object.spec.as_ref().filter(|spec| spec.suspend != Some(true)) else {
                continue;
            };
            let Some(reference) = reference(spec) else { continue };
            let namespace = &object.metadata.namespace;
            let Some(source) = source(context, reference, namespace) else { continue };
            let Some(from) = source.spec.as_ref().filter(|spec| !spec.url.is_empty()) else {
                continue;
            };
            let account = match spec.service_account_name.as_str() {
                "" => flux::default_account(context, &controller).map(Str::new),
                _ => Some(spec.service_account_name.clone()),
            };
            let account = match account {
                Some(name) => Subject::ServiceAccount(namespace.clone(), name),
                None => controller.account(context),
            };
            found.push(Deployment {
                repository: from.url.clone(),
                to: NodeKey::Subject(account),
                why: vec![
                    kind.field(object, "spec.sourceRef.name", &reference.name),
                    controller.why(context),
                ],
                verified: from.verify.is_some(),
                fact: None,
            });
        }
    }
    for controller in argo::controllers(context) {
        // A sync as another account: which one, the project says.
        let impersonation = match impersonates(context, &controller) {
            Some(true) => continue,
            Some(false) => None,
            None => Some(IMPERSONATION),
        };
        for application in APPLICATIONS.objects(context) {
            let Some(spec) = &application.spec else { continue };
            let addresses: Vec<&Str> =
                spec.source.iter().chain(spec.sources.iter()).map(|one| &one.repo_url).collect();
            let project = argo::PROJECTS.named(context, &controller.namespace, &spec.project);
            let mut reached: Vec<(NodeKey, Vec<Why>, Option<&'static str>)> = Vec::new();
            match project {
                Some(project) => {
                    let all = argo::destinations(context, &controller, project).into_iter();
                    reached.extend(all.map(|(to, why)| (to, vec![why], impersonation)));
                }
                None if !argo::PROJECTS.is_known(context) => {
                    let to = NodeKey::Subject(controller.account(context));
                    reached.push((to, Vec::new(), Some("the AppProjects, which were not read")));
                }
                None => {}
            }
            for address in addresses.into_iter().filter(|address| !address.is_empty()) {
                for (to, why, fact) in &reached {
                    let mut why = why.clone();
                    why.push(APPLICATIONS.field(application, "spec.source.repoURL", address));
                    why.push(controller.why(context));
                    found.push(Deployment {
                        repository: address.clone(),
                        to: to.clone(),
                        why,
                        verified: false,
                        fact: *fact,
                    });
                }
            }
        }
    }
    found
}

fn reference(spec: &CustomSpec) -> Option<&SourceReference> {
    let chart = spec.chart.as_ref().and_then(|chart| chart.spec.as_ref());
    spec.source_ref
        .as_ref()
        .or(chart.and_then(|chart| chart.source_ref.as_ref()))
        .or(spec.chart_ref.as_ref())
}

/// Ends of image repositories that execute jobs of pipelines.
pub(crate) const RUNNERS: &[&str] = &[
    "gitlab/gitlab-runner",
    "gitlab-org/gitlab-runner",
    "actions/actions-runner",
    "summerwind/actions-runner",
    "summerwind/actions-runner-dind",
    "summerwind/actions-runner-dind-rootless",
    "buildkite/agent",
    "forgejo/runner",
    "gitea/act_runner",
    "jenkins/agent",
    "jenkins/inbound-agent",
    "jenkins/jnlp-slave",
    "drone/drone-runner-kube",
    "woodpeckerci/woodpecker-agent",
];

/// Ends of image repositories of daemons that run containers for whoever asks.
const DAEMONS: &[&str] = &["docker", "library/docker", "docker-dind", "moby/buildkit"];

/// Whether an image holds the daemon: of Docker's own only the tags with `dind` do, the others
/// are its client. None where a digest stands for it alone: it may be either.
pub(crate) fn holds_daemon(image: &str) -> Option<bool> {
    if known(image, &["docker", "library/docker"]).is_none() {
        return Some(true);
    }
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    // The port of a registry is no tag.
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    match last.split_once(':') {
        Some((_, tag)) => Some(tag.split('-').any(|word| word == "dind")),
        None if digest => None,
        None => Some(false),
    }
}

/// Running containers with a daemon that runs containers for whoever builds beside it, in pods
/// without a container that [`runners`] recognises, in the order of units.
pub fn builders(context: &Context<'_>) -> Vec<Runner> {
    let known: BTreeSet<u32> = runners(context).into_iter().map(|one| one.unit).collect();
    let mut found = containers_of(context, DAEMONS);
    found.retain(|one| !known.contains(&one.unit) && holds_daemon(&one.image) == Some(true));
    found
}

/// Running containers of Docker's image of which a digest alone is known, in pods without one that
/// [`runners`] or [`builders`] recognise: whether they are a daemon is not known.
pub fn perhaps_builders(context: &Context<'_>) -> Vec<Runner> {
    let all = runners(context).into_iter().chain(builders(context));
    let known: BTreeSet<u32> = all.map(|one| one.unit).collect();
    let mut found = containers_of(context, DAEMONS);
    found.retain(|one| !known.contains(&one.unit) && holds_daemon(&one.image).is_none());
    found
}

/// A container that executes jobs.
pub struct Runner {
    /// Its unit.
    pub unit: u32,
    kind: ContainerKind,
    index: u32,
    image: Str,
}

/// Running runners, in the order of units.
pub fn runners(context: &Context<'_>) -> Vec<Runner> {
    containers_of(context, RUNNERS)
}

/// Running containers with one of some images, in the order of units.
fn containers_of(context: &Context<'_>, images: &[&'static str]) -> Vec<Runner> {
    let places = context.images.of(images).into_iter();
    let running = places.filter(|(_, kind, _)| *kind != ContainerKind::Init);
    let runner = |(unit, kind, index)| {
        let image = context.container((unit, kind, index)).image.clone();
        Runner { unit, kind, index, image }
    };
    running.map(runner).collect()
}

impl Runner {
    /// `namespace/name` of its workload.
    pub fn name(&self, context: &Context<'_>) -> Str {
        let unit = &context.units[self.unit as usize];
        Str::from(format!("{}/{}", unit.namespace, unit.name(context.cluster)))
    }

    /// Whoever gets a job into it.
    pub(crate) fn pipeline(&self, context: &Context<'_>) -> NodeKey {
        NodeKey::Pipeline(self.name(context))
    }

    /// What its jobs hold.
    pub(crate) fn secrets(&self, context: &Context<'_>) -> NodeKey {
        NodeKey::PipelineSecrets(self.name(context))
    }

    /// Its container in one place.
    pub(crate) fn container_at(&self, place: Option<Id<Node>>) -> NodeKey {
        NodeKey::Container(self.unit, place, self.kind, self.index)
    }

    /// Its container in every place that the graph tells apart.
    pub(crate) fn containers(&self, context: &Context<'_>) -> Vec<NodeKey> {
        context.places(self.unit).into_iter().map(|place| self.container_at(place)).collect()
    }

    /// That it runs, as a reason.
    #[must_use]
    pub fn why(&self, _: &Context<'_>) -> Why {
        Why::image(self.unit, self.kind, self.index as usize, &self.image)
    }
}

/// The application controllers of Argo CD.
#[must_use]
pub fn argo_controllers(context: &Context<'_>) -> Vec<Operator> {
    argo::controllers(context)
}

/// The servers of the interface of Argo CD.
#[must_use]
pub fn argo_servers(context: &Context<'_>) -> Vec<Operator> {
    argo::servers(context)
}

/// Whether a controller of Argo CD syncs as accounts that the projects name instead of its own;
/// `None` where what says it was not read.
#[must_use]
pub fn argo_impersonates(context: &Context<'_>, controller: &Operator) -> Option<bool> {
    impersonates(context, controller)
}

/// Whether manifests that are deployed through a project may go everywhere in this cluster.
#[must_use]
pub fn argo_deploys_everywhere(project: &Other) -> bool {
    project.spec.as_ref().is_some_and(|spec| argo::everywhere(spec).is_some())
}

/// The controllers of Flux that apply manifests or charts.
#[must_use]
pub fn flux_controllers(context: &Context<'_>) -> Vec<Operator> {
    flux::controllers(context).into_iter().map(|(controller, _)| controller).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_dockers_image_the_daemon_is_in_some_tags_only() {
        const DIGEST: &str = "@sha256:0123456789abcdef";
        let all = |image: &str| [image.to_owned(), format!("{image}{DIGEST}")];
        for image in ["docker:dind", "docker:24-dind", "r:5000/docker:27.0-dind-rootless"] {
            for image in all(image) {
                assert_eq!(holds_daemon(&image), Some(true), "{image}");
            }
        }
        for image in ["docker:24-cli", "docker:24"].iter().flat_map(|image| all(image)) {
            assert_eq!(holds_daemon(&image), Some(false), "{image}");
        }
        for image in ["docker", "r.example:5000/docker"] {
            assert_eq!(holds_daemon(image), Some(false), "{image}");
            assert_eq!(holds_daemon(&format!("{image}{DIGEST}")), None, "{image}");
        }
        for image in ["moby/buildkit:v0.20", "r.example/docker-dind"] {
            assert_eq!(holds_daemon(image), Some(true), "{image}");
        }
    }
}
