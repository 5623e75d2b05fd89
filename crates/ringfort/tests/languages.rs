//! Reports in every language: the catalogues are complete and nothing stands beside them, no text of
//! a report stands outside of them, and what the program prints is in the language that is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ringfort_attack::{Attack, Engines, State, Zone, techniques};
use ringfort_checks::framework::built_in;
use ringfort_checks::{Severity, World, checks};
use ringfort_collect::{Options, read_objects};
use ringfort_language::{Catalogue, Language, parse, placeholders};

mod literals;

use literals::{Literal, literals};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of Rust below a folder of a crate, sorted.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(end) if end == "rs" => {
                    let text = std::fs::read_to_string(&path).expect("a file");
                    let shown = path.strip_prefix(root()).unwrap_or(&path);
                    found.push((shown.display().to_string(), text));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Whether a text has something to translate beside its placeholders.
fn says_something(text: &str) -> bool {
    let mut outside = true;
    text.chars().any(|c| {
        match c {
            '{' => outside = false,
            '}' => outside = true,
            _ => {}
        }
        outside && c.is_alphabetic()
    })
}

/// Every text that a report may say, with where it comes from.
fn texts() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |from: &str, text: &str| {
        if says_something(text) {
            found.entry(text.to_owned()).or_insert_with(|| from.to_owned());
        }
    };
    for krate in ["attack", "plan", "report"].map(|name| format!("crates/ringfort-{name}/src")) {
        for (file, source) in sources(&krate) {
            for one in literals(&source).into_iter().filter(Literal::is_message) {
                add(&file, &one.text);
            }
        }
    }
    for check in checks::ALL {
        add(check.id, check.title);
        add(check.id, check.doc.fix);
    }
    for technique in techniques::ALL {
        add(technique.id, technique.title);
    }
    for framework in built_in() {
        add(&framework.id, &framework.title);
        add(&framework.id, &framework.note);
        for control in &framework.controls {
            add(&framework.id, &control.title);
        }
    }
    let object = br#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}"#;
    let read = read_objects(&[("a.json", object)], &Options::default()).expect("it reads");
    let engines = Engines::new(&read.cluster);
    let attack = Attack::new(&read.cluster, &engines);
    let metrics = ringfort_checks::adoption::measure(&World::new(&attack));
    assert_eq!(metrics.len(), ringfort_checks::adoption::ORDER.len());
    for metric in metrics.iter().map(|one| one.metric) {
        for text in [metric.of, metric.present, metric.effective] {
            add(metric.id, text);
        }
    }
    // Words of the report's data that renderers look up.
    let states = [State::Open, State::Unknown, State::Guarded, State::Closed].map(State::name);
    let controls = ["pass", "fail", "unknown", "not-applicable", "not-covered"];
    let words = states.into_iter().chain(controls).chain(["new", "worse", "yes", "no"]);
    let words = words.chain(Zone::ALL.map(Zone::name)).chain(Severity::ALL.map(Severity::name));
    words.for_each(|word| add("a word of the data", word));
    found
}

/// The catalogue of a language as a map; a text must be there once.
fn catalogue(language: Language) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in parse(Catalogue::file(language).expect("a catalogue")).expect("it reads") {
        let twice = found.insert(entry.english.clone(), entry.translated);
        assert!(twice.is_none(), "{language:?}, line {}: {} again", entry.line, entry.english);
    }
    found
}

const TRANSLATED: [Language; 2] = [Language::SimplifiedChinese, Language::TraditionalChinese];

#[test]
fn every_text_is_in_every_catalogue_and_none_for_nothing() {
    let texts = texts();
    assert!(texts.len() > 1_000, "{}", texts.len());
    for language in TRANSLATED {
        let catalogue = catalogue(language);
        let missing: Vec<_> =
            texts.iter().filter(|(text, _)| !catalogue.contains_key(*text)).collect();
        assert!(missing.is_empty(), "{} lacks {missing:#?}", language.tag());
        let unused: Vec<_> = catalogue.keys().filter(|text| !texts.contains_key(*text)).collect();
        assert!(unused.is_empty(), "{} has for nothing {unused:#?}", language.tag());
    }
}

#[test]
fn a_translation_has_the_places_of_its_text_and_stays_harmless() {
    for language in TRANSLATED {
        for (english, translated) in catalogue(language) {
            let name = format!("{}: {english}", language.tag());
            assert_eq!(placeholders(&english), placeholders(&translated), "{name}");
            assert!(!translated.is_empty(), "{name}");
            // Fixed texts stand in HTML and in tables of Markdown as they are.
            let safe =
                |c: char| !c.is_control() && !"<>&\"'|`\\".contains(c) || english.contains(c);
            assert!(translated.chars().all(safe), "{name}: {translated}");
        }
    }
}

/// A translation that is English still is a name; these are.
const NAMES: [&str; 6] = [
    "kubelet API",
    "kubectl proxy",
    "Windows HostProcess container",
    "Container CLI/API",
    "clusters of EKS",
    "MITRE ATT&CK for Containers",
];

#[test]
fn each_language_has_its_own_terms() {
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    // Terms of the other side of the strait, and characters of the other script.
    let foreign = [
        (Language::SimplifiedChinese, "叢集 網路 軟體 預設 權杖 映像檔 伺服器 檔案 資料 節點 帳號"),
        (
            Language::TraditionalChinese,
            "集群 鏡像 網絡 軟件 默認 令牌 服務器 數據 端口 進程 內核 网 节",
        ),
    ];
    for (language, terms) in foreign {
        for (english, translated) in catalogue(language) {
            let known = translated.chars().any(chinese)
                || !says_something(&translated)
                || NAMES.contains(&&*english);
            assert!(known, "{}: {english} is {translated}", language.tag());
            let found = terms.split(' ').find(|term| translated.contains(term));
            assert_eq!(found, None, "{}: {english} is {translated}", language.tag());
        }
    }
}

/// What writes for people; each says its words by the macros of `ringfort-language`.
const RENDERERS: [&str; 10] = [
    "adopted.rs",
    "framework.rs",
    "html.rs",
    "html/findings.rs",
    "html/table.rs",
    "human.rs",
    "markdown.rs",
    "matrix.rs",
    "picture.rs",
    "versions.rs",
];

/// Literals that are no words of a report: keys of the data, names, commands of SVG.
const KEYS: [&str; 25] = [
    "initial-access",
    "impact",
    "unverified-control",
    "unknown",
    "unchanged",
    "new",
    "worse",
    "yes",
    "no",
    "fail",
    " weak",
    "soft",
    "open",
    "closed",
    "vectors",
    "findings",
    "adoption",
    "\u{1b}[1m{text}\u{1b}[0m",
    " class=\"cut\"",
    "M",
    " L",
    "data-s=\"{}\" data-c=\"{}\"",
    "vector/{}/{}",
    "{fence}sh\n{text}\n{fence}\n",
    "\\u{7c}",
];

/// Names and commands that stand in the text of every language.
const UNTRANSLATED: [&str; 3] =
    ["Ringfort", "`ringfort scan -f html=report.html`", "`-f json=report.json`"];

/// What a reader sees of a piece of HTML or Markdown: no tags, placeholders or entities, but the
/// attributes that are read out.
fn visible(text: &str) -> String {
    let mut seen = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        seen.push_str(before);
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        for name in ["aria-label=\"", "placeholder=\"", "title=\"", "data-said=\""] {
            seen.extend(
                tag.split(name)
                    .skip(1)
                    .map(|value| format!(" {}", value.split('"').next().unwrap_or_default())),
            );
        }
        rest = after;
    }
    // The end of a tag that began in another piece.
    seen.push_str(rest.rsplit_once("\">").map_or(rest, |(_, after)| after));
    let mut out = String::new();
    let mut ends = None;
    for c in seen.chars() {
        match c {
            '{' => ends = Some('}'),
            '&' => ends = Some(';'),
            c if ends == Some(c) => ends = None,
            c if ends.is_none() => out.push(c),
            _ => {}
        }
    }
    UNTRANSLATED.iter().fold(out, |text, name| text.replace(name, ""))
}

#[test]
fn no_word_of_a_report_stands_outside_of_the_catalogues() {
    let vectors: BTreeSet<String> = ringfort_attack::vectors::ids().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    let mut said = 0;
    for file in RENDERERS {
        let place = root().join("crates/ringfort-report/src").join(file);
        let source = std::fs::read_to_string(place).expect(file);
        for one in literals(&source) {
            if one.is_message() {
                said += 1;
                continue;
            }
            let code = ["STYLE", "SCRIPT", "fonts"].contains(&one.item.as_str());
            let key = KEYS.contains(&one.text.as_str())
                || vectors.contains(&one.text)
                || one.text.starts_with("MET-")
                || one.text.ends_with('/')
                || one.is_name();
            if !code && !key && visible(&one.text).chars().any(char::is_alphabetic) {
                wrong.push(format!("{file}:{}: {:?}", one.line, one.text));
            }
        }
    }
    assert!(said > 150, "{said}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfort"));
    for name in ["RINGFORT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    let command = command.envs(environment.iter().copied()).args(arguments);
    command.env("SOURCE_DATE_EPOCH", "1788220800").output().expect("it starts")
}

fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_flag_wins_over_the_locale_and_the_locale_over_english() {
    let first = |arguments: &[&str], environment: &[(&str, &str)]| {
        let text = printed(&[&["demo", "-q"], arguments].concat(), environment);
        text.lines().next().expect("a line").to_owned()
    };
    let (english, simplified, traditional) = ("nodes", "个节点", "個節點");
    for (arguments, environment, expected) in [
        (&[][..], &[][..], english),
        (&[], &[("LANG", "C")], english),
        (&[], &[("LANG", "zh_CN.UTF-8")], simplified),
        (&[], &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "zh_TW.UTF-8")], traditional),
        (&["--lang", "en"], &[("LC_ALL", "zh_TW.UTF-8")], english),
        (&["--lang", "zh-TW"], &[("LC_ALL", "C")], traditional),
        (&[], &[("RINGFORT_LANG", "zh-CN"), ("LANG", "zh_TW")], simplified),
    ] {
        let line = first(arguments, environment);
        assert!(line.contains(expected), "{arguments:?} {environment:?}: {line}");
    }
}

#[test]
fn an_unknown_language_is_wrong_usage_that_names_those_that_exist() {
    let output = run(&["demo", "--lang", "fr"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["fr", "--lang", "en", "zh-CN", "zh-TW"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn machines_read_english_whatever_people_read() {
    for format in ["json", "sarif", "junit", "csv", "ocsf", "gitlab-sast", "prometheus"] {
        let of = |tag: &str| printed(&["demo", "-q", "--lang", tag, "-f", format], &[]);
        assert_eq!(of("en"), of("zh-TW"), "{format}");
    }
}

/// The fixed parts of the three formats: headings, heads of tables, labels, summaries.
fn fixed(language: Language) -> String {
    let of =
        |more: &[&str]| printed(&[&["demo", "-q", "--lang", language.tag()], more].concat(), &[]);
    let mut out = String::from("human\n\n");
    // What has a number changes with every rule; the docs show a whole screen.
    let screen = of(&["-v"]);
    for line in screen.lines().filter(|line| !line.contains(|c: char| c.is_ascii_digit())) {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("\nmarkdown\n\n");
    let comment = of(&["-f", "markdown"]);
    let mut lines = comment.lines().peekable();
    while let Some(line) = lines.next() {
        let head = lines.peek().is_some_and(|next| next.starts_with("|---"));
        let number = line.contains(|c: char| c.is_ascii_digit());
        if line.starts_with('#') || line.starts_with("<details>") && !number || head {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.push_str("\nhtml\n\n");
    let page = of(&["-f", "html"]);
    assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
    let mut seen = BTreeSet::new();
    for tag in ["h2", "h3", "th", "summary", "label", "option", "p"] {
        for part in page.split(&format!("<{tag}")).skip(1) {
            // Not `<path` for `<p`.
            let Some((_, part)) = part.split_once('>').filter(|_| part.starts_with(['>', ' ']))
            else {
                continue;
            };
            let inner = part.split("</").next().unwrap_or_default();
            let text = format!("{tag}: {}", visible(inner).trim());
            let number = text[tag.len()..].contains(|c: char| c.is_ascii_digit());
            if !number && seen.insert(text.clone()) {
                out.push_str(&text);
                out.push('\n');
            }
        }
    }
    out
}

/// `RINGFORT_BLESS=1` writes the files anew; they are read before they are committed.
#[test]
fn the_fixed_parts_of_the_demo_are_as_recorded() {
    for language in TRANSLATED {
        let file = root()
            .join("crates/ringfort/tests/golden")
            .join(format!("demo-{}.txt", language.tag()));
        let now = fixed(language);
        if std::env::var_os("RINGFORT_BLESS").is_some() {
            std::fs::write(&file, &now).expect("it is written");
        }
        let then = std::fs::read_to_string(&file).expect("a golden file");
        assert!(now == then, "{} differs; RINGFORT_BLESS=1 writes it anew", file.display());
    }
}

#[test]
fn columns_of_the_terminal_stand_below_each_other() {
    // The score of each zone stands after 20 columns for its name, wide characters counted as two.
    for language in Language::ALL {
        let text = printed(&["demo", "-q", "--lang", language.tag()], &[]);
        let known = language.text("{percent}% known").split('{').next().unwrap_or_default();
        let mark = if known.is_empty() { "% known" } else { known };
        let rows: Vec<usize> = text
            .lines()
            .skip_while(|line| line.starts_with("Kubernetes") || line.starts_with("  "))
            .skip(1)
            .take(3)
            .map(|line| {
                let before = line.split(mark).next().unwrap_or_default();
                assert!(before.len() < line.len(), "{mark} is not in {line}");
                ringfort_language::width(before)
            })
            .collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows.iter().all(|at| *at == rows[0]), "{rows:?}\n{text}");
    }
}
