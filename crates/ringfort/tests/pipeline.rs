//! What runs the program in pipelines: the action, the hook, the GitLab template, completions and
//! manual pages. Their own scripts are run here, with this build of the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ringfort");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn yaml(name: &str) -> Value {
    let text = std::fs::read_to_string(root().join(name)).expect(name);
    ringfort_collect::yaml_values(&text).expect(name).remove(0)
}

/// An empty folder with one privileged deployment.
fn folder(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(path.join("app files")).expect("a folder");
    let object = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"selector": {"matchLabels": {"a": "a"}}, "template": {"metadata": {"labels": {"a": "a"}},
        "spec": {"containers": [{"name": "a", "image": "x", "securityContext": {"privileged": true}}]}}}}"#;
    std::fs::write(path.join("app files/a.json"), object).expect("a file");
    path
}

fn bash() -> bool {
    let there = Command::new("bash").arg("--version").output().is_ok();
    if !there {
        println!("skipped: bash is not installed; scripts are not run");
    }
    there
}

/// Runs the steps of the action in order, as the runner does; exit code, outputs and summary.
fn action(folder: &Path, given: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let action = yaml("action.yml");
    let input = |name: &str| -> String {
        let given =
            given.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let default = action["inputs"][name]["default"].as_str().expect(name);
        given.unwrap_or_else(|| default.to_owned())
    };
    let (outputs, summary) = (folder.join("outputs"), folder.join("summary"));
    std::fs::write(&outputs, "").expect("a file");
    std::fs::write(&summary, "").expect("a file");
    let mut code = None;
    for step in action["runs"]["steps"].as_array().expect("steps") {
        let script = step["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "inputs must not be written into the script");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
            .current_dir(folder);
        command.envs([
            ("GITHUB_OUTPUT", outputs.as_path()),
            ("GITHUB_STEP_SUMMARY", summary.as_path()),
            ("RUNNER_TEMP", folder),
            ("RUNNER_OS", Path::new("Linux")),
            ("RUNNER_ARCH", Path::new("X64")),
        ]);
        for (name, value) in step["env"].as_object().expect("an environment") {
            let value = value.as_str().expect("text");
            let inside = value.trim_start_matches("${{ ").trim_end_matches(" }}");
            let said = match inside.strip_prefix("inputs.") {
                Some(name) => input(name),
                None => {
                    let name = inside.rsplit('.').next().expect("a name");
                    let text = std::fs::read_to_string(&outputs).expect("outputs");
                    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
                    line.expect("an output of the step before").to_owned()
                }
            };
            command.env(name, said);
        }
        let ran = command.output().expect("bash starts");
        code = ran.status.code();
        if code != Some(0) {
            break;
        }
    }
    let text = |path: &Path| std::fs::read_to_string(path).expect("text");
    (code, text(&outputs), text(&summary))
}

#[test]
fn the_action_scans_and_gates() {
    let action_file = yaml("action.yml");
    assert_eq!(action_file["runs"]["using"], "composite");
    let steps = action_file["runs"]["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["shell"] == "bash"), "a composite step names its shell");
    if !bash() {
        return;
    }
    let place = folder("action");
    let base = [("program", PROGRAM), ("source", "app files")];
    let (code, outputs, summary) = action(&place, &base);
    assert_eq!(code, Some(3), "a privileged container is high: {outputs}");
    assert!(outputs.contains("exit-code=3\n") && outputs.contains("sarif=ringfort.sarif\n"));
    assert!(summary.contains("RF-WKL-001"), "{summary}");
    for file in ["ringfort.sarif", "ringfort.json"] {
        let text = std::fs::read_to_string(place.join(file)).expect(file);
        serde_json::from_str::<Value>(&text).expect(file);
    }
    let none = [("fail-on", ""), ("summary", "false"), ("arguments", "-q --checks RF-WKL-002")];
    let (code, outputs, summary) = action(&place, &[&base[..], &none].concat());
    assert_eq!((code, summary.as_str()), (Some(0), ""), "{outputs}");
    let (code, ..) = action(&place, &[&base[..], &[("complete", "false")]].concat());
    assert_eq!(code, Some(3), "what fails is known all the same");
    let typo = [("fail-on", "severity>=hihg")];
    assert_eq!(action(&place, &[&base[..], &typo].concat()).0, Some(2));
    // Nothing is fetched and run whose digest nobody named.
    let (code, outputs, _) = action(&place, &[("source", "app files")]);
    assert_eq!((code, outputs.as_str()), (Some(1), ""));
    // Text of inputs is text.
    let odd = [("source", "app files"), ("program", PROGRAM), ("exceptions", "$(touch owned); x")];
    assert_eq!(action(&place, &odd).0, Some(1));
    assert!(!place.join("owned").exists());
    let _ = std::fs::remove_dir_all(&place);
}

#[test]
fn the_hook_runs_what_it_names() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let [hook] = hooks.as_array().expect("a list").as_slice() else { panic!("{hooks}") };
    assert_eq!(hook["pass_filenames"], false);
    let entry: Vec<&str> = hook["entry"].as_str().expect("an entry").split(' ').collect();
    assert_eq!(entry[0], "ringfort");
    let more =
        hook["args"].as_array().expect("a list").iter().map(|one| one.as_str().expect("text"));
    let place = folder("hook");
    let run = Command::new(PROGRAM).args(&entry[1..]).args(more).current_dir(&place).output();
    assert_eq!(run.expect("it starts").status.code(), Some(3));
    let _ = std::fs::remove_dir_all(&place);
}

#[test]
fn the_gitlab_template_writes_the_reports_that_it_names() {
    let template = yaml("ci/gitlab.yml");
    let job = &template["ringfort"];
    if !bash() {
        return;
    }
    let place = folder("gitlab");
    let bin = place.join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    std::fs::copy(PROGRAM, bin.join("ringfort")).expect("a copy");
    let script = job["script"][0].as_str().expect("a script");
    let path = std::env::join_paths(
        std::iter::once(bin)
            .chain(std::env::split_paths(&std::env::var_os("PATH").expect("a path"))),
    );
    let mut command = Command::new("bash");
    command.args(["-c", script]).current_dir(&place).env("PATH", path.expect("a path"));
    for (name, value) in template["variables"].as_object().expect("variables") {
        command.env(name, value.as_str().expect("text"));
    }
    let run = command.env("RINGFORT_SOURCE", "app files").output().expect("bash starts");
    assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));
    for (_, file) in job["artifacts"]["reports"].as_object().expect("reports") {
        assert!(place.join(file.as_str().expect("text")).is_file(), "{file}");
    }
    let _ = std::fs::remove_dir_all(&place);
}

fn said(arguments: &[&str]) -> String {
    let run = Command::new(PROGRAM).args(arguments).output().expect("it starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

/// Every command of the program, from its help.
fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let list = help.split("Commands:\n").nth(1).expect("commands");
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

#[test]
fn completions_know_every_command_and_shells_read_them() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for (shell, check) in [
        ("bash", Some(&["bash", "-n"][..])),
        ("zsh", Some(&["zsh", "-n"])),
        ("fish", Some(&["fish", "--no-execute"])),
        ("powershell", None),
    ] {
        let text = said(&["completions", shell]);
        for command in &commands {
            assert!(text.contains(command.as_str()), "{shell} does not know {command}");
        }
        let Some(check) = check else { continue };
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("completions.{shell}"));
        std::fs::write(&file, text).expect("a file");
        match Command::new(check[0]).args(&check[1..]).arg(&file).output() {
            Ok(run) => {
                assert!(run.status.success(), "{shell}: {}", String::from_utf8_lossy(&run.stderr));
            }
            Err(_) => println!("skipped: {shell} is not installed; its completions are not read"),
        }
    }
    let run = Command::new(PROGRAM).args(["completions", "tcsh"]).output().expect("it starts");
    assert_eq!(run.status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let page = said(&["man"]);
    assert!(page.contains(".TH ringfort 1") && page.contains("\\-\\-kubeconfig"), "{page}");
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("man-{}", std::process::id()));
    said(&["man", "-o", place.to_str().expect("a plain path")]);
    for command in commands() {
        let page = std::fs::read_to_string(place.join(format!("ringfort-{command}.1")));
        let page = page.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
    let _ = std::fs::remove_dir_all(&place);
}

#[cfg(unix)]
#[test]
fn as_a_plugin_the_help_says_kubectl() {
    let place =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plugin-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a folder");
    let plugin = place.join("kubectl-ringfort");
    let _ = std::fs::remove_file(&plugin);
    std::os::unix::fs::symlink(PROGRAM, &plugin).expect("a link");
    let help = Command::new(&plugin).args(["scan", "--help"]).output().expect("it starts");
    let help = String::from_utf8(help.stdout).expect("text");
    assert!(help.contains("Usage: kubectl ringfort scan"), "{help}");
    assert!(said(&["scan", "--help"]).contains("Usage: ringfort scan"));
    let _ = std::fs::remove_dir_all(&place);
}
