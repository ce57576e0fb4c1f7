//! What is shown of a host's file: secrets of any server in it become `***`.

use super::table::Format;
use super::{json, toml};

const MASK: &str = "***";

/// Parts of a name that make its value a secret. Rather one too many: this is for the eye alone.
const SECRET: [&str; 12] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSW",
    "PASSPHRASE",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
    "HEADER",
    "BEARER",
    "PRIVATE",
    "SESSION",
];

/// Whether the value of a variable or key of this name should not be seen.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|part| name.contains(part)) || name.split(['_', '-']).any(|word| word == "PAT")
}

/// The text of a file with its secrets masked. A text that does not parse is not shown at all.
pub(super) fn masked(format: Format, text: &str) -> String {
    match format {
        Format::Json => {
            let mut places = Vec::new();
            let mut previous = String::new();
            let visited = json::texts(text, |keys, range, value| match keys {
                Some(keys) => {
                    if let Some(masked) = mask(keys, &previous, value) {
                        places.push((range, serde_json::Value::from(masked).to_string()));
                    }
                    value.clone_into(&mut previous);
                }
                // A server that is commented out has its secrets still.
                None if looks_secret(value) => places.push((range, format!("/* {MASK} */"))),
                None => {}
            });
            if visited.is_err() {
                return String::new();
            }
            places.sort_by_key(|(range, _)| range.start);
            let mut text = text.to_owned();
            for (range, masked) in places.into_iter().rev() {
                text.replace_range(range, &masked);
            }
            text
        }
        Format::Toml => {
            let mut previous = String::new();
            let masked = toml::with_strings(text, |keys, value| {
                let masked = mask(keys, &previous, value);
                value.clone_into(&mut previous);
                masked
            });
            masked.split_inclusive('\n').map(without_secret_comment).collect()
        }
    }
}

/// A line of TOML, unless all of it is a comment with a secret.
fn without_secret_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') && looks_secret(line) { "# ***\n" } else { line }
}

/// What to show for a value, if not itself: by its keys, by the flag before it, or by what it looks like.
fn mask(keys: &[&str], previous: &str, value: &str) -> Option<String> {
    // What a host asks for or looks up is a name, not the secret.
    if value.is_empty() || (value.starts_with("${") && value.ends_with('}') && !value.contains(":-")) {
        return None;
    }
    let in_args = keys.last() == Some(&"args");
    if in_args {
        let pair = |mark: &str| value.split_once(mark).filter(|(name, _)| looks_secret(name));
        for mark in ["=", ": "] {
            if let Some((name, _)) = pair(mark) {
                return Some(format!("{name}{mark}{MASK}"));
            }
        }
        if previous.starts_with('-') && !previous.contains('=') && looks_secret(previous) {
            return Some(MASK.to_owned());
        }
    }
    let named = keys.iter().any(|key| looks_secret(key));
    let credentials = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let bearer = value.to_ascii_lowercase().contains("bearer ");
    let in_query = value
        .split(['?', '&'])
        .skip(1)
        .any(|pair| pair.split_once('=').is_some_and(|(name, _)| looks_secret(name)));
    (named || credentials || bearer || in_query || is_token(value)).then(|| MASK.to_owned())
}

/// Whether a value is a token by how it begins, whatever it is called.
fn is_token(value: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "sk-",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "hf_",
        "npm_",
        "AKIA",
        "eyJ",
    ];
    value.len() >= 16
        && BEGINNINGS.iter().any(|beginning| value.starts_with(beginning))
        && !value.contains(['/', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_in_addresses_arguments_and_by_themselves() {
        let key = ["servers", "x", "url"];
        let args = ["servers", "x", "args"];
        let hidden =
            |keys: &[&str], value: &str| mask(keys, "", value).is_some_and(|shown| !shown.contains("S3CRET"));
        assert!(hidden(&key, "https://mcp.example.com/mcp?profile=a&apiKey=S3CRET"));
        assert!(hidden(&args, "https://mcp.example.com/sse?token=S3CRET"));
        assert!(hidden(&args, "X-Api-Key: S3CRET"));
        assert!(hidden(&args, "ghp_S3CRETS3CRETS3CRET"));
        assert!(hidden(&["servers", "x", "env", "GITHUB"], "github_pat_S3CRETS3CRET"));
        for plain in
            ["https://mcp.example.com/mcp?profile=a", "-y", "@scope/auth-server@latest", "sk-learn", "hf_hub"]
        {
            assert_eq!(mask(&args, "", plain), None, "{plain}");
        }
    }
}
