//! Names of files and directories that hold secrets by convention.

use std::path::Path;

/// Whole names.
const NAMES: [&str; 22] = [
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
];

/// How names begin.
const BEGINNINGS: [&str; 2] = [".env", "id_"];

/// How names end.
const ENDINGS: [&str; 9] = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".tfstate"];

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
    NAMES.contains(&name.as_str())
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.strip_prefix("credentials").is_some_and(|rest| CREDENTIALS.contains(&rest))
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
        ] {
            assert_eq!(secret_part(Path::new(plain)), None, "{plain}");
        }
    }
}
