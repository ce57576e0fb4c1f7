//! Edits of TOML.

use serde_json::json;

use crate::error::Problem;
use crate::toml::{get, remove, set};

const PATH: [&str; 2] = ["mcp_servers", "ollama"];

#[test]
fn tables_come_back_byte_for_byte() {
    let entry = json!({ "command": "/bin/ollama-mcp", "args": [], "env": { "OLLAMA_HOST": "http://h:1" } });
    for before in [
        "",
        "# mine\nmodel = \"x\" # why\n",
        "model='x'\n\n[mcp_servers.a]\ncommand = 'y' # c\nargs = [\n  \"1\", # one\n]\n\n[tui]\na=1\n# end\n",
        "[mcp_servers.a]\r\ncommand = \"y\"\r\n\r\n[tui] # t\r\na = 1\r\n",
        "[mcp_servers]\n\n[mcp_servers.a.env]\nK = \"v\"",
        "[[list]]\na = 1\n[[list]]\na = 2\n\n\n# foot",
    ] {
        let with = set(before, &PATH, &entry).unwrap();
        assert_eq!(get(&with, &PATH).unwrap().as_ref(), Some(&entry), "{with}");
        assert!(with.contains("[mcp_servers.ollama]"), "{with}");
        assert_eq!(set(&with, &PATH, &entry).unwrap(), with, "a second time");
        let without = remove(&with, &PATH).unwrap().expect("it was there");
        assert_eq!(without, before, "by way of:\n{with}");
    }
}

#[test]
fn field_changes_without_others() {
    let before = "[mcp_servers.ollama]\ncommand = \"old\" # mine\ntool_timeout_sec = 5\n";
    let with = set(before, &["mcp_servers", "ollama", "command"], &json!("new")).unwrap();
    assert_eq!(with, before.replace("old", "new"));
    let with = set(&with, &["mcp_servers", "ollama", "env", "A"], &json!("1")).unwrap();
    assert_eq!(get(&with, &["mcp_servers", "ollama", "env"]).unwrap(), Some(json!({ "A": "1" })));
    assert!(with.contains("tool_timeout_sec = 5"), "{with}");
}

#[test]
fn parse_error_has_position() {
    let error = set("a = 1\nb = = 2\n", &PATH, &json!({})).unwrap_err();
    assert!(matches!(error, Problem::Syntax { line: 2, column: 5, .. }), "{error:?}");
    let error = set("mcp_servers = 1\n", &PATH, &json!({})).unwrap_err();
    assert_eq!(error, Problem::Shape { key: "mcp_servers".to_owned(), expected: "a table" });
}
