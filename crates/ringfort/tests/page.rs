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
    let profile = path.with_extension("profile");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args(["--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let _ = std::fs::remove_file(&path);
    let _ = std::fs::remove_dir_all(&profile);
    assert!(dom.contains("<svg") && dom.contains("impact/cluster-admin"), "the page is not drawn");
    assert!(dom.contains("Changes that cut most") && dom.contains("V10"), "sections are missing");
}
