//! The line of a `tools/list` answer, made of the JSON text that the server keeps of its tools.
//!
//! The definitions are 24 KB of JSON: as values, they would be copied and serialized for each answer.

use rmcp::model::{
    CacheScope, JsonRpcMessage, JsonRpcResponse, ListToolsResult, MetaObject, ResultType,
    ServerJsonRpcMessage, ServerResult,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// A [`ListToolsResult`] with tools as JSON text: the same fields in the same order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolList<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'a ResultType>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a MetaObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<CacheScope>,
    tools: Vec<&'a RawValue>,
}

/// The line of `message` with these tools; `None`: `message` is no list of tools, or has tools already.
pub(super) fn line<'a>(
    message: &ServerJsonRpcMessage,
    tools: impl Iterator<Item = &'a RawValue>,
) -> Option<serde_json::Result<Vec<u8>>> {
    let JsonRpcMessage::Response(JsonRpcResponse { jsonrpc, id, result }) = message else { return None };
    let ServerResult::ListToolsResult(list) = result else { return None };
    let ListToolsResult { result_type, meta, next_cursor, ttl_ms, cache_scope, tools: given } = list;
    if !given.is_empty() {
        return None;
    }
    let result = ToolList {
        result_type: result_type.as_ref(),
        meta: meta.as_ref(),
        next_cursor: next_cursor.as_deref(),
        ttl_ms: *ttl_ms,
        cache_scope: *cache_scope,
        tools: tools.collect(),
    };
    let response = JsonRpcResponse { jsonrpc: *jsonrpc, id: id.clone(), result };
    Some(serde_json::to_vec(&response))
}

#[cfg(test)]
mod tests {
    use rmcp::model::{JsonObject, RequestId, Tool};
    use serde_json::value::to_raw_value;

    use super::*;

    fn message(result: ListToolsResult) -> ServerJsonRpcMessage {
        JsonRpcMessage::response(ServerResult::ListToolsResult(result), RequestId::Number(7))
    }

    #[test]
    fn line_equals_serialized_message() {
        let tools = ["a", "b"].map(|name| {
            Tool::new(name, "What \u{fffd} it\ndoes", std::sync::Arc::new(JsonObject::new())).with_title("T")
        });
        let texts = tools.clone().map(|tool| to_raw_value(&tool).unwrap());
        let stateless =
            ListToolsResult::with_all_items(Vec::new()).with_ttl_ms(5).with_cache_scope(CacheScope::Public);
        let mut with_meta = stateless.clone();
        with_meta.meta = Some(MetaObject(JsonObject::from_iter([("k".to_owned(), 1.into())])));
        let mut older = stateless.clone();
        older.result_type = None;
        for list in [stateless, with_meta, older] {
            let mut whole = list.clone();
            whole.tools = tools.to_vec();
            let whole = message(whole);
            let expected = serde_json::to_vec(&whole).unwrap();
            let line = line(&message(list), texts.iter().map(|text| &**text)).unwrap().unwrap();
            assert_eq!(String::from_utf8(line), String::from_utf8(expected));
            assert!(super::line(&whole, std::iter::empty()).is_none());
        }
    }
}
