//! Rules over all settings, and the page that is generated from them.

use std::collections::BTreeSet;

use crate::registry::{all, is_of_serve};
use crate::settings_markdown;

#[test]
fn variables_flags_and_keys_are_unique() {
    let count = |names: Vec<&str>| (names.len(), names.into_iter().collect::<BTreeSet<_>>().len());
    let (listed, distinct) = count(all().map(|setting| setting.env).collect());
    assert_eq!(listed, distinct);
    let (listed, distinct) = count(all().filter_map(|setting| setting.flag()).collect());
    assert_eq!(listed, distinct);
    let (listed, distinct) = count(all().filter_map(|setting| setting.key).collect());
    assert_eq!(listed, distinct);
}

#[test]
fn names_follow_one_rule() {
    let foreign = [
        "OLLAMA_HOST",
        "OLLAMA_BASE_URL",
        "OLLAMA_URL",
        "OLLAMA_API_KEY",
        "OLLAMA_MODEL",
        "OLLAMA_MODELS",
        "MCP_SERVER_PORT",
        "PORT",
        "ADMIN_EMAIL",
        "ADMIN_PASSWORD",
        "ACCESS_TOKEN_EXPIRE_MINUTES",
        "SECRET_KEY",
        "DATABASE_URL",
        "NO_COLOR",
    ];
    for setting in all() {
        assert!(setting.env.starts_with("OLLAMA_MCP_") || foreign.contains(&setting.env), "{}", setting.env);
        let lower = setting.env.to_ascii_lowercase();
        let own = lower.strip_prefix("ollama_mcp_").unwrap_or(&lower);
        let is_derived = |name: &str| name == own || own.strip_prefix("ollama_") == Some(name);
        if let Some(key) = setting.key {
            assert!(is_derived(key), "{}: {key}", setting.env);
        }
        if let Some(flag) = setting.flag() {
            let name = flag.replace('-', "_");
            let name = if is_of_serve(setting) { format!("serve_{name}") } else { name };
            // A flag that is given once for each directory, a variable that holds them all.
            assert!(flag == "allow-dir" || is_derived(&name), "{}: {flag}", setting.env);
        }
    }
}

#[test]
fn helps_are_one_sentence() {
    for setting in all() {
        assert!(setting.help.ends_with('.') && !setting.help.contains(['\n', '|']), "{}", setting.help);
        assert_eq!(setting.help.matches(". ").count(), 0, "{}", setting.help);
    }
}

#[test]
fn the_page_has_a_row_for_every_setting() {
    let page = settings_markdown();
    for setting in all() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.env))).unwrap();
        assert_eq!(row.matches('|').count(), 6, "{row}");
        assert_eq!(row.contains("Secret."), setting.is_secret(), "{row}");
        assert!(setting.default().is_none_or(|default| row.contains(&format!("| `{default}` |"))), "{row}");
    }
    assert!(page.ends_with("```\n") && !page.contains("  |"));
    let (both, serve) = page.split_once("## Settings of `ollama-mcp serve`").unwrap();
    assert!(!both.contains("| `OLLAMA_MCP_SERVE_") && !serve.contains("| `OLLAMA_HOST`"), "{page}");
}
