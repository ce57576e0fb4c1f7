//! Wiring: from settings to a running server. The one place that knows both the front and the providers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::counting::Counting;
use crate::secret_file;
use hosts::{self, Environment};
use mcp::{self, Connection, McpServer, ServerOptions};
use providers::ollama::{Ollama, OllamaWeb};
use providers::openai::OpenAi;
use providers::{Provider, ServerConfig, Timeouts};
use service::documents::DocumentSettings;
use service::models::ModelSettings;
use service::tasks::TaskSettings;
use service::transfers::TransferSettings;
use service::transfers::disk::Disk;
use service::uploads::UploadSettings;
use service::{ServiceSettings, Services};
use settings::registry::{DATABASE_PASSWORD_FILE, DATABASE_URL};
use settings::{ProviderKind, ProviderSettings, Settings, Toolset};
use store::{SqliteIndex, Store};

/// What every front is made from.
#[derive(Debug, Clone)]
pub struct App {
    pub services: Arc<Services>,
    /// The database of the services, for what only one front stores. It is opened by the first use.
    pub store: Store,
}

impl App {
    /// The services and the store that the settings describe.
    ///
    /// # Errors
    /// An address that is no URL, which the settings have checked.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let store = store(settings)?;
        let services = Services::new(provider(&settings.provider)?, service_settings(settings, &store)?);
        Ok(Self { services, store })
    }

    /// The same for callers with limits, and what counts them.
    pub(crate) fn counted(settings: &Settings) -> anyhow::Result<(Self, Counting)> {
        let store = store(settings)?;
        let counting = Counting::new(&store);
        let service_settings = ServiceSettings {
            rate_limits: Some(Arc::new(counting.clone())),
            ..service_settings(settings, &store)?
        };
        let services = Services::new(provider(&settings.provider)?, service_settings);
        counting.watch(&services);
        Ok((Self { services, store }, counting))
    }
}

/// The services that the settings describe.
///
/// # Errors
/// As [`App::new`].
pub fn services(settings: &Settings) -> anyhow::Result<Arc<Services>> {
    Ok(App::new(settings)?.services)
}

/// The database that the settings describe. Nothing is opened before the first use.
///
/// # Errors
/// A URL that is none of PostgreSQL; a file with its password that cannot be read, or is empty.
pub fn store(settings: &Settings) -> anyhow::Result<Store> {
    let Some(url) = &settings.store.database_url else {
        return Ok(Store::sqlite(settings.store.data_dir.clone()));
    };
    let instance = settings.serve.as_ref().and_then(|serve| serve.instance.clone());
    let instance = instance.unwrap_or_else(platform::host_name);
    let file = settings.store.database_password_file.as_deref();
    let password = file.map(|file| secret_file::read(file, DATABASE_PASSWORD_FILE.env)).transpose()?;
    Store::postgres_with_password(url.expose(), password.as_deref(), &instance).context(DATABASE_URL.env)
}

fn service_settings(settings: &Settings, store: &Store) -> anyhow::Result<ServiceSettings> {
    Ok(ServiceSettings {
        models: ModelSettings { default_model: settings.chat.model.clone(), ..ModelSettings::default() },
        tasks: TaskSettings { max_concurrent: settings.chat.max_concurrent, ..TaskSettings::default() },
        transfers: TransferSettings {
            auto_pull: settings.pulls.auto,
            disk: Disk::of_ollama(settings.pulls.models_dir.clone()),
        },
        store: Some(store.conversations()),
        conversation_index: Some(store.conversation_index()),
        answers: Some(store.answers()),
        uploads: uploads(settings, store),
        system_prompt: settings.chat.system_prompt.clone(),
        files: settings.files.clone(),
        private_files: private_files(settings, store),
        documents: documents(settings, store),
        web: web(settings)?,
        rate_limits: None,
    })
}

/// Where the index of files is. Nothing is stored where no tool may change anything.
fn documents(settings: &Settings, store: &Store) -> DocumentSettings {
    let is_kept = settings.store.index && !settings.tools.read_only;
    let directory = settings.store.data_dir.clone().filter(|_| is_kept);
    DocumentSettings {
        index: directory.map(|directory| Arc::new(SqliteIndex::new(Some(directory))) as _),
        upload_index: store.passage_index(),
        embedding_model: settings.chat.embedding_model.clone(),
    }
}

/// The MCP server that the settings describe.
///
/// # Errors
/// As [`services()`].
pub fn server(settings: &Settings) -> anyhow::Result<McpServer> {
    Ok(McpServer::new(services(settings)?, server_options(settings)))
}

/// What the settings say of MCP, over any transport.
pub(crate) fn server_options(settings: &Settings) -> ServerOptions {
    ServerOptions {
        progress_interval: settings.chat.progress_interval,
        call_deadline: settings.server.call_deadline,
        tools: settings.tools.clone(),
    }
}

/// Serves MCP on stdin and stdout until the input ends, nobody reads the output, or a signal comes.
///
/// # Errors
/// The runtime cannot start.
pub fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    let server = {
        let _inside = runtime.enter();
        server(settings)?
    };
    let connection = Connection { max_message_bytes: settings.server.max_message_bytes };
    runtime.block_on(async {
        platform::survive_file_size_limit();
        let shutdown = CancellationToken::new();
        let stopping = shutdown.clone();
        tokio::spawn(async move {
            platform::stop_signal().await;
            stopping.cancel();
        });
        mcp::serve_stdio(server, connection, shutdown).await;
    });
    // A read of stdin may block a thread forever; do not wait for it.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Where uploaded files are kept, for the front that accepts them; none where the system has no directory for data.
fn uploads(settings: &Settings, store: &Store) -> Option<UploadSettings> {
    let serve = settings.serve.as_ref()?;
    Some(UploadSettings {
        table: store.uploads(),
        directory: serve.files_dir.clone().or_else(|| uploads_dir(settings))?,
        max_bytes: serve.files_max_bytes,
        quota: serve.files_quota,
        ttl: serve.files_ttl,
    })
}

/// Where uploaded files are by default.
fn uploads_dir(settings: &Settings) -> Option<PathBuf> {
    Some(settings.store.data_dir.as_ref()?.join("uploads"))
}

/// What an allowed directory does not open: our own settings, conversations and uploads, and the hosts' files with the
/// secrets of all their servers. Opening the conversations would also drop SQLite's locks on them.
fn private_files(settings: &Settings, store: &Store) -> Vec<PathBuf> {
    if settings.files.allowed.is_empty() {
        return Vec::new();
    }
    let hosts =
        Environment::of_process().into_iter().flat_map(|environment| hosts::private_files(&environment));
    let own = settings.files.config_file.clone().into_iter().chain(uploads_dir(settings));
    let index = SqliteIndex::new(settings.store.data_dir.clone()).files();
    hosts.chain(own).chain(store.files()).chain(index).collect()
}

/// The web search, where it is wanted and there is a key.
fn web(settings: &Settings) -> anyhow::Result<Option<Arc<OllamaWeb>>> {
    let key = settings.provider.ollama_api_key.as_ref();
    let Some(key) = key.filter(|_| settings.tools.toolsets.contains(&Toolset::Web)) else { return Ok(None) };
    Ok(Some(Arc::new(OllamaWeb::new(key.expose(), Timeouts::from(&settings.provider))?)))
}

fn provider(settings: &ProviderSettings) -> anyhow::Result<Arc<dyn Provider>> {
    let timeouts = Timeouts::from(settings);
    let headers: Vec<_> = settings
        .headers
        .iter()
        .map(|header| (header.name.clone(), header.value.expose().to_owned()))
        .collect();
    let address = settings.address();
    let base_url = address.url().clone();
    Ok(match &settings.kind {
        ProviderKind::Ollama => {
            // The key of ollama.com is sent only there, over https.
            let key = settings.ollama_api_key.as_ref().filter(|_| address.is_ollama_com());
            let token = settings.auth_token.as_ref().or(key).map(|secret| secret.expose().to_owned());
            Arc::new(Ollama::new(&ServerConfig { base_url, token, headers, timeouts })?)
        }
        ProviderKind::OpenAi { .. } => {
            let token = settings.api_key.as_ref().map(|secret| secret.expose().to_owned());
            Arc::new(OpenAi::new(&ServerConfig { base_url, token, headers, timeouts })?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::Sandbox;
    use hosts::HOSTS;

    /// `files` may not name `hosts`, so it knows these files by their names.
    #[test]
    fn files_of_hosts_in_a_project_are_never_attached() {
        for file in HOSTS.iter().filter_map(|host| host.project) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "{}").unwrap();
            let allowed = Sandbox::new(vec![folder.path().to_path_buf()]);
            assert!(allowed.open(path.to_str().unwrap()).is_err(), "{file}");
        }
    }
}
