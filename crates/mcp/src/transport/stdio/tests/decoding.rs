//! Decoding of each kind of line.

use proptest::prelude::*;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, JsonRpcMessage, RequestId, RequestMetaObject,
};
use serde_json::{Value, json};

use crate::transport::decode::{Decoded, decode_line};

fn one(line: &str) -> Decoded {
    let mut decoded = decode_line(line.as_bytes());
    let first = decoded.next().expect("a message");
    assert!(decoded.next().is_none(), "one message");
    first
}

fn message(line: &str) -> ClientJsonRpcMessage {
    match one(line) {
        Decoded::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn refused(line: &str) -> (i32, Value) {
    match one(line) {
        Decoded::Refused(error) => (error.error.code.0, serde_json::to_value(&error.id).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn request_keeps_params_and_meta() {
    let line = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","arguments":{"n":1.5},"_meta":{"progressToken":7}}}"#;
    let JsonRpcMessage::Request(request) = message(line) else { panic!() };
    assert_eq!(request.id, RequestId::String("a".into()));
    let ClientRequest::CallToolRequest(call) = request.request else { panic!() };
    assert_eq!(call.params.name, "x");
    assert_eq!(Value::from(call.params.arguments.unwrap()), json!({"n": 1.5}));
    let meta = call.extensions.get::<RequestMetaObject>().unwrap();
    assert_eq!(serde_json::to_value(meta.get_progress_token()).unwrap(), json!(7));
}

#[test]
fn optional_params_may_be_absent() {
    for method in ["tools/list", "resources/list", "prompts/list", "ping", "resources/templates/list"] {
        for params in ["", r#","params":null"#, r#","params":{}"#] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"{params}}}"#);
            assert!(matches!(message(&line), JsonRpcMessage::Request(_)), "{line}");
        }
    }
}

#[test]
fn meta_is_no_unknown_field() {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    for (method, params) in [
        ("server/discover", String::new()),
        ("tools/list", String::new()),
        ("tools/call", r#""name":"x","#.to_owned()),
        ("resources/read", r#""uri":"x","#.to_owned()),
        ("prompts/get", r#""name":"x","#.to_owned()),
        ("subscriptions/listen", r#""notifications":{},"#.to_owned()),
        (
            "completion/complete",
            r#""ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"a","value":""},"#.to_owned(),
        ),
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{meta}}}}}"#);
        let JsonRpcMessage::Request(request) = message(&line) else { panic!("{line}") };
        assert_eq!(request.request.method(), method);
    }
}

#[test]
fn malformed_params_are_rejected_with_path() {
    for (params, said) in [
        (r#"{"arguments":{}}"#, "missing field `name`"),
        (r#"{"name":5}"#, "name: invalid type: integer"),
        (r#"{"name":"x","arguments":[]}"#, "arguments: invalid type: sequence"),
        (r#"[1]"#, "params"),
        (r#"{"name":"x","_meta":3}"#, "_meta"),
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{params}}}"#);
        let Decoded::Refused(error) = one(&line) else { panic!("{line}") };
        assert_eq!((error.error.code.0, error.id), (-32602, Some(RequestId::Number(4))), "{line}");
        assert!(error.error.message.contains(said), "{}: {}", line, error.error.message);
    }
}

#[test]
fn invalid_json_is_parse_error_with_id_if_readable() {
    for line in ["nonsense", "{", r#"{"a":1,"#, "[1,", "\u{1}", r#"{"jsonrpc":3,"jsonrpc":4"#] {
        assert_eq!(refused(line), (-32700, Value::Null), "{line}");
    }
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":-Infinity}}"#,
        r#"{"params":{"id":2,"x":[NaN]},"id":1"#,
    ] {
        let id = if line.ends_with("1") { Value::Null } else { json!(1) };
        assert_eq!(refused(line), (-32700, id), "{line}");
    }
    let mut decoded = decode_line(b"{\"x\":\"\xFF\"}");
    assert!(matches!(decoded.next(), Some(Decoded::Refused(error)) if error.error.code.0 == -32700));
}

#[test]
fn invalid_message_is_invalid_request_with_id_if_readable() {
    for (line, id) in [
        ("1", json!(null)),
        ("\"x\"", json!(null)),
        ("{}", json!(null)),
        ("[]", json!(null)),
        ("[[]]", json!(null)),
        (r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#, json!(3)),
        (r#"{"id":"s","method":"ping"}"#, json!("s")),
        (r#"{"jsonrpc":"2.0","id":3}"#, json!(3)),
        (r#"{"jsonrpc":"2.0","id":3,"method":7}"#, json!(3)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, json!(null)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, json!(null)),
        (r#"{"jsonrpc":"2.0","id":3,"method":"ping","result":{}}"#, json!(3)),
    ] {
        assert_eq!(refused(line), (-32600, id), "{line}");
    }
}

#[test]
fn unknown_method_is_reported_before_params() {
    for params in ["", r#","params":5"#, r#","params":{"_meta":5}"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"no/such"{params}}}"#);
        assert_eq!(refused(&line), (-32601, json!(1)), "{line}");
    }
}

#[test]
fn notifications_are_never_answered() {
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":5}"#,
    ] {
        assert!(matches!(message(line), JsonRpcMessage::Notification(_)), "{line}");
    }
    assert!(matches!(
        one(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}"#),
        Decoded::Ignored(_)
    ));
    let JsonRpcMessage::Notification(cancelled) = message(
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q","reason":"r"}}"#,
    ) else {
        panic!()
    };
    let ClientNotification::CancelledNotification(cancelled) = cancelled.notification else { panic!() };
    assert_eq!(cancelled.params.request_id, Some(RequestId::String("q".into())));
}

#[test]
fn batch_is_unpacked_and_blank_lines_are_skipped() {
    let batch = r#" [{"jsonrpc":"2.0","id":1,"method":"ping"},5,{"jsonrpc":"2.0","method":"x"}]"#;
    let decoded: Vec<_> = decode_line(batch.as_bytes()).collect();
    assert!(
        matches!(&decoded[0], Decoded::Message(message) if matches!(**message, JsonRpcMessage::Request(_)))
    );
    assert!(matches!(&decoded[1], Decoded::Refused(_)));
    assert!(
        matches!(&decoded[2], Decoded::Message(message) if matches!(**message, JsonRpcMessage::Notification(_)))
    );
    assert_eq!(decoded.len(), 3);
    for blank in ["", "\r", "  \t "] {
        assert!(decode_line(blank.as_bytes()).next().is_none());
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{{"a":{}{}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(refused(&deep), (-32602, json!(1)));
}

proptest! {
    #[test]
    fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode_line(&line).for_each(drop);
    }

    #[test]
    fn no_text_panics(line in r#"[\[{}\]":,a-z0-9.\- \\]{0,80}"#) {
        decode_line(line.as_bytes()).for_each(drop);
    }
}
