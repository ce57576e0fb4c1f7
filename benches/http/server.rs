//! The program under measurement.

use std::path::Path;

use crate::client::Client;
pub(crate) use crate::common::serve::Serve as Server;

impl Server {
    /// Starts it over a model server, with room for all streams.
    pub(crate) fn over(binary: &Path, ollama: &str) -> Self {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-http");
        Self::start(binary, ollama, &data, &[("OLLAMA_MCP_MAX_CONCURRENT", "1000")])
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// What is resident, in bytes; `None` where the system does not report it.
    pub(crate) fn resident(&self) -> Option<u64> {
        Some(self.usage()?.resident)
    }
}
