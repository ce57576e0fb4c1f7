//! Errors as the clients of Anthropic's API meet them: their SDKs go by the status, and by `x-should-retry`.

use http_body_util::BodyExt as _;

use super::*;

/// The status, the type, and whether the SDKs may ask again. They do so for 408, 409, 429 and everything from 500 on.
async fn shown(error: HttpError) -> (u16, String, bool) {
    let (head, body) = error.into_response(Dialect::Anthropic).into_parts();
    let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(body["type"], "error");
    let asks_again = matches!(head.status.as_u16(), 408 | 409 | 429 | 500..);
    let is_forbidden = head.headers.get("x-should-retry").is_some_and(|value| value == "false");
    (head.status.as_u16(), body["error"]["type"].as_str().unwrap().to_owned(), asks_again && !is_forbidden)
}

#[tokio::test]
async fn failures_have_status_and_type_of_anthropic() {
    for (code, status, kind, asks_again) in [
        (ErrorCode::InvalidArgument, 400, "invalid_request_error", false),
        (ErrorCode::Forbidden, 403, "permission_error", false),
        (ErrorCode::ModelNotFound, 404, "not_found_error", false),
        (ErrorCode::Cancelled, 409, "conflict_error", false),
        (ErrorCode::FileTooLarge, 413, "request_too_large", false),
        (ErrorCode::RateLimited, 429, "rate_limit_error", true),
        (ErrorCode::Internal, 500, "api_error", true),
        (ErrorCode::UpstreamError, 502, "api_error", true),
        (ErrorCode::OllamaUnreachable, 503, "api_error", true),
        (ErrorCode::Timeout, 504, "timeout_error", true),
        (ErrorCode::Overloaded, 529, "overloaded_error", true),
    ] {
        let error = HttpError::from_service(&ServiceError::new(code, "x"), true);
        assert_eq!(shown(error).await, (status, kind.to_owned(), asks_again), "{code:?}");
    }
}

#[tokio::test]
async fn what_was_generated_is_not_generated_again() {
    let partial = Partial { content: "one".to_owned(), ..Partial::default() };
    let error = ServiceError::new(ErrorCode::Interrupted, "x").with_partial(partial);
    let (status, _, asks_again) = shown(HttpError::from_service(&error, true)).await;
    assert_eq!((status, asks_again), (502, false));
}

#[test]
fn prompt_that_is_too_long_is_told_in_the_words_that_clients_look_for() {
    let mut error = ServiceError::new(ErrorCode::ContextExceeded, "It does not fit");
    error.tokens = Some(TokenCounts { prompt: 5000, context: 4096 });
    let body = HttpError::from_service(&error, true).body(Dialect::Anthropic);
    assert_eq!(body["error"]["message"], "prompt is too long: 5000 tokens > 4096 maximum. It does not fit");
    // Others have fields for it.
    let body = HttpError::from_service(&error, true).body(Dialect::OpenAi);
    assert_eq!(body["error"]["message"], "It does not fit");
}
