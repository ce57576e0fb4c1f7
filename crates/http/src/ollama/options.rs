//! Ollama's options for a server that is none: those that it has under OpenAI's names.

use serde_json::{Map, Value};

use service::chat::request::ChatCall;

/// Moves the options of a call to where any server reads them; `ignored` gets the names of the others.
pub(super) fn apply(chat: &mut ChatCall, ignored: &mut Vec<String>) {
    for (name, value) in std::mem::take(&mut chat.options) {
        if !set(chat, &name, &value) {
            ignored.push(format!("options.{name}"));
        }
    }
}

/// Whether an option was taken. A negative count means none to Ollama, which is what an absent one means elsewhere.
fn set(chat: &mut ChatCall, name: &str, value: &Value) -> bool {
    let sampling = &mut chat.sampling;
    let is_without = value.as_i64().is_some_and(|count| count < 0);
    match name {
        "temperature" => sampling.temperature = value.as_f64(),
        "top_p" => sampling.top_p = value.as_f64(),
        "top_k" => sampling.top_k = value.as_u64(),
        "seed" => sampling.seed = value.as_i64(),
        "num_predict" if is_without => {}
        "num_predict" => sampling.max_tokens = value.as_u64(),
        "presence_penalty" => sampling.presence_penalty = value.as_f64(),
        "frequency_penalty" => sampling.frequency_penalty = value.as_f64(),
        "stop" => sampling.stop = texts(value),
        _ => return false,
    }
    true
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Options without a call, such as those of embeddings, which no other server has.
pub(super) fn ignore_all(options: Option<Map<String, Value>>, ignored: &mut Vec<String>) {
    ignored.extend(options.unwrap_or_default().keys().map(|name| format!("options.{name}")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_that_other_servers_have_are_taken_and_others_named() {
        let options = json!({
            "num_predict": 4, "temperature": 0, "stop": ["a", "b"], "seed": -1, "top_k": 5, "num_ctx": 512, "mirostat": 1
        });
        let mut chat = ChatCall { options: options.as_object().unwrap().clone(), ..ChatCall::default() };
        let mut ignored = Vec::new();
        apply(&mut chat, &mut ignored);
        let sampling = &chat.sampling;
        assert_eq!(
            (sampling.max_tokens, sampling.temperature, sampling.seed),
            (Some(4), Some(0.0), Some(-1))
        );
        assert_eq!(
            (sampling.top_k, sampling.stop.as_slice()),
            (Some(5), &["a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(ignored, ["options.num_ctx", "options.mirostat"]);
        assert!(chat.options.is_empty());
        let mut chat =
            ChatCall { options: json!({ "num_predict": -1 }).as_object().unwrap().clone(), ..chat };
        apply(&mut chat, &mut ignored);
        assert_eq!((chat.sampling.max_tokens, ignored.len()), (Some(4), 2));
    }
}
