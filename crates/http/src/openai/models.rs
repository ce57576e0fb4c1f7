//! `GET /v1/models`, and one of them by its name.

use chrono::DateTime;
use futures_util::FutureExt as _;
use openai::models::{ListObject, Model as OpenAiModel};
use serde::Serialize;

use crate::anthropic::models::{self as anthropic, Listed};
use crate::anthropic::{VERSION, is_spoken_in};
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::ServiceError;
use service::models::name::full_name;
use types::Model;
use types::Scope;

const MODEL: &str = r#"{"id":"qwen3:8b","object":"model","created":1795227920,"owned_by":"library","context_length":40960,"capabilities":["completion","tools"]}"#;
const MODELS: &str = r#"{"object":"list","data":[{"id":"qwen3:8b","object":"model","created":1795227920,"owned_by":"library"}]}"#;
const DESCRIPTION: &str = "Beside OpenAI's fields an entry has `context_length` and `capabilities`, as far as the model server reports them. The \
aliases of the settings are listed with the model that they mean, in `alias_of`. A caller that sends `anthropic-version` gets Anthropic's fields \
instead, page by page.";

/// OpenAI's object, with what is known of a local model.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    model: OpenAiModel<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<&'a [String]>,
    /// The model that an alias means.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Entries<'a> {
    object: ListObject,
    data: Vec<Entry<'a>>,
}

pub(super) fn routes() -> [Route; 2] {
    [
        Route::get("/v1/models", |call| list(call).boxed())
            .about("listModels", Tag::OpenAi, "The models that are installed")
            .described(DESCRIPTION)
            .needs(Scope::ModelsRead)
            .also_anthropic()
            .parameter("header", VERSION, "Any version: Anthropic's fields")
            .parameter("query", "limit", "With that header: 1 to 1000, by default 20")
            .parameter("query", "after_id", "With that header: the id after which the page begins")
            .parameter("query", "before_id", "With that header: the id before which the page ends")
            .answers(200, "The models", [Content::any_json().example(MODELS)]),
        Route::get("/v1/models/{*id}", |call| retrieve(call).boxed())
            .about("retrieveModel", Tag::OpenAi, "A model by its name, which may hold `/` and `:`")
            .needs(Scope::ModelsRead)
            .also_anthropic()
            .parameter("header", VERSION, "Any version: Anthropic's fields")
            .parameter("path", "id", "A name, an alias, or `default`")
            .answers(200, "The model", [Content::any_json().example(MODEL)]),
    ]
}

async fn list(call: Call) -> Answer {
    let models = installed(&call).await?;
    let entries = entries(&call, &models);
    if is_spoken_in(&call.parts.headers) {
        let listed: Vec<_> = entries.iter().map(Entry::listed).collect();
        return anthropic::page(&call, &listed);
    }
    json_answer(&Entries { object: ListObject::List, data: entries })
}

fn entries<'a>(call: &'a Call, models: &'a [Model]) -> Vec<Entry<'a>> {
    let aliases = call.app.options.model_aliases.iter();
    // One whose model is not installed would be chosen in vain, and one with a star is no name.
    let aliases = aliases.filter(|(alias, _)| !alias.ends_with('*')).filter_map(|(alias, meant)| {
        let model = models.iter().find(|model| is_named(model, meant))?;
        Some(entry(model).named(alias))
    });
    models.iter().map(entry).chain(aliases).collect()
}

async fn retrieve(call: Call) -> Answer {
    let id = call.path("id");
    let models = installed(&call).await?;
    let meant = match call.app.options.model_meant_by(Some(id.to_owned())) {
        Some(meant) => meant,
        None => {
            let default = call.app.services.models.default_model(call.caller()).await;
            default.map_err(|error| call.error(&error))?.name
        }
    };
    let Some(model) = models.iter().find(|model| is_named(model, &meant)) else {
        let error = call.app.services.models.missing(call.caller(), &meant).await;
        return Err(call.error(&error));
    };
    let entry = entry(model);
    let entry = if is_named(model, id) { entry } else { entry.named(id) };
    if is_spoken_in(&call.parts.headers) { anthropic::answer(&entry.listed()) } else { json_answer(&entry) }
}

async fn installed(call: &Call) -> Result<Vec<Model>, HttpError> {
    let listed = call.app.services.models.list_models(call.caller()).await;
    let listed = listed.map_err(|error: ServiceError| call.error(&error))?;
    Ok(listed.into_iter().map(|listed| listed.model).collect())
}

fn is_named(model: &Model, name: &str) -> bool {
    full_name(&model.name) == full_name(name)
}

fn entry(model: &Model) -> Entry<'_> {
    let written = OpenAiModel::from(model);
    // Ollama gives no other time than that of the last change.
    let changed = model.modified_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let changed = changed.and_then(|at| u64::try_from(at.timestamp()).ok());
    let created = model.created.or(changed).unwrap_or(0);
    Entry {
        model: OpenAiModel { created, ..written },
        context_length: model.context_length,
        capabilities: model.capabilities.as_deref(),
        alias_of: None,
    }
}

impl<'a> Entry<'a> {
    fn listed(&self) -> Listed<'_> {
        Listed { id: &self.model.id, created: self.model.created, context_length: self.context_length }
    }

    /// The same under another name.
    fn named(self, alias: &'a str) -> Self {
        let Self {
            model: OpenAiModel { id, object, created, owned_by }, context_length, capabilities, ..
        } = self;
        let alias_of = match id {
            std::borrow::Cow::Borrowed(id) => Some(id),
            std::borrow::Cow::Owned(_) => None,
        };
        let model = OpenAiModel { id: alias.into(), object, created, owned_by };
        Self { model, context_length, capabilities, alias_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_names_its_model_and_time_is_that_of_the_last_change() {
        let model = Model {
            name: "ann/tuned:1b".into(),
            modified_at: Some("2026-11-21T02:25:20.526617961Z".into()),
            context_length: Some(8192),
            ..Model::default()
        };
        assert!(is_named(&model, "Ann/tuned:1b") && !is_named(&model, "ann/tuned"));
        let written = serde_json::to_string(&entry(&model).named("gpt-4o")).unwrap();
        assert_eq!(
            written,
            r#"{"id":"gpt-4o","object":"model","created":1795227920,"owned_by":"ann","context_length":8192,"alias_of":"ann/tuned:1b"}"#
        );
    }
}
