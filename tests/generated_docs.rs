//! The generated documents: a stale one is written anew, and the test that found it fails.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::mcp_client::Session;

mod tools_page;

/// Where the README's table of tools begins and ends.
const TABLE: (&str, &str) = ("<!-- generated:tools -->\n", "<!-- /generated:tools -->\n");

#[tokio::test]
async fn generated_documents_are_up_to_date() {
    let manifest_text = ollama_mcp::cli::manifest().await.unwrap();
    let manifest: Value = serde_json::from_str(&manifest_text).unwrap();
    let offered = with_optional_tools(&manifest).await;
    let readme = read("README.md").expect("README.md is there");
    let documents = [
        ("README.md", with_table(&readme, &tools_page::table(&offered))),
        ("docs/tools.md", tools_page::page(&offered)),
        ("docs/settings.md", ollama_mcp::settings::settings_markdown()),
        ("docs/errors.md", ollama_mcp::mcp::errors_markdown()),
        ("docs/deadlines.md", ollama_mcp::mcp::deadlines_markdown()),
        ("mcp-manifest.json", manifest_text),
    ];
    let stale: Vec<_> = documents.into_iter().filter(|(file, text)| rewrite(file, text)).collect();
    let names: Vec<_> = stale.iter().map(|(file, _)| *file).collect();
    assert!(
        names.is_empty(),
        "stale, and written anew just now: {}; look at the changes and commit them",
        names.join(", ")
    );
}

/// The manifest with the tools too that the default settings leave out, each with what it `needs`.
async fn with_optional_tools(manifest: &Value) -> Value {
    let mut offered = manifest.clone();
    let tools = offered["tools"].as_array_mut().unwrap();
    let settings = [("OLLAMA_MCP_TOOLSETS", "all"), ("OLLAMA_API_KEY", "k")];
    let listed = Session::with(&settings).ask("tools/list", serde_json::json!({})).await;
    for tool in listed["result"]["tools"].as_array().unwrap() {
        if !tools.iter().any(|known| known["name"] == tool["name"]) {
            let mut tool = tool.clone();
            tool["needs"] = "an API key (`OLLAMA_API_KEY`) and the toolset `web`".into();
            tools.push(tool);
        }
    }
    assert!(tools.iter().any(|tool| tool["name"] == "web_search"));
    offered
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

/// The README with another table between its markers.
fn with_table(readme: &str, table: &str) -> String {
    let (before, rest) = readme.split_once(TABLE.0).expect("README.md has the marker of the tools");
    let (_, after) = rest.split_once(TABLE.1).expect("README.md has the end marker of the tools");
    [before, TABLE.0, table, TABLE.1, after].concat()
}

#[test]
fn only_the_section_between_the_markers_is_replaced() {
    let readme = "# A\n<!-- generated:tools -->\nold\n<!-- /generated:tools -->\nrest\n";
    let expected = "# A\n<!-- generated:tools -->\nnew\n<!-- /generated:tools -->\nrest\n";
    assert_eq!(with_table(readme, "new\n"), expected);
    assert_eq!(with_table(expected, "new\n"), expected);
}
