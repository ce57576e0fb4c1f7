//! The OpenAPI document of every route, made from their descriptions.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::route::{Access, Content, Route};
use crate::router::routes;

const DESCRIPTION: &str = "The models of a local Ollama, or of an OpenAI-compatible server, over OpenAI's API, MCP and the chat service's API.";

/// The OpenAPI 3.1 document of all routes.
pub fn openapi() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        // Absent means the model's own default; null is no value of these fields.
        .with_transform(RecursiveTransform(|schema: &mut Schema| {
            if schema.get("default").is_some_and(Value::is_null) {
                schema.remove("default");
            }
        }))
        .into_generator();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let routes = routes();
    for route in &routes {
        let operation = operation(route, &mut generator);
        paths
            .entry(route.open_api_path())
            .or_default()
            .insert(route.method.as_str().to_ascii_lowercase(), operation);
    }
    let mut tags: Vec<_> = routes.iter().map(|route| route.tag).collect();
    tags.sort();
    tags.dedup();
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ollama-mcp",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "tags": tags.iter().map(|tag| json!({ "name": tag.title() })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), route.name.into());
    operation.insert("tags".into(), json!([route.tag.title()]));
    operation.insert("summary".into(), route.summary.into());
    if !route.description.is_empty() {
        operation.insert("description".into(), route.description.into());
    }
    let parameters: Vec<_> = route
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.place == "path",
                "description": parameter.description,
                "schema": { "type": "string" },
            })
        })
        .collect();
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(request) = &route.request {
        let content = content(std::slice::from_ref(request), generator);
        operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }
    let mut responses = Map::new();
    for (status, description, bodies) in &route.responses {
        let mut response = Map::from_iter([("description".to_owned(), json!(description))]);
        if !bodies.is_empty() {
            response.insert("content".into(), content(bodies, generator));
        }
        responses.insert(status.to_string(), response.into());
    }
    responses.insert("default".into(), json!({ "description": "An error, with its code and the next step" }));
    operation.insert("responses".into(), responses.into());
    let security = match route.access {
        Access::Open => json!([]),
        // On this machine a caller may need no key.
        Access::Known | Access::Needs(_) => json!([{ "bearer": [] }, { "apiKey": [] }, {}]),
    };
    operation.insert("security".into(), security);
    operation.into()
}

fn content(bodies: &[Content], generator: &mut SchemaGenerator) -> Value {
    let mut by_type = Map::new();
    for body in bodies {
        let mut media = Map::new();
        if let Some(schema) = body.schema {
            media.insert("schema".into(), schema(generator).to_value());
        }
        if let Some(example) = body.example {
            let example = serde_json::from_str(example).unwrap_or_else(|_| example.into());
            media.insert("example".into(), example);
        }
        by_type.insert(body.media_type.to_owned(), media.into());
    }
    by_type.into()
}

/// The routes as a page of Markdown: `docs/http-api.md`.
pub fn routes_markdown() -> String {
    let routes = routes();
    let mut text = String::new();
    let mut tag = None;
    for route in &routes {
        if tag != Some(route.tag) {
            tag = Some(route.tag);
            text.push_str(&format!("\n## {}\n", route.tag.title()));
        }
        text.push_str(&format!("\n### `{} {}`\n\n{}.", route.method, route.open_api_path(), route.summary));
        if !route.description.is_empty() {
            text.push_str(&format!(" {}", route.description));
        }
        let access = match route.access {
            Access::Open => "Open to everybody".to_owned(),
            Access::Known => "Needs a credential, whatever it allows; guests may call it".to_owned(),
            Access::Needs(scope) => format!("Needs the scope `{}`", scope.as_str()),
        };
        text.push_str(&format!("\n\n{access}.\n"));
        if !route.parameters.is_empty() {
            text.push_str("\n| parameter | in | meaning |\n|---|---|---|\n");
            for parameter in &route.parameters {
                text.push_str(&format!(
                    "| `{}` | {} | {} |\n",
                    parameter.name, parameter.place, parameter.description
                ));
            }
        }
        if let Some(example) = route.request.and_then(|request| request.example) {
            text.push_str(&format!("\nA request:\n\n```json\n{example}\n```\n"));
        }
        for (status, description, bodies) in &route.responses {
            let types: Vec<_> = bodies.iter().map(|body| format!("`{}`", body.media_type)).collect();
            let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(" or ")) };
            text.push_str(&format!("\nAnswers {status}{types}: {description}.\n"));
            if let Some(example) = bodies.iter().find_map(|body| body.example) {
                // Events are no JSON.
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(example).is_ok();
                let language = if is_json { "json" } else { "text" };
                text.push_str(&format!("\n```{language}\n{example}\n```\n"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        let mut names = Vec::new();
        for route in routes() {
            let path = route.path;
            assert!(
                !route.name.is_empty() && !route.summary.is_empty() && !route.responses.is_empty(),
                "{path}"
            );
            assert!(!route.summary.ends_with('.'), "{path}");
            for name in route.open_api_path().split('/').filter_map(|part| part.strip_prefix('{')) {
                let name = name.trim_end_matches('}');
                assert!(route.parameters.iter().any(|parameter| parameter.name == name), "{path} {name}");
            }
            names.push(route.name);
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "names are unique");
    }
}
