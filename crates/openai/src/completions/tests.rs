//! Requests as the reference documents them, and answers as recorded.

use serde_json::json;

use super::*;
use crate::fixture;

fn read(request: Value) -> CompletionsRequest {
    serde_json::from_value(request).unwrap()
}

#[test]
fn prompts_are_texts_and_not_tokens() {
    let prompts = |prompt: Value| read(json!({"model": "m", "prompt": prompt})).take_prompts();
    assert_eq!(prompts(json!("a")), Ok(vec!["a".to_owned()]));
    assert_eq!(prompts(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
    for (prompt, path) in
        [(json!([1, 2]), "prompt"), (json!([[1, 2], [3]]), "prompt[0]"), (json!(["a", [3]]), "prompt[1]")]
    {
        let error = prompts(prompt).unwrap_err();
        assert!(error.path == path && error.reason.contains("array of tokens"), "{error}");
    }
    for (prompt, path) in
        [(Value::Null, "prompt"), (json!([]), "prompt"), (json!(5), "prompt"), (json!([null]), "prompt[0]")]
    {
        assert_eq!(prompts(prompt).unwrap_err().path, path);
    }
}

#[test]
fn documented_example_is_read() {
    let mut request = read(json!({
        "model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test", "max_tokens": 7, "temperature": 0,
        "stop": "\n", "logprobs": 3, "echo": true, "suffix": "!", "n": 2, "best_of": 2, "user": "u", "min_p": 0.1
    }));
    let sampling = request.take_sampling();
    assert_eq!((sampling.max_tokens, sampling.temperature), (Some(7), Some(0.0)));
    assert_eq!(sampling.stop, ["\n"]);
    assert_eq!((request.logprobs(), request.echo, request.n), (Ok(Some(3)), Some(true), Some(2)));
    assert_eq!(Value::from(request.take_options()), json!({"min_p": 0.1}));
    assert_eq!(request.unsupported_field(), None);
    assert_eq!(read(json!({"logprobs": 6})).logprobs().unwrap_err().path, "logprobs");
}

#[test]
fn refused_fields_are_found() {
    for (request, field) in [
        (json!({"best_of": 3}), Some("best_of")),
        (json!({"best_of": 3, "n": 3}), None),
        (json!({"logit_bias": {"1": 100}}), Some("logit_bias")),
        (json!({"logit_bias": {}}), None),
    ] {
        assert_eq!(read(request).unsupported_field(), field);
    }
}

#[test]
fn recorded_answers_survive_a_round_trip() {
    let read: TextCompletion<'_> = fixture::read("v1_completions");
    assert!(!read.choices[0].text.is_empty() && read.usage.is_some());
    fixture::round_trip(&read);
    let body = fixture::body("v1_completions_stream");
    let events = body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks: Vec<TextCompletion<'_>> = events.map(|data| serde_json::from_str(data).unwrap()).collect();
    assert!(chunks.len() > 1);
    chunks.iter().for_each(fixture::round_trip);
}

#[test]
fn answer_is_written_as_documented() {
    let choices = vec![TextChoice { text: "a".into(), ..TextChoice::default() }];
    let answer = TextCompletion { id: "cmpl-1".into(), model: "m".into(), choices, ..Default::default() };
    assert_eq!(
        serde_json::to_value(answer).unwrap(),
        json!({"id": "cmpl-1", "object": "text_completion", "created": 0, "model": "m",
            "choices": [{"text": "a", "index": 0, "logprobs": null, "finish_reason": null}]})
    );
}

#[test]
fn body_has_what_was_given() {
    let mut request = types::GenerateRequest::new("m", "def f");
    let written = |request: &types::GenerateRequest| {
        serde_json::to_value(CompletionsBody::new(request).unwrap()).unwrap()
    };
    assert_eq!(
        written(&request),
        json!({"model": "m", "prompt": "def f", "stream": true, "stream_options": {"include_usage": true}})
    );
    (request.suffix, request.logprobs, request.sampling.max_tokens) =
        (Some("return".to_owned()), Some(2), Some(5));
    let body = written(&request);
    assert_eq!(
        (&body["suffix"], &body["logprobs"], &body["max_tokens"]),
        (&json!("return"), &json!(2), &json!(5))
    );
    request.system = Some("s".to_owned());
    assert_eq!(CompletionsBody::new(&request).unwrap_err().path, "system");
}
