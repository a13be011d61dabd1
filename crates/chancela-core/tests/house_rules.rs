//! The rules of the house that no compiler checks, over the source of the whole workspace: what core may touch, who may
//! depend on whom, where provider names may stand, how long a file may grow. docs/ARCHITECTURE.md gives the reasons.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "these tests read the source tree")]

use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Longest files, in lines without tests.
const CORE_LINES: usize = 250;
const OTHER_LINES: usize = 400;

/// Files that may be longer: path, lines, and why. Whoever makes one shorter lowers its number or takes it out.
const LONGER: &[(&str, usize, &str)] = &[
    ("chancela-core/src/rejection.rs", 260, "one table of all rules, in which each is a line"),
    ("chancela-core/src/message/body.rs", 280, "three body encodings that share one set of limits"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Folders of the workspace's crates.
fn crates() -> Vec<PathBuf> {
    entries(&root().join("crates")).into_iter().filter(|path| path.join("Cargo.toml").is_file()).collect()
}

/// A source file: its path below `crates/`, and its lines before the first `#[cfg(test)]`.
struct Source {
    path: String,
    lines: Vec<String>,
}

impl Source {
    /// Lines that are not comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.lines.iter().enumerate().map(|(at, line)| (at + 1, line.as_str()));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The sources of the program, without tests, examples and build scripts.
fn sources() -> Vec<Source> {
    let mut out = Vec::new();
    let mut folders: Vec<PathBuf> = crates().iter().map(|path| path.join("src")).collect();
    let crates = root().join("crates");
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                let lines =
                    text.lines().take_while(|line| *line != "#[cfg(test)]").map(str::to_owned).collect();
                let path = path.strip_prefix(&crates).unwrap().to_str().unwrap().to_owned();
                out.push(Source { path, lines });
            }
        }
    }
    assert!(out.len() > 100, "the sources are not where this test looks");
    out
}

/// Whether `word` stands in `line` as a word of its own.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        outside(line[..at].chars().next_back()) && outside(line[at + word.len()..].chars().next())
    })
}

#[track_caller]
fn none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn core_is_synchronous_and_touches_nothing() {
    let banned = [
        "async fn",
        "async move",
        "async {",
        ".await",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "std::os",
        "SystemTime",
        "Instant",
        "tokio",
        "hyper",
    ];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("chancela-core/")) {
        for (number, line) in source.code() {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    none(&broken, "core has no async, I/O, clock or environment; load facts in the server and pass them in");
}

/// Crates of ours that a crate may name.
fn allowed(krate: &str) -> &'static [&'static str] {
    match krate {
        "chancela-core" => &[],
        "chancela-store" | "chancela-agent" | "chancela-verify" => &["chancela-core"],
        "chancela-server" => &["chancela-core", "chancela-store"],
        backend if backend.starts_with("chancela-store-") => &["chancela-core", "chancela-store"],
        "chancela-testkit" => &["chancela-core", "chancela-store", "chancela-server", "chancela-agent"],
        "chancela" => {
            &["chancela-core", "chancela-store", "chancela-store-sqlite", "chancela-server", "chancela-agent"]
        }
        other => panic!("{other} has no place in the dependency rule; add it here, with an ADR"),
    }
}

/// Names of ours in the tables of `kind`, target-specific ones too.
fn dependencies(manifest: &Table, kind: &str) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = targets.filter_map(Value::as_table).chain([manifest]);
    let names = tables.filter_map(|table| table.get(kind)?.as_table()).flat_map(Table::keys);
    names.filter(|name| name.starts_with("chancela")).cloned().collect()
}

#[test]
fn crates_name_only_what_the_dependency_rule_allows() {
    let mut broken = Vec::new();
    for folder in crates() {
        let krate = name(&folder);
        let manifest: Table = read(&folder.join("Cargo.toml")).parse().unwrap();
        let mut named = dependencies(&manifest, "dependencies");
        named.extend(dependencies(&manifest, "build-dependencies"));
        if krate == "chancela-core" {
            named.extend(dependencies(&manifest, "dev-dependencies"));
        }
        broken.extend(
            named
                .iter()
                .filter(|other| !allowed(&krate).contains(&other.as_str()))
                .map(|o| format!("{krate} -> {o}")),
        );
    }
    none(&broken, "a dependency against the rule");
}

#[test]
fn server_and_agent_never_see_each_other() {
    let mut broken = Vec::new();
    for (own, other) in [("chancela-server", "agent"), ("chancela-agent", "server")] {
        let krate = format!("chancela_{other}");
        for source in sources().iter().filter(|source| source.path.starts_with(&format!("{own}/"))) {
            broken.extend(
                source
                    .code()
                    .filter(|(_, l)| l.contains(&krate))
                    .map(|(n, _)| format!("{}:{n}", source.path)),
            );
        }
    }
    none(&broken, "server and agent share core and nothing else");
}

/// What is revoked must die in memory too, which only [`Server::record`] sees to.
#[test]
fn the_server_commits_in_one_place() {
    // Keys, and those of certificate authorities, are no one's to revoke.
    let exceptions = [
        "chancela-server/src/server.rs",
        "chancela-server/src/key_ring/mod.rs",
        "chancela-server/src/certificate_authority/keys.rs",
    ];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("chancela-server/")) {
        let commits = source.code().filter(|(_, line)| line.contains("store.commit("));
        let elsewhere = commits.filter(|_| !exceptions.contains(&source.path.as_str()));
        broken.extend(elsewhere.map(|(number, _)| format!("{}:{number}", source.path)));
    }
    none(
        &broken,
        "commit with Server::record or Server::commit, which end in memory what the commit revokes",
    );
}

#[test]
fn provider_names_stand_in_dialects_alone() {
    let files = entries(&root().join("dialects"));
    let dialects = files.iter().filter_map(|path| name(path).strip_suffix(".toml").map(str::to_owned));
    let providers: Vec<String> = dialects.filter(|name| name != "standard").collect();
    assert!(providers.len() >= 5, "the dialects are not where this test looks");
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.lines.iter().enumerate() {
            let line = line.to_lowercase();
            for provider in providers.iter().filter(|provider| has_word(&line, provider)) {
                broken.push(format!("{}:{}: {provider}", source.path, number + 1));
            }
        }
    }
    none(&broken, "a quirk of one provider is data in dialects/, not code");
}

#[test]
fn every_module_opens_with_what_it_owns() {
    let opens = |source: &Source| source.lines.first().is_some_and(|line| line.starts_with("//! "));
    let broken: Vec<String> =
        sources().into_iter().filter(|source| !opens(source)).map(|source| source.path).collect();
    none(&broken, "a module begins with //! and says what it owns");
}

#[test]
fn files_stay_small() {
    let sources = sources();
    let mut broken = Vec::new();
    for source in &sources {
        let usual = if source.path.starts_with("chancela-core/") { CORE_LINES } else { OTHER_LINES };
        let own = LONGER.iter().find(|(path, ..)| *path == source.path);
        let length = source.lines.len();
        if length > own.map_or(usual, |(_, lines, _)| *lines) {
            broken.push(format!("{}: {length} lines", source.path));
        }
        if own.is_some() && length <= usual {
            broken.push(format!("{}: is short enough now; take it out of the list", source.path));
        }
    }
    for (path, _, why) in LONGER {
        assert!(why.len() > 20, "{path} needs a reason");
        if sources.iter().all(|source| source.path != *path) {
            broken.push(format!("{path}: is gone; take it out of the list"));
        }
    }
    none(&broken, "divide the file, or say in LONGER why it is one");
}

#[test]
fn a_crates_own_clippy_list_holds_the_workspaces() {
    let list = |path: &Path| -> Vec<String> {
        let file: Table = read(path).parse().unwrap();
        file["disallowed-methods"].as_array().unwrap().iter().map(ToString::to_string).collect()
    };
    let common = list(&root().join("clippy.toml"));
    for own in crates().iter().map(|path| path.join("clippy.toml")).filter(|path| path.is_file()) {
        let own_list = list(&own);
        let missing: Vec<String> =
            common.iter().filter(|entry| !own_list.contains(*entry)).cloned().collect();
        none(&missing, &format!("{} lacks entries of /clippy.toml", own.display()));
    }
}
