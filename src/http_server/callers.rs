//! Who may call `ollama-mcp serve`: the accounts, the administrator of the settings, and the refusal to listen where others
//! can connect and nobody has a credential.

use std::path::Path;
use std::sync::Arc;

use accounts::{AccountOptions, AccountService};
use anyhow::Context as _;

use settings::{Secret, ServeSettings};
use store::Store;

/// A longer file holds no password and no key.
const MAX_FILE_BYTES: u64 = 4096;

/// The accounts of a server. Where it listens for this machine alone and no administrator is set, nothing is opened yet.
///
/// # Errors
/// A file that cannot be read or holds no password or key; an address that others can reach while nobody has a credential.
pub(super) async fn open(store: &Store, serve: &ServeSettings) -> anyhow::Result<Arc<AccountService>> {
    let options = AccountOptions {
        secret_key: serve.secret_key.as_ref().map(|key| key.expose().to_owned()),
        session_lifetime: serve.session_lifetime,
    };
    let accounts = Arc::new(AccountService::new(store, options));
    add_admin(&accounts, serve).await?;
    if serve.listen.is_loopback() {
        return Ok(accounts);
    }
    let has_callers = accounts.has_callers().await.context("the accounts cannot be read")?;
    if !has_callers {
        anyhow::bail!(
            "{listen} can be reached from other machines, and nobody has a credential yet. Add an administrator with \
             \"ollama-mcp users add EMAIL --admin\", or a key with \"ollama-mcp keys add NAME\", and start again; in a container, \
             set OLLAMA_MCP_SERVE_ADMIN_KEY_FILE, or OLLAMA_MCP_SERVE_ADMIN_EMAIL and OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE. \
             For this machine alone, listen on localhost:{port}.",
            listen = serve.listen,
            port = serve.listen.port(),
        );
    }
    // The first wrong password must not take longer than others.
    let preparing = Arc::clone(&accounts);
    tokio::spawn(async move { preparing.prepare_passwords().await });
    Ok(accounts)
}

async fn add_admin(accounts: &AccountService, serve: &ServeSettings) -> anyhow::Result<()> {
    if let Some(file) = &serve.admin_key_file {
        let key = read(file, "OLLAMA_MCP_SERVE_ADMIN_KEY_FILE")?;
        accounts.ensure_admin_key(&key).await.with_context(|| {
            format!(
                "{} (OLLAMA_MCP_SERVE_ADMIN_KEY_FILE) holds no usable key; \"echo omk_$(openssl rand -hex 24)\" makes one",
                file.display()
            )
        })?;
    }
    let password = match &serve.admin_password_file {
        Some(file) => Some(read(file, "OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE")?),
        None => serve.admin_password.as_ref().map(Secret::expose).map(str::to_owned),
    };
    match (&serve.admin_email, password) {
        (Some(email), Some(password)) => {
            let added = accounts.ensure_admin(email, &password).await;
            if added.with_context(|| format!("the administrator {email} cannot be added"))? {
                tracing::info!("the administrator of the settings was added");
            }
            Ok(())
        }
        (Some(email), None) => anyhow::bail!(
            "there is no password for the administrator {email}: set OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE to a file with it"
        ),
        (None, Some(_)) => anyhow::bail!(
            "there is a password for an administrator without an email: set OLLAMA_MCP_SERVE_ADMIN_EMAIL"
        ),
        (None, None) => Ok(()),
    }
}

/// The text of a file with a secret.
fn read(file: &Path, setting: &str) -> anyhow::Result<String> {
    let text = platform::read_regular(file, MAX_FILE_BYTES)
        .with_context(|| format!("{} ({setting}) cannot be read", file.display()))?;
    let text =
        String::from_utf8(text).map_err(|_| anyhow::anyhow!("{} ({setting}) is no text", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
