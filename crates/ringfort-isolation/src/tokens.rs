//! Which ServiceAccount tokens each container can read, as files and, of Secrets that hold one, as
//! variables of its environment (semantics EFF-AUTO, EFF-03, EFF-04).
//!
//! Follows `plugin/pkg/admission/serviceaccount/admission.go`: at the creation of a pod whose
//! own field, else its account's, does not say false, every init and regular container gets
//! the token volume at the well-known path unless one of its mounts has exactly that path.
//! That happens once: in a live pod the mounts that it has decide, whatever the account says
//! by now. Ephemeral containers and mirror pods get none.

use ringfort_model::record::pod::VolumeMount;
use ringfort_model::record::volume::Projected;
use ringfort_model::token_volume::PREFIX;
use ringfort_model::{ContainerKind, PodSpec, Str, Volume, VolumeSource};

use crate::effect::{Control, Effect, container_path};
use crate::rules::rules;

/// Where the token of the pod's account is mounted.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The file name of that token.
const TOKEN_FILE: &str = "token";

/// Who accepts a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// The API server.
    Api,
    /// Somebody else.
    Other(Str),
}

impl Audience {
    /// The audience of a projected token. The empty one is the API server's, and so are those
    /// that API servers take for their own unless configured otherwise (kubeadm, k3s, EKS);
    /// GKE uses its issuer's URL.
    #[must_use]
    pub fn of(text: &Str) -> Self {
        let rules = rules();
        let own = rules.api_audiences.contains(&text.as_str())
            || rules.api_audience_prefixes.iter().any(|prefix| text.starts_with(prefix));
        if own { Self::Api } else { Self::Other(text.clone()) }
    }
}

/// How a token came into the pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenSource {
    /// Mounted by admission, or about to be.
    Automount,
    /// A projected volume of the author's own.
    Projected,
    /// A Secret that holds a token without end, by its name.
    SecretVolume(Str),
}

/// A token that a container can read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenFile {
    /// The file's path in the container.
    pub path: Str,
    /// Who accepts the token.
    pub audience: Audience,
    /// How it came there.
    pub how: TokenSource,
    /// The volume; for a token that admission is yet to add, the generated name's prefix.
    pub volume: Str,
}

/// A variable of a container's environment that holds a token for the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenVariable {
    /// The field that fills it, below the container.
    pub field: Str,
    /// The Secret that the token comes from.
    pub secret: Str,
}

/// The tokens of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerTokens {
    /// Which list the container stands in.
    pub kind: ContainerKind,
    /// Its index there.
    pub index: usize,
    /// Its name.
    pub name: Str,
    /// Its token files, sorted.
    pub files: Vec<TokenFile>,
    /// Variables that a Secret fills with a token, as they are written.
    pub variables: Vec<TokenVariable>,
}

/// Whether admission mounts the account's token: the pod's field, else the account's, else
/// yes. A missing account counts as one without the field (the pod would be refused).
#[must_use]
pub fn automount(spec: &PodSpec, account_automount: Option<bool>) -> bool {
    let pod = spec.automount_service_account_token;
    let said = if rules().account_goes_first {
        account_automount.or(pod)
    } else {
        pod.or(account_automount)
    };
    said.unwrap_or(rules().token_by_default)
}

/// The token files of every container, in the order of [`PodSpec::all_containers`].
///
/// - `mirror`: the pod is the image of a static pod, which gets no token.
/// - `account_automount`: the field of the ServiceAccount that the pod names.
/// - `at_creation`: the pod is yet to be created (a manifest or a template), so that
///   admission would add its mount; a live pod has what its mounts say.
/// - `is_token_secret`: whether the Secret of that name, in the pod's namespace, holds a
///   ServiceAccount token.
#[must_use]
pub fn token_files(
    spec: &PodSpec,
    mirror: bool,
    account_automount: Option<bool>,
    at_creation: bool,
    is_token_secret: &dyn Fn(&str) -> bool,
) -> Vec<ContainerTokens> {
    let rules = rules();
    let adds =
        at_creation && (!mirror || rules.token_in_mirrors) && automount(spec, account_automount);
    let mut volumes = spec.volumes.iter().filter(|_| rules.own_volume_is_mounted);
    let own = volumes.find(|volume| volume.name.starts_with(PREFIX));
    let of_container = |(kind, index, container): (ContainerKind, usize, _)| {
        let container: &ringfort_model::Container = container;
        let mut files = Vec::new();
        for mount in &container.volume_mounts {
            if let Some(volume) = spec.volume(&mount.name) {
                files_of_mount(volume, mount, is_token_secret, &mut files);
            }
        }
        let covered = container.volume_mounts.iter().any(|mount| {
            mount.mount_path == MOUNT_PATH
                || (rules.slash_prevents_token
                    && mount.mount_path.trim_end_matches('/') == MOUNT_PATH)
        });
        if adds && rules.token_lists.contains(&kind) && !covered {
            match own {
                Some(volume) => {
                    let mount = VolumeMount {
                        name: volume.name.clone(),
                        mount_path: Str::new(MOUNT_PATH),
                        ..VolumeMount::default()
                    };
                    files_of_mount(volume, &mount, is_token_secret, &mut files);
                }
                None => files.push(TokenFile {
                    path: Str::from(format!("{MOUNT_PATH}/{TOKEN_FILE}")),
                    audience: Audience::Api,
                    how: TokenSource::Automount,
                    volume: Str::new(PREFIX),
                }),
            }
        }
        files.sort();
        files.dedup();
        let variables = token_variables(container, is_token_secret);
        ContainerTokens { kind, index, name: container.name.clone(), files, variables }
    };
    spec.all_containers().map(of_container).collect()
}

/// Variables that take the token of a Secret: its key by name, or all of its keys.
fn token_variables(
    container: &ringfort_model::Container,
    is_token_secret: &dyn Fn(&str) -> bool,
) -> Vec<TokenVariable> {
    let whole = container.env_from.iter().enumerate().filter_map(|(at, source)| {
        let secret = source.secret_ref.as_ref()?;
        Some((format!("envFrom[{at}].secretRef"), &secret.name))
    });
    let single = container.env.iter().enumerate().filter_map(|(at, variable)| {
        let secret = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        let token = *secret.key == *TOKEN_FILE;
        token.then(|| (format!("env[{at}].valueFrom.secretKeyRef"), &secret.name))
    });
    let held = whole.chain(single).filter(|(_, secret)| is_token_secret(secret));
    held.map(|(field, secret)| TokenVariable { field: Str::from(field), secret: secret.clone() })
        .collect()
}

/// Whether `automountServiceAccountToken: false` keeps API tokens out of the pod (EFF-AUTO).
/// `account_path` names the ServiceAccount in the evidence, for example
/// `ServiceAccount shop/cart`.
#[must_use]
pub fn tokens_kept_out(
    spec: &PodSpec,
    account_automount: Option<bool>,
    account_path: &str,
    tokens: &[ContainerTokens],
) -> Control {
    let pod_field = "spec.automountServiceAccountToken".to_owned();
    let account_field = format!("{account_path} automountServiceAccountToken");
    let asked =
        spec.automount_service_account_token == Some(false) || account_automount == Some(false);
    if !asked {
        return Control::new(Effect::Absent, [pod_field, account_field]);
    }
    let mut evidence = vec![pod_field];
    if spec.automount_service_account_token.is_none() {
        evidence.push(account_field);
    }
    let holder = tokens.iter().find_map(|container| {
        let mut files = container.files.iter().filter(|file| file.audience == Audience::Api);
        match (files.next(), container.variables.first()) {
            (Some(file), _) => {
                let why = match &file.how {
                    TokenSource::Automount => {
                        "the token was mounted by admission when the pod was created"
                    }
                    TokenSource::Projected => {
                        "a projected volume of the pod holds a token for the API server"
                    }
                    TokenSource::SecretVolume(_) => "a Secret with a token is mounted as a volume",
                };
                Some((container, "volumeMounts", why, &file.path))
            }
            (None, Some(variable)) => {
                let why = "a variable is filled from a Secret with a token";
                Some((container, variable.field.as_str(), why, &variable.field))
            }
            (None, None) => None,
        }
    });
    let Some((container, field, why, read)) = holder else {
        return Control::new(Effect::Effective, evidence);
    };
    let all = spec.all_containers();
    evidence.extend(
        all.filter(|(_, _, c)| c.name == container.name)
            .map(|(_, _, c)| format!("{}.{field}", container_path(spec, c))),
    );
    let reason = format!("{why}: container {} reads {read}", container.name);
    Control::new(Effect::PresentNotEffective(reason), evidence)
}

fn files_of_mount(
    volume: &Volume,
    mount: &VolumeMount,
    is_token_secret: &dyn Fn(&str) -> bool,
    files: &mut Vec<TokenFile>,
) {
    let mut add = |file: &str, audience: Audience, how: TokenSource| {
        if let Some(path) = path_in_container(mount, file) {
            files.push(TokenFile { path, audience, how, volume: volume.name.clone() });
        }
    };
    let secret = |name: &Str| TokenSource::SecretVolume(name.clone());
    match &volume.source {
        Some(VolumeSource::Secret(source)) if is_token_secret(&source.secret_name) => {
            add(TOKEN_FILE, Audience::Api, secret(&source.secret_name));
        }
        Some(VolumeSource::Projected(Projected { sources })) => {
            let generated = volume.name.starts_with(PREFIX);
            for source in sources {
                if let Some(token) = &source.service_account_token {
                    let how =
                        if generated { TokenSource::Automount } else { TokenSource::Projected };
                    add(&token.path, Audience::of(&token.audience), how);
                }
                if let Some(named) = source.secret.as_ref().filter(|s| is_token_secret(&s.name)) {
                    add(TOKEN_FILE, Audience::Api, secret(&named.name));
                }
            }
        }
        _ => {}
    }
}

/// Where a file of a volume appears under a mount; `None` if the mount shows another part of
/// the volume. A sub-path made of environment variables is taken to show the file.
fn path_in_container(mount: &VolumeMount, file: &str) -> Option<Str> {
    let base = mount.mount_path.trim_end_matches('/');
    let part = mount.sub_path.trim_matches('/');
    if !mount.sub_path_expr.is_empty() || part == file {
        return Some(Str::new(base));
    }
    if part.is_empty() {
        return Some(Str::from(format!("{base}/{file}")));
    }
    let below = file.strip_prefix(part)?.strip_prefix('/')?;
    Some(Str::from(format!("{base}/{below}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> PodSpec {
        serde_json::from_str(json).expect("pod specification")
    }

    fn no_secrets(_: &str) -> bool {
        false
    }

    fn created(json: &str, account: Option<bool>) -> Vec<Vec<TokenFile>> {
        let found = token_files(&spec(json), false, account, true, &no_secrets);
        found.into_iter().map(|container| container.files).collect()
    }

    #[test]
    fn pod_then_account_then_true() {
        for pod in [None, Some(true), Some(false)] {
            for account in [None, Some(true), Some(false)] {
                let field = serde_json::to_string(&pod).expect("json");
                let json = format!(
                    r#"{{"automountServiceAccountToken":{field},"containers":[{{"name":"c"}}]}}"#
                );
                let want = pod.or(account).unwrap_or(true);
                assert_eq!(!created(&json, account)[0].is_empty(), want, "{pod:?} {account:?}");
                let live = token_files(&spec(&json), false, account, false, &no_secrets);
                assert!(live[0].files.is_empty(), "a live pod has what its mounts say");
                let mirror = token_files(&spec(&json), true, account, true, &no_secrets);
                assert!(mirror[0].files.is_empty(), "static pods get none");
            }
        }
    }

    #[test]
    fn only_the_exact_path_prevents_the_mount() {
        let json = |path: &str| {
            format!(
                r#"{{"volumes":[{{"name":"e","emptyDir":{{}}}}],"containers":[{{"name":"c",
                    "volumeMounts":[{{"name":"e","mountPath":"{path}"}}]}}]}}"#
            )
        };
        assert!(created(&json(MOUNT_PATH), None)[0].is_empty());
        assert_eq!(created(&json(&format!("{MOUNT_PATH}/")), None)[0].len(), 1);
    }

    #[test]
    fn ephemeral_containers_get_none() {
        let files = created(
            r#"{"containers":[{"name":"c"}],"initContainers":[{"name":"i"}],
                "ephemeralContainers":[{"name":"e"}]}"#,
            None,
        );
        let counts: Vec<usize> = files.iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 0]);
    }

    #[test]
    fn an_own_volume_of_the_reserved_name_is_mounted_instead() {
        let files = created(
            r#"{"volumes":[{"name":"kube-api-access-mine","emptyDir":{}}],
                "containers":[{"name":"c"}]}"#,
            None,
        );
        assert!(files[0].is_empty(), "the volume holds no token");
    }

    #[test]
    fn projected_tokens_have_their_audience_and_sub_path() {
        let files = created(
            r#"{"automountServiceAccountToken":false,"volumes":[{"name":"t","projected":{"sources":[
                {"serviceAccountToken":{"path":"a/api"}},
                {"serviceAccountToken":{"path":"vault","audience":"vault"}}]}}],
                "containers":[
                {"name":"all","volumeMounts":[{"name":"t","mountPath":"/t/"}]},
                {"name":"one","volumeMounts":[{"name":"t","mountPath":"/v","subPath":"vault"}]},
                {"name":"dir","volumeMounts":[{"name":"t","mountPath":"/d","subPath":"a"}]}]}"#,
            None,
        );
        let paths =
            |at: usize| -> Vec<&str> { files[at].iter().map(|f| f.path.as_str()).collect() };
        assert_eq!(paths(0), ["/t/a/api", "/t/vault"]);
        assert_eq!(paths(1), ["/v"]);
        assert_eq!(files[1][0].audience, Audience::Other(Str::new("vault")));
        assert_eq!(paths(2), ["/d/api"]);
        assert_eq!(
            (&files[2][0].audience, &files[2][0].how),
            (&Audience::Api, &TokenSource::Projected)
        );
    }

    #[test]
    fn token_secrets_count_where_mounted() {
        let json = r#"{"automountServiceAccountToken":false,
            "volumes":[{"name":"s","secret":{"secretName":"old-token"}},
                       {"name":"o","secret":{"secretName":"other"}}],
            "containers":[{"name":"c","volumeMounts":[{"name":"s","mountPath":"/s"},
                                                      {"name":"o","mountPath":"/o"}]}]}"#;
        let found = token_files(&spec(json), false, None, false, &|name| name == "old-token");
        assert_eq!(found[0].files.len(), 1);
        assert_eq!(found[0].files[0].how, TokenSource::SecretVolume(Str::new("old-token")));
        assert_eq!(found[0].files[0].path, "/s/token");
        let kept_out = tokens_kept_out(&spec(json), None, "ServiceAccount n/a", &found);
        assert!(matches!(kept_out.effect, Effect::PresentNotEffective(_)), "{kept_out:?}");
    }

    #[test]
    fn token_secrets_count_in_the_environment() {
        let read = |environment: &str| {
            let json = format!(
                r#"{{"automountServiceAccountToken":false,"containers":[{{"name":"c",{environment}}}]}}"#
            );
            let spec = spec(&json);
            let found = token_files(&spec, false, None, false, &|name| name == "old-token");
            let fields: Vec<Str> = found[0].variables.iter().map(|one| one.field.clone()).collect();
            (fields, tokens_kept_out(&spec, None, "ServiceAccount n/a", &found).effect)
        };
        let key = |secret: &str, key: &str| {
            let from = format!(r#"{{"secretKeyRef":{{"name":"{secret}","key":"{key}"}}}}"#);
            format!(r#""env":[{{"name":"A","value":"x"}},{{"name":"T","valueFrom":{from}}}]"#)
        };
        let whole = |secret: &str| format!(r#""envFrom":[{{"secretRef":{{"name":"{secret}"}}}}]"#);
        for (environment, field) in [
            (key("old-token", "token"), "env[1].valueFrom.secretKeyRef"),
            (whole("old-token"), "envFrom[0].secretRef"),
        ] {
            let (fields, effect) = read(&environment);
            assert_eq!(fields, [Str::new(field)]);
            let Effect::PresentNotEffective(why) = effect else { panic!("{environment}") };
            assert!(why.ends_with(&format!("container c reads {field}")), "{why}");
        }
        // The certificate of the same Secret is no token, nor is another Secret.
        for environment in [key("old-token", "ca.crt"), key("other", "token"), whole("other")] {
            assert_eq!(read(&environment), (Vec::new(), Effect::Effective), "{environment}");
        }
    }

    #[test]
    fn automount_off_is_judged_by_what_is_mounted() {
        let off = spec(r#"{"automountServiceAccountToken":false,"containers":[{"name":"c"}]}"#);
        let unset = spec(r#"{"containers":[{"name":"c"}]}"#);
        let judge = |spec: &PodSpec, account| {
            let tokens = token_files(spec, false, account, true, &no_secrets);
            tokens_kept_out(spec, account, "ServiceAccount n/a", &tokens).effect
        };
        assert_eq!(judge(&off, None), Effect::Effective);
        assert_eq!(judge(&unset, Some(false)), Effect::Effective);
        assert_eq!(judge(&unset, None), Effect::Absent);
        let on = spec(r#"{"automountServiceAccountToken":true,"containers":[{"name":"c"}]}"#);
        assert!(matches!(judge(&on, Some(false)), Effect::PresentNotEffective(_)));
    }
}
