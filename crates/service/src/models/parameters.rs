//! Ollama's own options: which there are, so that an option that it would silently ignore is reported.

use serde_json::{Map, Value};

use crate::ServiceError;
use text::similar::nearest;

/// Ollama's options (`api/types.go`, `Options` and `Runner`), and what each takes.
const KNOWN: &[(&str, Takes)] = &[
    ("num_keep", Takes::Whole),
    ("seed", Takes::Whole),
    ("num_predict", Takes::Whole),
    ("top_k", Takes::Whole),
    ("top_p", Takes::Number),
    ("min_p", Takes::Number),
    ("typical_p", Takes::Number),
    ("repeat_last_n", Takes::Whole),
    ("temperature", Takes::Number),
    ("repeat_penalty", Takes::Number),
    ("presence_penalty", Takes::Number),
    ("frequency_penalty", Takes::Number),
    ("stop", Takes::Texts),
    ("num_ctx", Takes::Whole),
    ("num_batch", Takes::Whole),
    ("num_gpu", Takes::Whole),
    ("main_gpu", Takes::Whole),
    ("use_mmap", Takes::Switch),
    ("num_thread", Takes::Whole),
    // Since 0.33.
    ("draft_num_predict", Takes::Whole),
];

/// What an option takes.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Whole,
    Number,
    Switch,
    Texts,
}

impl Takes {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Whole => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Self::Number => value.is_number(),
            Self::Switch => value.is_boolean(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Switch => "true or false",
            Self::Texts => "text or an array of texts",
        }
    }
}

/// Checks options that are stored in a model, and writes each as Ollama takes it. It stores them
/// unseen: a wrong type makes every chat fail, and an unknown name has no effect.
///
/// # Errors
/// `invalid_argument`, naming the option.
pub(crate) fn check_parameters(parameters: &mut Map<String, Value>) -> Result<(), ServiceError> {
    for (name, value) in parameters.iter_mut() {
        let path = format!("parameters.{name}");
        let Some((_, takes)) = KNOWN.iter().find(|(known, _)| known == name) else {
            let meant = match nearest_option(name) {
                Some(known) => format!("; did you mean {known}?"),
                None => format!(
                    "; it knows {}",
                    KNOWN.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(ServiceError::invalid(&path, format!("is not an Ollama option{meant}")));
        };
        if let (Takes::Texts, Value::String(text)) = (takes, &*value) {
            *value = Value::from(vec![text.clone()]);
        }
        if !takes.fits(value) {
            return Err(ServiceError::invalid(&path, format!("is {value}; it must be {}", takes.noun())));
        }
    }
    Ok(())
}

/// A warning for each option that Ollama does not know.
pub(crate) fn ignored_options(options: &Map<String, Value>) -> Vec<String> {
    options
        .keys()
        .filter(|name| !KNOWN.iter().any(|(known, _)| known == name))
        .map(|name| match nearest_option(name) {
            Some(known) => {
                format!("options.{name} is not an Ollama option and was ignored; did you mean {known}?")
            }
            None => format!("options.{name} is not an Ollama option and was ignored."),
        })
        .collect()
}

fn nearest_option(name: &str) -> Option<&'static str> {
    nearest(name, KNOWN.iter().map(|(known, _)| *known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_option_is_warned_of_with_nearest() {
        let options = json!({"num_cxt": 1, "min_p": 0.1, "draft_num_predict": 4, "mirostat_zz": 2});
        assert_eq!(
            ignored_options(options.as_object().unwrap()),
            [
                "options.num_cxt is not an Ollama option and was ignored; did you mean num_ctx?",
                "options.mirostat_zz is not an Ollama option and was ignored.",
            ]
        );
    }

    #[test]
    fn stored_parameters_are_checked() {
        let mut right =
            json!({"num_ctx": 4096, "temperature": 1, "stop": "END", "use_mmap": false, "seed": 7.0});
        let right = right.as_object_mut().unwrap();
        check_parameters(right).unwrap();
        assert_eq!(right["stop"], json!(["END"]));
        for (wrong, text) in [
            (json!({"num_ctx": "big"}), "parameters.num_ctx is \"big\"; it must be a whole number"),
            (json!({"top_k": 1.5}), "parameters.top_k is 1.5; it must be a whole number"),
            (json!({"temperature": null}), "parameters.temperature is null; it must be a number"),
            (json!({"stop": [1]}), "parameters.stop is [1]; it must be text or an array of texts"),
            (json!({"num_cxt": 1}), "parameters.num_cxt is not an Ollama option; did you mean num_ctx?"),
        ] {
            assert_eq!(check_parameters(wrong.clone().as_object_mut().unwrap()).unwrap_err().text(), text);
        }
    }
}
