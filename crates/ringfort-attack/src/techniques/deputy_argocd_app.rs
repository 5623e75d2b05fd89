//! `deputy-argocd-app`: The writer of an Application or ApplicationSet has Argo CD deploy from a repository of its choice, with the application controller's power, as far as some project lets it.

use crate::argo_settings::{IMPERSONATION, application_namespaces, impersonates};
use crate::context::Context;
use crate::impact::Impact;
use crate::maker::Maker;
use crate::node::{NodeKey, Scope};
use crate::operator::{Custom, Marks, Operator, as_writer, custom, find as operators, glob};
use crate::technique::{Difficulty, Doc, FixKind, Technique, Zone};
use crate::why::Why;
use ringfort_model::Str;
use ringfort_model::record::Other;
use ringfort_model::record::custom::CustomSpec;

/// The technique.
pub(crate) static TECHNIQUE: Technique = Technique {
    id: "deputy-argocd-app",
    title: "have Argo CD deploy an Application of its own",
    zone: Zone::InCluster,
    attack: &["T1078", "T1098", "T1610"],
    difficulty: Difficulty::D1,
    cut_by: &[FixKind::Rbac, FixKind::Cicd, FixKind::Admission],
    doc: Doc {
        what: "The writer of an Application or ApplicationSet has Argo CD deploy from a repository of its choice, with the application controller's power, as far as some project lets it.",
        when: "create, or update of an existing object, on applications in the namespace of Argo CD or in one that application.namespaces and the project's sourceNamespaces allow, or on applicationsets in the namespace of Argo CD; and a project whose sourceRepos and destinations leave the choice.",
        not: "A project with a fixed list of repositories: their writers decide, not the Application's. Sync impersonation. Read access.",
        controls: "AppProject sourceRepos, destinations, clusterResourceWhitelist; application.sync.impersonation.enabled. A repository list with globs leaves the edge unknown, and so does a setting that was not read.",
        cut: "List repositories and destinations in every project, the default one included; drop the verb.",
        upstream: "Argo CD: operator-manual declarative set-up, user-guide projects, operator-manual app-any-namespace and app-sync-using-impersonation",
    },
    find,
};

const ARGO: Marks = Marks {
    images: &["argoproj/argocd"],
    labels: &[
        ("app.kubernetes.io/name", "argocd-application-controller"),
        ("app.kubernetes.io/name", "argocd-server"),
    ],
};
const APPLICATIONS: Custom = custom("argoproj.io", "applications", "Application");
const SETS: Custom = custom("argoproj.io", "applicationsets", "ApplicationSet");
pub(crate) const PROJECTS: Custom = custom("argoproj.io", "appprojects", "AppProject");
const HERE: &str = "https://kubernetes.default.svc";

/// The application controllers of Argo CD.
pub(crate) fn controllers(context: &Context<'_>) -> Vec<Operator> {
    running(context, "argocd-application-controller")
}

/// The servers of its interface.
pub(crate) fn servers(context: &Context<'_>) -> Vec<Operator> {
    running(context, "argocd-server")
}

/// Parts of Argo CD that run a program, by their command line or label.
fn running(context: &Context<'_>, program: &str) -> Vec<Operator> {
    let mut all = operators(context, &ARGO);
    all.retain(|one| {
        let labels = &context.units[one.unit as usize].labels;
        one.runs(context, program)
            || labels.get("app.kubernetes.io/name").is_some_and(|name| *name == *program)
    });
    all
}

/// What an Application of a project can be made to do.
pub(crate) struct Scoped {
    pub(crate) to: NodeKey,
    pub(crate) why: Vec<Why>,
    /// What would decide it, where the project leaves it open.
    pub(crate) fact: Option<&'static str>,
}

/// Where the Applications of a project lead whose writer chooses every field.
pub(crate) fn through(
    context: &Context<'_>,
    controller: &Operator,
    project: &Other,
) -> Vec<Scoped> {
    let Some(spec) = &project.spec else { return Vec::new() };
    let any = spec.source_repos.iter().any(|repository| *repository == *"*");
    // A list of whole addresses leaves no choice; a glob may take in what the writer owns.
    let globs = spec.source_repos.iter().any(|one| one.contains('*') && !one.starts_with('!'));
    if !globs {
        return Vec::new();
    }
    let fact = (!any).then_some("who may create repositories that the project's sourceRepos match");
    let sources = PROJECTS.field(project, "spec.sourceRepos", &spec.source_repos.join(","));
    let all = destinations(context, controller, project).into_iter();
    all.map(|(to, why)| Scoped { to, why: vec![sources.clone(), why], fact }).collect()
}

/// What manifests that are deployed through a project can do, with the destination that lets
/// them.
pub(crate) fn destinations(
    context: &Context<'_>,
    controller: &Operator,
    project: &Other,
) -> Vec<(NodeKey, Why)> {
    let Some(spec) = &project.spec else { return Vec::new() };
    let account = controller.account(context);
    let mut found = Vec::new();
    if let Some(at) = everywhere(spec) {
        found.push((NodeKey::Subject(account.clone()), destination(project, spec, at)));
    } else {
        for namespace in &context.namespaces {
            let at = spec
                .destinations
                .iter()
                .position(|one| is_here(&one.server, &one.name) && glob(&one.namespace, namespace));
            let Some(at) = at.filter(|_| !denied(spec, namespace)) else { continue };
            let why = destination(project, spec, at);
            for (to, _) in as_writer(context, &account, &Scope::Namespace(namespace.clone())) {
                found.push((to, why.clone()));
            }
        }
    }
    let remote = spec.destinations.iter().position(|one| {
        !one.server.starts_with('!') && one.server != HERE && one.name != "in-cluster"
    });
    let registered = context.cluster.secrets.in_namespace(&controller.namespace).any(|(_, one)| {
        let kind = one.metadata.labels.get("argocd.argoproj.io/secret-type");
        kind.is_some_and(|kind| *kind == *"cluster")
    });
    if let Some(at) = remote.filter(|_| registered) {
        found.push((NodeKey::Impact(Impact::Fleet), destination(project, spec, at)));
    }
    found
}

fn is_here(server: &str, name: &str) -> bool {
    (!server.is_empty() && glob(server, HERE)) || (!name.is_empty() && glob(name, "in-cluster"))
}

fn denied(spec: &CustomSpec, namespace: &str) -> bool {
    spec.destinations
        .iter()
        .any(|one| one.namespace.strip_prefix('!').is_some_and(|pattern| glob(pattern, namespace)))
}

/// The destination that takes in every namespace, if cluster-scoped objects are allowed too
/// and nothing is taken out.
pub(crate) fn everywhere(spec: &CustomSpec) -> Option<usize> {
    let all = |glob: &Str| *glob == *"*";
    let cluster =
        spec.cluster_resource_whitelist.iter().any(|one| all(&one.group) && all(&one.kind));
    let taken_out = spec.destinations.iter().any(|one| {
        one.namespace.starts_with('!') || one.server.starts_with('!') || one.name.starts_with('!')
    });
    if !cluster || taken_out {
        return None;
    }
    spec.destinations.iter().position(|one| all(&one.namespace) && is_here(&one.server, &one.name))
}

fn destination(project: &Other, spec: &CustomSpec, at: usize) -> Why {
    let one = &spec.destinations[at];
    let server = if one.server.is_empty() { &one.name } else { &one.server };
    let value = format!("{server} {}", one.namespace);
    PROJECTS.field(project, &format!("spec.destinations[{at}]"), &value)
}

/// Whether a list of patterns takes a namespace in: by name or glob for certain, by a regular
/// expression (`/…/`, Argo CD util/glob) perhaps.
fn takes_in<'p>(patterns: impl Iterator<Item = &'p str>, namespace: &str) -> Option<bool> {
    let mut found = None;
    for pattern in patterns {
        if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
            found = Some(false);
        } else if glob(pattern, namespace) {
            return Some(true);
        }
    }
    found
}

/// Whether Applications of some namespace of the scope may name the project: the server and the
/// project both take the namespace in. `Some(false)` where only an expression may.
fn allowed_outside(
    context: &Context<'_>,
    scope: &Scope,
    allowed: &str,
    project: &Other,
) -> Option<bool> {
    let named = project.spec.as_ref().map_or(&[][..], |spec| &spec.source_namespaces);
    let sure = |namespace: &Str| {
        let server = takes_in(allowed.split(',').map(str::trim), namespace)?;
        Some(server && takes_in(named.iter().map(Str::as_str), namespace)?)
    };
    context.namespaces_in(scope).filter_map(sure).max()
}

fn find(context: &Context<'_>, maker: &mut Maker<'_>) {
    for controller in controllers(context) {
        let impersonation = match impersonates(context, &controller) {
            Some(true) => continue,
            Some(false) => None,
            None => Some(IMPERSONATION),
        };
        let own = &controller.namespace;
        // Where it is not known, any namespace may be one of them.
        let (allowed, beside) = match application_namespaces(context, &controller) {
            Ok(allowed) => (allowed, None),
            Err(fact) => ("*", Some(fact)),
        };
        let account = NodeKey::Subject(controller.account(context));
        for (kind, write) in [APPLICATIONS, SETS]
            .into_iter()
            .flat_map(|kind| kind.writes(context).into_iter().map(move |write| (kind.kind, write)))
        {
            let because = |draft: crate::maker::Draft| draft.because(controller.why(context));
            let inside = write.scope.reaches(Some(own));
            if !PROJECTS.is_known(context) {
                if inside || !allowed.is_empty() {
                    let draft = because(write.draft(context, account.clone()));
                    maker.edge(draft.unknown("the AppProjects of Argo CD, which were not read"));
                }
                continue;
            }
            for project in PROJECTS.objects(context).filter(|one| one.metadata.namespace == *own) {
                let from_outside = (kind == "Application")
                    .then(|| allowed_outside(context, &write.scope, allowed, project))
                    .flatten();
                if !inside && from_outside.is_none() {
                    continue;
                }
                for scoped in through(context, &controller, project) {
                    let mut draft =
                        because(write.draft(context, scoped.to)).because_all(scoped.why);
                    if let Some(fact) = scoped.fact.or(impersonation) {
                        draft = draft.unknown(fact);
                    } else if let Some(fact) = beside.as_ref().filter(|_| !inside) {
                        draft = draft.unknown(fact.as_str());
                    } else if !inside && from_outside == Some(false) {
                        draft = draft.unknown("which namespaces the regular expressions match");
                    }
                    maker.edge(draft);
                }
            }
        }
    }
}
