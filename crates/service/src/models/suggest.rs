//! Which installed model was meant, and whether another one answered.

use text::similar::{most_similar, similarity};

use super::name::{MAX_NAME, full_name};

/// Below this similarity a name is no suggestion. Lower than for other names: the names of models are longer, and
/// versions and sizes differ.
const MIN_SIMILARITY: f64 = 0.5;

/// The installed name that was most likely meant.
pub fn nearest_model<'a>(meant: &str, installed: &[&'a str]) -> Option<&'a str> {
    // The comparison takes the product of both lengths.
    if meant.len() > MAX_NAME {
        return None;
    }
    let meant = meant.to_lowercase();
    let (meant_base, meant_tag) = split_tag(&meant);
    let scored = installed.iter().filter(|name| name.len() <= MAX_NAME).map(|name| {
        let lower = name.to_lowercase();
        let (base, tag) = split_tag(&lower);
        let start = if base.starts_with(meant_base) || meant_base.starts_with(base) { 0.8 } else { 0.0 };
        let alike = similarity(base, meant_base).max(start);
        // The tag decides between models of one name only.
        (alike + 0.01 * similarity(tag, meant_tag), *name)
    });
    most_similar(scored, MIN_SIMILARITY)
}

/// That another model answered than was asked: a server with one model takes every name. Names that begin alike are
/// of one model, such as `gpt-4o` and `gpt-4o-2024-08-06`.
pub(super) fn other_model(asked: &str, answered: &str) -> Option<String> {
    let (wanted, found) = (full_name(asked), full_name(answered));
    let (wanted_base, found_base) = (split_tag(&wanted).0, split_tag(&found).0);
    let alike = wanted == found
        || wanted_base != found_base
            && (wanted_base.starts_with(found_base) || found_base.starts_with(wanted_base));
    (!alike)
        .then(|| format!("{answered:?} answered, not {asked:?}, which was asked for: the server chose it."))
}

fn split_tag(name: &str) -> (&str, &str) {
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((name, "latest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_of_other_model_is_warned_of() {
        for (asked, answered) in [
            ("gemma3", "gemma3:latest"),
            ("gpt-4o", "gpt-4o-2024-08-06"),
            ("Registry.ollama.ai/library/a:1b", "a:1b"),
        ] {
            assert_eq!(other_model(asked, answered), None, "{asked} {answered}");
        }
        for (asked, answered) in [("qwen", "llama"), ("gemma3:4b", "gemma3:1b")] {
            let warning = other_model(asked, answered).unwrap();
            assert!(warning.contains(asked) && warning.contains(answered), "{warning}");
        }
    }

    #[test]
    fn nearest_model_is_suggested() {
        let installed = ["llama3.2:3b", "llama3.2:1b", "gemma3:4b", "hf.co/user/model:Q4_K_M"];
        assert!(nearest_model("lama3", &installed).is_some_and(|name| name.starts_with("llama3.2:")));
        assert_eq!(nearest_model("llama3.2:1", &installed), Some("llama3.2:1b"));
        assert_eq!(nearest_model("llama3.2:3", &installed), Some("llama3.2:3b"));
        assert_eq!(nearest_model("Gemma", &installed), Some("gemma3:4b"));
        assert_eq!(nearest_model("gemma3:12b", &installed), Some("gemma3:4b"));
        assert_eq!(nearest_model("zzz", &installed), None);
        assert_eq!(nearest_model("x", &[]), None);
        let long = "llama3.2".repeat(1_000_000);
        assert_eq!(nearest_model(&long, &installed), None);
        assert_eq!(nearest_model("gemma", &[&long, "gemma3:4b"]), Some("gemma3:4b"));
    }
}
