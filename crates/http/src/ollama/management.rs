//! `/api/pull`, `/api/push`, `/api/create`, `/api/copy` and `/api/delete`.

use axum::http::Method;
use futures_util::FutureExt as _;

use super::{answer, reading};
use crate::call::Call;
use crate::route::{Answer, Content, Handler, Route, Tag};
use service::forwarding::OllamaRoute;
use types::Scope;

const DESCRIPTION: &str = "Ollama's own API, so nothing is asked before it is done: the scope `models:write` is the permission. Request and answer \
are Ollama's own. While a name is pulled, created or deleted by one request, another one that would change it is refused with 429.";

pub(super) fn routes() -> Vec<Route> {
    let route = |method, path, handler: Handler| Route::new(method, path, handler);
    let steps = || {
        let line = r#"{"status":"pulling manifest"}"#;
        [Content::any_json(), Content::of("application/x-ndjson").example(line)]
    };
    vec![
        route(Method::POST, "/api/pull", |call| transfer(call, OllamaRoute::Pull).boxed())
            .about("ollamaPull", Tag::Ollama, "Download a model")
            .described("It stops when its caller goes; the next pull goes on from what has come. A pull for which the disk has no room is stopped.")
            .needs(Scope::ModelsWrite)
            .takes(Content::any_json().example(r#"{"model":"gemma3:4b"}"#))
            .answers(200, "The steps", steps()),
        route(Method::POST, "/api/push", |call| transfer(call, OllamaRoute::Push).boxed())
            .about("ollamaPush", Tag::Ollama, "Publish a model in a registry")
            .needs(Scope::ModelsWrite)
            .takes(Content::any_json().example(r#"{"model":"me/gemma3:4b"}"#))
            .answers(200, "The steps", steps()),
        route(Method::POST, "/api/create", |call| transfer(call, OllamaRoute::Create).boxed())
            .about("ollamaCreate", Tag::Ollama, "Make a model from another one, or from uploaded files")
            .needs(Scope::ModelsWrite)
            .takes(Content::any_json().example(r#"{"model":"mario","from":"gemma3:4b","system":"You are Mario."}"#))
            .answers(200, "The steps", steps()),
        route(Method::POST, "/api/copy", |call| change(call, OllamaRoute::Copy).boxed())
            .about("ollamaCopy", Tag::Ollama, "Give a model a second name")
            .needs(Scope::ModelsWrite)
            .takes(Content::any_json().example(r#"{"source":"gemma3:4b","destination":"mine"}"#))
            .answers(200, "It has it", []),
        route(Method::DELETE, "/api/delete", |call| change(call, OllamaRoute::Delete).boxed())
            .about("ollamaDelete", Tag::Ollama, "Delete a model")
            .described(DESCRIPTION)
            .needs(Scope::ModelsWrite)
            .takes(Content::any_json().example(r#"{"model":"mario"}"#))
            .answers(200, "It is gone", []),
    ]
}

async fn transfer(mut call: Call, route: OllamaRoute) -> Answer {
    let request = reading::read(&mut call, route).await?;
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return Err(reading::only_ollama());
    }
    let begun = answer::until(&call.app.shutdown, forwarding.transfer(call.caller(), &request)).await?;
    let begun = begun.map_err(|error| reading::refused(&call, &error, &request))?;
    answer::streamed(&call, begun).await
}

async fn change(mut call: Call, route: OllamaRoute) -> Answer {
    let request = reading::read(&mut call, route).await?;
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return Err(reading::only_ollama());
    }
    let changed = forwarding.change(call.caller(), &request).await;
    let changed = changed.map_err(|error| reading::refused(&call, &error, &request))?;
    Ok(answer::whole(&call, changed))
}
