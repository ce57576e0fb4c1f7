//! Converts the list of models. Only the id is certain.

use super::wire::{ListedModel, ModelsAnswer};
use types::{Model, ModelDetails};

pub(super) fn listed(answer: ModelsAnswer) -> Vec<Model> {
    answer.data.unwrap_or_default().into_iter().filter_map(model).collect()
}

pub(super) fn details(model: Model) -> ModelDetails {
    ModelDetails {
        parameter_size: model.parameter_size,
        context_length: model.context_length,
        embedding_length: model.embedding_length,
        ..ModelDetails::default()
    }
}

fn model(listed: ListedModel) -> Option<Model> {
    let meta = listed.meta.unwrap_or_default();
    let lengths = [listed.max_model_len, listed.context_length, listed.max_context_length, meta.n_ctx_train];
    Some(Model {
        name: listed.id.filter(|id| !id.is_empty())?,
        created: listed.created,
        size: meta.size,
        parameter_size: meta.n_params.map(parameter_size),
        context_length: lengths.into_iter().flatten().find(|length| *length > 0),
        embedding_length: meta.n_embd,
        ..Model::default()
    })
}

/// A number of parameters in the form that Ollama uses, such as `630.17M`.
fn parameter_size(parameters: u64) -> String {
    let n = parameters as f64;
    match parameters {
        1_000_000_000.. => format!("{:.1}B", n / 1e9),
        1_000_000.. => format!("{:.2}M", n / 1e6),
        1_000.. => format!("{:.0}K", n / 1e3),
        _ => parameters.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Vec<Model> {
        listed(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn lists_of_several_servers_are_read() {
        assert_eq!(of(r#"{"object":"list","data":null}"#), []);
        let models = of(r#"{"models":[{}],"object":"list","data":[
            {"id":"qwen","object":"model","created":1,"owned_by":"llamacpp",
             "meta":{"vocab_type":2,"n_vocab":151936,"n_ctx_train":32768,"n_embd":896,"n_params":630167424,"size":485000000}},
            {"id":"llama","max_model_len":4096,"permission":[]}, {"id":"bare","meta":null}, {"object":"model"}]}"#);
        assert_eq!(
            models,
            [
                Model {
                    name: "qwen".into(),
                    created: Some(1),
                    size: Some(485_000_000),
                    parameter_size: Some("630.17M".into()),
                    context_length: Some(32_768),
                    embedding_length: Some(896),
                    ..Model::default()
                },
                Model { name: "llama".into(), context_length: Some(4096), ..Model::default() },
                Model { name: "bare".into(), ..Model::default() },
            ]
        );
        assert_eq!(details(models[0].clone()).context_length, Some(32_768));
    }
}
