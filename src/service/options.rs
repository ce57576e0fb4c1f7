//! Ollama's own options: which there are, so that one it would ignore in silence is told.

use serde_json::{Map, Value};

/// Ollama's options (`api/types.go`, `Options` and `Runner`).
const KNOWN: &[&str] = &[
    "num_keep",
    "seed",
    "num_predict",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "repeat_last_n",
    "temperature",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "use_mmap",
    "num_thread",
];

/// A warning for each option that Ollama does not know.
pub(super) fn ignored_options(options: &Map<String, Value>) -> Vec<String> {
    options
        .keys()
        .filter(|name| !KNOWN.contains(&name.as_str()))
        .map(|name| {
            let nearest = KNOWN
                .iter()
                .map(|known| (strsim::normalized_damerau_levenshtein(known, name), known))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(alike, _)| *alike >= 0.6);
            match nearest {
                Some((_, known)) => {
                    format!("options.{name} is unknown to Ollama and was ignored; did you mean {known}?")
                }
                None => format!("options.{name} is unknown to Ollama and was ignored."),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_option_is_told_with_the_nearest() {
        let options = json!({"num_cxt": 1, "min_p": 0.1, "mirostat_zz": 2});
        assert_eq!(
            ignored_options(options.as_object().unwrap()),
            [
                "options.num_cxt is unknown to Ollama and was ignored; did you mean num_ctx?",
                "options.mirostat_zz is unknown to Ollama and was ignored.",
            ]
        );
    }
}
