//! The page in a headless browser, from `file://` and without a network.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn browser() -> Option<&'static str> {
    let known = ["chromium", "chromium-browser", "google-chrome"];
    known.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())
}

/// Tells what lies beyond its box, or beyond the page and does not scroll by itself.
const CUT: &str = "document.querySelectorAll('details').forEach(d=>d.open=true);\
    const wide=[...document.querySelectorAll('body *')].filter(e=>!e.closest('.scroll,.wide,svg,thead'))\
    .filter(e=>e.scrollWidth>e.clientWidth+1&&e.clientWidth>0||e.getBoundingClientRect().right>innerWidth+1);\
    tell([innerWidth,wide.length,...wide.slice(0,3).map(e=>e.outerHTML.slice(0,120))].join(' '));";

/// Objects around a name: a way in, a privileged pod, and an account that may do everything.
fn named(name: &str) -> Vec<Value> {
    let meta = json!({"name": name, "namespace": name, "uid": name, "labels": {"app": "x"}});
    let wide = json!({"name": name, "uid": name});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": wide}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": wide,
            "status": {"nodeInfo": {"kubeletVersion": "v1.36.0"}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"nodeName": name,
            "serviceAccountName": name, "hostPID": true, "containers": [{"name": name,
            "image": name, "securityContext": {"privileged": true}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"hostname": name}]}}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": wide, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": name}]}),
    ]
}

#[test]
fn nothing_and_long_and_hostile_names_fit_the_page() {
    let Some(browser) = browser() else {
        println!("skipped: no chromium to open the page with");
        return;
    };
    let long = "a".repeat(253);
    let dotted = vec!["b".repeat(60); 4].join(".");
    let right_to_left = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}-\u{645}\u{631}\u{62d}\u{628}\u{627}\u{202e}<script>alert(1)</script>\"'";
    let mut hostile: Vec<Value> =
        [long.as_str(), &dotted, right_to_left].into_iter().flat_map(named).collect();
    hostile.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "cluster-admin"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}));
    let empty = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})];
    for (name, objects, shown) in [("hostile", hostile, long.as_str()), ("empty", empty, "Zones")] {
        let base = format!("page-{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{base}.html"));
        let source = path.with_extension("json");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(&source, list.to_string()).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
            .args(["-q", "scan"])
            .arg(&source)
            .args(["--complete", "--k8s-version", "1.36", "-f"])
            .arg(format!("html={}", path.display()))
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let page = std::fs::read_to_string(&path).expect("the page was written");
        assert!(page.contains(shown) && !page.contains("<script>alert"), "{name}");
        let (_, said) = opened(browser, &path, &page);
        assert!(!said.contains("CONSOLE"), "{name}: the page writes to the console: {said}");
        for width in [390, 1280] {
            assert_eq!(told(browser, &path, &page, width, CUT), format!("{width} 0"), "{name}");
        }
        for file in [path, source] {
            std::fs::remove_file(file).expect("it was made");
        }
    }
}

#[test]
fn the_page_shows_paths_and_asks_for_nothing() {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{}.html", std::process::id()));
    let format = format!("html={}", path.display());
    let output = Command::new(env!("CARGO_BIN_EXE_ringfort"))
        .args(["-q", "demo", "-f", &format])
        .output()
        .expect("the program starts");
    assert!(output.status.success());
    let page = std::fs::read_to_string(&path).expect("the page was written");
    for request in ["src=", "href=", "url(", "@import", "fetch(", "http://", "https://"] {
        assert!(!page.contains(request), "the page contains {request}");
    }
    let Some(browser) = browser() else {
        println!("skipped: no chromium to open the page with");
        let _ = std::fs::remove_file(&path);
        return;
    };
    let (dom, said) = opened(browser, &path, &page);
    assert!(dom.contains("<svg") && dom.contains("impact/cluster-admin"), "the page is not drawn");
    for section in [
        "Zones",
        "Ways in",
        "Changes that cut most",
        "The smallest set of changes",
        "drawing of the paths",
        "pairs left by number of changes",
        "cut by the plan",
        "Findings",
        "Adoption of controls",
        "Facts that are not known",
        "Not read, not evaluated",
    ] {
        assert!(dom.contains(section), "{section} is missing");
    }
    for vector in 1..=13 {
        assert!(dom.contains(&format!(">V{vector} ")), "V{vector} is missing");
    }
    assert!(!said.contains("CONSOLE"), "the page writes to the console: {said}");

    // What is typed into the search leaves the paths that say it.
    let search = "q.value='storefront';q.dispatchEvent(new Event('input'));\
        const all=[...document.querySelectorAll('.path')],left=all.filter(p=>!p.hidden);\
        tell(`${all.length>left.length} ${left.length>0} \
${left.every(p=>p.textContent.includes('storefront'))}`);";
    assert_eq!(told(browser, &path, &page, 390, search), "true true true");

    // Findings are filtered by controls that a keyboard reaches; each filter leaves some out.
    let filters = "const rows=[...document.querySelectorAll('#findings tbody tr')],\
        fs=document.getElementById('fs'),fc=document.getElementById('fc'),said=document.getElementById('fn');\
        const shown=()=>rows.filter(r=>r.offsetParent);const done=[];\
        const set=(one,change)=>{one.focus();if(document.activeElement!==one)done.push('no focus');change();\
            one.dispatchEvent(new Event('input',{bubbles:true}));\
            const left=shown();done.push(left.length>0&&left.length<rows.length);\
            if(!said.textContent.startsWith(left.length+' of '+rows.length))done.push(said.textContent);return left};\
        done.push(set(fs,()=>{fs.value='critical'}).every(r=>r.cells[0].textContent.startsWith('critical')));\
        fs.value='';done.push(set(fc,()=>{fc.checked=true}).every(r=>!r.cells[4].textContent.startsWith('0 ')));\
        fc.checked=false;done.push(set(fq,()=>{fq.value='SERVICEACCOUNT'}).every(r=>/serviceaccount/i.test(r.textContent)));\
        tell(done.join(' '));";
    for width in [390, 1280] {
        let said = told(browser, &path, &page, width, filters);
        assert_eq!(said, "true true true true true true", "{width}");
        assert_eq!(told(browser, &path, &page, width, CUT), format!("{width} 0"));
    }
    match axe() {
        Some(axe) => {
            for width in [390, 1280] {
                let run = format!(
                    "{axe};axe.run().then(r=>{{tell('found '+JSON.stringify(r.violations.map(v=>[v.id,v.impact,v.nodes.length,v.nodes[0].html.slice(0,160)]))+' of '+(r.passes.length>20))}})"
                );
                let said = told(browser, &path, &page, width, &run);
                assert_eq!(said, "found [] of true", "{width}");
            }
        }
        None => println!("skipped: no axe-core; cargo xtask test fetches it where npm is"),
    }
    let _ = std::fs::remove_file(&path);
}

/// The rules of accessibility, where they were fetched.
fn axe() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("target/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(file).ok()
}

/// What one more script tells at a width. A window cannot be made that narrow; a frame can.
fn told(browser: &str, path: &Path, page: &str, width: u32, script: &str) -> String {
    let framed = path.with_extension("framed.html");
    let told = "const tell=text=>parent.postMessage(text,'*');";
    std::fs::write(&framed, with(page, &format!("{told}{script}"))).expect("a page");
    let name = framed.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let frame = format!(
        "<!doctype html><title>nothing</title><body><iframe style=\"width:{width}px;height:900px\" \
         src=\"{name}\"></iframe><script>onmessage=said=>document.title=said.data</script></body>"
    );
    let (dom, said) = opened(browser, path, &frame);
    let _ = std::fs::remove_file(&framed);
    let title = dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    title.unwrap_or_else(|| panic!("no title: {said}")).0.to_owned()
}

/// The page with a script after its own.
fn with(page: &str, script: &str) -> String {
    let (before, after) = page.rsplit_once("</body>").expect("a page");
    format!("{before}<script>{script}</script></body>{after}")
}

/// The page after its scripts, and what the browser said.
fn opened(browser: &str, path: &Path, page: &str) -> (String, String) {
    std::fs::write(path, page).expect("the page can be written");
    let profile = path.with_extension("profile");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--enable-logging=stderr",
            "--window-size=1400,900",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args(["--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let _ = std::fs::remove_dir_all(&profile);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
