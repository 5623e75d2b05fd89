//! Pods: variables, command lines, and commands of probes and hooks.

use super::Comes;
use crate::credential;
use crate::record::pod::{EnvVar, ExecAction, Handler};
use crate::record::{Container, PodSpec};
use crate::text::Str;
use crate::wire::List;

/// Environment variables whose literal value is a documented setting that a rule reads.
const SETTINGS: &[&str] = &[
    "POSTGRES_HOST_AUTH_METHOD",
    "xpack.security.enabled",
    "plugins.security.disabled",
    "DISABLE_SECURITY_PLUGIN",
    "ARGOCD_APPLICATION_NAMESPACES",
    "ARGOCD_SERVER_DISABLE_AUTH",
    "ARGO_MANAGED_NAMESPACE",
    "ARGO_NAMESPACED",
    "GF_AUTH_ANONYMOUS_ENABLED",
    "GF_AUTH_ANONYMOUS_ORG_ROLE",
    "TILLER_TLS_VERIFY",
    "ETCD_CLIENT_CERT_AUTH",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_TRUSTED_CA_FILE",
    "CILIUM_ENABLE_POLICY",
    "CILIUM_POLICY_AUDIT_MODE",
    "CILIUM_ENABLE_K8S_NETWORKPOLICY",
    "CILIUM_ENABLE_CILIUM_NETWORK_POLICY",
    "CILIUM_ENABLE_CILIUM_CLUSTERWIDE_NETWORK_POLICY",
    "CILIUM_ENABLE_K8S_CLUSTER_NETWORK_POLICY",
    "CILIUM_LABELS",
    "CILIUM_LABEL_PREFIX_FILE",
    "CILIUM_CLUSTER_NAME",
    "CILIUM_POLICY_CIDR_MATCH_MODE",
];

/// Whether the literal value of an environment variable is kept.
#[must_use]
pub fn keeps_variable(name: &str) -> bool {
    SETTINGS.contains(&name)
}

/// Removes what must not be kept of the containers.
pub(super) fn scrub(spec: &mut PodSpec, comes: Comes) {
    let lists = [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers];
    for container in lists.into_iter().flat_map(|list| list.iter_mut()) {
        for variable in container.env.iter_mut() {
            scrub_variable(variable);
        }
        scrub_words(container, comes);
    }
}

/// Stands for the value of a flag that looks like a credential.
const NOT_KEPT: &str = "(not kept)";

/// Begins what stands for a credential, before its class.
const HELD: &str = "(not kept: ";

/// The class of the credential that a word of a command line held. What this module writes in its
/// place is all of a word, or behind a flag's name: a word that only mentions it is none.
pub(crate) fn held_in(word: &str) -> Option<&str> {
    let (before, rest) = word.split_once(HELD)?;
    let ours = before.is_empty() || before.strip_suffix('=').is_some_and(is_flag);
    rest.strip_suffix(')').filter(|class| ours && credential::known(class))
}

/// Keeps the shape of a container's command line: plain words and flags stay, credentials are
/// replaced by their class, and so are other values of flags that look like one, unless they are
/// empty. Positions are kept so that a patch by index fits.
fn scrub_words(container: &mut Container, comes: Comes) {
    let words: Vec<&str> =
        container.command.iter().chain(&container.args).map(Str::as_str).collect();
    let classes = credential::of_words(&words);
    let (ran, given) = classes.split_at(container.command.len());
    let kept =
        [kept_words(&container.command, ran, comes), kept_words(&container.args, given, comes)];
    [container.command, container.args] = kept;
    let mut hooks = container.lifecycle.as_deref_mut();
    let (start, stop) = match &mut hooks {
        Some(hooks) => (hooks.post_start.as_deref_mut(), hooks.pre_stop.as_deref_mut()),
        None => (None, None),
    };
    let probes = [
        container.liveness_probe.as_deref_mut(),
        container.readiness_probe.as_deref_mut(),
        container.startup_probe.as_deref_mut(),
        start,
        stop,
    ];
    probes.into_iter().flatten().for_each(|handler| scrub_handler(handler, comes));
}

/// Keeps the command of a handler if a word of it is a credential, and then these words alone.
fn scrub_handler(handler: &mut Handler, comes: Comes) {
    let Some(exec) = &mut handler.exec else { return };
    let words: Vec<&str> = exec.command.iter().map(Str::as_str).collect();
    let classes = credential::of_words(&words);
    let ours = |word: &str| comes == Comes::FromModel && held_in(word).is_some();
    let kept = exec.command.iter().zip(classes).map(|(word, class)| match class {
        _ if ours(word) => word.clone(),
        Some(class) => Str::from(format!("{HELD}{class})")),
        None => Str::default(),
    });
    let kept: List<Str> = kept.collect();
    handler.exec = kept.iter().any(|word| !word.is_empty()).then_some(ExecAction { command: kept });
}

fn kept_words(words: &List<Str>, classes: &[Option<&'static str>], comes: Comes) -> List<Str> {
    const SECRETIVE: &[&str] = &["password", "passwd", "token", "secret", "key", "credential"];
    let mut blank_next = false;
    let held = |class: &str| format!("{HELD}{class})");
    words
        .iter()
        .zip(classes)
        .map(|(word, class)| {
            let after_flag = std::mem::take(&mut blank_next) && !word.starts_with('-');
            if held_in(word).is_some() {
                return match comes {
                    Comes::FromModel => word.clone(),
                    // Nothing was taken away: who wrote it meant something else.
                    Comes::FromOutside => {
                        let name = word.split(HELD).next().unwrap_or_default();
                        Str::from(format!("{name}{NOT_KEPT}"))
                    }
                };
            }
            if let Some(class) = class {
                let flag = word.split_once('=').filter(|(flag, _)| is_flag(flag));
                let name = flag.map_or_else(String::new, |(flag, _)| format!("{flag}="));
                return Str::from(format!("{name}{}", held(class)));
            }
            if after_flag {
                return Str::new(if word.is_empty() { "" } else { NOT_KEPT });
            }
            if !SECRETIVE.iter().any(|part| has_in_any_case(word, part)) {
                return word.clone();
            }
            let flag = word.split(['=', ' ']).next().unwrap_or_default();
            if is_flag(flag) && SECRETIVE.iter().any(|part| has_in_any_case(flag, part)) {
                blank_next = flag.len() == word.len();
                let said = match word[flag.len()..].strip_prefix('=') {
                    Some("") => "=".to_owned(),
                    Some(_) => format!("={NOT_KEPT}"),
                    None => String::new(),
                };
                return Str::from(format!("{flag}{said}"));
            }
            // A script or connection string that mentions a credential: nothing of it is kept.
            Str::default()
        })
        .collect()
}

/// Whether a word names a flag, so that nothing of it is a value.
fn is_flag(word: &str) -> bool {
    word.starts_with('-')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether a text has a word of lower-case letters in it, in letters of any case.
fn has_in_any_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The class of a literal; where the value is gone already, the class that is given.
fn scrub_variable(variable: &mut EnvVar) {
    let Some(value) = variable.value.as_ref() else {
        variable.credential = None;
        return;
    };
    if value.is_empty() {
        let given = variable.credential.take();
        variable.credential = given.filter(|class| credential::known(class));
    } else {
        variable.credential = credential::literal(&variable.name, value).map(Str::new);
    }
    if !keeps_variable(&variable.name) {
        variable.value = Some(Str::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Object;

    #[test]
    fn of_command_lines_credentials_leave_their_class() {
        let pod = serde_json::json!({"metadata": {"name": "p", "namespace": "a"}, "spec":
            {"containers": [{"name": "c",
                "command": ["sh", "-c", "mysql -psecretCANARY1 -h db", "--token-file=/CANARY"],
                "args": ["--url=mq://u:CANARY@h", "--db-password", "CANARY1", "--verbose=2",
                    "--key=", "plain", "u:CANARY@h token"],
                "livenessProbe": {"exec": {"command": ["redis-cli", "-a", "CANARY1", "ping"]}},
                "readinessProbe": {"exec": {"command": ["true"]}, "httpGet": {"host": "h"}}}]}});
        let text = pod.to_string();
        let read = crate::kinds::Kind::Pod.read(text.as_bytes()).expect("a Pod");
        let kept = String::from_utf8(read.to_json()).expect("text");
        assert!(!kept.contains("CANARY"), "{kept}");
        let Object::Pod(pod) = &read else { panic!("a Pod") };
        let container = &pod.spec.containers[0];
        let words = |list: &List<Str>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let named = format!("{HELD}{})", credential::NAMED);
        let address = format!("--url={HELD}{})", credential::ADDRESS);
        assert_eq!(words(&container.command), ["sh", "-c", &named, "--token-file=(not kept)"]);
        let args = [&address, "--db-password", &named, "--verbose=2", "--key=", "plain", ""];
        assert_eq!(words(&container.args), args);
        let held: Vec<_> = container.held().map(|(path, _)| path).collect();
        let known = ["command[2]", "args[0]", "args[2]", "livenessProbe.exec.command[2]"];
        assert_eq!(held, known);
        let handlers: Vec<_> =
            container.handlers().map(|(field, one)| (field, &one.exec)).collect();
        assert!(matches!(handlers[..], [(_, Some(_)), ("readinessProbe", None)]), "{handlers:?}");
        // Read again it is the same, and what is no class is none.
        let again = crate::Object::read_again(kept.as_bytes()).expect("a Pod");
        assert_eq!(again.to_json(), read.to_json());
        assert_eq!(held_in("(not kept: hunter2)"), None);
    }

    #[test]
    fn what_stands_for_a_credential_does_not_keep_a_word() {
        assert_eq!(held_in("(not kept: unread)"), Some(credential::UNREAD));
        assert_eq!(held_in("--password=(not kept: unread)"), Some(credential::UNREAD));
        let words = [
            "--password=CANARY1 (not kept: unread)",
            "CANARY1(not kept: named-as-secret)",
            "--password=CANARY1=(not kept: unread)",
            "--password=CANARY1(not kept: unread)",
            "DB_PASSWORD=(not kept: unread) CANARY1",
            "--password=(not kept: unread) CANARY1 (not kept: unread)",
        ];
        for word in words {
            assert_eq!(held_in(word), None, "{word}");
        }
        let pod = serde_json::json!({"metadata": {"name": "p", "namespace": "a"}, "spec":
            {"containers": [{"name": "c", "args": &words[..1], "command": ["--password=CANARY1=(not kept: unread)"],
                "livenessProbe": {"exec": {"command": words}}}]}});
        let text = pod.to_string();
        let read = crate::kinds::Kind::Pod.read(text.as_bytes()).expect("a Pod");
        let kept = String::from_utf8(read.to_json()).expect("text");
        assert!(!kept.contains("CANARY"), "{kept}");
        let again = crate::Object::read_again(kept.as_bytes()).expect("a Pod");
        assert_eq!(again.to_json(), read.to_json());
    }

    #[test]
    fn only_what_the_model_wrote_stands_for_a_credential() {
        let own = "(not kept: unread)";
        let flag = format!("--key={own}");
        let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "a"}, "spec": {"containers": [{"name": "c",
                "command": ["app", own], "args": [flag, "-v"],
                "livenessProbe": {"exec": {"command": [own]}}}]}});
        let text = pod.to_string();
        let held = |read: &Object| {
            let Object::Pod(pod) = read else { panic!("a Pod") };
            pod.spec.containers[0].held().map(|(path, _)| path).collect::<Vec<_>>()
        };
        let outside = Object::read(text.as_bytes()).expect("a Pod");
        assert_eq!(held(&outside), [] as [&str; 0]);
        let Object::Pod(kept) = &outside else { panic!("a Pod") };
        let words: Vec<String> =
            kept.spec.containers[0].args.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["--key=(not kept)", "-v"]);
        let again = Object::read_again(text.as_bytes()).expect("a Pod");
        assert_eq!(held(&again), ["command[1]", "args[0]", "livenessProbe.exec.command[0]"]);
    }
}
