//! Arguments as they are typed.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};
use ringfort_language::Language;

/// Kubernetes attack paths and the few changes that cut them.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// How sources are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// The server's version where the source does not say it, for example 1.36
    #[arg(long, global = true, env = "RINGFORT_K8S_VERSION")]
    pub(crate) k8s_version: Option<String>,
    /// A kind without a file has no object
    #[arg(long, global = true, env = "RINGFORT_COMPLETE")]
    pub(crate) complete: bool,
    /// The kubeconfig of a live cluster; else as kubectl finds it
    #[arg(long, global = true, env = "RINGFORT_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of a live cluster; else the current one
    #[arg(long, global = true, env = "RINGFORT_CONTEXT")]
    pub(crate) context: Option<String>,
    /// Worker threads, up to 256; 0 takes the number of processors
    #[arg(long, global = true, default_value_t = 0, env = "RINGFORT_THREADS",
        value_parser = RangedU64ValueParser::<usize>::new().range(..=256))]
    pub(crate) threads: usize,
    /// Print results only
    #[arg(short, long, global = true, env = "RINGFORT_QUIET")]
    pub(crate) quiet: bool,
    /// Do not show what a run is at, which is done on a terminal only
    #[arg(long, global = true, env = "RINGFORT_NO_PROGRESS")]
    pub(crate) no_progress: bool,
    /// When to use colours
    #[arg(long, global = true, default_value = "auto", value_parser = ["auto", "always", "never"], env = "RINGFORT_COLOR")]
    pub(crate) color: String,
    /// The language of human, html and markdown; else that of the locale (LC_ALL, LC_MESSAGES,
    /// LANG)
    #[arg(long, global = true, value_parser = Language::TAGS, env = "RINGFORT_LANG")]
    pub(crate) lang: Option<String>,
    /// Data on versions in place of those of the program
    #[arg(long, global = true, env = "RINGFORT_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// What changes cost; from the file alone.
    #[arg(skip)]
    pub(crate) costs: ringfort_plan::Costs,
    /// Exceptions that stand in the file itself.
    #[arg(skip)]
    pub(crate) exceptions: ringfort_checks::Exceptions,
    /// Rules that stand in the file itself.
    #[arg(skip)]
    pub(crate) rules: crate::own::Written,
}

impl Reading {
    /// The language of what is written for people.
    pub(crate) fn language(&self) -> Language {
        let asked = self.lang.as_deref().and_then(|tag| tag.parse().ok());
        asked.unwrap_or_else(|| Language::of_environment(|name| std::env::var(name).ok()))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the attack paths of a cluster and the first fixes
    Scan(Scan),
    /// Scan the built-in vulnerable cluster
    Demo(Output),
    /// Write a portable snapshot of a cluster
    Snapshot {
        /// Directory, file, archive, snapshot, or - for standard input; else the live cluster
        source: Option<PathBuf>,
        /// The file to write
        #[arg(short, long)]
        output: PathBuf,
    },
    /// May a subject do something?
    Can(Can),
    /// Who may do something?
    WhoCan(WhoCan),
    /// What each namespace may be and is under Pod Security, and the label it could have
    Podsec(Podsec),
    /// The easiest paths between two positions
    Paths(Paths),
    /// The cheapest changes that cut every path, proved, with patches
    Plan(Planning),
    /// The ways between tenants, and the changes that close them
    Crossing(Crossing),
    /// What falls if a position falls
    BlastRadius(About),
    /// Who gets to a position
    ExposureOf(About),
    /// What stands between two positions
    WhyNot(Between),
    /// What a change would do
    WhatIf {
        /// Files with changes; the folder of a plan, a file of it, or its plan.json
        #[arg(long = "patch", required = true)]
        patches: Vec<PathBuf>,
        /// A source as of `scan`; else the live cluster
        #[arg(long)]
        cluster: Option<PathBuf>,
        /// human or json
        #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
        format: String,
    },
    /// What is reachable from outside, and how sure that is
    Exposed(Exposed),
    /// Whether an advisory affects the cluster, through which way in, and whether it can wait
    Triage(Triaging),
    /// Who reaches what over the network
    Reach(Reach),
    /// Network policies
    #[command(subcommand)]
    Netpol(Netpol),
    /// Explain a technique, a vector, an impact or a check
    Explain {
        /// A technique id, V1 to V13, the name of an impact, or RF-AREA-NNN
        id: String,
    },
    /// Carry exceptions of other tools over into a file for --exceptions
    ImportExceptions(ImportExceptions),
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_parser = ["bash", "zsh", "fish", "powershell"])]
        shell: String,
    },
    /// Print the manual page, or write one for each command
    Man {
        /// A folder for the pages of all commands
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Run answers recorded elsewhere
    Verify(Verification),
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Directory, file, archive, snapshot, or - for standard input; else the live cluster
    pub(crate) source: Option<PathBuf>,
    /// Checks to run, comma-separated ids with * for any text; else all
    #[arg(long, env = "RINGFORT_CHECKS")]
    pub(crate) checks: Option<String>,
    /// Frameworks to judge: cis-1.12, nsa-1.2, pss-1.36, owasp-2022, owasp-2025,
    /// attack-containers-18, with * for any text, or files
    #[arg(long, value_delimiter = ',')]
    pub(crate) framework: Vec<String>,
    /// A file or folder with rules of your own, beside those of ringfort.yaml
    #[arg(long)]
    pub(crate) rules: Vec<PathBuf>,
    /// Ask validating admission policies about what exists: cluster for those of the source, or
    /// a file or folder with policies, bindings and parameters
    #[arg(long, value_name = "cluster|PATH")]
    pub(crate) policies: Option<String>,
    /// Seconds that each check may take; one that takes longer is unknown. 0 is no limit
    #[arg(long, default_value_t = 300)]
    pub(crate) check_timeout: u64,
    #[command(flatten)]
    pub(crate) judging: Judging,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which findings are asked for, and what fails the run.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Only findings of these severities: info, low, medium, high, critical, or >=high
    #[arg(long, value_delimiter = ',')]
    pub(crate) severity: Vec<String>,
    /// Only findings in these namespaces, with * for any text
    #[arg(short, long, value_delimiter = ',', conflicts_with = "all_namespaces")]
    pub(crate) namespace: Vec<String>,
    /// Findings in all namespaces, which is the default
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Exit with 3 on severity>=S, new-finding, new-finding>=S or new-path, and with 4 on
    /// coverage<N or if what a gate asks about was not read
    #[arg(long, value_delimiter = ',')]
    pub(crate) fail_on: Vec<String>,
    /// Registries that images may come from, as hosts or hosts with a path
    #[arg(long, value_delimiter = ',')]
    pub(crate) registries: Vec<String>,
    /// An earlier report in JSON to compare with
    #[arg(long)]
    pub(crate) baseline: Option<PathBuf>,
    /// A YAML file with exceptions
    #[arg(long)]
    pub(crate) exceptions: Option<PathBuf>,
}

// The flag is called as in every other tool.
#[allow(clippy::struct_field_names)]
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// human, json, sarif, junit, html, markdown, csv, ocsf, gitlab-sast, prometheus, dot or
    /// graphml, each with =FILE to write to a file
    #[arg(short, long = "format", default_value = "human")]
    pub(crate) formats: Vec<String>,
    /// The file for the format without one of its own
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// After the first screen, tables: scores, ways in by vector, adoption of controls
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Can {
    /// sa/NS/NAME, user/NAME, group/NAME or node/NAME
    pub(crate) subject: String,
    /// Verb
    pub(crate) verb: String,
    /// RESOURCE[.GROUP][/NAME], or a /path
    pub(crate) resource: String,
    /// Subresource
    #[arg(long, default_value = "")]
    pub(crate) subresource: String,
    /// Namespace
    #[arg(short, long, default_value = "")]
    pub(crate) namespace: String,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// Exit with 0 for yes, 3 for no, 4 for unknown
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    /// Verb
    pub(crate) verb: String,
    /// RESOURCE[.GROUP][/NAME]
    pub(crate) resource: String,
    /// Subresource
    #[arg(long, default_value = "")]
    pub(crate) subresource: String,
    /// Namespace
    #[arg(short, long, default_value = "")]
    pub(crate) namespace: String,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Podsec {
    /// One namespace; else all
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Paths {
    /// Where from; the internet unless given
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Where to; the default targets unless given
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// A position that the attacker holds already, as compromised=ID
    #[arg(long)]
    pub(crate) assume: Vec<String>,
    /// How many paths for each target, one at least
    #[arg(short, long = "count", default_value_t = 3,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) k: usize,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Exposed {
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// Only objects of this namespace
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Triaging {
    /// CVE-YEAR-NUMBER, or its GHSA or GO id
    pub(crate) id: String,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 0 for no, 3 for yes, 4 for unknown
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Planning {
    /// Directory, file, archive, snapshot, or - for standard input; else the live cluster
    pub(crate) source: Option<PathBuf>,
    /// "no path from ID|GLOB to ID|GLOB"; without it, no way in leads to a default target
    #[arg(long, conflicts_with = "to")]
    pub(crate) goal: Vec<String>,
    /// A target instead of the default ones
    #[arg(long)]
    pub(crate) to: Vec<String>,
    /// A position that the attacker holds already, as compromised=ID
    #[arg(long)]
    pub(crate) assume: Vec<String>,
    /// No more changes than this
    #[arg(long)]
    pub(crate) max_changes: Option<usize>,
    /// Only changes there, as namespace=NAME
    #[arg(long)]
    pub(crate) only: Vec<String>,
    /// No change whose id or object matches
    #[arg(long)]
    pub(crate) forbid: Vec<String>,
    /// How long to look for a cheaper plan; then the best one so far and its gap are given
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
    /// Have the live cluster's server try every patch in a dry run; it needs the patch verb
    #[arg(long)]
    pub(crate) server_dry_run: bool,
    /// A folder to make, with plan.json, the patches, the ways back and a README
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// human, or json: what plan.json holds
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
    #[command(subcommand)]
    pub(crate) command: Option<PlanCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Check a plan without the solver
    Check {
        /// plan.json
        file: PathBuf,
        /// A source as of `scan`; else the live cluster
        #[arg(long)]
        cluster: Option<PathBuf>,
        /// How long to work out again what is said of fewer changes; then the file is not verified
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// From and to: pod/NS/NAME, workload/KIND/NS/NAME, svc/NS/NAME, ns/NAME, node/NAME,
    /// internet, or an address
    #[arg(num_args = 0..=2)]
    pub(crate) ids: Vec<String>,
    /// Everything that this one reaches
    #[arg(long, conflicts_with_all = ["ids", "who"])]
    pub(crate) from: Option<String>,
    /// Everything that reaches this one
    #[arg(long, conflicts_with = "ids")]
    pub(crate) who: Option<String>,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// Exit with 0 for yes, 3 for no, 4 for unknown
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Netpol {
    /// Write policies for a namespace: deny by default, allow what services and ports need
    Suggest {
        /// The namespace
        namespace: String,
        /// A source as of `scan`; else the live cluster
        #[arg(long)]
        cluster: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Crossing {
    /// The label of namespaces whose value names the tenant, as label=KEY
    #[arg(long)]
    pub(crate) tenants: String,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// How long to look for a cheaper plan
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct About {
    /// An id
    pub(crate) id: String,
    /// Name every position
    #[arg(long)]
    pub(crate) all: bool,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Between {
    /// Where from
    pub(crate) from: String,
    /// Where to
    pub(crate) to: String,
    /// A source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// human or json
    #[arg(short, long, default_value = "human", value_parser = ["human", "json"])]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct ImportExceptions {
    /// Objects whose annotations are read and that rules are held against, as of `scan`; else
    /// the live cluster
    pub(crate) source: Option<PathBuf>,
    /// A .trivyignore or .trivyignore.yaml
    #[arg(long)]
    pub(crate) trivy: Vec<PathBuf>,
    /// A file of Kubescape's --exceptions
    #[arg(long)]
    pub(crate) kubescape: Vec<PathBuf>,
    /// The file to write; else standard output
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Verification {
    #[command(subcommand)]
    pub(crate) suite: Verify,
    /// JSON: suite, commit, agree, total, disagreements, not_covered; of `all` a list of them
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verify {
    /// Every suite below a folder
    All {
        /// The folder with clusters, suites and truth
        #[arg(long, env = "RINGFORT_SUITES", default_value = "../shared")]
        suites: PathBuf,
    },
    /// RBAC alone
    Rbac(OnCluster),
    /// Node and RBAC together
    Node(OnCluster),
    /// Writes of roles and bindings
    Escalation(OnCluster),
    /// Pod Security
    Podsec {
        /// Recorded answers
        #[arg(long, conflicts_with = "fixtures", required_unless_present = "fixtures")]
        cases: Option<PathBuf>,
        /// Upstream fixtures: a directory or archive
        #[arg(long)]
        fixtures: Option<PathBuf>,
    },
    /// KubeHound's facts about its own test cluster
    Kubehound {
        /// A source as of `scan`; else the live cluster
        #[arg(long)]
        cluster: Option<PathBuf>,
        /// The facts
        #[arg(long)]
        facts: PathBuf,
        /// Print the generated page instead
        #[arg(long, conflicts_with = "json")]
        page: bool,
    },
    /// Who reaches listeners: a table of our own
    Exposure {
        /// The table
        #[arg(long)]
        cases: PathBuf,
    },
    /// ValidatingAdmissionPolicies
    Vap {
        /// The tests of a library of policies: a directory or archive
        #[arg(long)]
        root: PathBuf,
    },
    /// Network reachability
    Network {
        /// The suite's folder or archive
        #[arg(long)]
        root: PathBuf,
        /// Cases with the expected output
        #[arg(long)]
        cases: PathBuf,
    },
    /// Token files
    Automount {
        /// Recorded answers
        #[arg(long)]
        cases: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OnCluster {
    /// The cluster that was asked, a source as of `scan`; else the live cluster
    #[arg(long)]
    pub(crate) cluster: Option<PathBuf>,
    /// Recorded answers, .jsonl or .jsonl.zst
    #[arg(long)]
    pub(crate) cases: PathBuf,
}
