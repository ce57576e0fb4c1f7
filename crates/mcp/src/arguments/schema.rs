//! JSON Schemas of tools that hosts accept.
//!
//! Schemas of schemars are correct and large: `$schema`, `anyOf` with null, formats of Rust's numbers. They take up context
//! of each host's model, and some hosts reject these parts.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

pub(crate) use openai::schema::{any_of, keep_alive, object, text_or_texts};

/// The schema of a tool's arguments.
pub(crate) fn input_schema<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = derive::<T>(false);
    schema.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()));
    Arc::new(schema)
}

/// The schema of arguments of two types: the tool's own and shared ones.
pub(crate) fn input_schema_with<T: JsonSchema, Shared: JsonSchema>() -> Arc<JsonObject> {
    merged::<T>(derive::<Shared>(false))
}

/// The same with only the `listed` shared arguments. They have a description only where one is given here: another tool of
/// the list describes them already.
pub(crate) fn input_schema_with_some<T: JsonSchema, Shared: JsonSchema>(
    listed: &[(&str, Option<&str>)],
) -> Arc<JsonObject> {
    let mut shared = derive::<Shared>(false);
    if let Some(Value::Object(properties)) = shared.get_mut("properties") {
        properties.retain(|name, property| {
            let Some((_, description)) = listed.iter().find(|(listed, _)| listed == name) else {
                return false;
            };
            if let Some(property) = property.as_object_mut() {
                property.shift_remove("description");
                if let Some(description) = description {
                    property.insert("description".to_owned(), (*description).into());
                }
            }
            true
        });
    }
    merged::<T>(shared)
}

fn merged<T: JsonSchema>(mut shared: JsonObject) -> Arc<JsonObject> {
    let mut schema = JsonObject::clone(&input_schema::<T>());
    if let (Some(Value::Object(own)), Some(Value::Object(shared))) =
        (schema.get_mut("properties"), shared.get_mut("properties"))
    {
        own.append(shared);
    }
    Arc::new(schema)
}

/// The names of a type's fields, as arguments.
pub(crate) fn names_of<T: JsonSchema>() -> Vec<String> {
    property_names(&derive::<T>(false))
}

/// The names of an object's properties.
pub(crate) fn property_names(schema: &JsonObject) -> Vec<String> {
    match schema.get("properties") {
        Some(Value::Object(properties)) => properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The schema of a tool's `structuredContent`; docs/errors.md says what `error` has. Nothing in it is required: an error is valid against it too, and the
/// TypeScript SDK validates errors as well.
pub(crate) fn output_schema<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = derive::<T>(true);
    let error = serde_json::json!({ "type": "object" });
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("error".to_owned(), error);
    }
    Arc::new(schema)
}

// Schemas for `schema_with`, written by hand because derived ones are longer. They have no default.

/// A list of texts.
pub(crate) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string" } })
}

/// A list of objects of any form, such as OpenAI's function tools.
pub(crate) fn objects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "object" } })
}

fn derive<T: JsonSchema>(output: bool) -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema, output);
    match schema {
        Value::Object(mut schema) => {
            // The name of the Rust type and its docs only repeat the tool's description.
            schema.remove("title");
            schema.remove("description");
            schema
        }
        _ => JsonObject::new(),
    }
}

fn tidy(schema: &mut Value, output: bool) {
    let Value::Object(object) = schema else {
        if let Value::Array(items) = schema {
            items.iter_mut().for_each(|item| tidy(item, output));
        }
        return;
    };
    without_null(object, output);
    constants_as_enum(object);
    for noise in ["$schema", "format"] {
        object.remove(noise);
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if object.get("minimum") == Some(&serde_json::json!(0)) {
        object.remove("minimum");
    }
    if output {
        object.remove("required");
    }
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            "properties" => {
                if let Value::Object(properties) = value {
                    properties.values_mut().for_each(|property| tidy(property, output));
                }
            }
            "items" | "anyOf" | "oneOf" | "allOf" | "additionalProperties" => tidy(value, output),
            _ => {}
        }
    }
}

/// Removes null from the types: `required` already says which arguments are optional.
fn without_null(object: &mut JsonObject, output: bool) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    // In an answer, null may have a meaning.
    if !output && let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(_)] = choices.as_slice()
            && let Some(Value::Array(mut choices)) = object.remove("anyOf")
            && let Some(Value::Object(only)) = choices.pop()
        {
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Replaces a `oneOf` of constants, which schemars derives from documented variants, by an `enum`.
fn constants_as_enum(object: &mut JsonObject) {
    let Some(Value::Array(choices)) = object.get("oneOf") else { return };
    let constants: Option<Vec<Value>> = choices.iter().map(|choice| choice.get("const").cloned()).collect();
    if let Some(constants) = constants {
        object.remove("oneOf");
        object.insert("type".to_owned(), "string".into());
        object.insert("enum".to_owned(), Value::Array(constants));
    }
}
