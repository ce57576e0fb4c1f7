//! Which server, by which name, and what contradicts.

use super::{CANARY, directory_with, flag, in_directory, load, refusal};
use crate::{ProviderKind, Settings, Sources};

#[test]
fn the_two_names_of_the_address_must_agree() {
    let agreeing =
        load(&[("OLLAMA_HOST", "0.0.0.0"), ("OLLAMA_BASE_URL", "http://127.0.0.1:11434/")]).unwrap();
    assert_eq!(agreeing.settings.provider.ollama_host.base_url(), "http://127.0.0.1:11434");

    let error = refusal(&[("OLLAMA_HOST", "10.1.2.3"), ("OLLAMA_BASE_URL", "http://10.1.2.4:11434")]);
    for part in ["OLLAMA_HOST and OLLAMA_BASE_URL", "http://10.1.2.3:11434", "http://10.1.2.4:11434"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_stronger_source_of_the_address_wins_whatever_its_name() {
    let directory = directory_with("ollama_host = \"10.0.0.1\"");
    let mut sources = in_directory(directory.path(), &[("OLLAMA_BASE_URL", "10.0.0.2")]);
    let host = |sources: &Sources| Settings::load(sources).unwrap().settings.provider.ollama_host.host();
    assert_eq!(host(&sources), "10.0.0.2");
    sources.flags.push(flag("ollama-host", "10.0.0.3"));
    assert_eq!(host(&sources), "10.0.0.3");
}

#[test]
fn ollama_url_counts_only_where_nothing_else_sets_the_address() {
    let host = |sources: &Sources| Settings::load(sources).unwrap().settings.provider.ollama_host.host();
    let alias = ("OLLAMA_URL", "http://10.0.0.9:11434");
    assert_eq!(host(&super::environment(&[alias])), "10.0.0.9");
    for other in [("OLLAMA_HOST", "10.0.0.1"), ("OLLAMA_BASE_URL", "10.0.0.1")] {
        let loaded = load(&[alias, other]).unwrap();
        assert_eq!(loaded.settings.provider.ollama_host.host(), "10.0.0.1");
        let expected =
            format!("OLLAMA_URL is not used: {} sets another address, http://10.0.0.1:11434", other.0);
        assert_eq!(loaded.warnings, [expected]);
        // What is not used is not checked.
        assert!(load(&[("OLLAMA_URL", "ftp://nowhere"), other]).unwrap().warnings.is_empty());
        assert!(load(&[("OLLAMA_URL", "http://10.0.0.1:11434/"), other]).unwrap().warnings.is_empty());
    }
    let directory = directory_with("ollama_host = \"10.0.0.2\"");
    assert_eq!(host(&in_directory(directory.path(), &[alias])), "10.0.0.2");
    assert!(refusal(&[("OLLAMA_URL", "ftp://nowhere")]).starts_with("OLLAMA_URL is \"ftp://nowhere\""));
}

#[test]
fn unexpected_address_readings_are_warned_of() {
    let warnings = load(&[("OLLAMA_HOST", "http://10.1.2.3")]).unwrap().warnings;
    assert!(
        matches!(&warnings[..], [one] if one.starts_with("OLLAMA_HOST: http:// without a port")),
        "{warnings:?}"
    );
    let warnings = load(&[("OLLAMA_BASE_URL", "10.1.2.3:x")]).unwrap().warnings;
    assert!(
        matches!(&warnings[..], [one] if one.starts_with("OLLAMA_BASE_URL: the port \"x\"")),
        "{warnings:?}"
    );
}

#[test]
fn invalid_address_error_has_example() {
    let error = refusal(&[("OLLAMA_HOST", "ftp://10.1.2.3")]);
    assert_eq!(
        error,
        "OLLAMA_HOST is \"ftp://10.1.2.3\": the scheme is \"ftp\"; it must be http or https; \
         valid are 127.0.0.1:11434 and https://ollama.example.com"
    );
}

#[test]
fn credentials_in_an_address_are_refused_and_not_shown() {
    let address = format!("http://me:{CANARY}@10.1.2.3");
    for variable in ["OLLAMA_HOST", "OLLAMA_BASE_URL"] {
        let error = refusal(&[(variable, &address)]);
        assert!(error.starts_with(variable) && error.contains("OLLAMA_MCP_AUTH_TOKEN"), "{error}");
        assert!(!error.contains(CANARY), "{error}");
    }
    let error =
        refusal(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &format!("{address}/v1"))]);
    assert!(error.contains("OLLAMA_MCP_API_KEY") && !error.contains(CANARY), "{error}");
    let error = refusal(&[("OLLAMA_HOST", &format!("10.1.2.3/?key={CANARY}"))]);
    assert!(error.contains("query") && !error.contains(CANARY), "{error}");
}

#[test]
fn credentials_in_an_address_that_is_not_used_are_not_shown_either() {
    let address = format!("http://me:{CANARY}@10.1.2.3/v1");
    let variables = [("OLLAMA_MCP_BASE_URL", address.as_str()), ("OLLAMA_BASE_URL", &address)];
    let mut sources = super::environment(&variables);
    sources.flags = vec![flag("provider", "ollama"), flag("ollama-host", "10.1.2.3")];
    let loaded = Settings::load(&sources).unwrap();
    assert_eq!(loaded.settings.provider.kind, ProviderKind::Ollama);
    assert!(!format!("{loaded:?}").contains(CANARY));
}

#[test]
fn openai_needs_its_address() {
    let error = refusal(&[("OLLAMA_MCP_PROVIDER", "openai")]);
    assert!(error.starts_with("OLLAMA_MCP_BASE_URL is not set") && error.contains("/v1"), "{error}");

    let error =
        refusal(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", "http://10.1.2.3:8080")]);
    assert!(error.starts_with("OLLAMA_MCP_BASE_URL is") && error.contains("end in /v1"), "{error}");

    let base = ("OLLAMA_MCP_BASE_URL", "http://10.1.2.3:8080/v1/");
    // OLLAMA_HOST is Ollama's own variable and may be set for its sake alone.
    let loaded = load(&[("OLLAMA_MCP_PROVIDER", "OpenAI"), base, ("OLLAMA_HOST", "0.0.0.0")]).unwrap();
    let provider = loaded.settings.provider;
    assert!(matches!(&provider.kind, ProviderKind::OpenAi { .. }));
    assert_eq!(provider.address().base_url(), "http://10.1.2.3:8080/v1");
}

#[test]
fn a_base_url_contradicts_ollama_unless_a_stronger_source_chose_it() {
    let base = ("OLLAMA_MCP_BASE_URL", "http://10.1.2.3:8080/v1");
    for variables in [&[base][..], &[base, ("OLLAMA_MCP_PROVIDER", "ollama")]] {
        let error = refusal(variables);
        assert!(error.starts_with("OLLAMA_MCP_BASE_URL and OLLAMA_MCP_PROVIDER contradict"), "{error}");
    }
    let directory = directory_with("provider = \"openai\"\nbase_url = \"http://10.1.2.3:8080/v1\"");
    let loaded =
        Settings::load(&in_directory(directory.path(), &[("OLLAMA_MCP_PROVIDER", "ollama")])).unwrap();
    assert_eq!(loaded.settings.provider.kind, ProviderKind::Ollama);
}

#[test]
fn an_unknown_provider_is_refused() {
    let error = refusal(&[("OLLAMA_MCP_PROVIDER", "vllm")]);
    assert_eq!(error, "OLLAMA_MCP_PROVIDER is \"vllm\": must be ollama or openai");
}

#[test]
fn two_authorization_headers_contradict() {
    let headers = ("OLLAMA_MCP_HEADERS", "authorization: Basic abc");
    let error = refusal(&[("OLLAMA_MCP_AUTH_TOKEN", CANARY), headers]);
    assert!(error.starts_with("OLLAMA_MCP_AUTH_TOKEN and OLLAMA_MCP_HEADERS contradict"), "{error}");
    assert!(load(&[headers]).is_ok());
}

#[test]
fn doubtful_tokens_are_warned_of_without_value() {
    let warning = |variables: &[(&str, &str)]| load(variables).unwrap().warnings.join("\n");
    let unused = warning(&[("OLLAMA_MCP_API_KEY", CANARY)]);
    assert!(unused.contains("did you mean OLLAMA_MCP_AUTH_TOKEN?"), "{unused}");
    let token = ("OLLAMA_MCP_AUTH_TOKEN", CANARY);
    let open = warning(&[token, ("OLLAMA_HOST", "10.1.2.3")]);
    assert!(open.contains("OLLAMA_MCP_AUTH_TOKEN goes to http://10.1.2.3:11434 unencrypted"), "{open}");
    assert!(!format!("{unused}{open}").contains(CANARY));
    assert_eq!(warning(&[token]), "");
    assert_eq!(warning(&[token, ("OLLAMA_HOST", "https://10.1.2.3")]), "");
}
