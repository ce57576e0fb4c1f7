//! `/openapi.json`: valid by the official schema, and true to what the server does.

use serde_json::{Value, json};

use super::credentials::operations;
use super::{answer_all, files, started};
use crate::support::http_client::answer;

#[test]
fn document_is_valid_by_official_schema() {
    let schema: Value = serde_json::from_str(include_str!("../fixtures/openapi/schema-3.1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let document = http::openapi();
    let errors: Vec<_> = schema
        .iter_errors(&document)
        .map(|error| format!("{}: {error:.300}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // It does reject something.
    assert!(!schema.is_valid(&json!({ "openapi": "3.1.0", "info": { "title": "x" }, "paths": {} })));
}

#[test]
fn references_lead_to_schemas_that_compile() {
    let document = http::openapi();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in &references {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(target.is_some_and(Value::is_object), "{reference} leads nowhere");
    }
    for (name, _) in document["components"]["schemas"].as_object().unwrap() {
        let schema =
            json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
        assert!(jsonschema::validator_for(&schema).is_ok(), "{name}");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_handler_and_describes_its_answer() {
    let (fake, server) = started().await;
    answer_all(&fake);
    // The user of the example who signs in.
    server.add_user("ann@example.org", &[]).await;
    let upload = files::uploaded(&server.local(), "notes.txt", b"The meeting is on Tuesday.").await;
    let document = server.guest().get("/openapi.json").await.ok();
    assert_eq!(document, http::openapi());
    for (method, path, operation) in operations(&document) {
        let mut request = server.local().request(&method, &path).header("accept", "application/json");
        if let Some(content) = operation["requestBody"]["content"].as_object() {
            let (media_type, body) = content.iter().next().unwrap();
            // The document's own example, with a model that is installed and a file that is there.
            let mut example = body["example"].clone();
            if example["model"].is_string() {
                example["model"] = json!("qwen2.5-coder:0.5b");
            }
            if example["files"].is_array() {
                example["files"] = json!([upload]);
            }
            request = match media_type.as_str() {
                "multipart/form-data" => files::filled_form(request),
                _ => request.header("content-type", media_type).body(example.to_string()),
            };
        }
        let answer = answer(request).await;
        assert!(!matches!(answer.status, 405 | 501), "{method} {path}: {answer:?}");
        if answer.status >= 400 {
            // What is not there cannot be had, the code of an example was never given, and the local user has no password; another
            // example that is refused is a wrong one.
            let needs_more = ["/x/launch", "/me/password"].contains(&path.as_str());
            assert!(
                path.contains("something") || operation["requestBody"].is_null() || needs_more,
                "{method} {path}: {answer:?}"
            );
            continue;
        }
        let described = &operation["responses"][answer.status.to_string()];
        assert!(described.is_object(), "{method} {path}: {} is not described", answer.status);
        let found = answer.header("content-type").split(';').next().unwrap();
        let types = described["content"].as_object();
        let is_described = types.is_none_or(|types| types.contains_key(found));
        // A file of the page has the type of the file.
        assert!(is_described || path.starts_with("/docs/"), "{method} {path}: {found} is not described");
    }
}
