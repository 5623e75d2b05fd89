//! The image that `cargo xtask image` writes: unpacked as a runtime does, every digest and size
//! held against its bytes, and run under runc. The program in it is a small one made here, so
//! that nothing heavy is built.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// What the small program prints: arguments, user, capabilities, and what lies in the root.
const PROGRAM: &str = r#"fn main() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let mut names: Vec<String> = std::fs::read_dir("/").unwrap()
        .map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    println!("{:?}\n{}\n{}\n{}", std::env::args().skip(1).collect::<Vec<_>>(), field("Uid:"),
        field("CapEff:"), names.join(" "));
    std::process::exit(if std::fs::write("/x", "").is_ok() { 7 } else { 4 });
}"#;

fn folder(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// A small static program, by whichever of the two ways this machine has.
fn program(folder: &Path) -> Option<PathBuf> {
    let source = folder.join("small.rs");
    std::fs::write(&source, PROGRAM).expect("a file");
    let binary = folder.join("small");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let musl = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    for way in [["--target", musl.as_str()], ["-C", "target-feature=+crt-static"]] {
        let made = Command::new(&rustc).args(way).arg(&source).arg("-o").arg(&binary).output();
        if made.is_ok_and(|made| made.status.success()) {
            return Some(binary);
        }
    }
    println!(
        "skipped: no static program can be made here (rustup target add x86_64-unknown-linux-musl)"
    );
    None
}

/// Runs the chore; the archive's bytes and what is printed.
fn image(binary: &Path, out: &Path) -> (Vec<u8>, String) {
    let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("image")
        .args([Path::new("--binary"), binary, Path::new("--out"), out])
        .output()
        .expect("it starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (std::fs::read(out).expect("the archive"), String::from_utf8(made.stdout).expect("text"))
}

/// Files of a tar: name, mode, owner, time and bytes.
type Files = BTreeMap<String, (u32, u64, u64, Vec<u8>)>;

/// A blob by its descriptor, held against its digest and size.
fn blob<'f>(files: &'f Files, descriptor: &Value) -> &'f [u8] {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let digest = digest.strip_prefix("sha256:").expect("sha256");
    let (.., bytes) = &files[&format!("blobs/sha256/{digest}")];
    assert_eq!(sha256(bytes), digest);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

/// Every file of a tar.
fn entries(bytes: &[u8]) -> Files {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let header = entry.header();
        assert!(header.entry_type().is_file());
        let facts = (
            header.mode().expect("a mode"),
            header.uid().expect("an owner"),
            header.mtime().expect("a time"),
        );
        let name = entry.path().expect("a path").to_str().expect("text").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        found.insert(name, (facts.0, facts.1, facts.2, bytes));
    }
    found
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_image_is_whole_the_same_each_time_and_runs() {
    let folder = folder("image");
    let Some(binary) = program(&folder) else { return };
    let (bytes, said) = image(&binary, &folder.join("a.tar"));
    let (again, _) = image(&binary, &folder.join("b.tar"));
    assert!(bytes == again, "two archives of one binary differ");

    let files = entries(&bytes);
    assert!(files.values().all(|(_, owner, time, _)| (*owner, *time) == (0, 0)));
    let parse = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).expect("JSON") };
    assert_eq!(parse(&files["oci-layout"].3)["imageLayoutVersion"], "1.0.0");
    let index = parse(&files["index.json"].3);
    let [manifest] = index["manifests"].as_array().expect("a list").as_slice() else {
        panic!("{index}")
    };
    assert!(said.trim_end().ends_with(manifest["digest"].as_str().expect("a digest")), "{said}");
    let manifest = parse(blob(&files, manifest));
    let config = parse(blob(&files, &manifest["config"]));
    let [layer] = manifest["layers"].as_array().expect("a list").as_slice() else {
        panic!("{manifest}")
    };
    let tree = blob(&files, layer);
    // The layer is not compressed: the digest of its contents is its own.
    assert_eq!(config["rootfs"]["diff_ids"], json!([layer["digest"]]));
    assert_eq!(files.len(), 5, "index, layout and three blobs");
    let tree = entries(tree);
    assert_eq!(tree.keys().collect::<Vec<_>>(), ["ringfort"], "nothing but the program");
    assert_eq!(tree["ringfort"].0, 0o755);
    assert_eq!(config["config"]["User"], "65532:65532");
    under_runc(&folder, &config, &tree["ringfort"].3);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Runs an image as a runtime would: its user, its entry point, no capability, a root that cannot
/// be written.
fn under_runc(folder: &Path, config: &Value, program: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    if Command::new("runc").arg("--version").output().is_err() {
        println!("skipped: runc is not installed; the image is not run");
        return;
    }
    let bundle = folder.join("bundle");
    std::fs::create_dir_all(bundle.join("rootfs")).expect("a folder");
    let file = bundle.join("rootfs/ringfort");
    std::fs::write(&file, program).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let user = config["config"]["User"].as_str().expect("a user");
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().expect("a number")).collect();
    let mut command: Vec<Value> =
        config["config"]["Entrypoint"].as_array().expect("a list").clone();
    command.push(json!("--version"));
    let namespaces = ["pid", "network", "ipc", "uts", "mount"];
    let spec = json!({
        "ociVersion": "1.0.2",
        "process": {"user": {"uid": ids[0], "gid": ids[1]}, "args": command, "cwd": "/",
            "env": [], "noNewPrivileges": true, "capabilities": {}},
        "root": {"path": "rootfs", "readonly": true},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": namespaces.map(|kind| json!({"type": kind}))},
    });
    std::fs::write(bundle.join("config.json"), spec.to_string()).expect("a file");
    let ran = Command::new("runc")
        .arg("--root")
        .arg(folder.join("state"))
        .args(["run", "--bundle"])
        .arg(&bundle)
        .arg(format!("ringfort-image-{}", std::process::id()))
        .output()
        .expect("runc starts");
    let (out, said) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    // What runc is not allowed to set up says nothing of the image.
    let refused = ["operation not permitted", "permission denied", "cgroup"];
    if out.is_empty() && refused.iter().any(|why| said.to_lowercase().contains(why)) {
        println!("skipped: runc may not run containers here: {}", said.trim());
        return;
    }
    // The root cannot be written, as the program tries.
    assert_eq!(ran.status.code(), Some(4), "{out}{said}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "[\"--version\"]");
    assert!(lines[1].starts_with("65532"), "{out}");
    assert_eq!(lines[2].trim_start_matches('0'), "", "no capability: {out}");
    // Beside the program only what runc makes to mount on.
    let names: Vec<&str> =
        lines[3].split(' ').filter(|name| !["dev", "proc", "sys"].contains(name)).collect();
    assert_eq!(names, ["ringfort"], "{out}");
}

#[test]
fn a_program_that_needs_other_files_is_refused() {
    let folder = folder("image-dynamic");
    let this = std::env::current_exe().expect("this test");
    let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            Path::new("image"),
            Path::new("--binary"),
            &this,
            Path::new("--out"),
            &folder.join("x.tar"),
        ])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(!made.status.success() && said.contains("not static"), "{said}");
    assert!(!folder.join("x.tar").exists());
    let _ = std::fs::remove_dir_all(&folder);
}
