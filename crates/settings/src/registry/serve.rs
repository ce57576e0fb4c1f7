//! The settings of the HTTP server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::parse;
use crate::secret::Secret;
use crate::serve::{self, Guests, ListenAddress, Network};
use crate::setting::{Exposure, Setting, SettingInfo, ValueKind, settings};
use crate::store;

settings! {
    /// The settings of `serve`, which the stdio server does not read.
    list SERVE_SETTINGS;

    /// Where to listen: `IP:PORT`, or `localhost:PORT` or `PORT` for this machine only, over IPv4 and IPv6; port 0 is
    /// a free one.
    SERVE_LISTEN: ListenAddress {
        env: "OLLAMA_MCP_SERVE_LISTEN", flag: "listen", key: "serve_listen",
        value: "ADDRESS" Quantity, parse: serve::listen_address, default: "localhost:4891",
    }

    /// Another name for the port of `OLLAMA_MCP_SERVE_LISTEN`, on this machine only; it counts only where that is not
    /// set.
    MCP_SERVER_PORT: Option<u16> {
        env: "MCP_SERVER_PORT",
        value: "PORT" Quantity, parse: serve::port,
    }

    /// As `MCP_SERVER_PORT`, which wins over it.
    PORT: Option<u16> {
        env: "PORT",
        value: "PORT" Quantity, parse: serve::port,
    }

    /// Another name for `OLLAMA_MCP_DATABASE_URL`; it counts only where that is not set, and not if it names SQLite.
    SERVE_DATABASE_URL: Option<Secret> {
        env: "DATABASE_URL", secret,
        value: "URL" Text, parse: store::database_url,
    }

    /// The name of this server among several over one database, which reports where a conversation is answered; by
    /// default the name of the machine.
    SERVE_INSTANCE: Option<String> {
        env: "OLLAMA_MCP_SERVE_INSTANCE", flag: "instance", key: "serve_instance",
        value: "NAME" Text, parse: serve::instance,
    }

    /// Who needs no key: `loopback` for every program of this machine, `never` for nobody; by default `loopback` if
    /// the server listens on this machine only, and else `never`.
    SERVE_GUESTS: Guests {
        env: "OLLAMA_MCP_SERVE_GUESTS", flag: "guests", key: "serve_guests",
        value: "WHO" Text, parse: serve::guests, values: || vec!["loopback", "never"],
    }

    /// The address that browsers use if it is not that of this machine, such as `https://models.example.com` of a
    /// proxy.
    SERVE_PUBLIC_URL: Option<Url> {
        env: "OLLAMA_MCP_SERVE_PUBLIC_URL", flag: "public-url", key: "serve_public_url",
        value: "URL" Address, parse: serve::public_url,
    }

    /// Other web pages that may use this server, by their origins, such as `https://app.example.com`, separated by
    /// commas.
    SERVE_ORIGINS: Vec<String> {
        env: "OLLAMA_MCP_SERVE_ORIGINS", flag: "origins", key: "serve_origins",
        value: "LIST" List, parse: serve::origins,
    }

    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, as addresses or networks such as `10.0.0.0/8`,
    /// separated by commas: failed sign-ins then count by the address of the caller, and passwords are taken where the proxy
    /// has https.
    SERVE_TRUSTED_PROXIES: Vec<Network> {
        env: "OLLAMA_MCP_SERVE_TRUSTED_PROXIES", flag: "trusted-proxies", key: "serve_trusted_proxies",
        value: "LIST" List, parse: serve::networks,
    }

    /// The email of an administrator, whom `serve` adds at its start if there is no such user; it needs the password.
    SERVE_ADMIN_EMAIL: Option<String> {
        env: "OLLAMA_MCP_SERVE_ADMIN_EMAIL", flag: "admin-email", key: "serve_admin_email",
        value: "EMAIL" Text, parse: serve::email,
    }

    /// A file with the first password of that administrator; a user who exists keeps the password.
    SERVE_ADMIN_PASSWORD_FILE: Option<PathBuf> {
        env: "OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE", flag: "admin-password-file", key: "serve_admin_password_file",
        value: "PATH" Text, parse: parse::path,
    }

    /// A file with a key that may do everything: `omk_` and at least 32 random letters and digits; the key that the file had
    /// at an earlier start is not valid any more.
    SERVE_ADMIN_KEY_FILE: Option<PathBuf> {
        env: "OLLAMA_MCP_SERVE_ADMIN_KEY_FILE", flag: "admin-key-file", key: "serve_admin_key_file",
        value: "PATH" Text, parse: parse::path,
    }

    /// Another name for `OLLAMA_MCP_SERVE_ADMIN_EMAIL`, which wins over it.
    ADMIN_EMAIL: Option<String> {
        env: "ADMIN_EMAIL",
        value: "EMAIL" Text, parse: serve::email,
    }

    /// The first password of the administrator; `OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE`, which no other program of this
    /// machine can read, wins over it.
    ADMIN_PASSWORD: Option<Secret> {
        env: "ADMIN_PASSWORD", secret,
        value: "PASSWORD" Text, parse: serve::password,
    }

    /// How long a user stays signed in.
    SERVE_SESSION_LIFETIME: Duration {
        env: "OLLAMA_MCP_SERVE_SESSION_LIFETIME", flag: "session-lifetime", key: "serve_session_lifetime",
        value: "DURATION" Quantity, parse: serve::session_lifetime, default: "24h",
    }

    /// Another name for `OLLAMA_MCP_SERVE_SESSION_LIFETIME`, in minutes; it counts only where that is not set.
    ACCESS_TOKEN_EXPIRE_MINUTES: Option<Duration> {
        env: "ACCESS_TOKEN_EXPIRE_MINUTES",
        value: "MINUTES" Quantity, parse: serve::session_minutes,
    }

    /// Signs the tokens of users who sign in, at least 32 bytes; by default a random key in the database, which all
    /// processes over it share.
    SERVE_SECRET_KEY: Option<Secret> {
        env: "OLLAMA_MCP_SERVE_SECRET_KEY", secret, key: "serve_secret_key",
        value: "SECRET" Text, parse: serve::secret_key,
    }

    /// Another name for `OLLAMA_MCP_SERVE_SECRET_KEY`, which wins over it.
    SECRET_KEY: Option<Secret> {
        env: "SECRET_KEY", secret,
        value: "SECRET" Text, parse: serve::secret_key,
    }

    /// Other names of models, for clients that offer only certain names: `gpt-4o=qwen3:8b`, separated by commas;
    /// `claude-*=qwen3:8b` for every ending.
    SERVE_MODEL_ALIASES: BTreeMap<String, String> {
        env: "OLLAMA_MCP_SERVE_MODEL_ALIASES", flag: "model-aliases", key: "serve_model_aliases",
        value: "LIST" Map, parse: serve::model_aliases,
    }

    /// The largest body of a request.
    SERVE_MAX_BODY_BYTES: usize {
        env: "OLLAMA_MCP_SERVE_MAX_BODY_BYTES", flag: "max-body-bytes", key: "serve_max_body_bytes",
        value: "SIZE" Quantity, parse: parse::size, default: "16MiB",
    }

    /// The directory of uploaded files, which servers that share a database must share, too; by default `uploads` in
    /// the data directory.
    SERVE_FILES_DIR: Option<PathBuf> {
        env: "OLLAMA_MCP_SERVE_FILES_DIR", flag: "files-dir", key: "serve_files_dir",
        value: "DIR" Text, parse: parse::path,
    }

    /// The largest uploaded file.
    SERVE_FILES_MAX_BYTES: u64 {
        env: "OLLAMA_MCP_SERVE_FILES_MAX_BYTES", flag: "files-max-bytes", key: "serve_files_max_bytes",
        value: "SIZE" Quantity, parse: serve::large_size, default: "100MiB",
    }

    /// The largest total size of the uploaded files of one user, key or guest.
    SERVE_FILES_QUOTA: u64 {
        env: "OLLAMA_MCP_SERVE_FILES_QUOTA", flag: "files-quota", key: "serve_files_quota",
        value: "SIZE" Quantity, parse: serve::large_size, default: "1GiB",
    }

    /// How long an uploaded file is kept; `0` keeps it until it is deleted.
    SERVE_FILES_TTL: Option<Duration> {
        env: "OLLAMA_MCP_SERVE_FILES_TTL", flag: "files-ttl", key: "serve_files_ttl",
        value: "DURATION" Quantity, parse: serve::files_ttl, default: "30d",
    }

    /// The largest number of open connections.
    SERVE_MAX_CONNECTIONS: usize {
        env: "OLLAMA_MCP_SERVE_MAX_CONNECTIONS", flag: "max-connections", key: "serve_max_connections",
        value: "N" Quantity, parse: parse::count, default: "2048",
    }

    /// The largest number of open MCP sessions; another one is refused.
    SERVE_MAX_SESSIONS: usize {
        env: "OLLAMA_MCP_SERVE_MAX_SESSIONS", flag: "max-sessions", key: "serve_max_sessions",
        value: "N" Quantity, parse: parse::count, default: "256",
    }

    /// How many days stored answers and conversations are kept after their last change; unset, they are kept until they are
    /// deleted.
    SERVE_RETENTION: Option<Duration> {
        env: "OLLAMA_MCP_SERVE_RETENTION_DAYS", flag: "retention-days", key: "serve_retention_days",
        value: "DAYS" Quantity, parse: serve::days,
    }

    /// How long a stream is silent before a comment line is sent, so that proxies do not close it; `0` sends none.
    SERVE_COMMENT_AFTER: Option<Duration> {
        env: "OLLAMA_MCP_SERVE_COMMENT_AFTER", flag: "comment-after", key: "serve_comment_after",
        value: "DURATION" Quantity, parse: serve::comment_after, default: "15s",
    }
}
