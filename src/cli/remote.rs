//! A running server that a command line names: its address, and where its key is.

use std::path::{Path, PathBuf};

use url::Url;

use super::output;
use hosts::Key;
use settings::is_this_machine;

/// A longer file is no key.
const MAX_KEY_FILE: u64 = 4096;

/// A running server, and its key.
#[derive(Debug, clap::Args)]
pub(super) struct RemoteArgs {
    /// A server that runs already (ollama-mcp serve), such as http://127.0.0.1:4891, in place of this program
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub(super) url: Option<String>,
    /// The environment variable that holds the key for --url
    #[arg(long, value_name = "NAME", requires = "url", conflicts_with = "key_file", value_hint = clap::ValueHint::Other)]
    key_env: Option<String>,
    /// A file that holds the key for --url
    #[arg(long, value_name = "PATH", requires = "url", value_hint = clap::ValueHint::FilePath)]
    key_file: Option<PathBuf>,
}

impl RemoteArgs {
    /// Of a subcommand with its own flags of these names.
    pub(super) fn new(url: Option<String>, key_env: Option<String>, key_file: Option<PathBuf>) -> Self {
        Self { url, key_env, key_file }
    }

    /// The key, for a host's file: the name of its variable, or the key of the file.
    pub(super) fn key(&self) -> Result<Option<Key>, String> {
        match (&self.key_env, &self.key_file) {
            (Some(name), _) => variable(name).map(|name| Some(Key::Variable(name))),
            (None, Some(path)) => read_key(path).map(|key| Some(Key::Literal(key))),
            (None, None) => Ok(None),
        }
    }

    /// The key itself.
    pub(super) fn resolved_key(&self) -> Result<Option<String>, String> {
        match self.key()? {
            Some(Key::Literal(key)) => Ok(Some(key)),
            Some(Key::Variable(name)) => match std::env::var(&name) {
                Ok(key) if is_key(key.trim()) => Ok(Some(key.trim().to_owned())),
                Ok(_) => Err(format!("--key-env {name}: its value is no key: {KEY}")),
                Err(_) => Err(format!("--key-env {name}: this variable is not set")),
            },
            None => Ok(None),
        }
    }
}

const KEY: &str = "a key is ASCII without spaces";

/// The name of a variable, which hosts put between braces.
fn variable(name: &str) -> Result<String, String> {
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // They would keep this program itself from starting, where it does not know them.
    if is_name && name.starts_with("OLLAMA_MCP_") {
        return Err(format!(
            "--key-env {name}: names that begin with OLLAMA_MCP_ are those of settings; choose another, such as OMK_KEY"
        ));
    }
    if is_name {
        return Ok(name.to_owned());
    }
    // It may be the key itself, so it is not shown.
    Err("--key-env takes the name of an environment variable, such as OMK_KEY, and not the key itself"
        .to_owned())
}

fn read_key(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = platform::read_regular(path, MAX_KEY_FILE)
        .map_err(|error| format!("--key-file {shown} cannot be read: {error}"))?;
    let key = String::from_utf8(bytes).map(|text| text.trim().to_owned()).unwrap_or_default();
    if !is_key(&key) {
        return Err(format!("--key-file {shown} holds no key: {KEY}, alone in the file"));
    }
    if platform::is_open_to_others(path) {
        output::error(&format!("{shown} holds a key and can be read by other users: chmod 600 it"));
    }
    Ok(key)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// The address of a running server, without the path of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerAddress(Url);

impl ServerAddress {
    /// Reads an address, with or without `/mcp`. A path before it, such as a proxy adds, stays.
    ///
    /// # Errors
    /// What is wrong, as a line; an address with a password is not repeated.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "valid are http://127.0.0.1:4891 and https://models.example.com";
        let text = text.trim();
        if text.contains(['@', '?', '#']) {
            return Err(format!(
                "--url takes no user name, query or fragment ({EXAMPLE}); give a key by --key-env or --key-file"
            ));
        }
        let wrong = |problem: &str| format!("--url {text:?}: {problem}; {EXAMPLE}");
        let mut url = Url::parse(text).map_err(|error| wrong(&format!("that is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("must begin with http:// or https://"));
        }
        let is_unspecified = match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_unspecified(),
            Some(url::Host::Ipv6(ip)) => ip.is_unspecified(),
            Some(url::Host::Domain(_)) | None => false,
        };
        if is_unspecified {
            return Err(wrong("that is an address to listen on; name one to connect to"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if ["/v1", "/api"].iter().any(|end| path.ends_with(end)) {
            return Err(wrong("leave out the path"));
        }
        url.set_path(path.strip_suffix("/mcp").unwrap_or(&path));
        Ok(Self(url))
    }

    /// The address of the MCP endpoint.
    pub(super) fn mcp(&self) -> String {
        format!("{}/mcp", self.base())
    }

    /// The address below which OpenAI's routes are.
    pub(super) fn openai(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/v1", url.path().trim_end_matches('/')));
        url
    }

    pub(super) fn base(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub(super) fn is_this_machine(&self) -> bool {
        self.0.host().is_some_and(|host| is_this_machine(&host))
    }

    /// Warns of text, and perhaps a key, that a network can read.
    pub(super) fn warning(&self, has_key: bool) -> Option<String> {
        let sent = if has_key { "the key and all texts go" } else { "all texts go" };
        (self.0.scheme() == "http" && !self.is_this_machine())
            .then(|| format!("{sent} to {} unencrypted; use https if the server can", self.base()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_stands_for_all_routes() {
        for (given, base) in [
            ("http://127.0.0.1:4891", "http://127.0.0.1:4891"),
            (" http://localhost:4891/mcp/ ", "http://localhost:4891"),
            ("https://Models.example.com/", "https://models.example.com"),
            ("https://example.com/ollama/mcp", "https://example.com/ollama"),
        ] {
            let address = ServerAddress::parse(given).unwrap();
            assert_eq!(address.base(), base);
            assert_eq!(address.mcp(), format!("{base}/mcp"));
            assert_eq!(address.openai().as_str(), format!("{base}/v1"));
        }
    }

    #[test]
    fn wrong_address_gets_reason_and_example() {
        for (given, reason) in [
            ("127.0.0.1:4891", "no URL"),
            ("localhost:4891", "must begin with http://"),
            ("http://0.0.0.0:4891", "an address to listen on"),
            ("http://127.0.0.1:4891/v1", "leave out the path"),
            ("http://me:sesame@127.0.0.1", "no user name"),
            ("https://a/?key=sesame", "no user name, query"),
        ] {
            let problem = ServerAddress::parse(given).unwrap_err();
            assert!(problem.contains(reason) && problem.contains("valid are http"), "{problem}");
            assert!(!problem.contains("sesame"), "{problem}");
        }
    }

    #[test]
    fn only_http_over_a_network_is_warned_of() {
        let warning = |url| ServerAddress::parse(url).unwrap().warning(true);
        for fine in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://a.example"] {
            assert_eq!(warning(fine), None, "{fine}");
        }
        assert!(
            warning("http://a.example").unwrap().starts_with("the key and all texts go to http://a.example ")
        );
    }

    #[test]
    fn key_in_place_of_name_is_not_shown() {
        for given in ["omk-sesame", "", "1NAME", "A B"] {
            let problem = variable(given).unwrap_err();
            assert!(!problem.contains("sesame"), "{problem}");
        }
        assert_eq!(variable("OMK_KEY").unwrap(), "OMK_KEY");
        // The program refuses unknown variables of its own prefix.
        assert!(variable("OLLAMA_MCP_KEY").unwrap_err().contains("choose another"));
    }
}
