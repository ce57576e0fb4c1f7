//! Replies as recorded, and as faults leave them.

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
fn plain_reply_has_counts_and_times() {
    let reply = recorded("chat_stream");
    assert!(!reply.content.is_empty());
    let end = reply.end.unwrap();
    assert_eq!((end.finish_reason, end.model.as_deref()), (FinishReason::Stop, Some("qwen2.5-coder:0.5b")));
    assert!(end.usage.prompt_tokens.is_some() && end.usage.completion_tokens.is_some());
    let nanos = [end.timings.total, end.timings.load, end.timings.prompt_eval, end.timings.eval];
    assert!(nanos.iter().all(Option::is_some), "{nanos:?}");
}

#[test]
fn durations_are_nanoseconds() {
    let end = recorded("tools_model_call_stream").end.unwrap();
    assert_eq!(end.timings.total, Some(Duration::from_nanos(271_150_437)));
    assert_eq!(end.timings.load, Some(Duration::from_nanos(857_769)));
    assert_eq!(end.timings.prompt_eval, Some(Duration::from_nanos(16_012_000)));
    assert_eq!(end.timings.eval, Some(Duration::from_nanos(251_863_000)));
    assert_eq!(
        end.usage,
        Usage { prompt_tokens: Some(133), completion_tokens: Some(17), ..Usage::default() }
    );
}

#[test]
fn tokens_of_content_have_log_probabilities() {
    let mut events = decode(ChatDecoder::default(), [fixture::body("chat_logprobs").as_bytes()]).into_iter();
    let Some(Ok(ChatEvent::Logprobs(tokens))) = events.next() else { panic!("no log probabilities") };
    assert_eq!(tokens.iter().map(|token| token.token.as_str()).collect::<String>(), "Hello! How");
    assert_eq!((tokens[0].logprob, tokens[0].bytes.as_slice()), (-0.23631234467029572, b"Hello".as_slice()));
    assert_eq!(tokens[1].top.iter().map(|top| top.token.as_str()).collect::<Vec<_>>(), ["!", ","]);
    assert_eq!(events.next(), Some(Ok(ChatEvent::Content("Hello! How".to_owned()))));
}

#[test]
fn tokens_of_thinking_and_calls_are_left_out() {
    let line = |message: &str, token: &str| {
        format!(
            "{{\"message\":{message},\"done\":false,\"logprobs\":[{{\"token\":\"{token}\",\"logprob\":-1}}]}}\n"
        )
    };
    let body = [
        line("{\"content\":\"\",\"thinking\":\"hm\"}", "hm"),
        line("{\"content\":\"\"}", "</think>"),
        line("{\"content\":\"a\"}", "a"),
        line("{\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}", "{"),
        "{\"done\":true}\n".to_owned(),
    ]
    .concat();
    assert_eq!(reply(&body).tokens, ["a"]);
}

#[test]
fn token_limit_is_finish_reason_length() {
    assert_eq!(recorded("chat_options_num_predict_length").end.unwrap().finish_reason, FinishReason::Length);
}

#[test]
fn tool_calls_are_finish_reason() {
    let reply = recorded("tools_model_call_stream");
    assert_eq!(reply.calls, [("get_weather".to_owned(), "{\"city\":\"Paris\"}".to_owned())]);
    assert_eq!(reply.end.unwrap().finish_reason, FinishReason::ToolCalls);
}

#[test]
fn thinking_is_a_separate_event() {
    let reply = recorded("think_model_stream");
    assert!(reply.thinking.starts_with("17 + 25 equals 42"), "{}", reply.thinking);
    assert!(!reply.content.contains("equals 42") && reply.end.is_some());
}

#[test]
fn bare_prompt_gives_events_of_a_chat() {
    let reply = recorded("generate_stream");
    assert_eq!(reply.content, "Two fruits are apples and oranges.");
    let end = reply.end.unwrap();
    assert_eq!((end.finish_reason, end.usage.completion_tokens), (FinishReason::Stop, Some(8)));
    let reply = recorded("think_model_generate_stream");
    assert!(reply.thinking.starts_with("17 + 25 equals 42"), "{}", reply.thinking);
    assert!(reply.content.contains("42") && reply.end.is_some(), "{}", reply.content);
    let end = recorded("generate_nonstream").end.unwrap();
    assert_eq!(end.finish_reason, FinishReason::Length);
    let end = recorded("generate_load_no_prompt").end.unwrap();
    assert_eq!(end.finish_reason, FinishReason::Other("load".to_owned()));
}

#[test]
fn load_and_unload_answers_need_no_line_end() {
    for (case, reason) in [
        ("chat_load_empty_messages", "load"),
        ("chat_unload_keep_alive_0", "unload"),
        ("chat_load_nonstream", "load"),
    ] {
        let reply = recorded(case);
        let end = reply.end.unwrap();
        assert_eq!(
            (end.finish_reason, end.usage),
            (FinishReason::Other(reason.to_owned()), Usage::default())
        );
    }
}

#[test]
fn failure_in_stream_comes_after_text() {
    for (case, text) in [
        ("chat_stream_runner_killed_gemma", "<code>    $this"),
        ("chat_stream_runner_killed_qwen", "Sure, here"),
    ] {
        let reply = recorded(case);
        assert_eq!(reply.content, text);
        let message = "an error was encountered while running the model: unexpected EOF".to_owned();
        assert_eq!(reply.error, Some(ProviderError::Failed { message }));
    }
}

#[test]
fn last_line_may_hold_everything() {
    let reply = reply(
        r#"{"message":{"content":"c","thinking":"t","tool_calls":[
            {"id":"1","function":{"name":"f","arguments":{"a":1.0}}},
            {"function":{"name":"g","arguments":"{}"}},{"function":{"name":"h"}}]},"done":true}"#
            .replace('\n', "")
            .as_str(),
    );
    assert_eq!((reply.content.as_str(), reply.thinking.as_str()), ("c", "t"));
    let call = |name: &str, arguments: &str| (name.to_owned(), arguments.to_owned());
    assert_eq!(reply.calls, [call("f", "{\"a\":1.0}"), call("g", "{}"), call("h", "{}")]);
    assert_eq!(reply.end.unwrap().finish_reason, FinishReason::ToolCalls);
}

#[test]
fn objects_on_one_line_are_read_until_end() {
    let reply = reply(
        "{\"message\":{\"content\":\"a\"}}{\"message\":{\"content\":\"b\"},\"done\":true} {\"error\":\"late\"}\nx",
    );
    assert_eq!((reply.content.as_str(), reply.error), ("ab", None));
}

#[test]
fn stream_without_done_is_interrupted() {
    let piece = "{\"message\":{\"content\":\"a\"},\"done\":false}\n";
    for (rest, expected) in [
        ("", "Interrupted"),
        ("{\"message\":{\"con", "Interrupted"),
        ("{\"message\":{\"con\n", "Malformed"),
        ("<html>bad gateway</html>\n", "Malformed"),
        ("{\"status\":\"ok\"}\n", "Malformed"),
        ("[]\n", "Malformed"),
        ("{\"message\":{\"content\":\"\u{0}\"}}\n", "Malformed"),
        ("{\"error\":{\"message\":\"x\",\"type\":\"exceed_context_size_error\"}}", "ContextExceeded"),
        (
            "{\"error\":\"{\\\"error\\\":{\\\"message\\\":\\\"inner\\\"}}\"}\n",
            "Failed { message: \"inner\" }",
        ),
    ] {
        let reply = reply(&format!("{piece}{rest}"));
        assert_eq!(reply.content, "a", "{rest}");
        assert!(format!("{:?}", reply.error.unwrap()).starts_with(expected), "{rest}");
    }
}

#[test]
fn unusual_numbers_and_nulls_lose_no_reply() {
    let reply = reply(
        r#"{"model":null,"message":{"content":null,"tool_calls":null},"done":true,"done_reason":null,"total_duration":-5,"eval_count":3.0}"#,
    );
    let end = reply.end.unwrap();
    assert_eq!(
        (end.finish_reason, end.timings.total, end.usage.completion_tokens),
        (FinishReason::Stop, None, Some(3))
    );
}

#[test]
fn line_of_ten_megabytes_is_read() {
    let line =
        format!("{{\"message\":{{\"content\":\"{}\"}},\"done\":true}}\n", "\u{1F642}\\n".repeat(1_700_000));
    let reply = summary(decode(ChatDecoder::default(), line.as_bytes().chunks(1000)));
    assert_eq!(reply.content.len(), 8_500_000);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(size in 1usize..200) {
        let body = format!("{}{}", fixture::body("think_model_stream").replace("42", "\u{1F642}"), fixture::body("chat_load_nonstream"));
        let whole = decode(ChatDecoder::default(), [body.as_bytes()]);
        prop_assert_eq!(decode(ChatDecoder::default(), body.as_bytes().chunks(size)), whole);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..600) {
        let body = fixture::damaged("tools_model_call_stream", at, bytes);
        summary(decode(ChatDecoder::default(), [body.as_slice()]));
    }

    #[test]
    fn any_split_of_anything_gives_the_same_events(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        at in 0usize..2000,
        cuts in prop::collection::vec(0usize..2000, 0..20),
    ) {
        let body = fixture::damaged("chat_stream", at, bytes);
        let chunks = fixture::chunks(&body, cuts);
        prop_assert_eq!(decode(ChatDecoder::default(), chunks), decode(ChatDecoder::default(), [body]));
    }
}
