//! The sections of MCP_SETUP.md and the files of examples/hosts, from the table.

use super::entry::{Entry, snippet};
use super::host::{ConfigPath, Format, Host, KeyReference, Remote};
use super::remote_entry::{Key, RemoteEntry};
use super::server_entry::ServerEntry;
use super::table::HOSTS;
use super::{DEFAULT_NAME, Platform};

/// A section for each host: files, block, command, check, trouble.
pub fn setup_markdown() -> String {
    HOSTS.iter().map(section).collect()
}

/// Examples to copy, by their path below examples/hosts.
pub fn example_files() -> Vec<(String, String)> {
    // The example of Claude Code is the one that a team shares; it is in its own section.
    let hosts = HOSTS.iter().filter(|host| host.has_file() && host.id != "claude-code");
    hosts.map(|host| (format!("{}/{}", host.id, file_name(host)), example(host))).collect()
}

fn section(host: &Host) -> String {
    let language = match host.format {
        Format::Json => "json",
        Format::Toml => "toml",
    };
    let mut section = format!("## {}\n\n", host.title);
    section.push_str(&format!("```sh\nollama-mcp install --host {}\n```\n\n", host.id));
    if host.has_file() {
        section.push_str("| | file |\n|---|---|\n");
        section.push_str(&rows(host));
        section.push('\n');
    }
    paragraph(&mut section, host.docs.note);
    let key = format!("The key is `{}`:", host.key);
    let block = format!("{key}\n\n```{language}\n{}```", example(host));
    paragraph(&mut section, &block);
    paragraph(&mut section, host.docs.more);
    paragraph(&mut section, &remote(host, language));
    paragraph(&mut section, &format!("**Check**: {}", host.docs.check));
    paragraph(&mut section, &format!("**If it does not work**: {}", host.docs.trouble));
    let out = if host.has_file() {
        format!("**Remove**: `ollama-mcp uninstall --host {}`. ", host.id)
    } else {
        String::new()
    };
    paragraph(&mut section, &format!("{out}Source: {}.", host.source));
    section
}

pub(super) fn paragraph(section: &mut String, text: &str) {
    if !text.is_empty() {
        section.push_str(text);
        section.push_str("\n\n");
    }
}

/// One row for each path of a host's user, and one for its project.
fn rows(host: &Host) -> String {
    let mut text = path_rows(host.user);
    if let Some(project) = host.project {
        text.push_str(&format!("| one project (`--scope project`) | `{project}` |\n"));
    }
    text
}

/// One row for each path, with the systems that share it.
pub(super) fn path_rows(paths: &[ConfigPath]) -> String {
    let systems = [(Platform::Linux, "Linux"), (Platform::MacOs, "macOS"), (Platform::Windows, "Windows")];
    let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
    for place in paths {
        for (platform, name) in systems.iter().filter(|(platform, _)| !place.on(*platform).is_empty()) {
            let path = place.shown(*platform);
            match rows.iter_mut().find(|(_, known)| *known == path) {
                Some((names, _)) => names.push(name),
                None => rows.push((vec![name], path)),
            }
        }
    }
    rows.iter().map(|(names, path)| format!("| {} | `{path}` |\n", names.join(", "))).collect()
}

fn example(host: &Host) -> String {
    let entry = ServerEntry {
        command: "/home/you/.cargo/bin/ollama-mcp".to_owned(),
        args: Vec::new(),
        env: vec![("OLLAMA_HOST".to_owned(), "http://127.0.0.1:11434".to_owned())],
    };
    snippet(host, DEFAULT_NAME, &Entry::Program(entry)).unwrap_or_default()
}

/// The entry of a running `ollama-mcp serve`, and the commands that write it.
fn remote(host: &Host, language: &str) -> String {
    let Host { id, title, .. } = host;
    let shape = match &host.remote {
        Remote::Entry(shape) => shape,
        Remote::Refused { instead } => {
            return format!(
                "**A running server** (`ollama-mcp serve`): {title} takes no address in its file.\n{instead}"
            );
        }
    };
    let (flag, key, about) = match shape.key {
        KeyReference::Impossible => (
            "--key-file PATH",
            Key::Literal("omk_...".to_owned()),
            format!(
                "{title} reads no key from a variable,\nso the key stands in your own file, never in a project's."
            ),
        ),
        KeyReference::InHeader(..) | KeyReference::Field(_) => (
            "--key-env OMK_KEY",
            Key::Variable("OMK_KEY".to_owned()),
            format!("{title} reads the key\nfrom the variable `OMK_KEY` in its own environment."),
        ),
    };
    let entry = RemoteEntry { url: "https://models.example.com/mcp".to_owned(), key: Some(key) };
    let block = snippet(host, DEFAULT_NAME, &Entry::Remote(entry)).unwrap_or_default();
    format!(
        "**A running server** (`ollama-mcp serve`) on the same machine: `ollama-mcp install --host {id} --url \
         http://127.0.0.1:4891`.\nOn another one, with a key: `ollama-mcp install --host {id} --url \
         https://models.example.com {flag}`. {about}\nSource: {source}.\n\n```{language}\n{block}```",
        source = shape.source,
    )
}

fn file_name(host: &Host) -> &'static str {
    host.user.first().and_then(|place| place.windows.rsplit('/').next()).unwrap_or_default()
}
