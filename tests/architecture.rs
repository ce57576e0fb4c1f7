//! What every file keeps to, and the map of ARCHITECTURE.md. Which crate may name which is in their Cargo.toml.

use std::path::{Path, PathBuf};

const MAX_LINES: usize = 400;

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
    found.iter().map(|path| source_path(path)).collect()
}

/// The map names the files of a crate without its `src`.
fn source_path(path: &str) -> String {
    let mut parts: Vec<_> = path.split('/').collect();
    if parts.len() > 1 && parts[0] == "crates" {
        parts.insert(2, "src");
    }
    parts.join("/")
}

#[test]
fn map_lists_exactly_the_existing_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = map();
    for (place, named) in map.iter().enumerate() {
        assert!(root.join(named).exists(), "the map names {named}, which is not there");
        assert!(!map[..place].contains(named), "the map names {named} twice");
    }
    for path in ["src", "crates"].iter().flat_map(|folder| rust_files(&root.join(folder))) {
        let folder = path.parent().unwrap().strip_prefix(root).unwrap();
        // A folder may be told of with the one that it is in, or with the file of its module; a crate may not.
        let is_crate = |folder: &&Path| folder.ends_with("src");
        let mut folders = folder.ancestors().take_while(|folder| !is_crate(folder)).collect::<Vec<_>>();
        if folders.is_empty() {
            folders.push(folder);
        }
        let is_named = |folder: &&Path| map.contains(&folder.to_str().unwrap().replace('\\', "/"));
        let is_module =
            |folder: &&Path| folder.ends_with("tests") || root.join(folder).with_extension("rs").exists();
        assert!(
            folders.iter().any(|folder| is_named(folder) || is_module(folder)),
            "the map does not name {}",
            folder.display()
        );
    }
}

#[test]
fn every_file_follows_house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut files = 0;
    for folder in ["src", "crates", "tests", "benches", "examples"] {
        for path in rust_files(&root.join(folder)) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let source = std::fs::read_to_string(&path).unwrap();
            found.extend(form(&name, &source));
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
