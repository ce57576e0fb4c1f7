//! Entries with the address of a server, for every host.

use crate::{Entry, HOSTS, Host, HostsError, Key, Remote, RemoteEntry};

const URL: &str = "http://127.0.0.1:4891/mcp";

fn remote(url: &str, key: Option<Key>) -> RemoteEntry {
    RemoteEntry { url: url.to_owned(), key }
}

fn leads_here(name: &str, url: &str) -> bool {
    remote(url, None).is_this_server(name)
}

#[test]
fn entry_of_every_host_is_read_as_it_was_written() {
    let keys = [None, Some(Key::Variable("OMK_KEY".to_owned())), Some(Key::Literal("omk_sesame".to_owned()))];
    let mut written = 0;
    for host in HOSTS.iter().filter(|host| matches!(host.remote, Remote::Entry(_))) {
        for key in keys.clone() {
            let entry = Entry::Remote(remote(URL, key));
            match entry.value(host) {
                Ok(value) => {
                    assert_eq!(Entry::read(host, &value), Some(entry), "{}: {value}", host.id);
                    assert_eq!(value.get("command"), None, "{}", host.id);
                    written += 1;
                }
                Err(HostsError::NoKeyVariable { .. }) => {
                    assert!(["zed", "lmstudio", "jetbrains"].contains(&host.id), "{}", host.id);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(written, 3 * 12 - 3);
}

#[test]
fn host_without_addresses_says_what_to_do() {
    let host = Host::of("claude-desktop").unwrap();
    let error = remote(URL, None).value(host).unwrap_err().to_string();
    assert!(error.starts_with("Claude Desktop takes no address of a server in its file. Install"), "{error}");
}

#[test]
fn entry_is_ours_by_its_path_and_its_name_or_usual_port() {
    for (name, url) in [
        ("ollama", "https://models.example.com/mcp"),
        ("ollama", "https://example.com/ollama/mcp/"),
        ("ollama", "http://127.0.0.1:5000/mcp"),
        ("mine", "http://127.0.0.1:4891/mcp"),
        ("mine", "http://localhost:4891/mcp"),
        ("mine", "http://[::1]:4891/mcp"),
    ] {
        assert!(leads_here(name, url), "{name} {url}");
    }
    for (name, url) in [
        ("github", "https://api.githubcopilot.com/mcp/"),
        ("figma", "http://127.0.0.1:3845/mcp"),
        ("ollama", "https://example.com/sse"),
        ("ollama", "https://example.com/mcp?key=sesame"),
        ("mine", "http://192.168.1.5:4891/mcp"),
        ("ollama", "no url"),
    ] {
        assert!(!leads_here(name, url), "{name} {url}");
    }
}

#[test]
fn secrets_of_an_address_and_a_key_are_not_shown() {
    let entry =
        remote("https://me:sesame@example.com/mcp?key=sesame#sesame", Some(Key::Literal("sesame".into())));
    assert_eq!(entry.shown(), "https://example.com/mcp");
    assert!(!format!("{:?}", entry.key).contains("sesame"));
    assert_eq!(
        Entry::Remote(entry).foreign("x").unwrap(),
        "leads to another server: https://example.com/mcp"
    );
}
