//! The table of clients, and the settings of each.

use std::path::PathBuf;

use serde_json::Value;

use super::{CLIENTS, Client, ClientKey, Connection, Form};
use crate::host::Format;
use crate::{get, set};

fn connection(key: Option<ClientKey>) -> Connection {
    Connection {
        base: "http://127.0.0.1:4891".to_owned(),
        model: "it's:1b".to_owned(),
        models: vec!["it's:1b".to_owned(), "b:1b".to_owned()],
        key,
    }
}

fn keys() -> [Option<ClientKey>; 3] {
    let file = ClientKey::File(PathBuf::from("/home/ann lee/key"));
    [None, Some(ClientKey::Variable("OMK_KEY".to_owned())), Some(file)]
}

#[test]
fn every_text_has_address_and_source() {
    for client in CLIENTS {
        for key in keys() {
            let text = client.text(&connection(key), false);
            assert!(text.contains("http://127.0.0.1:4891") && text.ends_with('\n'), "{}: {text}", client.id);
        }
        assert!(client.source.len() > 5 && !client.note.ends_with(' '), "{}", client.id);
        assert!(
            client
                .aliases
                .iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        );
        assert_eq!(CLIENTS.iter().filter(|other| other.id == client.id).count(), 1);
    }
}

#[test]
fn key_is_named_by_variable_or_file() {
    let [_, variable, file] = keys();
    for client in CLIENTS.iter().filter(|client| client.key == super::KeyUse::Named) {
        let text = client.text(&connection(variable.clone()), false);
        assert!(text.contains("OMK_KEY"), "{}: {text}", client.id);
        let text = client.text(&connection(file.clone()), false);
        assert!(text.contains("ann lee/key") || client.id == "continue", "{}: {text}", client.id);
    }
    let quoted = Client::of("aider").unwrap().text(&connection(file), false);
    assert_eq!(
        quoted,
        "export OPENAI_API_BASE=http://127.0.0.1:4891/v1\nexport OPENAI_API_KEY=\"$(cat '/home/ann lee/key')\"\n\
         aider --model 'openai/it'\\''s:1b'\n"
    );
}

#[test]
fn settings_are_found_again_in_what_was_written() {
    for client in CLIENTS {
        let Form::File(settings) = &client.form else { continue };
        for key in keys() {
            let connection = connection(key);
            let text = settings.rendered(&connection, true);
            let written = (settings.settings)(&connection).into_iter().chain((settings.choice)(&connection));
            let written: Vec<_> = written.filter(|setting| setting.value.is_some()).collect();
            for setting in &written {
                assert!(
                    settings.owned.iter().any(|owned| owned.path == setting.path),
                    "{}: {:?} would stay",
                    client.id,
                    setting.path
                );
                assert_eq!(get(settings.format, &text, setting.path).unwrap(), setting.value);
            }
            let root = get(settings.format, &text, &[]).unwrap().unwrap();
            let ours = settings.owned.iter().filter(|owned| {
                (owned.is_ours)(&root) && get(settings.format, &text, owned.path).unwrap().is_some()
            });
            assert_eq!(ours.count(), written.len(), "{}: {text}", client.id);
        }
    }
}

#[test]
fn nothing_secret_is_shown_of_other_settings() {
    let text = r#"{ "env": { "ANTHROPIC_BASE_URL": "https://me:sesame@gateway.example", "ANTHROPIC_AUTH_TOKEN": "sesame" },
        "apiKeyHelper": "vault read sesame" }"#;
    let Form::File(settings) = &Client::of("claude-code").unwrap().form else { panic!("it has a file") };
    let shown: Value = serde_json::from_str(&settings.shown(text)).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({ "env": { "ANTHROPIC_BASE_URL": "***", "ANTHROPIC_AUTH_TOKEN": "***" }, "apiKeyHelper": "***" })
    );
}

#[test]
fn unknown_name_finds_nearest_client() {
    assert_eq!(Client::meant_by("codx"), ["codex"]);
    assert_eq!(Client::meant_by("Claude"), ["claude-code"]);
    assert_eq!(Client::meant_by("openai"), ["openai-python"]);
    assert_eq!(Client::meant_by("zzzzzz"), Vec::<&str>::new());
}

#[test]
fn user_settings_in_the_same_objects_stay() {
    let Form::File(settings) = &Client::of("opencode").unwrap().form else { panic!("it has a file") };
    assert_eq!(settings.format, Format::Json);
    let mut text = settings.rendered(&connection(None), false);
    text = set(Format::Json, &text, &["provider", "ollama-mcp", "options", "timeout"], &600.into()).unwrap();
    let again = settings.connected(&text, &connection(keys()[1].clone()), false, false).unwrap();
    let options = get(Format::Json, &again, &["provider", "ollama-mcp", "options"]).unwrap().unwrap();
    assert_eq!(options["timeout"], 600);
    let back = settings.connected(&again, &connection(None), false, false).unwrap();
    assert_eq!(back, text, "a key that is not given any more is gone");
}
