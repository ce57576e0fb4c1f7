//! The rules of the house: who may name whom, and what every file keeps to.

use std::path::{Path, PathBuf};

use crate::support::rust_source::{names_from_root, tokens};

/// The rooms, and what each may name besides itself.
const MAY_NAME: [(&str, &[&str]); 13] = [
    ("main", &["cli", "app", "telemetry"]),
    (
        "app",
        &[
            "cli",
            "mcp",
            "service",
            "providers",
            "hosts",
            "store",
            "files",
            "settings",
            "telemetry",
            "sanitize",
            "platform",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "hosts",
            "mcp",
            "service",
            "providers",
            "store",
            "files",
            "settings",
            "telemetry",
            "sanitize",
            "platform",
        ],
    ),
    ("telemetry", &["settings", "platform"]),
    ("hosts", &["sanitize", "platform"]),
    ("mcp", &["service", "settings", "sanitize", "platform"]),
    ("service", &["providers", "store", "files", "settings", "sanitize", "platform"]),
    ("providers", &["settings", "sanitize", "platform"]),
    ("store", &["settings", "platform"]),
    ("files", &["settings", "platform"]),
    ("settings", &["platform"]),
    ("sanitize", &[]),
    ("platform", &[]),
];

/// Crates, or macros, that only some rooms may name, and the reason.
const KEPT_TO: [(&str, &[&str], &str); 17] = [
    ("rmcp", &["mcp"], "only the front knows the protocol"),
    ("reqwest", &["providers"], "only providers speak HTTP"),
    ("hyper", &["providers"], "only providers speak HTTP"),
    ("cap_std", &["files"], "only the fence opens files by handles"),
    ("cap_fs_ext", &["files"], "only the fence opens files by handles"),
    ("pdf_extract", &["files"], "what decodes files stands where they are read"),
    ("infer", &["files"], "what decodes files stands where they are read"),
    ("encoding_rs", &["files"], "what decodes files stands where they are read"),
    ("chardetng", &["files"], "what decodes files stands where they are read"),
    ("jsonc_parser", &["hosts"], "only hosts' files are edited in place"),
    ("toml_edit", &["hosts"], "only hosts' files are edited in place"),
    ("anyhow", &["main", "app", "cli"], "errors of the library are typed"),
    ("clap", &["main", "cli"], "only the command line parses arguments"),
    ("rusqlite", &["store"], "another database may keep the conversations"),
    ("schemars", &["mcp"], "schemas are the front's contract"),
    ("println", &["cli"], "stdout belongs to the protocol"),
    ("print", &["cli"], "stdout belongs to the protocol"),
];

/// Words that tell one system from another; only `platform` and tests say them.
const SYSTEMS: [&str; 7] = ["unix", "windows", "target_os", "target_family", "rustix", "libc", "ctrl_c"];

const MAX_LINES: usize = 400;

/// Rooms whose files are not told one by one on the map: each is what its name says.
const TOLD_AS_A_WHOLE: [&str; 3] = ["src/cli", "src/settings", "src/platform"];

/// The files and folders that ARCHITECTURE.md's map names.
fn map() -> Vec<String> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let map = text.split("```").nth(1).unwrap().lines().skip(1);
    let mut folders: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in map {
        folders.truncate((line.len() - line.trim_start().len()) / 2);
        let is_path = |word: &&str| word.ends_with('/') || word.ends_with(".rs");
        let named: Vec<_> = line.split_whitespace().take_while(is_path).collect();
        found.extend(
            named.iter().map(|name| [&folders[..], &[name.trim_end_matches('/')]].concat().join("/")),
        );
        folders
            .extend(named.first().filter(|name| name.ends_with('/')).map(|name| name.trim_end_matches('/')));
    }
    found
}

#[test]
fn the_map_names_what_there_is_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = map();
    for (place, named) in map.iter().enumerate() {
        assert!(root.join(named).exists(), "the map names {named}, which is not there");
        assert!(!map[..place].contains(named), "the map names {named} twice");
    }
    for path in rust_files(&root.join("src")) {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let (folder, name) = file.rsplit_once('/').unwrap();
        // A folder whose files are not told is told of as a whole.
        let is_told = |file: &String| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let as_a_whole = TOLD_AS_A_WHOLE.contains(&folder) || !map.iter().any(is_told);
        assert!(as_a_whole || name == "mod.rs" || map.contains(&file), "the map does not name {file}");
        assert!(map.iter().any(|named| file.starts_with(named)), "the map has no room for {file}");
    }
}

#[test]
fn every_file_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut files = 0;
    for folder in ["src", "tests", "benches", "examples"] {
        for path in rust_files(&root.join(folder)) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let source = std::fs::read_to_string(&path).unwrap();
            found.extend(form(&name, &source));
            if folder == "src" {
                found.extend(rooms(&name, &source));
            }
            files += 1;
        }
    }
    assert!(files > 10, "only {files} files were found");
    assert!(found.is_empty(), "{} rules broken:\n{}", found.len(), found.join("\n"));
}

/// What is wrong with the form of a file.
fn form(file: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !source.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 10) {
        found.push(format!("{file} does not open with a //! line that says what it is for"));
    }
    let lines = source.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{file} has {lines} lines; split it, {MAX_LINES} is the most"));
    }
    found
}

/// What a file of `src/` names that its room may not.
fn rooms(file: &str, source: &str) -> Vec<String> {
    let modules = modules(file);
    let tokens = tokens(source);
    let room = match modules.first() {
        Some(room) => room.as_str(),
        // The root lists the rooms and names nothing.
        None if file == "src/main.rs" => "main",
        None => "lib",
    };
    let mut found = Vec::new();
    for (name, rooms, reason) in KEPT_TO {
        if !rooms.contains(&room) && tokens.iter().any(|token| token == name) {
            found.push(format!("{file} names {name}, kept to {}: {reason}", rooms.join(", ")));
        }
    }
    if room != "platform" && !modules.iter().any(|module| module == "tests") {
        // The hosts' table has a column for each system: there they are values.
        let is_value = |word: &str| room == "hosts" && word == "windows";
        let told_apart =
            SYSTEMS.into_iter().filter(|word| !is_value(word) && tokens.iter().any(|token| token == word));
        found.extend(
            told_apart
                .map(|word| format!("{file} names {word}; what differs between systems is in platform")),
        );
    }
    if room == "lib" {
        return found;
    }
    let Some((_, may_name)) = MAY_NAME.iter().find(|(name, _)| *name == room) else {
        found.push(format!("{file} is in no room; the rooms are those of the table"));
        return found;
    };
    // The file's own modules: main's are those of the binary.
    let own = |name: &str| name == room && room != "main";
    let mut names = names_from_root(&tokens, modules.len());
    names.sort();
    names.dedup();
    for name in names.iter().filter(|name| !own(name) && !may_name.contains(&name.as_str())) {
        found.push(format!("{file} names {name}; {room} may name only [{}]", may_name.join(", ")));
    }
    found
}

/// The modules that a file is in, from the root: `src/mcp/tools/mod.rs` is mcp, tools.
fn modules(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut modules: Vec<_> = path.split('/').map(str::to_owned).collect();
    if matches!(path, "lib" | "main") || path.ends_with("/mod") {
        modules.pop();
    }
    modules
}

/// All Rust files below a folder, in order; none where there is no folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What `rooms` says of a snippet, as one text.
fn said(file: &str, source: &str) -> String {
    rooms(file, source).join("\n")
}

#[test]
fn a_room_that_may_not_be_named_is_found() {
    for (file, source) in [
        ("src/service/chat.rs", "use crate::mcp::server::Server;"),
        ("src/service/chat.rs", "use crate::{providers::Provider, mcp};"),
        ("src/service/chat.rs", "use {std::fmt, crate::mcp::Server};"),
        ("src/service/chat.rs", "fn f() { crate::mcp::run() }"),
        ("src/service/chat.rs", "use super::super::mcp;"),
        ("src/service/mod.rs", "use super::mcp::Server;"),
        ("src/service/mod.rs", "use super::{store, mcp};"),
        ("src/service/mod.rs", "use super::{self as root, store};"),
        ("src/service/mod.rs", "use self::super::mcp;"),
        ("src/service/mod.rs", "mod tests { use super::super::mcp; }"),
        ("src/service/chat.rs", "mod a { mod b { fn f() {} } use super::super::{super::mcp}; }"),
        ("src/service/chat.rs", "use crate::*;"),
        ("src/service/chat.rs", "use crate as all;"),
        ("src/service/chat.rs", "fn f<'a>(x: &'a str) -> char { 'x' } use crate::mcp;"),
        ("src/service/chat.rs", "const A: &str = r#\"a\"b\"#; use crate::mcp;"),
        ("src/mcp/server.rs", "use crate::providers::Provider;"),
        ("src/providers/mod.rs", "use crate::service::Chat;"),
        ("src/store/mod.rs", "use crate::providers::Provider;"),
        ("src/settings/mod.rs", "use crate::telemetry;"),
        ("src/telemetry.rs", "use crate::service::Chat;"),
        ("src/main.rs", "use ollama_mcp::service::Chat;"),
        ("src/main.rs", "use ollama_mcp::{cli, service};"),
    ] {
        let said = said(file, source);
        assert!(said.contains("may name only"), "{file}: {source}\nnothing found: {said:?}");
    }
}

#[test]
fn what_a_room_may_name_is_left_alone() {
    for (file, source) in [
        ("src/service/chat.rs", "use crate::{providers::Provider, service::{self, error}, settings};"),
        ("src/service/chat.rs", "use super::mcp; use super::{mcp, queue}; pub(super) fn f() {}"),
        ("src/service/chat.rs", "// crate::mcp\n/* use crate::mcp; /* rmcp:: */ crate::mcp */"),
        ("src/service/chat.rs", "/// See crate::mcp.\nconst A: &str = \"crate::mcp::\\\" rmcp\";"),
        (
            "src/service/chat.rs",
            "const A: &str = r##\"use crate::mcp; \"# rmcp\"##; const B: &[u8] = b\"rmcp\";",
        ),
        ("src/service/chat.rs", "mod tests { use super::*; use super::super::mcp; }"),
        ("src/service/chat.rs", "mod tests { fn f() {} } use super::queue;"),
        ("src/service/chat.rs", "pub(in crate::service) fn f(&self) { self.mcp(); let r#crate_mcp = '\"'; }"),
        ("src/cli/mod.rs", "use crate::mcp::client; use clap::Parser; use anyhow::Result; println!();"),
        ("src/app.rs", "use crate::{cli, mcp, service, providers, store, settings, telemetry};"),
        ("src/main.rs", "use ollama_mcp::{app, cli::Arguments}; fn main() {}"),
        ("src/lib.rs", "pub mod providers; pub mod service;"),
        ("src/mcp/tools/embed.rs", "use rmcp::schemars; use schemars::JsonSchema; use crate::service;"),
        ("src/providers/ollama/client.rs", "use reqwest::Client; use super::super::types::Message;"),
    ] {
        let said = said(file, source);
        assert!(said.is_empty(), "{file}: {source}\nwrongly found: {said}");
    }
}

#[test]
fn a_crate_outside_its_room_is_found() {
    for (file, source, name) in [
        ("src/service/chat.rs", "use rmcp::model::Tool;", "rmcp"),
        ("src/cli/doctor.rs", "fn f() { rmcp::serve() }", "rmcp"),
        ("src/mcp/server.rs", "use {std::fmt, reqwest as http};", "reqwest"),
        ("src/providers/mod.rs", "fn f() -> anyhow::Result<()> {}", "anyhow"),
        ("src/settings/mod.rs", "#[derive(clap::Parser)] struct A;", "clap"),
        ("src/service/types.rs", "#[derive(schemars::JsonSchema)] struct A;", "schemars"),
        ("src/providers/types/mod.rs", "#[schemars(skip)] struct A;", "schemars"),
        ("src/mcp/stdio.rs", "fn f() { println!(\"x\") }", "println"),
        ("src/main.rs", "fn main() { print!(\"x\") }", "print"),
        ("src/lib.rs", "pub use reqwest;", "reqwest"),
    ] {
        let said = said(file, source);
        assert!(said.contains(&format!("names {name}, kept to")), "{file}: {source}\n{said:?}");
    }
    for source in [
        "#[cfg(unix)] fn f() {}",
        "fn f() { if cfg!(windows) {} }",
        "#[cfg(not(target_os = \"linux\"))] fn f() {}",
        "use std::os::unix::fs::PermissionsExt;",
        "use tokio::signal::unix::signal;",
        "use rustix::event::poll;",
    ] {
        let found = said("src/settings/mod.rs", source);
        assert!(found.contains("what differs between systems is in platform"), "{source}\n{found:?}");
        assert!(said("src/platform/unix.rs", source).is_empty(), "{source}");
        assert!(said("src/settings/tests/mod.rs", source).is_empty(), "{source}");
    }
    assert!(said("src/other.rs", "").contains("is in no room"));
    assert!(said("src/helpers/mod.rs", "").contains("is in no room"));
}

#[test]
fn a_file_out_of_form_is_found() {
    assert_eq!(form("a.rs", "//! What it is for.\n"), Vec::<String>::new());
    assert!(form("a.rs", "use std::fmt;\n//! Too late.\n")[0].contains("does not open with"));
    assert!(form("a.rs", "//!\n//! A title that comes late.\n")[0].contains("does not open with"));
    assert!(form("a.rs", "")[0].contains("does not open with"));
    let long = format!("//! What it is for.\n{}", "\n".repeat(MAX_LINES));
    assert!(form("a.rs", &long)[0].contains("401 lines"));
}
