//! The definitions of the tools as hosts get them, in one generated file: each line is the JSON of one tool.

const DEFINITIONS: &str = include_str!("definitions.jsonl");

/// The definition of the tool of this name, as JSON.
pub(super) fn text(name: &str) -> Option<&'static str> {
    DEFINITIONS.lines().find(|line| name_of(line) == Some(name))
}

/// A definition begins with the tool's name.
fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("{\"name\":\"")?.split_once('"')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::super::entry::{OfferedFiles, Offering};
    use super::super::{OfferedTool, all};
    use super::*;

    /// Rewrites a stale file and fails once, as `tests/generated_docs.rs` does; with `CI` set it only fails.
    #[test]
    fn definitions_are_up_to_date() {
        let lines = all().into_iter().map(|entry| serde_json::to_string(&entry.definition()).unwrap() + "\n");
        let expected: String = lines.collect();
        if DEFINITIONS.replace("\r\n", "\n") == expected {
            return;
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tools/definitions.jsonl");
        if std::env::var_os("CI").is_none() {
            std::fs::write(file, expected).unwrap();
        }
        panic!("stale: {file}; `cargo test` without CI in the environment rewrites it. Commit the changes");
    }

    #[test]
    fn offered_definitions_are_those_of_the_entries() {
        for installs_models in [false, true] {
            for entry in all() {
                let mut definition = entry.definition();
                if let Some(annotations) = definition.annotations.as_mut().filter(|_| installs_models) {
                    annotations.read_only_hint = Some(false);
                }
                let offered =
                    OfferedTool::new(entry, Offering { installs_models, files: OfferedFiles::Paths })
                        .unwrap();
                assert_eq!(offered.json.get(), serde_json::to_string(&definition).unwrap());
                let arguments = definition.input_schema["properties"].as_object().unwrap();
                assert!(offered.arguments().iter().eq(arguments.keys()), "{}", offered.name);
            }
        }
    }

    #[test]
    fn unknown_tool_has_no_definition() {
        assert_eq!(text("chat"), None);
    }
}
