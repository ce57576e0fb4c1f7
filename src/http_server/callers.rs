//! Who may call `ollama-mcp serve`: the accounts, the administrator of the settings, and the refusal to listen where others
//! can connect and nobody has a credential.

use std::sync::Arc;

use accounts::{AccountOptions, AccountService};
use anyhow::Context as _;

use crate::secret_file;
use settings::registry::{SERVE_ADMIN_KEY_FILE, SERVE_ADMIN_PASSWORD_FILE};
use settings::{Secret, ServeSettings};
use store::Store;

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
             \"ollama-mcp users add EMAIL --admin\", or a key with \"ollama-mcp keys add NAME\", and start again. For a container, \
             make a key with \"echo omk_$(openssl rand -hex 24) >admin_key\", mount that file where user 65532 can read it, \
             and set OLLAMA_MCP_SERVE_ADMIN_KEY_FILE to its path; or set OLLAMA_MCP_SERVE_ADMIN_EMAIL and \
             OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE. For this machine alone, listen on localhost:{port}.",
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
        let key = secret_file::read(file, SERVE_ADMIN_KEY_FILE.env)?;
        accounts.ensure_admin_key(&key).await.with_context(|| {
            format!(
                "{} (OLLAMA_MCP_SERVE_ADMIN_KEY_FILE) holds no usable key; \"echo omk_$(openssl rand -hex 24)\" makes one",
                file.display()
            )
        })?;
    }
    let password = match &serve.admin_password_file {
        Some(file) => Some(secret_file::read(file, SERVE_ADMIN_PASSWORD_FILE.env)?),
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
