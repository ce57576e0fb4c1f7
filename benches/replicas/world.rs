//! One PostgreSQL, engines behind one address, servers behind another one, and clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::balancer::Balancer;
use crate::clients::{self, Client, Kind};
use crate::common::serve::Serve;
use crate::engine::{Engine, Pace};
use crate::ledger::Ledger;
use crate::postgres_server::PostgresServer;

/// What a run has.
pub(crate) struct World {
    binary: PathBuf,
    folder: PathBuf,
    url: String,
    pace: Pace,
    engine_address: Balancer,
    pub(crate) engines: Vec<Engine>,
    pub(crate) servers: Vec<Serve>,
    pub(crate) address: Balancer,
    pub(crate) ledger: Arc<Ledger>,
    /// Replies that the engines made to their end.
    pub(crate) completed: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
}

impl World {
    /// Starts everything over a new database.
    pub(crate) async fn start(
        binary: &Path,
        postgres: &PostgresServer,
        name: &str,
        (servers, engines): (usize, usize),
        pace: Pace,
    ) -> Self {
        let completed = Arc::new(AtomicU64::new(0));
        let mut running = Vec::new();
        for _ in 0..engines {
            running.push(Engine::start(pace, Arc::clone(&completed)).await);
        }
        let engine_address = Balancer::start(running.iter().map(|engine| engine.address).collect()).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-replicas").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let mut world = Self {
            binary: binary.to_owned(),
            folder,
            url: postgres.new_database(name),
            pace,
            engine_address,
            engines: running,
            servers: Vec::new(),
            address: Balancer::start(Vec::new()).await,
            ledger: Arc::default(),
            completed,
            stopping: Arc::default(),
        };
        for number in 0..servers {
            let server = world.start_server(number, servers);
            world.servers.push(server);
        }
        world.address = Balancer::start(world.servers.iter().map(|server| server.address).collect()).await;
        world
    }

    /// Starts a server, such as one in the place of another that has ended.
    pub(crate) fn start_server(&self, number: usize, of: usize) -> Serve {
        // What the engines can do, in equal parts.
        let concurrent = (self.engines.len() * self.pace.slots / of).to_string();
        let base = format!("http://{}/v1", self.engine_address.address);
        let files = self.folder.join("files");
        let settings = [
            ("OLLAMA_MCP_PROVIDER", "openai"),
            ("OLLAMA_MCP_BASE_URL", &base),
            ("OLLAMA_MCP_DATABASE_URL", &self.url),
            ("OLLAMA_MCP_SERVE_FILES_DIR", files.to_str().unwrap()),
            ("OLLAMA_MCP_MAX_CONCURRENT", &concurrent),
            ("OLLAMA_MCP_SERVE_GUESTS", "never"),
            // What happens here is warned of.
            ("OLLAMA_MCP_LOG", "error"),
            ("OLLAMA_MCP_SERVE_INSTANCE", &format!("server-{number}")),
        ];
        Serve::start(&self.binary, "http://127.0.0.1:9", &self.folder.join(number.to_string()), &settings)
    }

    /// Clients of these kinds, each with a key.
    pub(crate) fn clients(&self, kinds: &[(Kind, usize)]) -> Vec<Client> {
        let kinds = kinds.iter().flat_map(|&(kind, count)| std::iter::repeat_n(kind, count));
        kinds.enumerate().map(|(number, kind)| self.client(number, kind)).collect()
    }

    fn client(&self, number: usize, kind: Kind) -> Client {
        let made = Command::new(&self.binary)
            .args(["keys", "add", &format!("client-{number}")])
            .env_clear()
            .env("OLLAMA_MCP_CONFIG_DIR", &self.folder)
            .env("OLLAMA_MCP_DATA_DIR", self.folder.join("0"))
            .env("OLLAMA_MCP_DATABASE_URL", &self.url)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Client {
            number,
            kind,
            key: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
            http: clients::http(),
            base: format!("http://{}", self.address.address),
            ledger: Arc::clone(&self.ledger),
            stopping: Arc::clone(&self.stopping),
        }
    }

    /// Has the clients begin, not all in one moment.
    pub(crate) async fn begin(&self, clients: &[Client]) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for client in clients {
            // An owner has at most 100 idempotency keys.
            let most = if client.kind == Kind::Keyed { 100 } else { usize::MAX };
            running.spawn(client.clone().run(most));
            tokio::time::sleep(self.pace.reply() / 50).await;
        }
        running
    }

    /// Lets the clients end what they have begun.
    pub(crate) async fn finish(&self, running: JoinSet<()>) {
        self.stopping.store(true, Ordering::Relaxed);
        tokio::time::timeout(Duration::from_secs(60), running.join_all()).await.unwrap();
    }
}
