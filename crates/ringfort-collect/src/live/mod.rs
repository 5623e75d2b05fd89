//! A running cluster: discovery, then every list page by page.
//!
//! ```text
//!  kubeconfig ─► discovery ─► one job for each resource ─► pages ─► split ─► pool
//!                                     │ a few at once          │
//!                                     └ 403, 404, 410, 429 … ──┴─► gap, by resource
//! ```
//!
//! Of Secrets only metadata is asked for; those that hold a token of an account are told apart
//! by a field selector, so that no value ever leaves the server. A page is taken in when it has
//! arrived in full: a connection that is cut loses nothing and repeats nothing.
//!
//! Reading sends nothing but GET. Writes exist as dry runs only, and only if asked for
//! ([`dry_run`]).

mod discovery;
mod list;
mod request;
mod trial;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use ringfort_model::{Coverage, Kind, KubeVersion, Listed, SourceKind, WorkloadKind};

use crate::document::TypeMeta;
use crate::options::Options;
use crate::pool::{self, Pool};
use crate::visit::Visitor;
use crate::{CollectError, Collected};
use discovery::{Custom, Served};
use request::{Failure, Server};
pub use trial::{Trial, Tried, Write, dry_run};

/// Which cluster to read: as kubectl finds it, unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// The kubeconfig; else `KUBECONFIG`, `~/.kube/config`, and the ServiceAccount of the pod
    /// that this runs in.
    pub kubeconfig: Option<PathBuf>,
    /// The context; else the current one.
    pub context: Option<String>,
}

/// How a live cluster is asked.
#[derive(Clone, Copy, Debug)]
pub struct LiveOptions {
    /// Objects of a page.
    pub page: u32,
    /// Lists that are read at the same time.
    pub at_once: usize,
    /// How often a request is made before its failure counts.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from one to the next.
    pub back_off: Duration,
    /// How long an answer may make no progress.
    pub stall: Duration,
    /// How long an answer may take in all.
    pub whole: Duration,
    /// Bytes of one page; a larger one is asked for again with fewer objects.
    pub page_bytes: usize,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            page: 500,
            at_once: 4,
            attempts: 6,
            back_off: Duration::from_millis(250),
            stall: Duration::from_secs(30),
            whole: Duration::from_secs(300),
            page_bytes: 64 << 20,
        }
    }
}

/// A list to be read.
#[derive(Clone, Debug)]
struct Job {
    /// `plural` or `plural.group`.
    resource: String,
    /// Type of its elements.
    types: TypeMeta,
    path: String,
    /// Only metadata, of the objects that a field selector selects, which have this type.
    metadata: Option<(&'static str, &'static str)>,
}

impl Job {
    fn of(kind: Kind, path: String, metadata: Option<(&'static str, &'static str)>) -> Self {
        let api_version = match kind.group() {
            "" => kind.version().to_owned(),
            group => format!("{group}/{}", kind.version()),
        };
        let types = TypeMeta { api_version, kind: kind.name().to_owned() };
        Self { resource: Coverage::key(kind), types, path, metadata }
    }

    fn custom(one: &Custom) -> Self {
        let types = TypeMeta { api_version: one.api_version.clone(), kind: one.kind.clone() };
        Self { resource: one.resource.clone(), types, path: one.path.clone(), metadata: None }
    }
}

/// What became of a job: how its resource was listed, and what to say about it.
type Done = (String, Listed, Vec<String>);

/// A cluster that answers: what carries requests, its address, version and resources.
struct Reached {
    runtime: tokio::runtime::Runtime,
    server: Server,
    place: String,
    git_version: Option<String>,
    served: Served,
}

fn reach(live: &Live, options: &Options) -> Result<Reached, CollectError> {
    let runtime = runtime()?;
    let config = runtime.block_on(config(live))?;
    let place = config.cluster_url.to_string();
    let client = {
        let _inside = runtime.enter();
        Client::try_from(config).map_err(|error| connect(&error))?
    };
    let server = Server::new(client, options.live);
    let git_version = match runtime.block_on(server.version()) {
        Ok(version) => version,
        Err(Failure::Forbidden(_) | Failure::Absent) => None,
        Err(failure) => return Err(connect(&format!("{place}: {failure}"))),
    };
    let served = runtime
        .block_on(discovery::discover(&server))
        .map_err(|failure| connect(&format!("{place}: {failure}")))?;
    Ok(Reached { runtime, server, place, git_version, served })
}

fn threads(options: &Options) -> usize {
    match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        wanted => wanted,
    }
}

pub(crate) fn read(live: &Live, options: &Options) -> Result<Collected, CollectError> {
    let Reached { runtime, server, place, git_version, served } = reach(live, options)?;
    let mut done: Vec<Done> = Vec::new();
    let filled = pool::run(threads(options), None, |pool| {
        done = runtime.block_on(lists(&server, &served, pool, options));
    });
    let (mut builder, objects) = (filled.builder, filled.objects);
    builder.source(SourceKind::Live);
    let known = git_version.as_deref().and_then(|text| KubeVersion::parse(text).ok());
    builder.version(known.or(options.version), git_version.as_deref().unwrap_or_default());
    for text in served.gaps {
        builder.gap("discovery", text);
    }
    for (resource, listed, gaps) in done {
        builder.coverage().note(&resource, listed);
        for text in gaps {
            builder.gap(&resource, text);
        }
    }
    let cluster = builder.freeze();
    if objects == 0 {
        let detail = cluster
            .gaps
            .first()
            .map_or_else(String::new, |gap| format!(" ({}: {})", gap.subject, gap.reason));
        return Err(CollectError::Empty { place, detail });
    }
    let described = format!("live cluster at {place} with {objects} objects");
    Ok(Collected { cluster, described })
}

/// Lists what a visitor wants once more, and says how each list ended. Of a resource that is
/// served in several versions the one is listed that the server prefers.
pub(crate) fn visit(
    live: &Live,
    options: &Options,
    visitor: &Visitor<'_>,
) -> Result<BTreeMap<String, Listed>, CollectError> {
    let Reached { runtime, server, served, .. } = reach(live, options)?;
    let mut jobs: Vec<Job> = Vec::new();
    for one in served.all().filter(|one| (visitor.wanted)(&one.api_version, &one.kind)) {
        match one.resource == "secrets" {
            true => jobs.extend(secrets(&one.path)),
            false => jobs.push(Job::custom(one)),
        }
    }
    let mut done: Vec<Done> = Vec::new();
    pool::run(threads(options), Some(visitor), |pool| {
        done = runtime.block_on(all(&server, jobs, pool, options));
    });
    let mut ended = ringfort_model::Coverage::default();
    for (resource, listed, _) in done {
        ended.note(&resource, listed);
    }
    Ok(ended.resources.into_iter().map(|(name, listed)| (name.to_string(), listed)).collect())
}

/// The lists of Secrets: metadata alone, by type.
fn secrets(path: &str) -> impl Iterator<Item = Job> {
    let selectors = [
        ("type=kubernetes.io/service-account-token", TOKEN),
        ("type!=kubernetes.io/service-account-token", ""),
    ];
    selectors.into_iter().map(|one| Job::of(Kind::Secret, path.to_owned(), Some(one)))
}

fn runtime() -> Result<tokio::runtime::Runtime, CollectError> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(|error| connect(&error))
}

fn connect(reason: &dyn std::fmt::Display) -> CollectError {
    CollectError::Connect { reason: reason.to_string() }
}

async fn config(live: &Live) -> Result<Config, CollectError> {
    let wanted =
        KubeConfigOptions { context: live.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &live.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| connect(&error))?;
            Config::from_custom_kubeconfig(file, &wanted).await.map_err(|error| connect(&error))?
        }
        None => match Config::from_kubeconfig(&wanted).await {
            Ok(config) => config,
            // A context that was asked for is not replaced by something else.
            Err(error) if live.context.is_some() => return Err(connect(&error)),
            Err(error) => Config::incluster().map_err(|inside| {
                connect(&format!("no cluster: {error}; not in a pod either: {inside}"))
            })?,
        },
    };
    // Retries and timeouts are this module's, so that what they end in becomes a gap.
    config.default_retry = false;
    config.read_timeout = None;
    config.write_timeout = None;
    Ok(config)
}

/// Reads every list that the model keeps and the server has, and those of the custom resources
/// that rules read.
async fn lists(
    server: &Server,
    served: &Served,
    pool: &mut Pool<'_>,
    options: &Options,
) -> Vec<Done> {
    let mut done: Vec<Done> = Vec::new();
    let mut jobs: Vec<Job> = Vec::new();
    let workloads = WorkloadKind::ALL.into_iter().map(Kind::Workload);
    for kind in Kind::PLAIN.iter().copied().chain(workloads) {
        match served.path(kind) {
            Some(path) if kind == Kind::Secret => jobs.extend(secrets(&path)),
            Some(path) => jobs.push(Job::of(kind, path, None)),
            None if served.is_unknown(kind) => {
                let resource = Coverage::key(kind);
                done.push((resource, Listed::Partial(HIDDEN.into()), vec![HIDDEN.to_owned()]));
            }
            None => done.push((Coverage::key(kind), Listed::Absent, Vec::new())),
        }
    }
    jobs.extend(served.custom().map(Job::custom));
    // That a group could not be discovered is a gap already.
    done.extend(served.missing().map(|(resource, hidden)| match hidden {
        true => (resource, Listed::Partial(HIDDEN.into()), Vec::new()),
        false => (resource, Listed::Absent, Vec::new()),
    }));
    done.extend(all(server, jobs, pool, options).await);
    done
}

/// Reads lists, a few at the same time.
async fn all(server: &Server, jobs: Vec<Job>, pool: &mut Pool<'_>, options: &Options) -> Vec<Done> {
    let mut done: Vec<Done> = Vec::new();
    let pool = RefCell::new(pool);
    let running = jobs.into_iter().map(|job| list::read(server, job, &pool, options.limits));
    let mut finished = futures_util::stream::iter(running).buffer_unordered(options.live.at_once);
    while let Some(one) = finished.next().await {
        done.push(one);
    }
    done
}

const HIDDEN: &str = "its API group could not be discovered";

/// The type of Secrets that hold a token of a ServiceAccount.
const TOKEN: &str = "kubernetes.io/service-account-token";
