//! Converts Ollama's descriptions of models.

use chrono::{DateTime, Datelike as _};
use serde_json::{Map, Value};

use super::wire::{DetailsAnswer, ListedModel, LoadedModel, PsAnswer, ShowAnswer, TagsAnswer};
use types::{Model, ModelDetails, Remote, RunningModel};

pub(super) fn listed(answer: TagsAnswer) -> Vec<Model> {
    let models = answer.models.unwrap_or_default().into_iter();
    models
        .filter_map(|mut model| {
            Some(Model { name: name(model.name.take(), model.model.take())?, ..listed_model(model) })
        })
        .collect()
}

pub(super) fn running(answer: PsAnswer) -> Vec<RunningModel> {
    let running = |model: LoadedModel| {
        Some(RunningModel {
            name: name(model.name, model.model)?,
            size: model.size,
            size_vram: model.size_vram,
            context_length: model.context_length,
            expires_at: non_empty(model.expires_at).filter(|at| !is_never(at)),
        })
    };
    answer.models.unwrap_or_default().into_iter().filter_map(running).collect()
}

pub(super) fn details(answer: ShowAnswer) -> ModelDetails {
    let DetailsAnswer {
        family, parameter_size, quantization_level, context_length, embedding_length, ..
    } = answer.details.unwrap_or_default();
    let model_info = answer.model_info.unwrap_or_default();
    ModelDetails {
        capabilities: answer.capabilities,
        family: non_empty(family),
        parameter_size: non_empty(parameter_size),
        quantization: non_empty(quantization_level),
        context_length: of_architecture(&model_info, "context_length").or(context_length),
        embedding_length: of_architecture(&model_info, "embedding_length").or(embedding_length),
        parameters: non_empty(answer.parameters).map(|parameters| sorted(&parameters)),
        template: non_empty(answer.template),
        system: non_empty(answer.system),
        license: answer.license.and_then(license),
        modified_at: non_empty(answer.modified_at),
        remote: remote(answer.remote_host, answer.remote_model),
        model_info,
        tensors: answer.tensors.map(|tensors| tensors.len()),
    }
}

fn listed_model(model: ListedModel) -> Model {
    let details = model.details.unwrap_or_default();
    Model {
        name: String::new(),
        size: model.size,
        modified_at: non_empty(model.modified_at),
        created: None,
        digest: non_empty(model.digest),
        parent_model: non_empty(details.parent_model),
        format: non_empty(details.format),
        family: non_empty(details.family),
        families: details.families.unwrap_or_default(),
        parameter_size: non_empty(details.parameter_size),
        quantization: non_empty(details.quantization_level),
        context_length: details.context_length.filter(|length| *length > 0),
        embedding_length: details.embedding_length.filter(|length| *length > 0),
        capabilities: model.capabilities,
        remote: remote(model.remote_host, model.remote_model),
    }
}

/// Whether a model stays loaded: Ollama then writes the largest time that it can, 292 years ahead.
fn is_never(expires_at: &str) -> bool {
    DateTime::parse_from_rfc3339(expires_at).is_ok_and(|at| at.year() >= 2200)
}

/// Ollama writes unknown values as empty text.
fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn name(name: Option<String>, model: Option<String>) -> Option<String> {
    non_empty(name).or(non_empty(model))
}

/// Where a cloud model runs.
pub(super) fn remote(host: Option<String>, model: Option<String>) -> Option<Remote> {
    non_empty(host).map(|host| Remote { host, model: non_empty(model) })
}

/// Older servers keep several licenses in a list.
fn license(license: Value) -> Option<String> {
    match license {
        Value::String(text) => non_empty(Some(text)),
        Value::Array(texts) => {
            non_empty(Some(texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n\n")))
        }
        _ => None,
    }
}

/// A length from the metadata, whose keys begin with the name of the architecture.
fn of_architecture(info: &Map<String, Value>, key: &str) -> Option<u64> {
    let architecture = info.get("general.architecture")?.as_str()?;
    info.get(&format!("{architecture}.{key}"))?.as_u64().filter(|length| *length > 0)
}

/// One `name value` per line, sorted; the server pads names with spaces and its order is random.
fn sorted(parameters: &str) -> String {
    let line = |line: &str| match line.trim().split_once(char::is_whitespace) {
        Some((name, value)) => format!("{name} {}", value.trim_start()),
        None => line.trim().to_owned(),
    };
    let mut lines: Vec<String> = parameters.lines().map(line).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::fixture;

    fn answer<T: DeserializeOwned>(case: &str) -> T {
        serde_json::from_str(&fixture::body(case)).unwrap()
    }

    #[test]
    fn tags_of_current_version_and_empty_list_are_read() {
        let models = listed(answer("tags"));
        assert_eq!(models.len(), 2);
        assert_eq!(
            models[0],
            Model {
                created: None,
                name: "qwen2.5-coder:0.5b".into(),
                size: Some(491_400_228),
                modified_at: Some("2026-11-21T02:25:20.526617961Z".into()),
                digest: Some("a9f7d844a82e678d44c9107ad3699e0a2995a6fddc9a02fbe45a2dcd34ab40d2".into()),
                parent_model: None,
                format: Some("gguf".into()),
                family: Some("qwen2".into()),
                families: vec!["qwen2".into()],
                parameter_size: Some("630.17M".into()),
                quantization: Some("Q4_K_M".into()),
                context_length: Some(32_768),
                embedding_length: Some(896),
                capabilities: Some(vec!["completion".into()]),
                remote: None,
            }
        );
        assert_eq!(listed(answer("tags_empty")), []);
    }

    #[test]
    fn tags_of_older_servers_and_cloud_models_are_read() {
        let json = r#"{"models":[
            {"name":"old:1b","size":5,"details":{"family":"","families":null}},
            {"name":"big:cloud","model":"big:cloud","size":-1,"remote_model":"big","remote_host":"https://ollama.com:443"},
            {"model":"named-so","details":null,"capabilities":null},
            {}]}"#;
        let models = listed(serde_json::from_str(json).unwrap());
        assert_eq!(models[0], Model { name: "old:1b".into(), size: Some(5), ..Model::default() });
        let remote = Remote { host: "https://ollama.com:443".into(), model: Some("big".into()) };
        assert_eq!(models[1], Model { name: "big:cloud".into(), remote: Some(remote), ..Model::default() });
        assert_eq!(models[2], Model { name: "named-so".into(), ..Model::default() });
        assert_eq!(models.len(), 3);
        assert_eq!(listed(serde_json::from_str(r#"{"models":null}"#).unwrap()), []);
    }

    #[test]
    fn running_models_are_read() {
        assert_eq!(
            running(answer("ps_loaded")),
            [RunningModel {
                name: "gemma3:270m".into(),
                size: Some(287_246_908),
                size_vram: Some(0),
                context_length: Some(4096),
                expires_at: Some("2026-11-21T02:30:52.232376502Z".into()),
            }]
        );
        assert_eq!(running(answer("ps_none")), []);
        assert_eq!(running(answer("ps_loaded_forever"))[0].expires_at, None);
        for (text, never) in
            [("2318-03-03T05:12:00.1Z", true), ("2026-11-21T02:25:20Z", false), ("23 days", false)]
        {
            assert_eq!(is_never(text), never, "{text}");
        }
    }

    #[test]
    fn model_details_are_read() {
        let shown = details(answer("show"));
        assert_eq!(shown.capabilities, Some(vec!["completion".to_owned()]));
        assert_eq!((shown.context_length, shown.embedding_length), (Some(32_768), Some(640)));
        assert_eq!(
            shown.parameters.as_deref(),
            Some("stop \"<end_of_turn>\"\ntemperature 1\ntop_k 64\ntop_p 0.95")
        );
        assert_eq!(
            (shown.family.as_deref(), shown.quantization.as_deref()),
            (Some("gemma3"), Some("Q4_K_M"))
        );
        assert!(shown.license.is_some() && shown.template.is_some() && shown.system.is_none());
        assert_eq!(
            details(answer("show_thinking_capability")).capabilities.unwrap(),
            ["completion", "thinking"]
        );
        assert_eq!(details(serde_json::from_str("{}").unwrap()), ModelDetails::default());
    }
}
