//! Names of files and folders that hold secrets, by the tool that they belong to.
//!
//! All are in lower case. `*` stands for anything, `/` separates a folder, and `.@` at the end stands for one of [`DATA`].
//! Names of code (`settings.py`, `database.yml`, `.bashrc`) are left out on purpose: users attach code.
//! A test in `secrets.rs` compares the table with the signatures of shhgit, which derive from gitrob.

/// Extensions of data files. A file named `credentials` with another extension is code.
pub(super) const DATA: &[&str] =
    &[".json", ".toml", ".yaml", ".yml", ".xml", ".ini", ".csv", ".db", ".txt", ".properties", ".enc"];

/// The patterns, by tool.
pub(super) const SECRETS: &[(&str, &[&str])] = &[
    // Keys and passwords, of any tool.
    ("environment files", &[".env*", "*.env", ".flaskenv", ".dev.vars*"]),
    (
        "secrets by their name",
        &[
            "secrets.@",
            "secret.@",
            "credentials",
            "credentials.@",
            "*credentials.json",
            "password.@",
            "passwords.@",
            "tokens.json",
            ".secret",
            ".secrets",
        ],
    ),
    (
        "private keys",
        &["*.pem", "*.key", "*.keypair", "*.p8", "*.p12", "*.pfx", "*.pkcs12", "*.ppk", "otr.private_key"],
    ),
    ("Java keystores", &["*.jks", "*.keystore"]),
    ("histories of shells and clients", &[".*_history", "fish_history", "consolehost_history.txt"]),
    ("SSH", &[".ssh", "id_*", "*_rsa", "*_dsa", "*_ecdsa", "*_ed25519", "ssh_host_*_key"]),
    ("minisign, Teleport", &[".minisign", ".tsh"]),
    ("GnuPG", &[".gnupg", "*.gpg", "*.asc"]),
    ("age and sops", &["*.age", "sops/age"]),
    (
        "password managers",
        &[
            ".password-store",
            "*.kdb",
            "*.kdbx",
            "*.psafe3",
            "*.agilekeychain",
            "*.opvault",
            "*.kwallet",
            ".config/op",
        ],
    ),
    ("keychains", &["*.keychain", "*.keychain-db", "*.keyring", "keyrings"]),
    ("BitLocker", &["*.bek", "*.tpm", "*.fve"]),
    ("GitHub Copilot", &["github-copilot/hosts.json", "github-copilot/apps.json"]),
    ("ngrok, Sentry, Supabase, Railway", &["ngrok.yml", ".sentryclirc", ".supabase", ".railway"]),
    ("Hetzner Cloud, Scaleway", &["hcloud/cli.toml", "scw/config.yaml"]),
    ("Snowflake, dbt, Ivy", &[".snowflake", ".dbt/profiles.yml", ".ivy2/.credentials"]),
    ("Azure Functions", &["local.settings.json"]),
    ("Ollama", &[".ollama/history"]),
    ("Unix", &["etc/shadow", "etc/gshadow"]),
    ("Kerberos", &["*.keytab", "krb5cc_*"]),
    ("X11", &[".xauthority"]),
    ("cryptocurrencies", &["wallet.dat", ".bitcoin", ".electrum", ".ethereum/keystore"]),
    // Networks and mail.
    ("OpenVPN, WireGuard, Tunnelblick", &["*.ovpn", "wg*.conf", "etc/wireguard", "*.tblk"]),
    ("netrc, curl, wget", &[".netrc", "_netrc", ".authinfo*", ".curlrc", ".wgetrc"]),
    ("Remote Desktop, VNC", &["*.rdp", ".vnc"]),
    ("Samba, cifs", &[".smbcredentials"]),
    (
        "FTP clients",
        &["filezilla.xml", "recentservers.xml", "sitemanager.xml", "sftp-config.json", ".ftpconfig"],
    ),
    (
        "mail",
        &[
            ".msmtprc",
            ".fetchmailrc",
            ".getmail",
            ".muttrc",
            ".mutt",
            "offlineimaprc",
            ".offlineimaprc",
            ".mbsyncrc",
        ],
    ),
    ("chat", &[".purple", ".irssi", ".weechat", ".trc"]),
    // Browsers.
    (
        "Firefox and its kin",
        &[".mozilla", "cookies.sqlite*", "logins.json", "key3.db", "key4.db", "signons.sqlite"],
    ),
    (
        "Chrome and its kin",
        &[".config/google-chrome", ".config/chromium", "login data*", "chrome/user data", "edge/user data"],
    ),
    // Version control and its sites.
    ("git", &[".git", ".git-credentials", ".gitconfig", "git/credentials"]),
    ("GitHub, GitLab", &[".config/gh", ".config/hub", "glab-cli"]),
    ("Subversion", &[".subversion/auth"]),
    // Packages and builds.
    ("npm, Yarn", &[".npmrc", "npmrc", ".yarnrc*"]),
    ("Python", &[".pypirc", "pip.conf", "pip.ini", ".condarc", "pypoetry/auth.toml"]),
    ("Maven, Gradle", &[".m2/settings*.xml", "gradle.properties"]),
    ("Ruby", &[".gem/credentials", "secret_token.rb", ".bundle/config"]),
    ("PHP", &["auth.json", "wp-config*.php", "localsettings.php"]),
    ("NuGet", &["nuget.config"]),
    ("R", &[".renviron"]),
    // Clouds, containers, and what sets them up.
    ("AWS", &[".aws", ".s3cfg", "s3cfg", ".passwd-s3fs", "passwd-s3fs", ".boto"]),
    (
        "Google",
        &[
            ".gcloud",
            ".config/gcloud",
            "client_secret*.json",
            "service-account*.json",
            "service_account*.json",
            "serviceaccount*.json",
            "*adminsdk*.json",
        ],
    ),
    ("Azure", &[".azure", "*.publishsettings"]),
    (
        "other clouds",
        &[
            ".oci",
            ".aliyun",
            ".bluemix",
            ".tugboat",
            "doctl/config.yaml",
            ".linode-cli",
            ".config/linode-cli",
            ".fly",
            ".databrickscfg",
            ".snowsql",
            ".config/stripe",
            ".netlify",
            "com.vercel.cli",
            ".wrangler",
        ],
    ),
    ("Kubernetes", &[".kube", "kubeconfig", "*.kubeconfig"]),
    ("Docker, Podman", &[".docker", ".dockercfg", "containers/auth.json"]),
    (
        "Terraform",
        &[".terraformrc", "terraform.rc", ".terraform.d", "*.tfstate", "*.tfvars", "*.tfvars.json"],
    ),
    ("Vault, Ansible, Chef", &[".vault-token", ".vault_pass*", ".vault-pass*", ".chef"]),
    ("rclone", &["rclone.conf"]),
    // Databases.
    ("PostgreSQL", &[".pgpass", "pgpass", "pgpass.conf", ".pg_service.conf"]),
    ("MySQL", &[".my.cnf", ".mylogin.cnf"]),
    ("database clients", &["dbeaver-data-sources.xml", ".dbeaver*", "robomongo.json", ".recon-ng"]),
    ("web servers", &[".htpasswd", "htpasswd", "proftpdpasswd"]),
    // Models and data.
    ("Hugging Face", &[".huggingface", "huggingface/token", "huggingface/stored_tokens"]),
    ("Kaggle", &[".kaggle", "kaggle.json"]),
    // The hosts of MCP servers: tokens of all servers, logins, transcripts; and what `install` leaves.
    (
        "MCP hosts",
        &[
            ".mcp.json",
            "mcp.json",
            "mcp_config.json",
            "claude_desktop_config.json",
            ".claude.json",
            ".claude",
            ".codex",
            ".gemini",
            ".qwen",
            ".zed/settings.json",
            "opencode.json",
            "opencode.jsonc",
            "mcp-auth.json",
            "oauth_creds.json",
        ],
    ),
    ("ollama-mcp", &[".ollama-mcp-*"]),
];
