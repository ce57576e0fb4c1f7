//! The hand-written documents: their blocks parse, their links lead somewhere, and their settings exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use settings::registry;

/// Folders that hold documents and configurations; the root itself is not searched deeper.
const FOLDERS: [&str; 3] = ["docs", "examples", ".vscode"];

#[test]
fn every_block_parses() {
    let mut blocks = 0;
    for path in documents("md") {
        for block in fenced_blocks(&read(&path)) {
            let checked = match block.language.as_str() {
                "json" => json(&block.text).map(Some),
                "jsonc" => json(&without_comments(&block.text)).map(Some),
                "toml" => toml::from_str::<toml::Table>(&block.text)
                    .map(|_| None)
                    .map_err(|error| error.to_string()),
                _ => continue,
            };
            blocks += 1;
            let place = format!("{} line {}", path.display(), block.line);
            match checked {
                Ok(Some(value)) => check_host_config(&place, &value),
                Ok(None) => {}
                Err(error) => panic!("{place}: {error}"),
            }
        }
    }
    assert!(blocks >= 8, "only {blocks} blocks were found");
}

#[test]
fn every_configuration_parses() {
    let paths = documents("json");
    assert!(paths.len() >= 8, "only {paths:?}");
    for path in paths {
        let value = json(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check_host_config(&path.display().to_string(), &value);
    }
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut links = 0;
    for path in documents("md") {
        let folder = path.parent().unwrap();
        for target in link_targets(&read(&path)) {
            if target.contains("://") || target.starts_with('#') || target.starts_with("mailto:") {
                continue;
            }
            let file = target.split('#').next().unwrap();
            links += 1;
            assert!(folder.join(file).exists(), "{} links to {target}, which is not there", path.display());
        }
    }
    assert!(links >= 10, "only {links} links were found");
}

#[test]
fn no_document_names_a_path_of_one_machine() {
    for path in documents("md").into_iter().chain(documents("json")).chain(documents("jsonl")) {
        let text = read(&path);
        for folder in ["/root/", "/work/", "/tmp/"] {
            assert!(!text.contains(folder), "{} names {folder}", path.display());
        }
        for home in ["/home/", "/Users/", "\\Users\\"] {
            for (at, _) in text.match_indices(home) {
                let owner = &text[at + home.len()..];
                assert!(
                    owner.trim_start_matches('\\').starts_with("you"),
                    "{} names {home} of someone",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_setting_that_is_named_exists() {
    let known: BTreeSet<_> = registry::all().map(|setting| setting.env).collect();
    for path in documents("md") {
        let text = read(&path);
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for word in words.filter(|word| word.starts_with("OLLAMA_MCP_") && *word != "OLLAMA_MCP_") {
            assert!(known.contains(word), "{} names the setting {word}, which is not there", path.display());
        }
    }
}

/// What a host would be told: a command, and settings that this program has; or an address.
fn check_host_config(place: &str, config: &Value) {
    let known: BTreeSet<_> = registry::all().map(|setting| setting.env).collect();
    for servers in
        ["servers", "mcpServers", "context_servers"].into_iter().filter_map(|key| config[key].as_object())
    {
        for (name, server) in servers {
            let addresses = ["url", "httpUrl", "serverUrl"].map(|field| &server[field]);
            let is_remote = addresses.iter().any(|address| address.is_string());
            assert!(
                server["command"].is_string() || is_remote,
                "{place}: {name} has no command and no address"
            );
            for variable in server["env"].as_object().into_iter().flatten().map(|(variable, _)| variable) {
                assert!(known.contains(variable.as_str()), "{place}: {name} sets the unknown {variable}");
            }
        }
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// JSON without its `//` comments, which stand on lines of their own or after a value.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let (mut quoted, mut escaped, mut comment) = (false, false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        comment = (comment || (!quoted && c == '/' && chars.peek() == Some(&'/'))) && c != '\n';
        if comment {
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        kept.push(c);
    }
    kept
}

struct Block {
    language: String,
    /// The line of its fence, from 1.
    line: usize,
    text: String,
}

fn fenced_blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (index, line) in markdown.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                blocks.push(Block {
                    language: language.trim().to_owned(),
                    line: index + 1,
                    text: String::new(),
                });
            }
            None if inside => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "a block is not closed");
    blocks
}

/// The targets of `[text](target)` outside of blocks.
fn link_targets(markdown: &str) -> Vec<String> {
    let mut inside = false;
    let mut targets = Vec::new();
    for line in markdown.lines() {
        inside ^= line.trim_start().starts_with("```");
        let rests = line.split("](").skip(1).filter(|_| !inside);
        targets.extend(rests.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    targets
}

/// The files with this ending at the root and below the folders.
fn documents(ending: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<_> = entries(root).into_iter().filter(|path| path.is_file()).collect();
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        let (below, files): (Vec<_>, Vec<_>) = entries(&folder).into_iter().partition(|path| path.is_dir());
        // Installed packages of the examples are none of ours.
        folders.extend(
            below.into_iter().filter(|path| !path.ends_with(".venv") && !path.ends_with("node_modules")),
        );
        found.extend(files);
    }
    found.retain(|path| path.extension().is_some_and(|found| found == ending));
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn json_comments_are_removed_and_addresses_stay() {
    let stripped = without_comments("{ // why\n\"a\": \"http://x/\\\"//\" // too\n}");
    assert_eq!(json(&stripped).unwrap()["a"], "http://x/\"//");
}

#[test]
fn blocks_and_links_are_found() {
    let markdown = "[a](b.md#c)\n```json\n{}\n[x](y)\n```\n![i](p.png) and [d](e)\n";
    assert_eq!(link_targets(markdown), ["b.md#c", "p.png", "e"]);
    let blocks = fenced_blocks(markdown);
    assert_eq!((blocks.len(), blocks[0].language.as_str(), blocks[0].line), (1, "json", 2));
    assert_eq!(blocks[0].text, "{}\n[x](y)\n");
}

#[test]
#[should_panic(expected = "sets the unknown OLLAMA_HOTS")]
fn a_misspelt_setting_in_a_configuration_is_found() {
    let config =
        serde_json::json!({ "mcpServers": { "ollama": { "command": "x", "env": { "OLLAMA_HOTS": "y" } } } });
    check_host_config("here", &config);
}
