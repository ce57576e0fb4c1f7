//! MCP_SETUP.md's buttons that install the server in a host by a click, and what is behind each.
//!
//! Formats: VS Code's `vscode:mcp/install?JSON` (GitHub links to no such scheme, so by its redirect), Cursor's and
//! LM Studio's `install-mcp?name=..&config=BASE64`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use url::Url;

const PLACE: (&str, &str) = ("<!-- generated:buttons -->\n", "<!-- /generated:buttons -->\n");
/// The server's name in a host's file.
const NAME: &str = "ollama";

/// A document with the buttons of today in their place; `None` where it has none.
pub(super) fn put_into(document: &str) -> Option<String> {
    let (before, rest) = document.split_once(PLACE.0)?;
    let (_, after) = rest.split_once(PLACE.1)?;
    Some([before, PLACE.0, &buttons(), PLACE.1, after].concat())
}

fn buttons() -> String {
    // LM Studio takes Cursor's notation, of which it documents no `type`.
    let untyped = json!({ "command": "ollama-mcp" });
    let typed = json!({ "type": "stdio", "command": "ollama-mcp" });
    let buttons = [
        ("VS Code", "0098FF", vs_code("vscode", &typed)),
        ("VS Code Insiders", "24BFA5", vs_code("vscode-insiders", &typed)),
        ("Cursor", "555555", by_base64("https://cursor.com/en/install-mcp", &typed)),
        ("LM Studio", "6A4BE8", by_base64("https://lmstudio.ai/install-mcp", &untyped)),
    ];
    let lines = buttons.map(|(host, colour, link)| {
        let badge = host.replace(' ', "_");
        format!("[![Install in {host}](https://img.shields.io/badge/install_in-{badge}-{colour})]({link})\n")
    });
    lines.concat()
}

fn vs_code(scheme: &str, config: &Value) -> String {
    let mut named = json!({ "name": NAME });
    named.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let link = format!("{scheme}:mcp/install?{}", percent_encoded(&named.to_string()));
    format!("https://insiders.vscode.dev/redirect?url={}", percent_encoded(&link))
}

fn by_base64(page: &str, config: &Value) -> String {
    let config = BASE64_STANDARD.encode(config.to_string());
    format!("{page}?name={NAME}&config={}", percent_encoded(&config))
}

/// As JavaScript's encodeURIComponent does for what is used here.
fn percent_encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What the committed buttons hold, by host, read as each host reads them.
fn behind_the_buttons(page: &str) -> Vec<(String, Value)> {
    let (_, rest) = page.split_once(PLACE.0).unwrap();
    let (section, _) = rest.split_once(PLACE.1).unwrap();
    let button = |line: &str| {
        let (host, rest) = line.strip_prefix("[![Install in ").unwrap().split_once("](").unwrap();
        let (_, link) = rest.strip_suffix(')').unwrap().split_once(")](").unwrap();
        (host.to_owned(), read_link(&Url::parse(link).unwrap()))
    };
    section.lines().map(button).collect()
}

fn read_link(link: &Url) -> Value {
    let parameter = |wanted: &str| {
        let found = link.query_pairs().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    if let Some(inner) = parameter("url") {
        let inner = Url::parse(&inner).unwrap();
        assert!(matches!(inner.scheme(), "vscode" | "vscode-insiders"), "{inner}");
        assert_eq!(inner.path(), "mcp/install");
        let text = percent_encoding::percent_decode_str(inner.query().unwrap()).decode_utf8().unwrap();
        return serde_json::from_str(&text).unwrap();
    }
    let bytes = BASE64_STANDARD.decode(parameter("config").unwrap()).unwrap();
    let mut config: Value = serde_json::from_slice(&bytes).unwrap();
    config["name"] = parameter("name").unwrap().into();
    config
}

#[test]
fn install_button_matches_snippets() {
    let page = super::read("MCP_SETUP.md").unwrap();
    let buttons = behind_the_buttons(&page);
    let hosts: Vec<_> = buttons.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["VS Code", "VS Code Insiders", "Cursor", "LM Studio"]);
    let snippet = page.lines().find(|line| line.starts_with("{ \"servers\": { \"ollama\"")).unwrap();
    let by_hand = serde_json::from_str::<Value>(snippet).unwrap()["servers"].clone();
    for (host, mut config) in buttons {
        let name = config.as_object_mut().unwrap().shift_remove("name").unwrap();
        let mut expected = by_hand[name.as_str().unwrap()].clone();
        if host == "LM Studio" {
            expected.as_object_mut().unwrap().shift_remove("type");
        }
        assert_eq!(config, expected, "{host}");
    }
}
