//! `GET /models`, as Ollama's `/api/tags`.

use chrono::{DateTime, SecondsFormat};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::with_502;
use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};
use service::models::catalog::ListedModel as Listed;
use types::Model;
use types::Scope;

/// The models, as Ollama lists them. What the model server does not report is absent.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelsAnswer<'a> {
    models: Vec<ListedModel<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ListedModel<'a> {
    name: &'a str,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    details: Details<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<&'a [String]>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Details<'a> {
    parent_model: &'a str,
    format: &'a str,
    family: &'a str,
    families: &'a [String],
    parameter_size: &'a str,
    quantization_level: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_length: Option<u64>,
}

pub(super) fn route() -> Route {
    Route::get("/models", |call| models(call).boxed())
        .about("getModels", Tag::ChatService, "The models, as Ollama's /api/tags lists them")
        .needs(Scope::ModelsRead)
        .answers(200, "The models", [Content::json::<ModelsAnswer<'static>>()])
}

async fn models(call: Call) -> Answer {
    let listed = call
        .app
        .services
        .models
        .list_models(call.caller())
        .await
        .map_err(|error| with_502(call.error(&error)))?;
    json_answer(&ModelsAnswer::of(&listed))
}

impl<'a> ModelsAnswer<'a> {
    pub(crate) fn of(listed: &'a [Listed]) -> Self {
        Self { models: listed.iter().map(|listed| entry(&listed.model)).collect() }
    }
}

fn entry(model: &Model) -> ListedModel<'_> {
    let created = |seconds: u64| {
        let time = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
        Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    ListedModel {
        name: &model.name,
        model: &model.name,
        remote_model: model.remote.as_ref().and_then(|remote| remote.model.as_deref()),
        remote_host: model.remote.as_ref().map(|remote| remote.host.as_str()),
        modified_at: model.modified_at.clone().or_else(|| created(model.created?)),
        size: model.size,
        digest: model.digest.as_deref(),
        details: Details {
            parent_model: model.parent_model.as_deref().unwrap_or_default(),
            format: model.format.as_deref().unwrap_or_default(),
            family: model.family.as_deref().unwrap_or_default(),
            families: &model.families,
            parameter_size: model.parameter_size.as_deref().unwrap_or_default(),
            quantization_level: model.quantization.as_deref().unwrap_or_default(),
            context_length: model.context_length,
            embedding_length: model.embedding_length,
        },
        capabilities: model.capabilities.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_another_server_is_written_as_ollama_writes_it() {
        let model = Model { name: "m".into(), created: Some(1_795_227_920), ..Model::default() };
        let written = serde_json::to_string(&entry(&model)).unwrap();
        assert_eq!(
            written,
            r#"{"name":"m","model":"m","modified_at":"2026-11-21T02:25:20Z","details":{"parent_model":"","format":"","family":"","families":[],"parameter_size":"","quantization_level":""}}"#
        );
    }
}
