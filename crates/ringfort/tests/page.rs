//! The page in a headless browser, from `file://` and without a network.

use std::path::Path;
use std::process::Command;

fn browser() -> Option<&'static str> {
    let known = ["chromium", "chromium-browser", "google-chrome"];
    known.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())
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
    let (dom, said) = opened(browser, &path, &page, "");
    assert!(dom.contains("<svg") && dom.contains("impact/cluster-admin"), "the page is not drawn");
    for section in [
        "Zones",
        "Ways in",
        "Changes that cut most",
        "The smallest set of changes",
        "drawing of the paths",
        "pairs left by number of changes",
        "cut by the plan",
        "Facts that are not known",
        "Not read, not evaluated",
    ] {
        assert!(dom.contains(section), "{section} is missing");
    }
    for vector in 1..=13 {
        assert!(dom.contains(&format!("<td>V{vector} ")), "V{vector} is missing");
    }
    assert!(!said.contains("CONSOLE"), "the page writes to the console: {said}");

    // What is typed into the search leaves the paths that say it, and nothing is cut off.
    let search = "q.value='storefront';q.dispatchEvent(new Event('input'));\
        const all=[...document.querySelectorAll('.path')],left=all.filter(p=>!p.hidden);\
        const wide=document.documentElement.scrollWidth>window.innerWidth;\
        document.title=`${all.length>left.length} ${left.length>0} \
${left.every(p=>p.textContent.includes('storefront'))} ${wide}`;";
    let (dom, _) = opened(browser, &path, &page, search);
    assert!(dom.contains("<title>true true true false</title>"), "{:?}", dom.get(..600));
    let _ = std::fs::remove_file(&path);
}

/// The page after its scripts and one more, and what the browser said.
fn opened(browser: &str, path: &Path, page: &str, script: &str) -> (String, String) {
    let more = format!("<script>{script}</script></body>");
    std::fs::write(path, page.replace("</body>", &more)).expect("the page can be written");
    let profile = path.with_extension("profile");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--enable-logging=stderr",
            "--window-size=390,900",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args(["--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let _ = std::fs::remove_dir_all(&profile);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
