//! V6: containers that run `kubectl proxy` on an address other than loopback.
//!
//! kubectl finds its command as spf13/cobra does: the first word that is neither a flag nor the
//! value of one.

use std::net::IpAddr;

use ringfort_language::{message, sentence};
use ringfort_model::{Container, Str};
use ringfort_network::exposure::Reach;

use super::fronts::{self, Listens, UNREAD, all_read};
use super::{Finding, Instance, State};
use crate::context::Context;
use crate::recognise::repository;
use crate::why::Why;

/// V6.
pub(super) fn find(context: &Context<'_>) -> Finding {
    let mut found = Vec::new();
    for (at, unit) in context.units.iter().enumerate().filter(|(_, unit)| !unit.latent) {
        for (kind, index, container) in unit.spec.all_containers() {
            let Some(listens) = proxy(container) else { continue };
            let shown = format!("{}/{}", unit.namespace, unit.name(context.cluster));
            let reach = fronts::of(context, (at as u32, kind, index as u32), &listens).own;
            let read = all_read(context);
            let state = match reach {
                Some(Reach::Public) => State::Open,
                Some(Reach::Unknown) => State::Unknown,
                Some(Reach::AllowListed | Reach::Internal) | None if read => State::Guarded,
                Some(Reach::AllowListed | Reach::Internal) | None => State::Unknown,
            };
            let missing = match reach {
                Some(Reach::Unknown) => message!("the firewall or security group of the nodes"),
                _ => UNREAD,
            };
            let outside =
                state == State::Unknown || reach.is_some_and(|one| one != Reach::Internal);
            let field = if container.command.is_empty() { "args" } else { "command" };
            found.push(Instance {
                vector: "V6",
                name: Str::new(&shown),
                title: sentence!("kubectl proxy in {object}", object = &shown),
                state,
                why: vec![Why::PodField {
                    unit: at as u32,
                    path: Str::from(format!("{}[{index}].{field}", kind.field())),
                    value: Str::new("kubectl proxy off loopback"),
                }],
                missing: if state == State::Unknown { vec![missing] } else { Vec::new() },
                leads: if outside { context.pods_of(at as u32) } else { Vec::new() },
            });
        }
    }
    (found, State::Unknown, message!("operators' hosts are not observable"))
}

/// What a proxy of a container's command line listens on that more than its pod reaches.
fn proxy(container: &Container) -> Option<Listens> {
    let own = container.command.iter().chain(container.args.iter()).map(Str::as_str);
    let mut words: Vec<&str> = own.collect();
    // Without a command the image's entry point is the program.
    let name = repository(&container.image).rsplit('/').next().unwrap_or_default();
    let program = name == "kubectl" || name.ends_with("-kubectl");
    if container.command.is_empty()
        && program
        && !words.first().is_some_and(|one| is(one, "kubectl"))
    {
        words.insert(0, "kubectl");
    }
    commands(&words).iter().find_map(|command| listens(command))
}

fn is(word: &str, program: &str) -> bool {
    word.rsplit('/').next() == Some(program)
}

/// The commands of a command line, without what runs them: those of a shell's script too.
fn commands<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "zsh"];
    let words = unwrapped(words);
    let Some(program) = words.first() else { return Vec::new() };
    if !SHELLS.iter().any(|shell| is(program, shell)) {
        return vec![words.to_vec()];
    }
    // `-c`, alone or among others: `-ec`.
    let is_script =
        |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.contains('c');
    let Some(script) = words.iter().position(is_script).and_then(|at| words.get(at + 1)) else {
        return Vec::new();
    };
    let parts = script.split([';', '&', '|', '\n', '(', ')', '{', '}']);
    let words = parts.map(|part| {
        let words = part.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        let words: Vec<&str> = words.collect();
        unwrapped(&words).to_vec()
    });
    words.filter(|words| !words.is_empty()).collect()
}

/// Without words that run the command which follows them, their flags, and variables.
fn unwrapped<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    const RUNNING: [&str; 14] = [
        "exec",
        "nohup",
        "command",
        "env",
        "time",
        "timeout",
        "tini",
        "dumb-init",
        "do",
        "then",
        "else",
        "while",
        "until",
        "if",
    ];
    let mut at = 0;
    let mut any = false;
    while let Some(word) = words.get(at) {
        let runs = RUNNING.iter().any(|one| is(word, one));
        let name = word.split_once('=').map(|(name, _)| name);
        let sets = name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let flag = any && (word.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit()));
        if !(runs || sets || flag) {
            break;
        }
        any |= runs;
        at += 1;
    }
    &words[at..]
}

/// What `kubectl proxy` listens on, unless that is loopback or a socket of Unix.
fn listens(command: &[&str]) -> Option<Listens> {
    /// Global flags of kubectl without a value of their own.
    const SWITCHES: [&str; 5] = [
        "--insecure-skip-tls-verify",
        "--match-server-version",
        "--warnings-as-errors",
        "--disable-compression",
        "--help",
    ];
    let (program, rest) = command.split_first()?;
    if !is(program, "kubectl") {
        return None;
    }
    let mut words = rest.iter();
    let verb = loop {
        let word = words.next()?;
        if !word.starts_with('-') {
            break word;
        }
        let whole = word.contains('=') || SWITCHES.contains(word);
        let joined = !word.starts_with("--") && word.len() > 2;
        if !whole && !joined {
            words.next();
        }
    };
    if *verb != "proxy" {
        return None;
    }
    let last = |name, short| flags_of(rest, name).into_iter().chain(flags_of(rest, short)).last();
    if last("--unix-socket", "-u").is_some_and(|path| !path.is_empty()) {
        return None;
    }
    let address = flags_of(rest, "--address").last().copied().unwrap_or("127.0.0.1");
    let address = address.trim_matches(['"', '\'']);
    let loopback =
        address == "localhost" || address.parse::<IpAddr>().is_ok_and(|one| one.is_loopback());
    // Port 0 is one that the system chooses.
    let port = match last("--port", "-p") {
        None => Some(8001),
        Some(port) => port.parse::<u16>().ok().filter(|port| *port > 0),
    };
    let ports: Vec<u16> = port.into_iter().collect();
    (!loopback).then_some(Listens { only: !ports.is_empty(), ports, loopback: false })
}

/// The values of a flag on a command line, in either spelling.
pub(super) fn flags_of<'w>(words: &[&'w str], name: &str) -> Vec<&'w str> {
    let value = |(at, word): (usize, &&'w str)| {
        let rest = word.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(at + 1).copied(),
            None => None,
        }
    };
    words.iter().enumerate().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: &str, command: &[&str], args: &[&str]) -> Option<Vec<u16>> {
        let list = |words: &[&str]| words.iter().map(|word| Str::new(word)).collect::<Vec<_>>();
        let container = Container {
            image: Str::new(image),
            command: list(command).into(),
            args: list(args).into(),
            ..Container::default()
        };
        proxy(&container).map(|listens| listens.ports)
    }

    #[test]
    fn kubectl_is_read_as_it_reads_its_words() {
        let wide = "--address=0.0.0.0";
        let all = Some(vec![8001]);
        assert_eq!(of("x/y", &["kubectl", "proxy", wide], &[]), all);
        assert_eq!(of("x/y", &["/bin/kubectl"], &["--kubeconfig", "/k", "proxy", wide]), all);
        assert_eq!(of("x/y", &["kubectl", "-n", "a", "--kubeconfig=/k", "proxy", wide], &[]), all);
        assert_eq!(of("bitnami/kubectl:1.30", &[], &["proxy", wide]), all);
        assert_eq!(
            of("x/y", &["sh", "-c", "sleep 1; exec kubectl proxy --address 0.0.0.0"], &[]),
            all
        );
        assert_eq!(
            of("x/y", &["tini", "--", "kubectl", "proxy", wide, "-p", "80"], &[]),
            Some(vec![80])
        );
        assert_eq!(of("x/y", &["kubectl", "proxy", wide, "--port=0"], &[]), Some(Vec::new()));
        for none in [
            &["echo", "kubectl proxy --address=0.0.0.0"][..],
            &["sh", "-c", "echo kubectl proxy --address=0.0.0.0"],
            &["kubectl", "proxy"],
            &["kubectl", "proxy", "--address=127.0.0.1"],
            &["kubectl", "proxy", "--unix-socket=/tmp/s", wide],
            &["kubectl", "get", "proxy", wide],
            &["kubectl", "-n", "proxy", "get", "pods", wide],
        ] {
            assert_eq!(of("x/y", none, &[]), None, "{none:?}");
        }
        assert_eq!(of("x/y", &[], &["proxy", wide]), None, "another entry point");
    }
}
