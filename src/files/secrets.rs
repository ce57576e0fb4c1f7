//! Names of files and directories that hold secrets by convention.

use std::path::Path;

/// Whole names.
const NAMES: [&str; 31] = [
    ".ssh",
    ".git",
    ".gnupg",
    ".aws",
    ".azure",
    ".gcloud",
    ".kube",
    ".docker",
    ".password-store",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".my.cnf",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    ".vault-token",
    ".git-credentials",
    ".terraformrc",
    ".boto",
    ".s3cfg",
    ".dockercfg",
    // The hosts' own: tokens of MCP servers, logins, transcripts.
    ".mcp.json",
    "mcp.json",
    "mcp_config.json",
    "claude_desktop_config.json",
    ".claude.json",
    ".claude",
    ".codex",
    ".gemini",
    "oauth_creds.json",
];

/// How names begin.
const BEGINNINGS: [&str; 2] = [".env", "id_"];

/// How names end.
const ENDINGS: [&str; 10] = [
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".tfstate",
    // Also .credentials.json and application_default_credentials.json.
    "credentials.json",
];

/// What follows `credentials` in the name of a file that holds them, and not the code that reads them.
const CREDENTIALS: [&str; 10] =
    ["", ".json", ".toml", ".yaml", ".yml", ".xml", ".ini", ".csv", ".db", ".txt"];

/// The first part of a path that holds secrets by its name, whatever its case.
pub(super) fn secret_part(path: &Path) -> Option<String> {
    path.iter().map(|part| part.to_string_lossy()).find(|part| is_secret(part)).map(String::from)
}

fn is_secret(name: &str) -> bool {
    // Windows drops dots and blanks at the end of a name.
    let name = name.trim_end_matches(['.', ' ']).to_lowercase();
    let name = without_backup(&name);
    NAMES.contains(&name)
        || (name.starts_with('.') && name.ends_with("_history"))
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.strip_prefix("credentials").is_some_and(|rest| CREDENTIALS.contains(&rest))
}

/// The name of what this is a copy of, as editors and `install` name copies.
fn without_backup(name: &str) -> &str {
    let name = name.trim_end_matches('~');
    [".bak", ".old", ".orig", ".backup"]
        .iter()
        .find_map(|mark| {
            let (original, rest) = name.rsplit_once(mark)?;
            rest.chars().all(|c| c.is_ascii_digit() || c == '-').then_some(original)
        })
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for secret in [
            ".env",
            ".ENV",
            ".env.local",
            ".envrc",
            "a/.ssh/config",
            "x/.git/HEAD",
            ".gnupg/x",
            ".aws/config",
            "server.pem",
            "Server.KEY",
            "a.p12",
            "id_rsa",
            "ID_ED25519.pub",
            ".netrc",
            "credentials",
            "Credentials.json",
            ".env. .",
            "a/b/.env/c",
            ".mcp.json",
            ".cursor/mcp.json",
            ".cursor/mcp.json.bak-1700000000-2",
            ".claude.json.backup",
            ".claude/.credentials.json",
            "x/.codex/auth.json",
            ".gemini/settings.json",
            "application_default_credentials.json",
            "server.key.bak",
            "server.pem~",
            ".bash_history",
        ] {
            assert!(secret_part(Path::new(secret)).is_some(), "{secret}");
        }
    }

    #[test]
    fn other_names_are_left_alone() {
        for plain in [
            "env",
            "environment.md",
            ".gitignore",
            ".github/x.yml",
            "key",
            "keyboard.rs",
            "credentials.rs",
            "grid_a",
            "a.pem.txt",
            "notes.bak",
            "a.backup.md",
            "order_history",
            ".cursor/rules/style.mdc",
        ] {
            assert_eq!(secret_part(Path::new(plain)), None, "{plain}");
        }
    }
}
