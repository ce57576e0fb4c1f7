//! The text is valid OpenMetrics, and has what was counted.

use std::collections::{BTreeMap, HashSet};

use super::*;

/// Reads OpenMetrics 1.0 strictly: samples by name and labels. What is wrong fails the test.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("the text ends with # EOF");
    let mut samples = BTreeMap::new();
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut described = HashSet::new();
    let mut family = "";
    for line in body.lines() {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let (Some(keyword), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
                panic!("{line}");
            };
            assert!(described.insert((keyword, name)), "twice: {line}");
            match keyword {
                "HELP" => assert!(!rest.is_empty(), "{line}"),
                "TYPE" => assert!(types.insert(name, rest).is_none(), "{line}"),
                other => panic!("{other}: {line}"),
            }
            family = name;
            continue;
        }
        let (key, value) = line.rsplit_once(' ').expect(line);
        let name = key.split('{').next().unwrap();
        assert!(name.starts_with("ollama_mcp_"), "{line}");
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{line}"
        );
        let suffix =
            name.strip_prefix(family).unwrap_or_else(|| panic!("{line} is not of the family {family}"));
        let allowed: &[&str] = match *types.get(family).expect("a type comes before its samples") {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("{other}: {line}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        if let Some(labels) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('{')) {
            for label in labels.strip_suffix('}').expect(line).split(',') {
                let (label, value) = label.split_once('=').expect(line);
                assert!(!label.is_empty() && value.len() >= 2, "{line}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
            }
        }
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(samples.insert(key.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}

#[test]
fn text_is_open_metrics_with_the_counts() {
    let metrics = Metrics::new();
    metrics.request("chat", StatusCode::OK, Duration::from_millis(3));
    metrics.error("model_not_found");
    let usage =
        types::Usage { prompt_tokens: Some(7), completion_tokens: Some(3), ..types::Usage::default() };
    let ended = |error| EndedCompletion {
        kind: EndedKind::Completion,
        caller: service::Caller::local(),
        model: "m".to_owned(),
        chunks: 3,
        generation: Duration::from_millis(30),
        error,
        usage,
        queued: Duration::from_millis(1),
        first_chunk: Some(Duration::from_millis(20)),
    };
    metrics.completion(&ended(None));
    metrics.completion(&ended(Some(ErrorCode::Cancelled)));
    let usage = types::Usage { prompt_tokens: Some(5), ..types::Usage::default() };
    metrics.completion(&EndedCompletion { kind: EndedKind::Embeddings, usage, ..ended(None) });
    let samples = parse(&metrics.text(Duration::from_secs(5), 2, 4));
    for (name, value) in [
        (r#"ollama_mcp_http_requests_total{route="chat",status="200"}"#, 1.0),
        (r#"ollama_mcp_http_errors_total{code="model_not_found"}"#, 1.0),
        (r#"ollama_mcp_completions_total{outcome="completed"}"#, 1.0),
        (r#"ollama_mcp_completions_total{outcome="cancelled"}"#, 1.0),
        (r#"ollama_mcp_tokens_total{kind="prompt"}"#, 19.0),
        (r#"ollama_mcp_tokens_total{kind="completion"}"#, 6.0),
        ("ollama_mcp_first_token_seconds_count", 2.0),
        ("ollama_mcp_queue_seconds_count", 2.0),
        ("ollama_mcp_completions_running", 2.0),
        ("ollama_mcp_completions_waiting", 4.0),
        ("ollama_mcp_uptime_seconds", 5.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name} in {samples:?}");
    }
}
