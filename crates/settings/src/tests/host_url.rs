//! `OLLAMA_HOST` means what it means to Ollama.

use proptest::prelude::*;
use url::Url;

use crate::{HostUrl, HostUrlError};

fn address(value: &str) -> HostUrl {
    HostUrl::from_ollama_host(value).unwrap_or_else(|error| panic!("{value:?}: {error}"))
}

#[test]
fn ollama_host_is_read_as_ollama_reads_it() {
    // The situations of Ollama's own table (envconfig/config_test.go, TestHost), and the rest of Host().
    let cases = [
        // Nothing, or half of it.
        ("", "http://127.0.0.1:11434"),
        ("   ", "http://127.0.0.1:11434"),
        ("\"\"", "http://127.0.0.1:11434"),
        ("10.1.2.3", "http://10.1.2.3:11434"),
        ("10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("gpu.example.com", "http://gpu.example.com:11434"),
        ("gpu.example.com:8080", "http://gpu.example.com:8080"),
        (":8080", "http://127.0.0.1:8080"),
        (":0", "http://127.0.0.1:0"),
        // Ports that are none.
        (":65535", "http://127.0.0.1:65535"),
        (":65536", "http://127.0.0.1:11434"),
        (":70000", "http://127.0.0.1:11434"),
        (":-1", "http://127.0.0.1:11434"),
        (":99999999999999999999", "http://127.0.0.1:11434"),
        ("10.1.2.3:", "http://10.1.2.3:11434"),
        ("10.1.2.3:http", "http://10.1.2.3:11434"),
        ("https://10.1.2.3:70000", "https://10.1.2.3:443"),
        ("http://10.1.2.3:70000", "http://10.1.2.3:80"),
        ("10.1.2.3:+8080", "http://10.1.2.3:8080"),
        ("10.1.2.3:08080", "http://10.1.2.3:8080"),
        // Version 6 of IP.
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("fe80::5", "http://[fe80::5]:11434"),
        ("https://[2001:db8::7]", "https://[2001:db8::7]:443"),
        ("http://2001:db8::7/", "http://[2001:db8::7]:80"),
        // Listening everywhere means this machine.
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]", "http://[::1]:11434"),
        ("::", "http://[::1]:11434"),
        ("[::]:8080", "http://[::1]:8080"),
        ("0", "http://127.0.0.1:11434"),
        // What shells, .env files and people add.
        (" 10.1.2.3 ", "http://10.1.2.3:11434"),
        ("\t10.1.2.3\r\n", "http://10.1.2.3:11434"),
        ("\"10.1.2.3\"", "http://10.1.2.3:11434"),
        ("'10.1.2.3:8080'", "http://10.1.2.3:8080"),
        (" ' 10.1.2.3 ' ", "http://10.1.2.3:11434"),
        // Schemes bring their own ports.
        ("http://10.1.2.3", "http://10.1.2.3:80"),
        ("http://10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("https://10.1.2.3", "https://10.1.2.3:443"),
        ("https://10.1.2.3:8443", "https://10.1.2.3:8443"),
        ("http://", "http://127.0.0.1:80"),
        ("HTTP://10.1.2.3", "http://10.1.2.3:11434"),
        ("HTTPS://10.1.2.3", "https://10.1.2.3:11434"),
        // Paths stay; slashes at the end go.
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("example.com:8080/a/b/", "http://example.com:8080/a/b"),
        ("example.com/", "http://example.com:11434"),
        ("http://example.com:8080//", "http://example.com:8080"),
        // The cloud.
        ("ollama.com", "https://ollama.com:443"),
        ("https://ollama.com", "https://ollama.com:443"),
    ];
    for (value, expected) in cases {
        assert_eq!(address(value).base_url(), expected, "for {value:?}");
        assert_eq!(address(value).url(), &Url::parse(expected).unwrap(), "for {value:?}");
    }
}

#[test]
fn invalid_addresses_are_refused() {
    let scheme = |text: &str| HostUrlError::Scheme(text.to_owned());
    let cases = [
        ("ftp://10.1.2.3", scheme("ftp")),
        ("unix:///run/ollama.sock", scheme("unix")),
        ("://10.1.2.3", scheme("")),
        ("http://user:pw@10.1.2.3", HostUrlError::Credentials),
        ("user@10.1.2.3:80", HostUrlError::Credentials),
        ("http://user:p/w@10.1.2.3", HostUrlError::Credentials),
        ("http://user:p?w@10.1.2.3", HostUrlError::Credentials),
        ("http://10.1.2.3/?key=pw", HostUrlError::Query),
        ("10.1.2.3#pw", HostUrlError::Query),
    ];
    for (value, expected) in cases {
        assert_eq!(HostUrl::from_ollama_host(value), Err(expected), "for {value:?}");
    }
    for value in ["my host", "a:b:c", "[foo]", "10.1.2.300", "a<b"] {
        let error = HostUrl::from_ollama_host(value).unwrap_err();
        assert!(matches!(error, HostUrlError::Host(_)), "{value:?}: {error:?}");
    }
}

#[test]
fn loopback_is_recognized_by_name_and_address() {
    for value in
        ["", "127.0.0.1", "127.8.9.10:1", "[::1]", "localhost", "LOCALHOST", "localhost.", "a.localhost:5"]
    {
        assert!(address(value).is_loopback(), "{value:?}");
    }
    assert!(address("[::ffff:127.0.0.1]:80").is_loopback());
    for value in ["128.0.0.1", "localhost.example.com", "mylocalhost", "[::2]", "192.168.0.1", "ollama.com"] {
        assert!(!address(value).is_loopback(), "{value:?}");
    }
}

#[test]
fn only_https_at_its_own_port_is_ollama_com() {
    assert!(address("ollama.com").is_ollama_com());
    assert!(address("https://OLLAMA.com/").is_ollama_com());
    for value in
        ["http://ollama.com", "ollama.com:443", "https://ollama.com:8443", "https://ollama.com.evil.org"]
    {
        assert!(!address(value).is_ollama_com(), "{value:?}");
    }
}

#[test]
fn warnings_explain_how_ollama_reads_address() {
    let cases = [
        ("http://10.1.2.3", "write http://10.1.2.3:11434"),
        ("http://[::1]/x", "write http://[::1]:11434/x"),
        ("10.1.2.3:70000", "port \"70000\""),
        (":0", "port 0"),
        ("HTTP://10.1.2.3", "http://10.1.2.3:11434"),
        ("localhost:11434/v1", "leave /v1 out"),
        ("localhost:11434/api/", "leave /api out"),
    ];
    for (value, expected) in cases {
        let address = address(value);
        let [warning] = address.warnings() else { panic!("{value:?}: {:?}", address.warnings()) };
        assert!(warning.contains(expected), "{value:?}: {warning}");
    }
    for value in
        ["", "0.0.0.0", "10.1.2.3", "https://10.1.2.3", "http://10.1.2.3:80", "ollama.com", "a.com:1/x"]
    {
        assert!(address(value).warnings().is_empty(), "{value:?}: {:?}", address(value).warnings());
    }
}

#[test]
fn parts_of_address_are_separate() {
    let found = address("https://[::1]:8443/ollama");
    assert_eq!((found.host().as_str(), found.port(), found.is_https()), ("::1", 8443, true));
    assert_eq!(address("Gpu.Example.com").host(), "gpu.example.com");
}

#[test]
fn addresses_of_same_server_are_equal() {
    assert_eq!(address("0.0.0.0"), address("http://127.0.0.1:11434/"));
    assert_ne!(address("127.0.0.1"), address("localhost"));
    assert_ne!(address("127.0.0.1"), address("127.0.0.1/ollama"));
    assert_ne!(address("http://a.com:443"), address("https://a.com:443"));
}

#[test]
fn an_openai_base_is_a_url_that_ends_in_v1() {
    let base = |value: &str| HostUrl::from_openai_base(value).map(|found| found.base_url());
    assert_eq!(base("http://10.1.2.3:8080/v1").unwrap(), "http://10.1.2.3:8080/v1");
    assert_eq!(base(" https://llm.example.com/proxy/v1/ ").unwrap(), "https://llm.example.com:443/proxy/v1");
    assert_eq!(base("http://0.0.0.0:1/v1").unwrap(), "http://127.0.0.1:1/v1");
    assert_eq!(base("http://10.1.2.3:8080"), Err(HostUrlError::NotV1));
    assert_eq!(base("http://10.1.2.3:8080/xv1"), Err(HostUrlError::NotV1));
    assert_eq!(base("10.1.2.3:8080/v1"), Err(HostUrlError::Scheme(String::new())));
    assert_eq!(base("ws://10.1.2.3/v1"), Err(HostUrlError::Scheme("ws".to_owned())));
    assert_eq!(base("http://key@10.1.2.3/v1"), Err(HostUrlError::Credentials));
    assert!(matches!(base("http://10.1.2.3:70000/v1"), Err(HostUrlError::Host(_))));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_and_address_round_trips(
        value in prop_oneof![
            any::<String>(),
            "(https?://)?[a-z0-9.:\\[\\]-]{0,12}(:[0-9+-]{0,6})?(/[a-z%/. ]{0,8})?",
        ]
    ) {
        if let Ok(found) = HostUrl::from_ollama_host(&value) {
            // Quotes and blanks around an address are taken off, as Ollama does, so a path cannot end with one.
            let ends_with_quote = found.base_url().ends_with(['"', '\'', ' ']);
            let again = HostUrl::from_ollama_host(&found.base_url());
            prop_assert!(ends_with_quote || again == Ok(found.clone()), "{again:?}");
            prop_assert!(!found.base_url().ends_with('/'));
        }
    }

    #[test]
    fn password_is_in_no_error_or_debug_output(noise in "[a-z0-9:/?#\\[\\]. \"']{0,20}", scheme in "(https?://)?") {
        let value = format!("{scheme}u:{noise}CANARY{noise}@host{noise}");
        let error = HostUrl::from_ollama_host(&value).unwrap_err();
        prop_assert!(error == HostUrlError::Credentials, "{:?}", error);
        let error = super::refusal(&[("OLLAMA_HOST", &value)]);
        prop_assert!(!error.contains("CANARY"), "{}", error);
    }
}
