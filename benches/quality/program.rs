//! The same questions to the program itself: `find_in_files` over stdio, one call after another.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::corpus::{Question, files, one_line, root};

/// Whether each question is answered by the first five places.
pub(crate) fn find(program: &Path, embedder: Option<&str>, model: &str, questions: &[Question]) -> Vec<bool> {
    let data = tempfile::tempdir().unwrap();
    // Nobody listens at the port of a server that is not given.
    let server = embedder.unwrap_or("http://127.0.0.1:9");
    let mut child = Command::new(program)
        .arg("--allow-dir")
        .arg(root())
        .env("OLLAMA_HOST", server)
        .env("OLLAMA_MCP_DATA_DIR", data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let root = root().to_str().unwrap();
    let folders: std::collections::BTreeSet<_> = files()
        .iter()
        .map(|file| match file.split_once('/') {
            Some(("docs", _)) => format!("{root}/docs/*.md"),
            Some((first, _)) => format!("{root}/{first}/**/*.rs"),
            None => format!("{root}/{file}"),
        })
        .collect();
    let mut found = Vec::new();
    for (id, question) in questions.iter().enumerate() {
        let mut arguments = json!({ "files": folders, "query": question.question, "limit": 5 });
        if embedder.is_some() {
            arguments["embedding_model"] = json!(model);
        }
        let params = json!({ "name": "find_in_files", "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        writeln!(input, "{call}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let result = &answer["result"]["structuredContent"];
        let Some(places) = result["places"].as_array() else { panic!("no places: {line:.500}") };
        found.push(places.iter().any(|place| holds(place, question)));
    }
    drop(input);
    child.wait().unwrap();
    found
}

/// Whether the lines of a place have the answer.
fn holds(place: &Value, question: &Question) -> bool {
    let file = place["file"].as_str().unwrap_or_default();
    if !file.ends_with(&question.file) {
        return false;
    }
    let line =
        |name: &str| place[name].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or_default();
    let (first, last) = (line("first_line"), line("last_line"));
    let text = std::fs::read_to_string(root().join(&question.file)).unwrap();
    let lines: Vec<_> =
        text.lines().skip(first.saturating_sub(1)).take((last + 1).saturating_sub(first)).collect();
    one_line(&lines.join("\n")).contains(&one_line(&question.holds))
}
