//! Refusals as recorded.

use serde_json::json;

use super::*;
use crate::fixture;

fn recorded(case: &str) -> ProviderError {
    let options = json!({"num_predict": "x", "stop": 1}).as_object().unwrap().clone();
    classify(
        &fixture::refusal(case),
        RequestContext { options: Some(&options), ..RequestContext::for_model("mine:1b") },
    )
}

#[test]
fn missing_model_is_recognized_in_every_wording() {
    for case in [
        "chat_missing_model_stream",
        "chat_unload_missing_model",
        "show_missing_model",
        "embed_missing_model",
        "generate_missing_model",
        "copy_missing_source",
        "delete_missing",
    ] {
        assert_eq!(recorded(case), ProviderError::ModelNotFound { model: "mine:1b".into() }, "{case}");
    }
}

#[test]
fn unknown_route_is_no_missing_model() {
    for case in ["unknown_route_post", "wrong_method_post_tags"] {
        let ProviderError::Status { message, .. } = recorded(case) else { panic!("{case}") };
        assert!(message.contains("check that the address is Ollama's own"), "{message}");
    }
}

#[test]
fn missing_capability_has_requested_model_name() {
    for (case, expected) in [
        ("chat_tools_unsupported_stream", "tools"),
        ("chat_think_true_unsupported_stream", "thinking"),
        ("generate_suffix_unsupported", "insert"),
        ("chat_images_unsupported", "vision"),
        ("chat_images_unsupported_native_template", "vision"),
        ("chat_with_embedding_only_model", "completion"),
        ("embed", "embedding"),
        ("embed_empty_string_in_array", "embedding"),
        ("generate_think_unsupported", "thinking"),
        ("generate_images_unsupported", "vision"),
        ("generate_with_embedding_only_model", "completion"),
    ] {
        let ProviderError::Unsupported { model, capability, message } = recorded(case) else {
            panic!("{case}: {:?}", recorded(case));
        };
        assert_eq!((model.as_str(), capability.as_str()), ("mine:1b", expected), "{case}");
        assert!(!message.contains("registry.ollama.ai") && !message.contains('{'), "{message}");
    }
}

#[test]
fn prompt_over_context_has_counts() {
    for (case, prompt) in [
        ("chat_prompt_longer_than_num_ctx", 3029),
        ("chat_prompt_longer_truncate_false_stream", 3029),
        ("chat_gemma_prompt_longer_truncate_false", 3009),
    ] {
        let ProviderError::ContextExceeded { prompt_tokens, context_tokens, .. } = recorded(case) else {
            panic!("{case}")
        };
        assert_eq!((prompt_tokens, context_tokens), (Some(prompt), Some(512)));
    }
    let uncounted = recorded("embed_model_too_long_truncate_false");
    assert!(
        matches!(uncounted, ProviderError::ContextExceeded { prompt_tokens: None, context_tokens: None, .. }),
        "{uncounted:?}"
    );
}

#[test]
fn refused_arguments_are_named() {
    for (case, expected) in [
        ("chat_options_invalid_num_predict_stream", "options.num_predict"),
        ("chat_options_invalid_stop_item", "options.stop"),
        ("chat_format_invalid_string", "response_format"),
        ("chat_format_invalid_schema_stream", "response_format"),
        ("chat_format_invalid_schema_gemma", "response_format"),
        ("chat_keep_alive_invalid", "keep_alive"),
        ("chat_keep_alive_bool", "keep_alive"),
        ("chat_images_data_url", "images"),
        ("chat_invalid_model_name", "model"),
        ("chat_tools_wrong_type", "tools"),
        ("chat_options_not_object", "options"),
    ] {
        let ProviderError::InvalidRequest { argument, .. } = recorded(case) else {
            panic!("{case}: {:?}", recorded(case));
        };
        assert_eq!(argument, expected, "{case}");
    }
}

#[test]
fn refused_arguments_of_other_routes_are_named() {
    for (case, expected) in [
        ("copy_invalid_source", "source"),
        ("copy_invalid_destination", "destination"),
        ("delete_invalid_name", "model"),
        ("delete_no_model", "model"),
        ("pull_invalid_name", "model"),
        ("push_no_model", "model"),
        ("create_invalid_name", "model"),
        ("create_bad_template", "template"),
        ("create_no_from", "from"),
        ("generate_bad_template", "template"),
        ("generate_raw_with_template", "raw"),
        ("blob_post_bad_digest", "digest"),
        ("blob_post_digest_mismatch", "digest"),
    ] {
        // A blob has no model.
        let model = (!case.starts_with("blob")).then_some("mine:1b");
        let error =
            classify(&fixture::refusal(case), RequestContext { model, options: None, template: true });
        let ProviderError::InvalidRequest { argument, .. } = &error else { panic!("{case}: {error:?}") };
        assert_eq!(argument, expected, "{case}");
    }
}

#[test]
fn refused_option_that_was_not_sent_is_stored_in_model() {
    let ProviderError::Status { status: 500, message } = recorded("chat_model_with_bad_stored_parameter")
    else {
        panic!()
    };
    assert!(
        message.starts_with("option \"num_ctx\" must be of type integer (a parameter stored"),
        "{message}"
    );
}

#[test]
fn busy_server_is_overloaded() {
    let mut response = fixture::refusal("chat_queue_full_503");
    response.retry_after = Some(std::time::Duration::from_secs(2));
    let message = "server busy, please try again. maximum pending requests exceeded".into();
    let expected = ProviderError::Overloaded { status: 503, message, retry_after: response.retry_after };
    assert_eq!(classify(&response, RequestContext::default()), expected);
}

#[test]
fn other_failures_keep_status_and_text() {
    for (case, status, text) in [
        ("host_header_denied", 403, "Host or Origin"),
        ("cors_origin_denied", 403, "OLLAMA_ORIGINS"),
        ("chat_cloud_model", 403, "ollama cloud is disabled"),
        ("chat_cloud_model_no_network", 502, "network is unreachable"),
        ("chat_load_failure_stream", 500, "exceeds file size"),
        // Without a template in the request it is the model's own.
        ("generate_bad_template", 500, "unclosed action"),
    ] {
        let ProviderError::Status { status: got, message } = recorded(case) else { panic!("{case}") };
        assert_eq!(got, status, "{case}");
        assert!(message.contains(text), "{message}");
    }
}
