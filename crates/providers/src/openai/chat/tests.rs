//! Replies as recorded from Ollama's `/v1`, and as other servers write them.

use proptest::prelude::*;

use super::*;
use crate::fixture::{self, Summary, decode, summary};

fn reply(body: &str) -> Summary {
    summary(decode(ChatDecoder::default(), [body.as_bytes()]))
}

fn recorded(case: &str) -> Summary {
    reply(&fixture::body(case))
}

#[test]
fn plain_reply_has_usage() {
    let reply = recorded("v1_chat_stream_include_usage");
    assert_eq!(reply.content, "Three colours are red, blue, and green.");
    let end = reply.end.unwrap();
    assert_eq!((end.finish_reason, end.model.as_deref()), (FinishReason::Stop, Some("qwen2.5-coder:0.5b")));
    assert_eq!(end.usage, Usage { prompt_tokens: Some(33), completion_tokens: Some(11), ..Usage::default() });
}

#[test]
fn tool_calls_and_reasoning_are_read() {
    let reply = recorded("v1_tools_model_call_stream");
    assert_eq!(reply.calls, [("get_weather".to_owned(), "{\"city\":\"Paris\"}".to_owned())]);
    assert_eq!(reply.end.unwrap().finish_reason, FinishReason::ToolCalls);
    let reply = recorded("v1_think_model_stream");
    assert!(reply.thinking.starts_with("17 + 25 equals 42"), "{}", reply.thinking);
}

#[test]
fn tokens_have_log_probabilities() {
    assert_eq!(recorded("v1_chat_logprobs").tokens, ["Hello", "!"]);
    let body = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"t\"},\"logprobs\":{\"content\":[{\"token\":\"t\"}]}}]}\n\n\
                data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\"}]},\"finish_reason\":\"stop\"}]}\n\n\
                data: [DONE]\n\n";
    assert_eq!(reply(body).tokens, ["a"]);
}

#[test]
fn texts_of_bare_prompts_are_read() {
    assert!(!recorded("v1_completions_stream").content.is_empty());
    let body = "data: {\"choices\":[{\"text\":\"ab\",\"logprobs\":{\"tokens\":[\"a\",\"b\"],\"token_logprobs\":[-1,null],\
                \"top_logprobs\":[{\"x\":-2,\"a\":-1},null]},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let events = decode(ChatDecoder::default(), [body.as_bytes()]);
    let Some(Ok(ChatEvent::Logprobs(tokens))) = events.first() else { panic!("{events:?}") };
    let top: Vec<_> = tokens[0].top.iter().map(|top| (top.token.as_str(), top.logprob)).collect();
    assert_eq!(top, [("a", -1.0), ("x", -2.0)]);
    assert_eq!((tokens.len(), tokens[1].top.len()), (2, 0));
}

#[test]
fn cached_and_reasoning_tokens_are_read() {
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\
                \"prompt_tokens_details\":{\"cached_tokens\":8},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n";
    let usage = reply(body).end.unwrap().usage;
    assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (Some(8), Some(2)));
}

#[test]
fn stream_without_end_is_interrupted() {
    for (case, text) in [
        ("v1_chat_stream_runner_killed_qwen", "Sure, here"),
        ("v1_chat_stream_runner_killed_gemma", "<code>    $this"),
    ] {
        let reply = recorded(case);
        assert!(reply.content.starts_with(text.get(..4).unwrap()), "{}", reply.content);
        assert!(matches!(reply.error, Some(ProviderError::Interrupted { .. })), "{:?}", reply.error);
    }
}

#[test]
fn unstreamed_answer_is_read() {
    let reply = recorded("v1_chat_nonstream");
    assert!(!reply.content.is_empty());
    assert!(reply.end.unwrap().usage.completion_tokens.is_some());
}

#[test]
fn chunked_calls_timings_and_empty_finish_reasons_are_read() {
    let reply = reply(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"t\",\"reasoning\":\"t\",\"content\":\"a\"},\"finish_reason\":\"\"},\
                             {\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n\
         data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n\
         data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}},{\"index\":1,\"id\":\"y\",\"function\":{\"name\":\"g\"}}]}}]}\n\n\
         data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4},\"timings\":{\"prompt_ms\":1.5,\"predicted_ms\":20.25}}\n\n",
    );
    assert_eq!((reply.content.as_str(), reply.thinking.as_str()), ("a", "t"));
    let call = |name: &str, arguments: &str| (name.to_owned(), arguments.to_owned());
    assert_eq!(reply.calls, [call("f", "{\"a\":1}"), call("g", "{}")]);
    let end = reply.end.unwrap();
    assert_eq!(end.finish_reason, FinishReason::ToolCalls);
    assert_eq!(end.timings.prompt_eval, Some(Duration::from_micros(1_500)));
    assert_eq!(end.timings.eval, Some(Duration::from_micros(20_250)));
}

#[test]
fn every_finish_reason_is_read() {
    let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    for (rest, expected) in [
        ("data: [DONE]", "Ok(Stop)"),
        (stop, "Ok(Length)"),
        ("data: {\"choices\":[{\"finish_reason\":\"content_filter\"}]}", "Ok(Other(\"content_filter\"))"),
        ("", "Err(Interrupted"),
        (
            "data: {\"error\":{\"message\":\"boom\",\"code\":500}}\n\ndata: [DONE]\n\n",
            "Err(Failed { message: \"boom\" })",
        ),
        ("error: {\"code\":500,\"message\":\"llama\"}\n\n", "Err(Failed { message: \"llama\" })"),
        (
            "data: {\"error\":{\"message\":\"x\",\"code\":\"context_length_exceeded\"}}\n\n",
            "Err(ContextExceeded",
        ),
        ("data: {oops}\n\n", "Err(Malformed"),
        ("data: {\"choices\":[{\"delta\":{\"con", "Err(Interrupted"),
        ("data: {\"choices\":[{\"delta\":{\"con\n\n", "Err(Malformed"),
    ] {
        let reply = reply(&format!("{piece}{rest}"));
        assert_eq!(reply.content, "a", "{rest}");
        let end = reply.end.map(|end| end.finish_reason).ok_or_else(|| reply.error.unwrap());
        assert!(format!("{end:?}").starts_with(expected), "{rest}: {end:?}");
    }
}

#[test]
fn cut_after_finish_reason_keeps_reply() {
    for (body, ends_well) in [
        ("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n", true),
        ("", false),
    ] {
        let (mut decoder, mut events) = (ChatDecoder::default(), Events::new());
        decoder.push(body.as_bytes(), &mut events);
        decoder.cut(ProviderError::Interrupted { reason: "reset".to_owned() }, &mut events);
        assert_eq!(summary(events.into()).error.is_none(), ends_well);
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(size in 1usize..200) {
        let body = fixture::body("v1_tools_model_call_stream").replace("Paris", "\u{1F642}").replace("\n\n", "\r\n\r\n");
        let whole = decode(ChatDecoder::default(), [body.as_bytes()]);
        prop_assert_eq!(decode(ChatDecoder::default(), body.as_bytes().chunks(size)), whole);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..900) {
        let body = fixture::damaged("v1_tools_model_call_stream", at, bytes);
        summary(decode(ChatDecoder::default(), [body.as_slice()]));
    }

    #[test]
    fn any_split_of_anything_gives_the_same_events(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        at in 0usize..2000,
        cuts in prop::collection::vec(0usize..2000, 0..20),
    ) {
        let body = fixture::damaged("v1_chat_stream", at, bytes);
        let chunks = fixture::chunks(&body, cuts);
        prop_assert_eq!(decode(ChatDecoder::default(), chunks), decode(ChatDecoder::default(), [body]));
    }
}
