//! The database: which one it is, its format, and whether it answers.

use serde_json::json;

use super::finding::Section;
use store::{Format, SqliteIndex, Store, StoreError};
use text::format::human_size;

pub(super) async fn check(store: &Store, index: &SqliteIndex) -> Section {
    let mut section = Section::new("Database");
    let name = store.name();
    let found = store.format().await;
    section.field(
        "database",
        json!({ "name": name, "format": found.as_ref().ok().and_then(|format| format.found) }),
    );
    match found {
        Ok(Format { found: None, newest }) => {
            section.info(format!("{name}: no tables yet; the first use makes them, of format {newest}"));
        }
        Ok(Format { found: Some(found), newest }) if found == newest => {
            section.ok(format!("{name}: format {found}"));
        }
        Ok(Format { found: Some(found), newest }) if found < newest => section.warning(
            format!("{name}: format {found}, which the first use brings to format {newest}; older versions cannot read that"),
            Some("To do it now: ollama-mcp migrate".to_owned()),
        ),
        Ok(Format { found: Some(found), newest }) => section.error(
            format!("{name}: format {found}, and this version knows formats up to {newest}"),
            Some("Update ollama-mcp.".to_owned()),
        ),
        Err(StoreError::NoDirectory) => section.warning(format!("{name}: nothing can be stored"), None),
        Err(error) => section.error(error.to_string(), None),
    }
    if index.exists() {
        let bytes = index.bytes();
        section.field("index_bytes", bytes);
        section.info(format!(
            "the index of files has {}; \"ollama-mcp index list\" shows it",
            human_size(bytes)
        ));
    }
    section
}
