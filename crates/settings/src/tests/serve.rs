//! The settings of `serve`: who reads them, and their values.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use proptest::prelude::*;

use super::{directory_with, environment, flag, in_directory};
use crate::serve::{comment_after, listen_address, model_aliases, networks, origins, public_url};
use crate::{Guests, ListenAddress, Origin, ServeSettings, ServeSources, Settings, SettingsError, Sources};

fn serve_of(sources: Sources) -> Result<ServeSettings, SettingsError> {
    let loaded = Settings::load(&Sources { serve: ServeSources::AllNames, ..sources })?;
    Ok(loaded.settings.serve.unwrap())
}

fn serve(variables: &[(&str, &str)]) -> ServeSettings {
    serve_of(environment(variables)).unwrap()
}

fn refusal(variables: &[(&str, &str)]) -> String {
    serve_of(environment(variables)).unwrap_err().to_string()
}

#[test]
fn nothing_set_serves_this_machine() {
    let found = serve(&[]);
    assert_eq!(found, ServeSettings::default());
    let addresses: Vec<_> = found.listen.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["127.0.0.1:4891", "[::1]:4891"]);
    assert!(found.has_guests() && found.public_url.is_none() && found.origins.is_empty());
    assert!(found.trusted_proxies.is_empty() && found.model_aliases.is_empty());
    assert_eq!((found.max_body_bytes, found.max_connections, found.max_sessions), (16 << 20, 2048, 256));
    assert_eq!(found.comment_after, Some(Duration::from_secs(15)));
}

#[test]
fn database_url_is_read_by_both_fronts_and_its_other_name_by_serve_alone() {
    let url = |sources: Sources| Settings::load(&sources).unwrap().settings.store.database_url;
    let shown = |found: Option<crate::Secret>| found.map(|url| url.expose().to_owned());
    let own = ("OLLAMA_MCP_DATABASE_URL", "postgres://ann:pw@db/own");
    let other = ("DATABASE_URL", "postgresql+asyncpg://db/other");
    let all = |sources: Sources| Sources { serve: ServeSources::AllNames, ..sources };
    assert_eq!(shown(url(environment(&[own, other]))).unwrap(), "postgresql://ann:pw@db/own");
    assert_eq!(url(environment(&[other])), None);
    assert_eq!(shown(url(all(environment(&[other])))).unwrap(), "postgresql://db/other");
    assert_eq!(shown(url(all(environment(&[own, other])))).unwrap(), "postgresql://ann:pw@db/own");
    // An older service's file is not ours.
    let sqlite = Settings::load(&all(environment(&[("DATABASE_URL", "sqlite:///./app.db")]))).unwrap();
    assert_eq!(sqlite.settings.store.database_url, None);
    assert!(sqlite.warnings[0].contains("names SQLite and is ignored"), "{:?}", sqlite.warnings);
    assert!(!format!("{:?}", sqlite.origins).contains("app.db"));
    for variable in ["OLLAMA_MCP_DATABASE_URL", "DATABASE_URL"] {
        let text = refusal(&[(variable, "mysql://ann:s3cret@db/x")]);
        assert!(text.starts_with(variable) && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn instance_is_a_short_word() {
    assert_eq!(serve(&[("OLLAMA_MCP_SERVE_INSTANCE", " gpu-2 ")]).instance.as_deref(), Some("gpu-2"));
    for wrong in ["a b", "ü", &"x".repeat(49)] {
        assert!(
            refusal(&[("OLLAMA_MCP_SERVE_INSTANCE", wrong)]).contains("at most 48 characters"),
            "{wrong}"
        );
    }
}

#[test]
fn stdio_reads_nothing_of_serve() {
    let wrong =
        environment(&[("OLLAMA_MCP_SERVE_LISTEN", "nowhere"), ("PORT", "x"), ("MCP_SERVER_PORT", "x")]);
    let loaded = Settings::load(&wrong).unwrap();
    assert_eq!((loaded.settings.serve, loaded.warnings), (None, vec![]));
    assert!(!loaded.origins.iter().any(|origin| crate::registry::is_of_serve(origin.setting)));
}

#[test]
fn other_names_of_port_count_only_for_serve_and_only_without_address() {
    let port = |variables: &[(&str, &str)]| serve(variables).listen;
    assert_eq!(port(&[("PORT", "8080")]), ListenAddress::Loopback(8080));
    assert_eq!(port(&[("PORT", "8080"), ("MCP_SERVER_PORT", "8081")]), ListenAddress::Loopback(8081));
    // As Kubernetes sets it for a service named `mcp-server`.
    let of_service = ("MCP_SERVER_PORT", "tcp://10.96.0.7:80");
    assert_eq!(port(&[("PORT", "8080"), of_service]), ListenAddress::Loopback(8080));
    let own = ("OLLAMA_MCP_SERVE_LISTEN", "127.0.0.1:9000");
    assert_eq!(port(&[("PORT", "x"), own]).to_string(), "127.0.0.1:9000");
    assert_eq!(refusal(&[("PORT", "http")]), "PORT is \"http\": must be a port from 0 to 65535");

    let directory = directory_with("serve_listen = 9001");
    let by_file = serve_of(in_directory(directory.path(), &[("PORT", "8080")])).unwrap();
    assert_eq!(by_file.listen, ListenAddress::Loopback(9001));

    let doctor = Sources { serve: ServeSources::OwnNames, ..environment(&[("PORT", "8080")]) };
    let loaded = Settings::load(&doctor).unwrap();
    assert_eq!(loaded.settings.serve.unwrap().listen.port(), 4891);
    assert!(!loaded.origins.iter().any(|origin| origin.setting.env == "PORT"));
}

#[test]
fn other_names_of_accounts_count_only_where_ours_are_not_set() {
    let found = serve(&[
        ("ADMIN_EMAIL", "ann@example.org"),
        ("ADMIN_PASSWORD", "correct horse"),
        ("SECRET_KEY", &"s".repeat(32)),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
    ]);
    assert_eq!(found.admin_email.as_deref(), Some("ann@example.org"));
    assert_eq!(found.admin_password.as_ref().map(crate::Secret::expose), Some("correct horse"));
    assert_eq!(found.secret_key.as_ref().map(crate::Secret::expose), Some("s".repeat(32).as_str()));
    assert_eq!(found.session_lifetime, Duration::from_secs(1800));
    let found = serve(&[
        ("ADMIN_EMAIL", "ann@example.org"),
        ("OLLAMA_MCP_SERVE_ADMIN_EMAIL", "bob@example.org"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "x"),
        ("OLLAMA_MCP_SERVE_SESSION_LIFETIME", "168h"),
    ]);
    assert_eq!(found.admin_email.as_deref(), Some("bob@example.org"));
    assert_eq!(found.session_lifetime, Duration::from_secs(7 * 24 * 3600));
    let nothing = serve(&[]);
    assert!(
        nothing.admin_email.is_none() && nothing.secret_key.is_none() && nothing.admin_password.is_none()
    );
    assert_eq!(nothing.session_lifetime, Duration::from_secs(24 * 3600));
}

#[test]
fn weak_secrets_are_refused_and_not_repeated() {
    for (name, value, reason) in [
        ("SECRET_KEY", "sesame", "at least 32 bytes"),
        ("OLLAMA_MCP_SERVE_SECRET_KEY", "sesame", "at least 32 bytes"),
        ("ADMIN_PASSWORD", "ChangeMe", "everybody tries first"),
    ] {
        let text = refusal(&[(name, value)]);
        assert!(text.starts_with(name) && text.contains(reason) && !text.contains(value), "{text}");
    }
    assert!(refusal(&[("ADMIN_EMAIL", "ann")]).contains("an email address"));
    for lifetime in ["0", "59s", "31d", "721h", "soon"] {
        refusal(&[("OLLAMA_MCP_SERVE_SESSION_LIFETIME", lifetime)]);
    }
    assert!(refusal(&[("ACCESS_TOKEN_EXPIRE_MINUTES", "0")]).contains("between 1 minute and 30 days"));
}

#[test]
fn origin_of_port_is_its_own_name() {
    let sources = Sources { serve: ServeSources::AllNames, ..environment(&[("PORT", "8080")]) };
    let origins = Settings::load(&sources).unwrap().origins;
    let of = |name| origins.iter().find(|origin| origin.setting.env == name).unwrap();
    assert_eq!(of("PORT").value_shown.as_deref(), Some("8080"));
    assert_eq!(of("PORT").from, Origin::Environment);
    assert_eq!(of("OLLAMA_MCP_SERVE_LISTEN").value_shown, None);
}

#[test]
fn listen_addresses_are_read() {
    for (text, meant) in [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("localhost:80", "localhost:80"),
        ("LOCALHOST:80", "localhost:80"),
        (" :4891 ", "localhost:4891"),
        ("4891", "localhost:4891"),
        ("[::1]:4891", "[::1]:4891"),
        ("0.0.0.0:4891", "0.0.0.0:4891"),
        ("[::]:1", "[::]:1"),
    ] {
        assert_eq!(listen_address(text).unwrap().to_string(), meant, "{text:?}");
    }
    for (text, reason) in [
        ("http://127.0.0.1:4891", "without a scheme"),
        ("127.0.0.1", "has no port;"),
        ("::1", "has no port;"),
        ("localhost", "has no port;"),
        ("localhost:", "has no port from"),
        ("localhost:65536", "has no port from"),
        ("+80", "has no port from"),
        ("models.example.com:80", "must be an IP address"),
        ("[::1]", "must be an IP address"),
    ] {
        let problem = listen_address(text).unwrap_err().text;
        assert!(problem.contains(reason) && problem.contains("localhost:4891"), "{text:?}: {problem}");
    }
    assert_eq!(
        refusal(&[("OLLAMA_MCP_SERVE_LISTEN", "nowhere")]),
        "OLLAMA_MCP_SERVE_LISTEN is \"nowhere\": has no port from 0 to 65535; valid are 127.0.0.1:4891, \
         localhost:4891, [::1]:4891, 0.0.0.0:4891 and 4891"
    );
}

#[test]
fn guests_depend_on_who_can_connect_unless_set() {
    let has_guests = |listen, guests| {
        serve(&[("OLLAMA_MCP_SERVE_LISTEN", listen), ("OLLAMA_MCP_SERVE_GUESTS", guests)]).has_guests()
    };
    for listen in ["4891", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(has_guests(listen, ""), "{listen}");
        assert!(!has_guests(listen, "never"), "{listen}");
    }
    for listen in ["0.0.0.0:1", "[::]:1", "192.168.1.5:1", "[fe80::1]:1"] {
        assert!(!has_guests(listen, ""), "{listen}");
        assert!(has_guests(listen, "loopback"), "{listen}");
    }
    assert_eq!(serve(&[]).guests, Guests::Auto);
    let error = refusal(&[("OLLAMA_MCP_SERVE_GUESTS", "all")]);
    assert!(error.starts_with("OLLAMA_MCP_SERVE_GUESTS is \"all\": must be loopback or never"), "{error}");
}

#[test]
fn lists_come_from_flags_variables_arrays_and_tables() {
    let file = "serve_origins = [\"https://a.example\", \"http://localhost:3000\"]\n\
                serve_trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n\
                [serve_model_aliases]\ngpt-4o = \"qwen3:8b\"\n\"gpt-3.5-turbo\" = \"hf.co/a/b:Q4\"\n";
    let directory = directory_with(file);
    let found = serve_of(in_directory(directory.path(), &[])).unwrap();
    assert_eq!(found.origins, ["https://a.example", "http://localhost:3000"]);
    let networks: Vec<_> = found.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    let aliases = |found: &ServeSettings| {
        let pairs = found.model_aliases.iter();
        pairs.map(|(alias, model)| format!("{alias}={model}")).collect::<Vec<_>>()
    };
    assert_eq!(aliases(&found), ["gpt-3.5-turbo=hf.co/a/b:Q4", "gpt-4o=qwen3:8b"]);

    let flags =
        vec![flag("model-aliases", "a=b"), flag("model-aliases", "c=d, e=f"), flag("origins", "https://b")];
    let found = serve_of(Sources { flags, ..in_directory(directory.path(), &[]) }).unwrap();
    assert_eq!(
        (aliases(&found), found.origins),
        (vec!["a=b".into(), "c=d".into(), "e=f".into()], vec!["https://b".into()])
    );
}

#[test]
fn origins_are_those_that_browsers_send() {
    let read = |text| origins(text).map_err(|problem| problem.text);
    let cases = [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443/", "https://app.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ];
    for (text, origin) in cases {
        assert_eq!(read(text).unwrap(), [origin], "{text:?}");
    }
    assert_eq!(read("https://a, https://A/ ,").unwrap(), ["https://a"]);
    for text in ["app.example.com", "https://a/path", "file:///etc", "https://", "data:text/html,x"] {
        assert!(read(text).unwrap_err().starts_with("must list origins such as"), "{text:?}");
    }
    for text in ["*", "https://*.example.com"] {
        assert!(read(text).unwrap_err().contains("every web page"), "{text:?}");
    }
    assert!(read("null").unwrap_err().contains("sandboxed"));
    assert!(!refusal(&[("OLLAMA_MCP_SERVE_ORIGINS", "https://a?key=s3cr3t-canary")]).contains(super::CANARY));
}

#[test]
fn public_url_is_a_scheme_and_a_host() {
    assert_eq!(public_url("https://models.example.com").unwrap().as_str(), "https://models.example.com/");
    for (text, reason) in [
        ("models.example.com", "must be a URL"),
        ("ftp://a", "must begin with https://"),
        ("https://a/chat", "must not have a path"),
        ("https://a/?x=1", "query"),
        ("https://me@a/", "user name"),
    ] {
        let problem = public_url(text).unwrap_err();
        assert!(problem.text.contains(reason), "{text:?}: {}", problem.text);
        assert_eq!(problem.hides_value, text.contains(['@', '?']), "{text:?}");
    }
}

#[test]
fn networks_contain_addresses_of_their_prefix() {
    let contains = |network: &str, address: &str| {
        networks(network).unwrap().iter().any(|network| network.contains(address.parse().unwrap()))
    };
    assert!(contains("192.168.1.5", "192.168.1.5") && !contains("192.168.1.5", "192.168.1.4"));
    assert!(contains("10.1.2.3/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("fd00::/8", "fdff::1") && !contains("fd00::/8", "fe80::1"));
    assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1") && contains("::ffff:10.0.0.1", "10.0.0.1"));
    assert!(!contains("::1", "127.0.0.1"));
    for text in
        ["10.0.0", "10.0.0.0/33", "::1/129", "proxy.local", "10.0.0.0/", "10.0.0.0/+8", "::ffff:10.0.0.0/104"]
    {
        assert!(networks(text).unwrap_err().text.contains("is neither"), "{text:?}");
    }
    for text in ["0.0.0.0/0", "::/0"] {
        assert!(networks(text).unwrap_err().text.contains("every address"), "{text:?}");
    }
}

#[test]
fn wrong_aliases_name_the_pair() {
    for text in ["gpt-4o", "=a", "a=", "a=b=c", "a b=c", "ok=fine,a"] {
        let problem = model_aliases(text).unwrap_err().text;
        assert!(problem.starts_with("must list pairs such as gpt-4o=qwen3:8b"), "{text:?}: {problem}");
    }
    assert!(model_aliases("a=b,a=c").unwrap_err().text.contains("a means b and c"));
    assert_eq!(model_aliases("a=b,a=b").unwrap().len(), 1);
}

#[test]
fn zero_turns_comments_off() {
    assert_eq!(comment_after("0").unwrap(), None);
    assert_eq!(comment_after(" 20 ").unwrap(), Some(Duration::from_secs(20)));
    assert!(comment_after("soon").unwrap_err().text.contains("0 sends no comments"));
}

proptest! {
    /// What is shown can be set again, and nothing panics.
    #[test]
    fn listen_address_survives_being_shown(text in "\\PC{0,30}|[0-9:.\\[\\]a-f]{0,30}") {
        if let Ok(found) = listen_address(&text) {
            prop_assert_eq!(listen_address(&found.to_string()).unwrap(), found);
        }
    }

    #[test]
    fn every_socket_address_is_a_listen_address(ip: IpAddr, port: u16) {
        let address = SocketAddr::new(ip, port);
        prop_assert_eq!(listen_address(&address.to_string()).unwrap(), ListenAddress::Address(address));
    }

    /// An address belongs to a network if flipping it back to the network's address changes no bit of the prefix.
    #[test]
    fn network_contains_what_shares_its_prefix(own: u32, prefix in 1u32..=32, bit in 0u32..32) {
        let network = networks(&format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(own))).unwrap().remove(0);
        let other = std::net::Ipv4Addr::from_bits(own ^ (1 << (31 - bit)));
        prop_assert_eq!(network.contains(other.into()), bit >= prefix);
    }

    #[test]
    fn an_origin_that_was_read_stays_as_it_is(text in "(https?|app)://[a-zA-Z0-9.-]{1,20}(:[0-9]{1,5})?/?|\\PC{0,30}") {
        if let Ok(found) = origins(&text) {
            prop_assert_eq!(origins(&found.join(",")).unwrap(), found);
        }
    }

    #[test]
    fn aliases_survive_being_shown(text in "\\PC{0,30}|([a-c]=[a-c:/]{1,3},){0,4}") {
        if let Ok(found) = model_aliases(&text) {
            let shown: Vec<_> = found.iter().map(|(alias, model)| format!("{alias}={model}")).collect();
            prop_assert_eq!(model_aliases(&shown.join(",")).unwrap(), found);
        }
    }
}
