//! The settings: their values, where each came from, and what is unusual about them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Context;
use super::finding::Section;
use mcp::deadlines_in_force;
use platform::mode_of;
use settings::registry::{OLLAMA_BASE_URL, OLLAMA_HOST, OLLAMA_URL};
use settings::{Origin, SettingOrigin, Settings};

pub(super) fn check(context: &Context) -> Section {
    let mut section = Section::new("Settings");
    let loaded = &context.loaded;
    for origin in loaded.origins.iter().filter(|origin| origin.value_shown.is_some()) {
        section.info(setting(origin));
    }
    for warning in &loaded.warnings {
        section.warning(warning, None);
    }
    for origin in &loaded.origins {
        if let Some(note) = address_note(origin) {
            section.info(note);
        }
    }
    let deadlines = deadlines_in_force(loaded.settings.server.call_deadline);
    let limits: Vec<_> =
        deadlines.iter().map(|(host, limit)| format!("{host} {}", duration(*limit))).collect();
    section.info(format!("call deadlines by host: {}", limits.join(", ")));
    let deadlines: Vec<_> = deadlines
        .iter()
        .map(|(host, limit)| json!({ "host": host, "seconds": limit.map(|limit| limit.as_secs()) }))
        .collect();
    section.field("deadlines", deadlines);
    config(&mut section, loaded.config_dir.as_deref());
    places(&mut section, &loaded.settings);
    let settings: Vec<_> = loaded
        .origins
        .iter()
        .map(|origin| json!({ "name": origin.setting.env, "value": origin.value_shown, "from": origin.from.to_string() }))
        .collect();
    section.field("settings", settings);
    section.field("warnings", loaded.warnings.clone());
    section
}

/// The directory of `config.toml`, and who may write it.
fn config(section: &mut Section, directory: Option<&Path>) {
    section.field("config_dir", json!(directory));
    let Some(directory) = directory else {
        section.info("config directory: none");
        return;
    };
    let state = if directory.join("config.toml").is_file() {
        "config.toml is read"
    } else if directory.is_dir() {
        "no config.toml"
    } else {
        "does not exist, not required"
    };
    let mode = mode_of(directory);
    let shown = mode.map(|mode| format!(", mode {mode:o}")).unwrap_or_default();
    section.info(format!("config directory: {} ({state}{shown})", directory.display()));
    section.field("config_dir_mode", mode.map_or(Value::Null, |mode| format!("{mode:o}").into()));
    if mode.is_some_and(|mode| mode & 0o022 != 0) {
        section.warning(
            format!(
                "other users can write to {}, and so change the settings of this server",
                directory.display()
            ),
            Some(format!("chmod go-w {}", directory.display())),
        );
    }
}

fn setting(origin: &SettingOrigin) -> String {
    let value = origin.value_shown.as_deref().unwrap_or_default();
    match origin.from {
        Origin::Default => format!("{} = {value}", origin.setting.env),
        ref from => format!("{} = {value} (from {from})", origin.setting.env),
    }
}

/// What an address means that its text does not say. What is probably not intended is among the warnings.
fn address_note(origin: &SettingOrigin) -> Option<String> {
    let value = origin.value_shown.as_deref()?;
    let name = origin.setting.env;
    if ![OLLAMA_HOST.env, OLLAMA_BASE_URL.env, OLLAMA_URL.env].contains(&name) {
        return None;
    }
    if value.contains("0.0.0.0") || value.contains("[::]") {
        return Some(format!(
            "{name}: {value} is an address to listen on; ollama-mcp connects to this machine instead"
        ));
    }
    let authority = value.strip_prefix("https://")?.split('/').next()?;
    (!authority.contains(':'))
        .then(|| format!("{name}: https:// without a port means port 443, as in Ollama"))
}

fn duration(limit: Option<Duration>) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| format!("{} s", limit.as_secs()))
}

/// The directory of conversations, the default system prompt, and the files that may be attached.
fn places(section: &mut Section, settings: &Settings) {
    section.field("data_dir", json!(settings.store.data_dir));
    match &settings.store.data_dir {
        Some(directory) => {
            let mode = mode_of(directory).map(|mode| format!(", mode {mode:o}"));
            let state = if directory.is_dir() { "exists" } else { "created with the first conversation" };
            section.info(format!(
                "data directory: {} ({state}{})",
                directory.display(),
                mode.unwrap_or_default()
            ));
            if mode_of(directory).is_some_and(|mode| mode & 0o022 != 0) {
                section.warning(
                    format!(
                        "other users can write to {}, and so change the conversations",
                        directory.display()
                    ),
                    Some(format!("chmod go-w {}", directory.display())),
                );
            }
        }
        None => section.warning(
            "data directory: none; conversations cannot be stored",
            Some("Set OLLAMA_MCP_DATA_DIR to a directory.".to_owned()),
        ),
    }
    match system_prompt(settings) {
        Some((path, Ok(bytes))) => {
            section.info(format!("system prompt: {} ({bytes} bytes)", path.display()));
            section.field("system_prompt", json!({ "path": path, "bytes": bytes }));
        }
        Some((path, Err(problem))) => {
            section.error(
                format!("system prompt {} cannot be read: {problem}", path.display()),
                Some("Fix the file, or unset OLLAMA_MCP_SYSTEM_PROMPT_FILE.".to_owned()),
            );
            section.field("system_prompt", json!({ "path": path, "problem": problem }));
        }
        None => {
            section.info("system prompt: none");
            section.field("system_prompt", Value::Null);
        }
    }
    let allowed = &settings.files.allowed;
    if allowed.is_empty() {
        section.info("no allowed directories: attachments are refused (allow one with --allow-dir DIR)");
    }
    for path in allowed {
        match path.exists() {
            true => section.ok(format!("allowed directory: {}", path.display())),
            false => section.warning(
                format!("allowed directory {} does not exist", path.display()),
                Some("Create it, or remove it from the allowed directories.".to_owned()),
            ),
        }
    }
    let allowed: Vec<_> =
        allowed.iter().map(|path| json!({ "path": path, "exists": path.exists() })).collect();
    section.field("allowed_dirs", allowed);
}

/// The file of the default system prompt and its size in bytes; `None` if there is none.
fn system_prompt(settings: &Settings) -> Option<(&Path, Result<usize, String>)> {
    let file = settings.chat.system_prompt.as_ref()?;
    let bytes = file.read().transpose()?.map(|text| text.len());
    Some((&file.path, bytes))
}
