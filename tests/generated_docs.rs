//! The generated documents: a stale one is written anew, and the test that found it fails.

use std::path::{Path, PathBuf};

use ollama_mcp::cli::{Format, manifest, manifest_of_all};

mod install_buttons;
mod tools_page;

#[tokio::test]
async fn generated_documents_are_up_to_date() {
    let offered = manifest_of_all().await.unwrap();
    let readme = read("README.md").expect("README.md is there");
    let readme = install_buttons::put_into(&readme).expect("README.md has the place of the buttons");
    let table = manifest(Format::Markdown).await.unwrap();
    let readme = Format::Markdown.put_into(&readme, &table).expect("README.md has the place of the table");
    let documents = [
        ("README.md", readme),
        ("docs/tools.md", tools_page::page(&offered)),
        ("docs/settings.md", ollama_mcp::settings::settings_markdown()),
        ("docs/errors.md", ollama_mcp::mcp::errors_markdown()),
        ("docs/deadlines.md", ollama_mcp::mcp::deadlines_markdown()),
        (Format::Manifest.file(), manifest(Format::Manifest).await.unwrap()),
        (Format::ServerJson.file(), manifest(Format::ServerJson).await.unwrap()),
        (Format::Mcpb.file(), manifest(Format::Mcpb).await.unwrap()),
    ];
    let stale: Vec<_> = documents.into_iter().filter(|(file, text)| rewrite(file, text)).collect();
    let names: Vec<_> = stale.iter().map(|(file, _)| *file).collect();
    assert!(
        names.is_empty(),
        "stale, and written anew just now: {}; look at the changes and commit them",
        names.join(", ")
    );
}

/// Writes a document that differs; says whether it did.
fn rewrite(file: &str, text: &str) -> bool {
    let committed = read(file);
    if committed.as_deref() == Some(text) {
        return false;
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
