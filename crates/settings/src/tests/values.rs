//! Durations, sizes, filters, names and headers.

use std::time::Duration;

use super::{load, refusal};
use crate::headers::headers;
use crate::parse::{interval, log_filter, model_name, path, size, timeout, token};

#[test]
fn timeouts_are_seconds_or_carry_a_unit() {
    let cases =
        [("5", 5_000), ("500ms", 500), ("5s", 5_000), ("10m", 600_000), ("1h", 3_600_000), (" 5 s ", 5_000)];
    for (text, milliseconds) in cases {
        assert_eq!(timeout(text).unwrap(), Duration::from_millis(milliseconds), "{text:?}");
    }
    for text in ["0", "0s", "25h", "99999999999999999999", "99999999999999999h"] {
        assert!(timeout(text).unwrap_err().text.contains("between"), "{text:?}");
    }
    for text in ["-1", "1.5s", "5 seconds", "5S", "s", "1h30m", "5d"] {
        assert!(timeout(text).unwrap_err().text.contains("such as"), "{text:?}");
    }
}

#[test]
fn interval_is_milliseconds_and_may_be_zero() {
    assert_eq!(interval("50").unwrap(), Duration::from_millis(50));
    assert_eq!(interval("0").unwrap(), Duration::ZERO);
    assert_eq!(interval("1s").unwrap(), Duration::from_secs(1));
    assert!(interval("11s").unwrap_err().text.contains("at most 10s"));
    assert!(interval("fast").is_err());
}

#[test]
fn sizes_distinguish_powers_of_1000_and_1024() {
    let cases = [
        ("4096", 4096),
        ("4096B", 4096),
        ("16MiB", 16_777_216),
        ("16mib", 16_777_216),
        ("16 MB", 16_000_000),
        ("64KiB", 65_536),
        ("64KB", 64_000),
        ("1GiB", 1 << 30),
        ("1GB", 1_000_000_000),
    ];
    for (text, bytes) in cases {
        assert_eq!(size(text).unwrap(), bytes, "{text:?}");
    }
    for text in ["0", "1023", "2GiB", "99999999999999999999GiB"] {
        assert!(size(text).unwrap_err().text.contains("between"), "{text:?}");
    }
    for text in ["16M", "-1", "big", "1.5MiB", "MiB"] {
        assert!(size(text).unwrap_err().text.contains("such as"), "{text:?}");
    }
}

#[test]
fn log_filters_are_levels_and_pairs() {
    for text in ["warn", "OFF", "trace", "warn,ollama_mcp=debug", "rmcp::transport=info,error"] {
        assert_eq!(log_filter(text).unwrap(), text);
        assert!(text.parse::<tracing_subscriber::filter::Targets>().is_ok(), "{text:?}");
    }
    assert_eq!(log_filter(" warn , a=info ").unwrap(), "warn,a=info");
    for text in ["wran", "ollama_mcp", "warn,", "a=loud", "=info", "a b=info", "[span]=info"] {
        assert!(log_filter(text).is_err(), "{text:?}");
    }
}

#[test]
fn repeated_single_values_are_refused() {
    assert_eq!(model_name(" hf.co/a/b:Q4_K_M ").unwrap(), "hf.co/a/b:Q4_K_M");
    assert!(model_name("two models").is_err());
    assert_eq!(path("a b/log.txt").unwrap().to_str(), Some("a b/log.txt"));
    assert!(path("~/log.txt").unwrap_err().text.contains("whole path"));
    assert_eq!(token(" abc-._~+/= \n").unwrap().expose(), "abc-._~+/=");
    for text in ["Bearer abc", "a\nb", "caf\u{e9}", "a\0b"] {
        assert!(token(text).is_err(), "{text:?}");
    }
}

#[test]
fn headers_are_one_a_line() {
    let found = headers("X-Team: research\r\n\n  Cookie:a=b; c=d:e \n").unwrap();
    let pairs: Vec<_> = found.iter().map(|header| (header.name.as_str(), header.value.expose())).collect();
    assert_eq!(pairs, [("X-Team", "research"), ("Cookie", "a=b; c=d:e")]);
}

#[test]
fn headers_that_cannot_be_sent_are_refused_by_line() {
    let cases = [
        ("X: 1\nplain", "line 2 is not of the form"),
        (": v", "line 1 has no valid name"),
        ("a b: v", "line 1 has no valid name"),
        ("X:", "line 1 has a value that is empty"),
        ("X: caf\u{e9}", "line 1 has a value"),
        ("X: a\rb", "line 1 has a value"),
        ("host: v", "line 1 sets host"),
        ("Content-Length: 3", "line 1 sets Content-Length"),
        ("X: 1\nx: 2", "line 2 sets x again"),
    ];
    for (text, expected) in cases {
        let problem = headers(text).unwrap_err().text;
        assert!(problem.starts_with(expected), "{text:?}: {problem}");
    }
}

#[test]
fn values_reach_their_settings() {
    let settings = load(&[
        ("OLLAMA_MCP_CONNECT_TIMEOUT", "1"),
        ("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", "2"),
        ("OLLAMA_MCP_IDLE_TIMEOUT", "3"),
        ("OLLAMA_MCP_PROGRESS_INTERVAL", "4"),
        ("OLLAMA_MCP_MAX_MESSAGE_BYTES", "5000"),
        ("OLLAMA_MCP_LOG_FILE", "log.txt"),
        ("OLLAMA_MODEL", "m"),
        ("OLLAMA_API_KEY", "k1"),
        ("OLLAMA_MCP_AUTH_TOKEN", "k2"),
        ("OLLAMA_MCP_HEADERS", "A: b"),
    ])
    .unwrap()
    .settings;
    let provider = settings.provider;
    let seconds =
        [provider.connect_timeout, provider.first_byte_timeout, provider.idle_timeout].map(|t| t.as_secs());
    assert_eq!(seconds, [1, 2, 3]);
    assert_eq!(provider.ollama_api_key.unwrap().expose(), "k1");
    assert_eq!(provider.auth_token.unwrap().expose(), "k2");
    assert_eq!(provider.headers[0].value.expose(), "b");
    assert_eq!(settings.chat.progress_interval, Duration::from_millis(4));
    assert_eq!(settings.chat.model.as_deref(), Some("m"));
    assert_eq!(settings.server.max_message_bytes, 5000);
    assert_eq!(settings.telemetry.log_file.unwrap().to_str(), Some("log.txt"));
}

#[test]
fn read_only_refuses_auto_pull() {
    let auto = ("OLLAMA_MCP_AUTO_PULL", "true");
    let error = refusal(&[auto, ("OLLAMA_MCP_READ_ONLY", "true")]);
    assert!(error.starts_with("OLLAMA_MCP_AUTO_PULL and OLLAMA_MCP_READ_ONLY contradict"), "{error}");
    assert!(load(&[auto]).unwrap().settings.pulls.auto);
    let models = load(&[("OLLAMA_MODELS", "/srv/models")]).unwrap().settings.pulls.models_dir;
    assert_eq!(models.as_deref(), Some(std::path::Path::new("/srv/models")));
}
