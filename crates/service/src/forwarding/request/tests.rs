//! Fields are found as Ollama reads them, and nothing but the name of the model changes.

use proptest::prelude::*;

use super::*;

fn read(route: OllamaRoute, body: &str) -> ForwardRequest {
    ForwardRequest::read(route, Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn chat(body: &str) -> ForwardRequest {
    read(OllamaRoute::Chat, body)
}

fn named(name: &str) -> NamedModel {
    NamedModel::Named(name.to_owned())
}

#[test]
fn model_is_found_however_it_is_written() {
    for (body, model) in [
        (r#"{"model":"a:1"}"#, named("a:1")),
        (r#"  {"x": {"model": "no"}, "MODEL" :"a"} trailing"#, named("a")),
        (r#"{"mod\u0065l":"\u0061"}"#, named("a")),
        (r#"{"model":""}"#, named("")),
        (r#"{"model":null}"#, NamedModel::Absent),
        ("{}", NamedModel::Absent),
        (r#"{"name":"a"}"#, NamedModel::Absent),
        (r#"{"model":5}"#, NamedModel::Unreadable),
        (r#"{"model":"\ud800"}"#, NamedModel::Unreadable),
        (r#"{"model":"a""#, NamedModel::Unreadable),
        ("[1]", NamedModel::Unreadable),
        ("", NamedModel::Unreadable),
    ] {
        assert_eq!(chat(body).model(), model, "{body}");
    }
    for (body, model) in [
        (r#"{"name":"a"}"#, named("a")),
        (r#"{"name":"a","model":"b"}"#, named("b")),
        (r#"{"name":"a","model":""}"#, named("a")),
    ] {
        assert_eq!(read(OllamaRoute::Show, body).model(), model, "{body}");
    }
}

#[test]
fn name_that_is_given_twice_is_refused() {
    for body in
        [r#"{"model":"a","model":"b"}"#, r#"{"model":"a","Model":"b"}"#, r#"{"mOdel":null,"model":"a"}"#]
    {
        let error = ForwardRequest::read(OllamaRoute::Chat, Bytes::from(body)).unwrap_err();
        assert_eq!(error.message, "model is given more than once; give it once");
    }
    let error = ForwardRequest::read(OllamaRoute::Copy, Bytes::from(r#"{"source":"a","\u017fource":"b"}"#));
    assert!(error.is_err(), "U+017F is an s for Ollama");
}

#[test]
fn only_the_name_is_replaced() {
    for (body, expected) in [
        (r#"{ "model" : "a", "stream":true }x"#, r#"{ "model" : "b\"", "stream":true }x"#),
        (r#"{"x":1.50,"MODEL":null}"#, r#"{"x":1.50,"MODEL":"b\""}"#),
        (r#" {"x":1}"#, r#" {"model":"b\"","x":1}"#),
        ("{ }", r#"{"model":"b\"" }"#),
    ] {
        let other = chat(body).for_model("b\"");
        assert_eq!(std::str::from_utf8(&other.body).unwrap(), expected);
        assert_eq!(other.model(), named("b\""));
    }
    let older = read(OllamaRoute::Show, r#"{"name":"a","verbose":true}"#).for_model("b");
    assert_eq!(older.body, r#"{"name":"b","verbose":true}"#);
}

#[test]
fn requests_that_only_load_are_known() {
    for (body, loads) in [
        (r#"{"model":"a"}"#, true),
        (r#"{"messages":[ ]}"#, true),
        (r#"{"messages":null}"#, true),
        (r#"{"messages":[{}]}"#, false),
        (r#"{"messages":[],"Messages":[{}]}"#, false),
        (r#"{"messages":[{}],"messages":[]}"#, false),
        (r#"{"messages":"hi"}"#, false),
        ("[]", false),
    ] {
        assert_eq!(chat(body).only_loads(), loads, "{body}");
    }
    for (body, loads) in [(r#"{"prompt":""}"#, true), (r#"{"PROMPT":"x"}"#, false), ("{}", true)] {
        assert_eq!(read(OllamaRoute::Generate, body).only_loads(), loads, "{body}");
    }
    assert!(!read(OllamaRoute::Embed, "{}").only_loads());
}

#[test]
fn answers_stream_unless_the_request_says_otherwise() {
    for (body, streams) in [("{}", true), (r#"{"stream":false}"#, false), (r#"{"stream":null}"#, true)] {
        assert_eq!(chat(body).is_streamed(), streams, "{body}");
        assert!(!read(OllamaRoute::Embed, body).is_streamed());
    }
}

#[test]
fn options_without_effect_are_warned_of() {
    let request = chat(r#"{"options":{"num_cxt":1,"num_ctx":512},"messages":[{"content":"four"},{}]}"#);
    let texts: Vec<_> = request.warnings().iter().map(|warning| warning.text.clone()).collect();
    assert_eq!(texts, ["options.num_cxt is not an Ollama option and was ignored; did you mean num_ctx?"]);
    assert_eq!((request.option("num_ctx"), request.text_bytes()), (Some(512), 6));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = ForwardRequest::read(OllamaRoute::Chat, Bytes::from(bytes)) {
            let _ = request.for_model("m");
            request.only_loads();
            request.text_bytes();
        }
    }

    #[test]
    fn every_other_byte_stays(before in "[ \n]{0,3}", value in "[a-z0-9:]{0,9}", after in "[^\"\\\\\u{0}-\u{1f}]{0,9}") {
        let body = format!("{before}{{\"a\":[1, 2],\"model\":\"{value}\",\"z\":\"{after}\"}}");
        let other = chat(&body).for_model("other");
        let expected = body.replacen(&format!("\"model\":\"{value}\""), "\"model\":\"other\"", 1);
        prop_assert_eq!(&other.body[..], expected.as_bytes());
    }
}
