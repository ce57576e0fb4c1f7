//! Requests as the SDKs send them, and the table of their fields against the SDK's.

use serde_json::json;

use super::*;

/// The version of the SDK for Python that the names are from.
const VERSION: &str = "2.12.0";
/// The fields of `message_create_params.py` and `beta/message_create_params.py` of `anthropic/types`, headers left out. Sampling
/// options are not among them any more; the API still takes them.
const SDK: &str = "billing_policy cache_control compaction container context_management diagnostics fallback_credit_token fallbacks \
    inference_geo max_tokens mcp_servers messages metadata model output_config output_format service_tier speed stop_sequences stream \
    system thinking thread tool_choice tools temperature top_k top_p";

fn read(request: Value) -> MessagesRequest {
    serde_json::from_value(request).unwrap()
}

#[test]
fn every_field_of_sdk_has_a_class() {
    let unknown: Vec<_> =
        SDK.split_whitespace().filter(|name| !FIELDS.iter().any(|(field, _)| field == name)).collect();
    assert!(unknown.is_empty(), "anthropic {VERSION}: {unknown:?}");
    let mut sorted: Vec<_> = FIELDS.iter().map(|(name, _)| name).collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), FIELDS.len(), "a field is listed twice");
}

/// A field that the request does not have would accept any value.
#[test]
fn honoured_fields_are_read_and_ignored_ones_are_not() {
    const CHECKED_LATER: [&str; 2] = ["keep_alive", "tool_choice"];
    for (name, support) in FIELDS.iter().filter(|(name, _)| !CHECKED_LATER.contains(name)) {
        let value = if ["tools", "system"].contains(name) { json!(5) } else { json!([[1]]) };
        let accepts_any_value = serde_json::from_value::<MessagesRequest>(json!({ *name: value })).is_ok();
        assert_eq!(accepts_any_value, *support != Support::Honoured, "{name}");
    }
}

#[test]
fn refused_fields_are_those_that_ask_for_something() {
    for (name, _) in FIELDS.iter().filter(|(_, support)| *support == Support::Refused) {
        assert_eq!(read(json!({ *name: {"type": "x"} })).unsupported_field(), Some(*name));
        assert_eq!(read(json!({ *name: null })).unsupported_field(), None, "{name}");
    }
    assert_eq!(read(json!({ "mcp_servers": [] })).unsupported_field(), None);
}

#[test]
fn thinking_is_read_with_effort() {
    for (request, think, is_omitted) in [
        (json!({}), None, false),
        (
            json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}),
            Some(Think::Off),
            false,
        ),
        (json!({"thinking": {"type": "between_tools"}}), Some(Think::Off), false),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}), Some(Think::On), false),
        (json!({"thinking": {"type": "adaptive", "display": "omitted"}}), Some(Think::On), true),
        (
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
            Some(Think::Low),
            false,
        ),
        (
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
            Some(Think::On),
            false,
        ),
        (json!({"output_config": {"effort": "high"}}), None, false),
        (json!({"output_config": {"effort": "xhigh"}}), Some(Think::Max), false),
    ] {
        let choice = read(request.clone()).thinking(&mut Ignored::default()).unwrap();
        assert_eq!((choice.think, choice.is_omitted), (think, is_omitted), "{request}");
    }
    let wrong = |request| read(request).thinking(&mut Ignored::default()).unwrap_err().path;
    assert_eq!(wrong(json!({"thinking": {"type": "on"}})), "thinking.type");
    assert_eq!(wrong(json!({"output_config": {"effort": "hard"}})), "output_config.effort");
    let mut ignored = Ignored::default();
    let request = read(
        json!({"thinking": {"type": "enabled", "budget_tokens": 2048}, "output_config": {"task_budget": {}}}),
    );
    request.thinking(&mut ignored).unwrap();
    assert!(ignored.into_names().eq(["output_config.task_budget", "thinking.budget_tokens"]));
}

#[test]
fn schema_is_read_from_both_names() {
    let format = json!({"type": "json_schema", "schema": {"type": "object"}});
    let schema = Some(ResponseFormat::Schema(json!({"type": "object"})));
    for request in [json!({"output_config": {"format": format}}), json!({"output_format": format})] {
        assert_eq!(read(request).take_output_format(), Ok(schema.clone()));
    }
    assert_eq!(read(json!({"output_config": {"format": null}})).take_output_format(), Ok(None));
    let wrong = |format| read(json!({ "output_format": format })).take_output_format().unwrap_err().path;
    assert_eq!(wrong(json!({"type": "json"})), "output_format.type");
    assert_eq!(wrong(json!({"type": "json_schema"})), "output_format.schema");
}

#[test]
fn stop_sequences_have_text() {
    let mut request = read(json!({"stop_sequences": ["END", "\n\n"]}));
    assert_eq!(request.take_stop_sequences().unwrap(), ["END", "\n\n"]);
    let error = read(json!({"stop_sequences": ["a", ""]})).take_stop_sequences().unwrap_err();
    assert_eq!(error.to_string(), "stop_sequences[1] is empty; it must have text");
    let many = vec!["x"; MAX_STOP_SEQUENCES + 1];
    assert_eq!(
        read(json!({ "stop_sequences": many })).take_stop_sequences().unwrap_err().path,
        "stop_sequences"
    );
}
