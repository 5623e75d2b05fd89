//! Custom resource definitions, and objects of every other kind: metadata, and of the few kinds
//! that decide what an operator may be made to do, the fields that decide it.

use crate::record::admission::LabelSelector;
use crate::record::has_meta;
use crate::record::meta::Meta;
use crate::record::pod::LocalReference;
use crate::text::Str;
use crate::wire::{List, record};

record! {
    /// CustomResourceDefinition.
    pub struct CustomResourceDefinition {
        pub metadata: Meta,
        pub spec: Option<DefinitionSpec>,
    }
    /// CustomResourceDefinitionSpec.
    pub struct DefinitionSpec {
        pub group: Str,
        pub names: Option<DefinitionNames>,
        pub scope: Str,
        pub versions: List<DefinitionVersion>,
    }
    /// CustomResourceDefinitionVersion: what its schema refers to.
    pub struct DefinitionVersion {
        pub name: Str,
        pub schema: Option<References>,
    }
    /// CustomResourceDefinitionNames.
    pub struct DefinitionNames {
        pub kind: Str,
        pub plural: Str,
    }
    /// Any other object: its type, its name, and for kinds in [`SPECIFIED`] the fields of
    /// [`CustomSpec`].
    pub struct Other {
        pub api_version: Str,
        pub kind: Str,
        pub metadata: Meta,
        /// Read by [`Specified`], for the kinds that have it only.
        #[serde(skip_deserializing)]
        pub spec: Option<CustomSpec>,
        /// `spec` as canonical JSON, for kinds by which a policy engine is set up and for those of
        /// [`KEPT`]; never read from the object itself.
        #[serde(rename = "x-ringfort-spec")]
        pub engine_spec: Option<Str>,
    }
    /// The kept part of the specification of the kinds in [`SPECIFIED`], which share it: each
    /// uses a few of the fields.
    pub struct CustomSpec {
        /// AppProject: repositories, by glob.
        pub source_repos: List<Str>,
        /// AppProject: namespaces whose Applications may name the project.
        pub source_namespaces: List<Str>,
        /// AppProject: where its Applications may deploy to.
        pub destinations: List<Destination>,
        /// AppProject: cluster-scoped kinds that may be deployed.
        pub cluster_resource_whitelist: List<GroupKind>,
        /// AppProject: identities for syncing, used when impersonation is on.
        pub destination_service_accounts: List<DestinationAccount>,
        /// Application: its project.
        pub project: Str,
        /// Application: its source, when it has one.
        pub source: Option<ApplicationSource>,
        /// Application: its sources, when it has several.
        pub sources: List<ApplicationSource>,
        /// Flux source: address of the repository.
        pub url: Str,
        /// Flux source: which revision is followed.
        #[serde(rename = "ref")]
        pub reference: Option<SourceRevision>,
        /// Flux source: whether the transport is not protected.
        pub insecure: Option<bool>,
        /// Flux bucket: where it is.
        pub endpoint: Str,
        /// Flux Receiver: the secret that requests are checked against.
        pub secret_ref: Option<LocalReference>,
        /// Flux source: how revisions are verified.
        pub verify: Option<Verification>,
        /// Flux Kustomization and ImageUpdateAutomation: the source.
        pub source_ref: Option<SourceReference>,
        /// Flux HelmRelease: its chart.
        pub chart: Option<ChartTemplate>,
        /// Flux HelmRelease: its chart, as an object.
        pub chart_ref: Option<SourceReference>,
        /// Flux Kustomization, HelmRelease; Prometheus; EventListener.
        pub service_account_name: Str,
        /// Flux: reconciliation is off.
        pub suspend: Option<bool>,
        /// cert-manager Issuer: signs with the key of a Secret.
        pub ca: Option<CaIssuer>,
        /// ClusterSecretStore: which namespaces may use it.
        pub conditions: List<StoreCondition>,
        /// Crossplane ProviderConfig.
        pub credentials: Option<ProviderCredentials>,
        /// EC2NodeClass: the role of its nodes.
        pub role: Str,
        /// Prometheus: whether monitors may name files.
        #[serde(rename = "arbitraryFSAccessThroughSMs")]
        pub arbitrary_files: Option<ArbitraryFiles>,
        /// Prometheus: which ServiceMonitors of its namespaces it reads; absent is none.
        pub service_monitor_selector: Option<LabelSelector>,
        /// Prometheus: in which namespaces; absent is its own.
        pub service_monitor_namespace_selector: Option<LabelSelector>,
        /// KubeVirt.
        pub configuration: Option<KubeVirtConfiguration>,
        /// EventListener.
        pub triggers: List<Trigger>,
        /// InferenceService.
        pub predictor: Option<Predictor>,
        /// RunnerDeployment, RunnerReplicaSet, RunnerSet and AutoscalingRunnerSet: the pods of their runners.
        pub template: Option<RunnerTemplate>,
        /// Runner and RunnerSet: whether the runner's container runs a Docker daemon.
        pub dockerd_within_runner_container: Option<bool>,
        /// Runner and RunnerSet: whether a Docker daemon runs beside it; absent is true.
        pub docker_enabled: Option<bool>,
        /// Runner and RunnerSet: `kubernetes` if jobs get pods of their own instead.
        pub container_mode: Str,
        /// Runner: its pod, as [`RunnerPod`] has it.
        pub containers: List<RunnerContainer>,
        /// Runner.
        pub init_containers: List<RunnerContainer>,
        /// Runner.
        pub sidecar_containers: List<RunnerContainer>,
        /// Runner.
        pub security_context: Option<RunnerSecurity>,
        /// Runner.
        pub volume_mounts: List<RunnerMount>,
        /// Runner.
        pub docker_volume_mounts: List<RunnerMount>,
        /// Tekton Task.
        pub steps: List<RunnerContainer>,
        /// Tekton Task.
        pub sidecars: List<RunnerContainer>,
        /// Tekton Task: what steps have that do not say otherwise.
        pub step_template: Option<RunnerContainer>,
        /// Runner and Tekton Task.
        pub volumes: List<RunnerVolume>,
    }
    /// PodTemplateSpec, or RunnerSpec of a RunnerDeployment or RunnerReplicaSet.
    pub struct RunnerTemplate {
        pub spec: Option<RunnerPod>,
    }
    /// What of the pods of runners gives them their node: of PodSpec, and of RunnerConfig and
    /// RunnerPodSpec (actions.summerwind.dev).
    pub struct RunnerPod {
        pub dockerd_within_runner_container: Option<bool>,
        pub docker_enabled: Option<bool>,
        pub container_mode: Str,
        pub containers: List<RunnerContainer>,
        pub init_containers: List<RunnerContainer>,
        pub sidecar_containers: List<RunnerContainer>,
        pub security_context: Option<RunnerSecurity>,
        /// Of the runner's container.
        pub volume_mounts: List<RunnerMount>,
        /// Of the daemon's container.
        pub docker_volume_mounts: List<RunnerMount>,
        pub volumes: List<RunnerVolume>,
    }
    /// Of Container, and Step and Sidecar of Tekton.
    pub struct RunnerContainer {
        pub name: Str,
        pub security_context: Option<RunnerSecurity>,
        pub volume_mounts: List<RunnerMount>,
    }
    /// Of SecurityContext and PodSecurityContext.
    pub struct RunnerSecurity {
        pub privileged: Option<bool>,
        /// Whether there are any; what they say is not kept.
        pub se_linux_options: Option<SeLinuxGiven>,
    }
    /// SELinuxOptions, by their presence.
    pub struct SeLinuxGiven {}
    /// VolumeMount.
    pub struct RunnerMount {
        pub name: Str,
        pub read_only: Option<bool>,
        pub sub_path: Str,
    }
    /// Volume.
    pub struct RunnerVolume {
        pub name: Str,
        pub host_path: Option<RunnerHostPath>,
    }
    /// HostPathVolumeSource.
    pub struct RunnerHostPath {
        pub path: Str,
    }
    /// ApplicationDestination.
    pub struct Destination {
        pub server: Str,
        pub name: Str,
        pub namespace: Str,
    }
    /// GroupKind, each a glob.
    pub struct GroupKind {
        pub group: Str,
        pub kind: Str,
    }
    /// ApplicationDestinationServiceAccount.
    pub struct DestinationAccount {
        pub server: Str,
        pub namespace: Str,
        pub default_service_account: Str,
    }
    /// ApplicationSource.
    pub struct ApplicationSource {
        #[serde(rename = "repoURL")]
        pub repo_url: Str,
        pub target_revision: Str,
        /// The chart, where the source is a Helm repository.
        pub chart: Str,
    }
    /// GitRepositoryRef or OCIRepositoryRef.
    pub struct SourceRevision {
        pub branch: Str,
        pub tag: Str,
        pub semver: Str,
        pub name: Str,
        pub commit: Str,
        pub digest: Str,
    }
    /// Verification of a Flux source: a mode for Git, a provider for OCI.
    pub struct Verification {
        pub mode: Str,
        pub provider: Str,
    }
    /// CrossNamespaceSourceReference.
    pub struct SourceReference {
        pub kind: Str,
        pub name: Str,
        pub namespace: Str,
    }
    /// HelmChartTemplate.
    pub struct ChartTemplate {
        pub spec: Option<ChartTemplateSpec>,
    }
    /// HelmChartTemplateSpec.
    pub struct ChartTemplateSpec {
        pub source_ref: Option<SourceReference>,
    }
    /// CAIssuer.
    pub struct CaIssuer {
        pub secret_name: Str,
    }
    /// ClusterSecretStoreCondition.
    pub struct StoreCondition {
        pub namespaces: List<Str>,
        pub namespace_selector: Option<LabelSelector>,
        pub namespace_regexes: List<Str>,
    }
    /// ProviderCredentials: where they come from.
    pub struct ProviderCredentials {
        pub source: Str,
    }
    /// ArbitraryFSAccessThroughSMsConfig.
    pub struct ArbitraryFiles {
        pub deny: Option<bool>,
    }
    /// KubeVirtConfiguration.
    pub struct KubeVirtConfiguration {
        pub developer_configuration: Option<DeveloperConfiguration>,
    }
    /// DeveloperConfiguration.
    pub struct DeveloperConfiguration {
        pub feature_gates: List<Str>,
    }
    /// EventListenerTrigger.
    pub struct Trigger {
        /// A Trigger object that holds the interceptors.
        pub trigger_ref: Str,
        pub interceptors: List<Interceptor>,
    }
    /// EventInterceptor: names of its parameters only.
    pub struct Interceptor {
        pub params: List<InterceptorParam>,
    }
    /// InterceptorParams.
    pub struct InterceptorParam {
        pub name: Str,
    }
    /// PredictorSpec.
    pub struct Predictor {
        pub model: Option<ServedModel>,
    }
    /// ModelSpec.
    pub struct ServedModel {
        pub model_format: Option<ModelFormat>,
        pub storage_uri: Str,
    }
    /// ModelFormat.
    pub struct ModelFormat {
        pub name: Str,
    }
    /// The specification of an object of a kind in [`SPECIFIED`].
    pub struct Specified {
        pub spec: Option<CustomSpec>,
    }
}
has_meta!(CustomResourceDefinition, Other);

/// Properties of a schema that let an object point at another object, or act as an account.
const REFERENCES: [&str; 3] = ["namespace", "secretRef", "serviceAccountName"];

/// Which of `namespace`, `secretRef` and `serviceAccountName` a schema has as a property,
/// anywhere below `spec`. Written as the smallest schema that reads as the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct References(pub List<Str>);

impl serde::Serialize for References {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let properties: serde_json::Map<String, serde_json::Value> =
            self.0.iter().map(|name| (name.to_string(), serde_json::json!({}))).collect();
        let spec = serde_json::json!({"spec": {"properties": properties}});
        serde_json::json!({"openAPIV3Schema": {"properties": spec}}).serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for References {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn walk(value: &serde_json::Value, found: &mut Vec<Str>) {
            match value {
                serde_json::Value::Object(map) => {
                    if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                        let known =
                            REFERENCES.iter().filter(|name| properties.contains_key(**name));
                        found.extend(known.map(|name| Str::new(name)));
                    }
                    map.values().for_each(|value| walk(value, found));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|v| walk(v, found)),
                _ => {}
            }
        }
        let schema = serde_json::Value::deserialize(deserializer)?;
        let mut found = Vec::new();
        if let Some(spec) = schema.pointer("/openAPIV3Schema/properties/spec") {
            walk(spec, &mut found);
        }
        found.sort();
        found.dedup();
        Ok(Self(found.into()))
    }
}

/// API group and kind of the custom resources whose specification is kept.
pub const SPECIFIED: &[(&str, &str)] = &[
    ("actions.github.com", "AutoscalingRunnerSet"),
    ("actions.summerwind.dev", "Runner"),
    ("actions.summerwind.dev", "RunnerDeployment"),
    ("actions.summerwind.dev", "RunnerReplicaSet"),
    ("actions.summerwind.dev", "RunnerSet"),
    ("argoproj.io", "AppProject"),
    ("argoproj.io", "Application"),
    ("cert-manager.io", "ClusterIssuer"),
    ("cert-manager.io", "Issuer"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("helm.crossplane.io", "ProviderConfig"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("image.toolkit.fluxcd.io", "ImageUpdateAutomation"),
    ("karpenter.k8s.aws", "EC2NodeClass"),
    ("kubernetes.crossplane.io", "ProviderConfig"),
    ("kubevirt.io", "KubeVirt"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("monitoring.coreos.com", "Prometheus"),
    ("notification.toolkit.fluxcd.io", "Receiver"),
    ("serving.kserve.io", "InferenceService"),
    ("source.toolkit.fluxcd.io", "Bucket"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("source.toolkit.fluxcd.io", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "OCIRepository"),
    ("tekton.dev", "ClusterTask"),
    ("tekton.dev", "Task"),
    ("triggers.tekton.dev", "EventListener"),
];

/// API groups of policy engines, whose objects say what the engine enforces.
pub const POLICY_ENGINES: &[&str] = &[
    "kyverno.io",
    "policies.kyverno.io",
    "config.gatekeeper.sh",
    "constraints.gatekeeper.sh",
    "mutations.gatekeeper.sh",
    "policies.kubewarden.io",
];

/// API groups of what verifies images and does nothing else.
pub const VERIFIERS: &[&str] =
    &["config.ratify.deislabs.io", "policy.sigstore.dev", "portieris.cloud.ibm.com"];

/// Kinds without which it is not known what those groups enforce: where the server has none of
/// them, there is nothing of it.
pub const ENFORCING: &[(&str, &str)] = &[
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("mutations.gatekeeper.sh", "Assign"),
    ("mutations.gatekeeper.sh", "AssignImage"),
    ("mutations.gatekeeper.sh", "AssignMetadata"),
    ("mutations.gatekeeper.sh", "ModifySet"),
    ("policies.kubewarden.io", "AdmissionPolicy"),
    ("policies.kubewarden.io", "ClusterAdmissionPolicy"),
    ("policies.kyverno.io", "ImageValidatingPolicy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
];

/// Whether rules read objects of a custom resource. Engines store reports and requests of their
/// own in the groups of their policies, one for each object of the cluster: none of them decides.
#[must_use]
pub fn is_read(group: &str, kind: &str) -> bool {
    let of_engine = POLICY_ENGINES.contains(&group) || VERIFIERS.contains(&group);
    (of_engine && !kind.ends_with("Report") && !kind.ends_with("Request"))
        || [KEPT, ENFORCING, SPECIFIED].iter().any(|list| list.contains(&(group, kind)))
}

/// Group and kind of the custom resources that rules read and that have a fixed name.
pub fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    [KEPT, ENFORCING, SPECIFIED].into_iter().flatten().copied()
}

/// `plural.group` of a custom resource, its plural formed as the API server's own guess forms it
/// (apimachinery pkg/api/meta/restmapper.go), which fits all that rules read but those of
/// Gatekeeper, which have none.
#[must_use]
pub fn resource(group: &str, kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    let plural = match (kind.strip_suffix('y'), kind.ends_with('s')) {
        _ if matches!(group, "constraints.gatekeeper.sh" | "mutations.gatekeeper.sh") => kind,
        (Some(stem), _) => format!("{stem}ies"),
        (None, true) => format!("{kind}es"),
        (None, false) => format!("{kind}s"),
    };
    format!("{plural}.{group}")
}

/// Single kinds whose specification is kept in the same way: who may connect in a mesh, and
/// which images must be signed.
pub const KEPT: &[(&str, &str)] = &[
    ("cilium.io", "CiliumNodeConfig"),
    ("policy.sigstore.dev", "ClusterImagePolicy"),
    ("security.istio.io", "AuthorizationPolicy"),
    ("security.istio.io", "PeerAuthentication"),
];

impl Other {
    /// API group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Keeps `spec` of the object's JSON, if its kind sets up a policy engine or is one of
    /// [`KEPT`].
    pub(crate) fn keep_spec(&mut self, json: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Body {
            spec: Option<serde_json::Value>,
        }
        let kept = POLICY_ENGINES.contains(&self.group())
            || KEPT.contains(&(self.group(), self.kind.as_str()));
        if self.engine_spec.is_some() || !kept {
            return;
        }
        let body: Option<Body> = serde_json::from_slice(json).ok();
        self.engine_spec = body.and_then(|body| body.spec).map(|spec| Str::from(spec.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Object;

    fn read(json: &serde_json::Value) -> Object {
        Object::read(json.to_string().as_bytes()).expect("an object")
    }

    #[test]
    fn kept_specifications_are_written_as_they_are_read() {
        let project = serde_json::json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": "p", "namespace": "argocd"}, "spec": {"sourceRepos": ["*"],
                "description": "not kept", "destinations": [{"namespace": "a", "server": "*"}]}});
        let Object::Other(first) = read(&project) else { panic!("another kind") };
        let json = Object::Other(first.clone()).to_json();
        assert!(!String::from_utf8_lossy(&json).contains("not kept"));
        let Object::Other(second) = Object::read(&json).expect("it reads") else { panic!("no") };
        assert_eq!(first, second);
        assert_eq!(*first.spec.expect("a specification").destinations[0].namespace, *"a");
    }

    #[test]
    fn of_runners_only_what_gives_them_their_node_is_kept() {
        let runner = serde_json::json!({"apiVersion": "actions.summerwind.dev/v1alpha1",
            "kind": "RunnerDeployment", "metadata": {"name": "r", "namespace": "ci"},
            "spec": {"template": {"spec": {"repository": "not/kept", "dockerEnabled": false,
                "containers": [{"name": "runner", "securityContext": {"privileged": true},
                    "env": [{"name": "TOKEN", "value": "not kept"}]}]}}}});
        let Object::Other(first) = read(&runner) else { panic!("another kind") };
        let json = Object::Other(first.clone()).to_json();
        let text = String::from_utf8_lossy(&json);
        assert!(!text.contains("not kept") && !text.contains("not/kept"), "{text}");
        let Object::Other(second) = Object::read(&json).expect("it reads") else { panic!("no") };
        assert_eq!(first, second);
        let pod = first.spec.and_then(|spec| spec.template).and_then(|one| one.spec);
        let pod = pod.expect("the pods");
        assert_eq!(pod.docker_enabled, Some(false));
        let security = pod.containers[0].security_context.as_ref().expect("a context");
        assert_eq!(security.privileged, Some(true));
    }

    #[test]
    fn other_kinds_may_say_what_they_like() {
        let thing = serde_json::json!({"apiVersion": "example.com/v1", "kind": "Thing",
            "metadata": {"name": "t"}, "spec": {"sourceRepos": 5, "credentials": "hunter2"}});
        let Object::Other(thing) = read(&thing) else { panic!("another kind") };
        assert_eq!(thing.spec, None);
        // A kind that rules read must be as its definition says: it is a gap otherwise.
        let wrong = serde_json::json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": "p"}, "spec": {"sourceRepos": 5}});
        let error = Object::read(wrong.to_string().as_bytes()).expect_err("no list");
        assert_eq!(error.path, "spec.sourceRepos");
    }

    #[test]
    fn schemas_keep_what_they_refer_to_below_their_specification() {
        let schema = serde_json::json!({"openAPIV3Schema": {"properties": {
            "metadata": {"properties": {"namespace": {}}},
            "spec": {"properties": {"to": {"type": "array", "items": {"properties":
                {"secretRef": {}, "name": {}}}}}}}}});
        let found: References = serde_json::from_value(schema).expect("a schema");
        assert_eq!(found.0.to_vec(), ["secretRef"]);
        let again: References =
            serde_json::from_value(serde_json::to_value(&found).expect("json")).expect("it reads");
        assert_eq!(again, found);
    }
}
