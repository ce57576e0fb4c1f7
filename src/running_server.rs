//! The server of this user that runs on this machine (`serve`), so that our other commands find it and use it.
//!
//! It is found by two files in the data directory, which other users cannot write: one that the server holds a lock on, and one with its
//! address. Whoever else listens on the usual port is not taken for it, and gets no key.

use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::LocalKey;
use providers::own_server::OwnServer;
use providers::{ServerConfig, Timeouts};
use settings::{HostUrl, ProviderKind, Secret, Settings};
use url::Url;

const LOCK: &str = "serve.lock";
const ADDRESS: &str = "serve.address";
/// A longer file has no address.
const MAX_BYTES: u64 = 256;
/// How long a command waits for the server's answer before it does without.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Tells commands where the server is, as long as it exists.
pub(crate) struct Announcement {
    /// Locked; the system takes the lock away at the end of the process, however it ends.
    _lock: File,
    address: PathBuf,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.address);
    }
}

/// Tells where a server is; `None` where another one over the same data directory has told before.
///
/// # Errors
/// The files cannot be written.
pub(crate) fn announce(data_dir: &Path, address: SocketAddr) -> io::Result<Option<Announcement>> {
    platform::create_private_directory(data_dir)?;
    let (lock, path) = (data_dir.join(LOCK), data_dir.join(ADDRESS));
    platform::create_private_file(&lock)?;
    let lock = File::options().write(true).open(&lock)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    platform::create_private_file(&path)?;
    std::fs::write(&path, address.to_string())?;
    Ok(Some(Announcement { _lock: lock, address: path }))
}

/// A server that runs, and the key by which it is used.
pub(crate) struct RunningServer {
    pub(crate) address: SocketAddr,
    key: String,
}

impl RunningServer {
    /// The server over a data directory.
    pub(crate) fn find(data_dir: &Path) -> Option<Self> {
        let lock = File::open(data_dir.join(LOCK)).ok()?;
        // Whoever gets the lock is alone: no server runs.
        let Err(TryLockError::WouldBlock) = lock.try_lock_shared() else { return None };
        let address = platform::read_regular(&data_dir.join(ADDRESS), MAX_BYTES).ok()?;
        let address = String::from_utf8(address).ok()?.trim().parse().ok()?;
        let key = LocalKey::open(data_dir).ok()?.expose().to_owned();
        Some(Self { address, key })
    }

    fn client(&self) -> Option<OwnServer> {
        let timeouts = Timeouts { connect: ANSWER_WITHIN, control: ANSWER_WITHIN, ..Timeouts::default() };
        let base_url = Url::parse(&format!("http://{}", self.address)).ok()?;
        let token = Some(self.key.clone());
        OwnServer::new(&ServerConfig { base_url, token, headers: Vec::new(), timeouts }).ok()
    }

    /// A code that opens its page.
    pub(crate) async fn launch_code(&self) -> Option<String> {
        self.client()?.launch_code().await
    }
}

/// The settings by which a command uses the server that runs here, in place of the model server behind it: its turns and limits
/// count then. `None` where none runs, or where it has another model server than the settings name. A model server on
/// another machine is used directly, since whether files may go there depends on its address.
pub(crate) async fn settings_through(settings: &Settings) -> Option<(Settings, SocketAddr)> {
    let provider = &settings.provider;
    if provider.kind != ProviderKind::Ollama || !provider.address().is_loopback() {
        return None;
    }
    let server = RunningServer::find(settings.store.data_dir.as_deref()?)?;
    let behind = server.client()?.model_server().await?;
    let is_same =
        HostUrl::from_ollama_host(&behind).is_ok_and(|behind| behind.url() == provider.address().url());
    if !is_same {
        return None;
    }
    let mut through = settings.clone();
    through.provider.ollama_host = HostUrl::from_ollama_host(&format!("http://{}", server.address)).ok()?;
    through.provider.auth_token = Some(Secret::new(server.key));
    Some((through, server.address))
}
