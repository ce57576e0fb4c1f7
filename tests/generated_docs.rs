//! The generated documents: the test that finds a stale one fails, and writes it anew where `CI` is not set.

use std::path::{Path, PathBuf};

use ollama_mcp::cli::{Format, manifest, manifest_of_all};

mod anthropic_page;
mod errors_page;
mod http_pages;
mod install_buttons;
mod tools_page;

/// Where MCP_SETUP.md's sections of hosts begin and end.
const HOSTS: (&str, &str) = ("<!-- generated:hosts -->\n", "<!-- /generated:hosts -->\n");

#[tokio::test]
async fn generated_documents_are_up_to_date() {
    let offered = manifest_of_all().await.unwrap();
    let table = manifest(Format::Markdown).await.unwrap();
    let guide = read(Format::Markdown.file()).expect("docs/guide.md is there");
    let guide = Format::Markdown.put_into(&guide, &table).expect("docs/guide.md has the place of the table");
    let setup = read("MCP_SETUP.md").expect("MCP_SETUP.md is there");
    let setup = install_buttons::put_into(&setup).expect("MCP_SETUP.md has the place of the buttons");
    let hosts = format!(
        "<!-- Edit crates/hosts/src/table.rs and docs.rs instead. -->\n\n{}",
        hosts::setup_markdown()
    );
    let examples = hosts::example_files().into_iter();
    let examples: Vec<_> = examples.map(|(file, text)| (format!("examples/hosts/{file}"), text)).collect();
    let mut documents = vec![
        (Format::Markdown.file(), guide),
        ("MCP_SETUP.md", with_section(&setup, HOSTS, &hosts)),
        ("docs/tools.md", tools_page::page(&offered)),
        ("docs/settings.md", settings::settings_markdown()),
        ("docs/errors.md", errors_page::page()),
        ("docs/http-api.md", http_pages::routes()),
        ("docs/openai-api.md", http_pages::openai_fields()),
        ("docs/anthropic-api.md", anthropic_page::page()),
        ("docs/connect.md", hosts::connect_markdown()),
        ("docs/deadlines.md", mcp::deadlines_markdown()),
        (Format::Manifest.file(), manifest(Format::Manifest).await.unwrap()),
        (Format::ServerJson.file(), manifest(Format::ServerJson).await.unwrap()),
        (Format::Mcpb.file(), manifest(Format::Mcpb).await.unwrap()),
    ];
    documents.extend(examples.iter().map(|(file, text)| (file.as_str(), text.clone())));
    let stale: Vec<_> = documents.into_iter().filter(|(file, text)| rewrite(file, text)).collect();
    let names: Vec<_> = stale.iter().map(|(file, _)| *file).collect();
    assert!(
        names.is_empty(),
        "stale: {}; run `cargo test` without CI in the environment, which rewrites them, and commit the changes",
        names.join(", ")
    );
}

/// Whether a document differs. It is rewritten then, but not under CI, as insta does: a check must not change what it checks.
fn rewrite(file: &str, text: &str) -> bool {
    let committed = read(file);
    if committed.as_deref() == Some(text) {
        return false;
    }
    if std::env::var_os("CI").is_some() {
        return true;
    }
    let path = path_of(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    true
}

/// A document with the line ends of the repository, whatever a checkout made of them.
fn read(file: &str) -> Option<String> {
    Some(std::fs::read_to_string(path_of(file)).ok()?.replace("\r\n", "\n"))
}

fn path_of(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// A document with another text between two markers.
fn with_section(document: &str, (start, end): (&str, &str), text: &str) -> String {
    let (before, rest) = document.split_once(start).unwrap_or_else(|| panic!("{start} is not there"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{end} is not there"));
    [before, start, text, end, after].concat()
}

#[test]
fn host_examples_are_in_setup_page() {
    let setup = read("MCP_SETUP.md").expect("MCP_SETUP.md is there");
    let mut folders = vec![path_of("examples/hosts")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = read(path.to_str().unwrap()).unwrap();
            assert!(setup.contains(text.trim_end()), "{} is not in MCP_SETUP.md", path.display());
            files += 1;
        }
    }
    assert!(files > 9, "only {files} files");
}

#[test]
fn only_the_section_between_the_markers_is_replaced() {
    let page = "# A\n<!-- generated:hosts -->\nold\n<!-- /generated:hosts -->\nrest\n";
    let expected = "# A\n<!-- generated:hosts -->\nnew\n<!-- /generated:hosts -->\nrest\n";
    assert_eq!(with_section(page, HOSTS, "new\n"), expected);
    assert_eq!(with_section(expected, HOSTS, "new\n"), expected);
}
