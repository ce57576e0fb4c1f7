//! Whether a path leads to a secrets file, by the names in [`super::secret_names`].

use std::path::Path;

use super::secret_names::{DATA, SECRETS};

/// The first component of `rest` that looks like a secrets file; case is ignored. `rest` is relative to `root`, which
/// matters for patterns with folders (`.m2/settings.xml`).
pub(super) fn secret_part(root: &Path, rest: &Path) -> Option<String> {
    let plain = |path: &Path| path.iter().map(|part| plain(&part.to_string_lossy())).collect::<Vec<_>>();
    let mut parts = plain(root);
    for (part, plain) in rest.iter().zip(plain(rest)) {
        parts.push(plain);
        if SECRETS.iter().flat_map(|(_, patterns)| *patterns).any(|pattern| ends_with(&parts, pattern)) {
            return Some(part.to_string_lossy().into_owned());
        }
    }
    None
}

/// Whether a name is that of a backup copy of `original`, as editors and `install` name them.
pub(super) fn is_copy_of(name: &str, original: &str) -> bool {
    let original = original.to_lowercase();
    let swap = |name: &str| name.strip_prefix('.')?.strip_suffix(".swp").map(str::to_owned);
    let name = name.to_lowercase();
    without_backup(&name) == original || swap(&name) == Some(original)
}

/// A name in the form that is compared. Windows ignores dots and spaces at the end of a name.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ']).to_lowercase();
    without_backup(&name).to_owned()
}

/// Whether a path ends with a pattern: names that may contain `*`, separated by `/`.
pub(super) fn ends_with(parts: &[String], pattern: &str) -> bool {
    let mut parts = parts.iter().rev();
    pattern.rsplit('/').all(|pattern| parts.next().is_some_and(|part| matches(part, pattern)))
}

/// Whether a name matches a pattern: `*` stands for anything, `.@` at the end for the extension of a data file.
fn matches(name: &str, pattern: &str) -> bool {
    if let Some(start) = pattern.strip_suffix(".@") {
        return DATA.iter().any(|ending| name.strip_suffix(ending).is_some_and(|name| matches(name, start)));
    }
    let Some((start, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut pieces: Vec<_> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match name.split_once(piece) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(end)
}

/// The name of the original of a backup copy, or the name itself.
fn without_backup(name: &str) -> &str {
    // Emacs: `#name#` while it is edited, `.#name` as its lock.
    let name = name.strip_prefix(".#").or_else(|| name.strip_prefix('#')).unwrap_or(name);
    let name = name.trim_end_matches(['~', '#']);
    [".bak", ".old", ".orig", ".backup", ".save", ".tmp", ".dpkg-old", ".dpkg-dist", ".rpmsave"]
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

    fn secret(path: &str) -> Option<String> {
        secret_part(Path::new("/home/you"), Path::new(path))
    }

    #[test]
    fn secrets_are_recognized_by_name() {
        for path in [
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
            "#.env#",
            ".#.env",
            "server.key.dpkg-old",
            ".config/github-copilot/hosts.json",
            ".bash_history",
        ] {
            assert!(secret(path).is_some(), "{path}");
        }
    }

    #[test]
    fn secrets_of_many_tools_are_recognized() {
        for path in [
            "deploy_rsa",
            "work_ed25519",
            "kubeconfig",
            "prod.tfvars",
            "service-account-prod.json",
            "x-firebase-adminsdk-1.json",
            "client_secret_123.json",
            "secrets.yaml",
            "prod.env",
            ".config/gh/hosts.yml",
            "rclone.conf",
            ".m2/settings.xml",
            "gradle.properties",
            ".condarc",
            "pip.conf",
            ".yarnrc.yml",
            ".terraform.d/credentials.tfrc.json",
            ".passwd-s3fs",
            ".vault_pass",
            "AuthKey.p8",
            "key.asc",
            "backup.gpg",
            "host.keytab",
            "office.ovpn",
            "wg0.conf",
            ".authinfo",
            ".msmtprc",
            ".smbcredentials",
            ".Xauthority",
            ".kaggle/kaggle.json",
            ".databrickscfg",
            ".oci/config",
            ".huggingface/token",
            "cookies.sqlite",
            "logins.json",
            "key4.db",
            "wallet.dat",
            ".dev.vars",
            ".flaskenv",
            "wp-config.php",
            ".gitconfig",
            // Of hosts, and of `install`.
            ".zed/settings.json",
            ".zed/settings.json.bak-1700000000",
            ".qwen/settings.json",
            "opencode.json",
            "opencode.jsonc~",
            ".ollama-mcp-aB3dE6",
            ".ollama-mcp-aB3dE6.tmp",
        ] {
            assert!(secret(path).is_some(), "{path}");
        }
    }

    /// The names of files and endings that shhgit's signatures (eth0izzle/shhgit, config.yaml) call secret.
    #[test]
    fn secrets_of_a_public_list_are_recognized() {
        for path in [
            "a.pem",
            "a.pkcs12",
            "a.p12",
            "a.pfx",
            "a.asc",
            "otr.private_key",
            "a.ovpn",
            "a.rdp",
            "a.bek",
            "a.tpm",
            "a.fve",
            "a.jks",
            "a.psafe3",
            "secret_token.rb",
            "a.agilekeychain",
            "a.keychain",
            "a.kwallet",
            "credentials.xml",
            "LocalSettings.php",
            "a.tblk",
            "proftpdpasswd",
            "robomongo.json",
            "filezilla.xml",
            "recentservers.xml",
            "terraform.tfvars",
            "a_rsa",
            "a_dsa",
            "a_ed25519",
            "a_ecdsa",
            ".ssh/config",
            "a.key",
            "a.keypair",
            ".bash_history",
            ".zsh_history",
            ".mysql_history",
            ".psql_history",
            ".pgpass",
            "pgpass",
            ".irb_history",
            ".purple/accounts.xml",
            ".irssi/config",
            ".recon-ng/keys.db",
            ".dbeaver-data-sources.xml",
            ".muttrc",
            ".s3cfg",
            "s3cfg",
            ".aws/credentials",
            "sftp-config.json",
            ".trc",
            "a.keystore",
            "a.keyring",
            "a.kdb",
            "a.kdbx",
            ".htpasswd",
            "htpasswd",
            ".netrc",
            "_netrc",
            ".gem/credentials",
            ".tugboat",
            "doctl/config.yaml",
            ".git-credentials",
            ".config/hub",
            ".gitconfig",
            ".chef/me.pem",
            "etc/shadow",
            ".dockercfg",
            ".npmrc",
            "npmrc",
            ".env",
        ] {
            assert!(secret(path).is_some(), "{path}");
        }
        // Code, logs and dumps: users attach them, and their purpose is not to hold secrets.
        for path in [
            "a.log",
            "a.sql",
            "settings.py",
            "database.yml",
            "config.php",
            ".bashrc",
            ".profile",
            "etc/passwd",
        ] {
            assert_eq!(secret(path), None, "{path}");
        }
    }

    #[test]
    fn other_names_are_not_secrets() {
        for path in [
            "env",
            "environment.md",
            ".gitignore",
            ".github/x.yml",
            "key",
            "keyboard.rs",
            "credentials.rs",
            "secrets.rs",
            "secret_names.rs",
            "settings.json",
            "settings.xml",
            "config/gh/hosts.yml",
            "wgpu.toml",
            "client_secret.rs",
            "service_account.py",
            "grid_a",
            "a.pem.txt",
            "notes.bak",
            "a.backup.md",
            "order_history",
            ".cursor/rules/style.mdc",
        ] {
            assert_eq!(secret(path), None, "{path}");
        }
    }

    /// Allowing a folder allows its files, but not a file that a pattern names together with that folder.
    #[test]
    fn allowed_folder_counts_only_for_patterns_with_folders() {
        let below = |root: &str, rest: &str| secret_part(Path::new(root), Path::new(rest));
        assert!(below("/home/you/.m2", "settings.xml").is_some());
        assert!(below("/home/you/.zed", "settings.json").is_some());
        assert_eq!(below("/home/you/.ssh", "config"), None);
        assert_eq!(below("/home/you/.m2/settings.xml", ""), None);
    }

    #[test]
    fn backup_copies_are_recognized() {
        for name in
            ["config.toml", "config.toml~", "Config.toml.bak", "config.toml.bak-17-2", ".config.toml.swp"]
        {
            assert!(is_copy_of(name, "config.toml"), "{name}");
        }
        assert!(!is_copy_of("config.toml.md", "config.toml"));
    }
}
