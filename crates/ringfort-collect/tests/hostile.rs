//! Files made to harm or to hide something: each leaves a gap with its name, and what stands
//! beside it is read.

use std::io::Write;
use std::path::PathBuf;

use ringfort_collect::{Collected, Options, Source, read, read_objects};
use ringfort_model::{Cluster, Kind, Listed};

fn pod(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"a","uid":"u"}},
        "spec":{{"containers":[{{"name":"c","image":"x"}}]}}}}"#
    )
}

/// Reads one file beside a good pod of another.
fn beside(name: &str, content: impl AsRef<[u8]>) -> Cluster {
    let good = pod("good");
    let files = [(name, content.as_ref()), ("z-good.json", good.as_bytes())];
    let cluster = read_objects(&files, &Options::default()).expect("it reads").cluster;
    let good = cluster.pods.iter().any(|pod| pod.metadata.name == *"good");
    assert!(good, "{name} hides the file after it");
    cluster
}

fn gap(cluster: &Cluster, subject: &str) -> String {
    let of = cluster.gaps.iter().find(|gap| *gap.subject == *subject);
    of.unwrap_or_else(|| panic!("no gap of {subject}: {:?}", cluster.gaps)).reason.to_string()
}

#[test]
fn files_that_are_not_what_their_name_says_are_named() {
    for (name, content, said) in [
        ("a.json", "", "begins with nothing"),
        ("a.yaml", " \n", "begins with nothing"),
        ("a.tar", "text", "no tar"),
        ("a.tar.zst", "text", "no zstd"),
        ("a.json.gz", "text", "no gzip"),
        ("a.zip", "text", "no zip"),
        ("a.json", "\0\0{}", "no JSON"),
    ] {
        let cluster = beside(name, content);
        assert!(gap(&cluster, name).contains(said), "{name} {:?}", cluster.gaps);
    }
    assert!(beside("notes.txt", "anything").gaps.is_empty());
}

#[test]
fn deep_nesting_is_a_gap_in_every_notation() {
    for open in ["- ", "[", "{a: ", "? "] {
        let text = format!("apiVersion: v1\nkind: Pod\nx:\n  {}", open.repeat(200_000));
        gap(&beside("deep.yaml", text), "deep.yaml");
    }
    let text = format!("{{\"kind\":\"Pod\",\"x\":{}", "[".repeat(200_000));
    assert!(gap(&beside("deep.json", text), "deep.json").contains("deep"));
}

#[test]
fn lists_without_a_list_are_not_empty_lists() {
    let named = |items: &str| format!("{{\"apiVersion\":\"v1\",\"kind\":\"PodList\"{items}}}");
    for items in ["", ",\"items\":{\"a\":1}", ",\"items\":[],\"items\":[{}]", ",\"items\":[] oops"]
    {
        let cluster = beside("pods.json", named(items));
        gap(&cluster, "pods.json");
        assert!(!cluster.coverage.is_complete(Kind::Pod), "{items}");
    }
    for (name, text) in [
        ("pods.json", named(",\"items\":null")),
        ("pods.yaml", "apiVersion: v1\nkind: PodList\nitems: null\n".to_owned()),
    ] {
        let cluster = beside(name, text);
        assert!(cluster.gaps.is_empty(), "{:?}", cluster.gaps);
        assert_eq!(cluster.coverage.of(Kind::Pod), Listed::Complete);
    }
}

#[test]
fn an_object_that_does_not_read_leaves_its_kind_incomplete() {
    let bad = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":5}}"#;
    let mixed = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{},{bad}]}}"#, pod("p"));
    let yaml = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {bad}\n", pod("p"));
    for (name, text) in
        [("pods.json", mixed.clone()), ("pods.yaml", yaml), ("one.json", bad.to_owned())]
    {
        let files = [(name, text.as_str()), ("complete.json", "{\"complete\":true}")];
        let good = pod("good");
        let mut files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        files.push(("good.json", good.as_bytes()));
        let cluster = read_objects(&files, &Options::default()).expect("it reads").cluster;
        assert!(gap(&cluster, name).contains("metadata.name"), "{:?}", cluster.gaps);
        assert!(!cluster.coverage.is_complete(Kind::Pod), "{name}");
        assert!(cluster.coverage.is_complete(Kind::Node), "{name}");
    }
    let inner = format!(
        r#"{{"apiVersion":"v1","kind":"List","items":[{{"apiVersion":"v1","kind":"List","items":[{}]}}]}}"#,
        pod("inner")
    );
    let files =
        [("l.json", inner.as_bytes()), ("complete.json", b"{\"complete\":true}".as_slice())];
    let good = pod("good");
    let files = [files[0], files[1], ("good.json", good.as_bytes())];
    let cluster = read_objects(&files, &Options::default()).expect("it reads").cluster;
    assert!(gap(&cluster, "l.json").contains("a List in place of an object"));
    assert!(!cluster.coverage.is_complete(Kind::Node), "the inner list may hold any kind");
}

#[test]
fn a_small_gzip_file_does_not_unpack_without_end() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"{\"kind\":\"Pod\",\"x\":\"").expect("it packs");
    for _ in 0..200 {
        encoder.write_all(&vec![b' '; 1 << 20]).expect("it packs");
    }
    let bytes = encoder.finish().expect("it packs");
    let mut options = Options::default();
    options.limits.ratio = 100;
    options.limits.object_bytes = 1 << 30;
    let good = pod("good");
    let files = [("a.json.gz", bytes.as_slice()), ("good.json", good.as_bytes())];
    let cluster = read_objects(&files, &options).expect("it reads").cluster;
    assert!(gap(&cluster, "a.json").contains("more than the limit"), "{:?}", cluster.gaps);
}

#[cfg(unix)]
#[test]
fn pipes_in_a_directory_are_not_waited_for_and_named_ones_are_read() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pipes");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let pipe = folder.join("pods.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no mkfifo here");
        return;
    }
    std::fs::write(folder.join("good.json"), pod("good")).expect("it can be written");
    let cluster = |path: PathBuf| {
        let Collected { cluster, .. } =
            read(&Source::Path(path), &Options::default()).expect("reads");
        cluster
    };
    let whole = cluster(folder.clone());
    assert!(gap(&whole, "pods.json").contains("pipe"));
    assert_eq!(whole.pods.len(), 1);
    let writer = pipe.clone();
    let thread = std::thread::spawn(move || std::fs::write(writer, pod("piped")));
    assert_eq!(cluster(pipe).pods.iter().next().expect("a pod").metadata.name, *"piped");
    thread.join().expect("it ends").expect("it writes");
}

/// A policy in a version that is off by default holds if a server wrote it, and else nobody knows.
#[test]
fn a_policy_in_a_beta_counts_if_a_server_serves_it() {
    let policy = |meta: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: ValidatingAdmissionPolicy\n\
             metadata: {{name: p{meta}}}\nspec: {{}}\n"
        )
    };
    let served = beside("p.yaml", policy(", uid: u, resourceVersion: '1'"));
    assert_eq!(served.validating_policies.len(), 1);
    let manifest = beside("p.yaml", policy(""));
    assert_eq!(manifest.validating_policies.len(), 0);
    assert!(matches!(manifest.coverage.of(Kind::ValidatingPolicy), Listed::Partial(_)));
    assert!(manifest.gaps.iter().any(|gap| gap.reason.contains("off by default")));
}
