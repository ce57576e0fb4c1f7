//! Rules over all settings, and the page that is generated from them.

use std::collections::BTreeSet;

use crate::registry::ENTRIES;
use crate::settings_markdown;

#[test]
fn every_declared_setting_is_listed_once() {
    let sources = [
        include_str!("../registry.rs"),
        include_str!("../registry/files.rs"),
        include_str!("../registry/models.rs"),
        include_str!("../registry/places.rs"),
    ];
    let declared: usize = sources.iter().map(|source| source.matches(": Entry = Entry {").count()).sum();
    assert_eq!(declared, ENTRIES.len());
    let variables: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.env).collect();
    assert_eq!(variables.len(), ENTRIES.len());
}

#[test]
fn names_follow_one_rule() {
    let foreign =
        ["OLLAMA_HOST", "OLLAMA_BASE_URL", "OLLAMA_API_KEY", "OLLAMA_MODEL", "OLLAMA_MODELS", "NO_COLOR"];
    for entry in ENTRIES {
        assert!(entry.env.starts_with("OLLAMA_MCP_") || foreign.contains(&entry.env), "{}", entry.env);
        let lower = entry.env.to_ascii_lowercase();
        let own = lower.strip_prefix("ollama_mcp_").unwrap_or(&lower);
        let is_derived = |name: &str| name == own || own.strip_prefix("ollama_") == Some(name);
        if let Some(key) = entry.key {
            assert!(is_derived(key), "{}: {key}", entry.env);
        }
        if let Some(flag) = entry.flag {
            // A flag that is given once for each directory, a variable that holds them all.
            assert!(flag == "allow-dir" || is_derived(&flag.replace('-', "_")), "{}: {flag}", entry.env);
        }
    }
}

#[test]
fn a_secret_has_no_flag_and_no_default() {
    for entry in ENTRIES.iter().filter(|entry| entry.secret) {
        assert_eq!((entry.flag, entry.default), (None, None), "{}", entry.env);
    }
}

#[test]
fn helps_are_one_sentence() {
    for entry in ENTRIES {
        assert!(entry.help.ends_with('.') && !entry.help.contains(['\n', '|']), "{}", entry.help);
        assert_eq!(entry.help.matches(". ").count(), 0, "{}", entry.help);
    }
}

#[test]
fn the_page_has_a_row_for_every_setting() {
    let page = settings_markdown();
    for entry in ENTRIES {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", entry.env))).unwrap();
        assert_eq!(row.matches('|').count(), 6, "{row}");
        assert_eq!(row.contains("Secret."), entry.secret, "{row}");
        assert!(entry.default.is_none_or(|default| row.contains(&format!("| `{default}` |"))), "{row}");
    }
    assert!(page.ends_with("```\n") && !page.contains("  |"));
}
