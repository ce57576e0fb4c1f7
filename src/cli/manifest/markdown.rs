//! The table of tools in docs/guide.md.

use serde_json::Value;

use super::{items, text};

/// The comments around the table in a document.
const PLACE: (&str, &str) = ("<!-- generated:tools -->\n", "<!-- /generated:tools -->\n");

/// The table: one row for each tool.
pub(super) fn table(manifest: &Value) -> String {
    let rows = items(manifest, "tools").map(|tool| {
        let read_only = tool.pointer("/annotations/readOnlyHint") == Some(&Value::Bool(true));
        let changes = if read_only { "no" } else { "yes" };
        let description = first_sentence(text(tool, "description"));
        let needs = match text(tool, "needs") {
            "" => String::new(),
            needs => format!(" (needs {needs})"),
        };
        let (name, title) = (text(tool, "name"), text(tool, "title"));
        format!("| `{name}` | **{title}**: {description}{needs} | {changes} |\n")
    });
    "| tool | what it does | changes anything |\n|---|---|---|\n".to_owned() + &rows.collect::<String>()
}

/// Replaces the table in a document; `None` if the comments are missing.
pub(super) fn put_into(document: &str, table: &str) -> Option<String> {
    let (before, rest) = document.split_once(PLACE.0)?;
    let (_, after) = rest.split_once(PLACE.1)?;
    Some([before, PLACE.0, table, PLACE.1, after].concat())
}

/// The first sentence of a text, without its full stop.
pub(super) fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::{put_into, table};

    #[test]
    fn tool_is_a_row_with_first_sentence() {
        let tool = |name: &str, read_only| {
            serde_json::json!({
                "name": name, "title": "T", "description": "Does it. Use it.", "annotations": { "readOnlyHint": read_only },
            })
        };
        let manifest = serde_json::json!({ "tools": [tool("a", true), tool("b", false)] });
        let table = table(&manifest);
        assert!(
            table.ends_with("|---|\n| `a` | **T**: Does it | no |\n| `b` | **T**: Does it | yes |\n"),
            "{table}"
        );
    }

    #[test]
    fn only_the_section_between_the_comments_is_replaced() {
        let readme = "# A\n<!-- generated:tools -->\nold\n<!-- /generated:tools -->\nrest\n";
        let expected = "# A\n<!-- generated:tools -->\nnew\n<!-- /generated:tools -->\nrest\n";
        assert_eq!(put_into(readme, "new\n").as_deref(), Some(expected));
        assert_eq!(put_into(expected, "new\n").as_deref(), Some(expected));
        assert_eq!(put_into("# A\n", "new\n"), None);
    }
}
