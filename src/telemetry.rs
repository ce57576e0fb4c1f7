//! Logs go to stderr, and to a file on request; never to stdout, which carries the protocol.

use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use platform::open_regular;
use settings::TelemetrySettings;

/// Crates that print whole messages and headers below `info`.
const CAPPED: &[&str] = &["rmcp", "hyper", "hyper_util", "h2", "reqwest", "rustls", "tokio_postgres"];

/// The crates of this program. In 0.1 they were modules, whose logs had targets such as `ollama_mcp::providers`.
const PARTS: &[&str] =
    &["files", "hosts", "mcp", "openai", "platform", "providers", "service", "settings", "store"];

/// Starts logging.
///
/// # Errors
/// The log file cannot be opened.
pub(crate) fn init(settings: &TelemetrySettings) -> Result<(), String> {
    let filter = || {
        // The settings have checked it.
        let chosen: Targets = with_crates(&settings.log).parse().unwrap_or_default();
        match chosen.default_level() {
            None => chosen.with_default(LevelFilter::WARN),
            Some(_) => chosen,
        }
    };
    let file = match &settings.log_file {
        None => None,
        Some(path) => {
            let file = open_regular(OpenOptions::new().create(true).append(true), path).map_err(|error| {
                format!("OLLAMA_MCP_LOG_FILE {} cannot be opened: {error}", path.display())
            })?;
            Some(
                tracing_subscriber::fmt::layer()
                    .with_ansi(false)
                    .with_writer(Mutex::new(file))
                    .with_filter(filter()),
            )
        }
    };
    let colour = !settings.no_color && std::io::stderr().is_terminal();
    let stderr =
        tracing_subscriber::fmt::layer().with_ansi(colour).with_writer(std::io::stderr).with_filter(filter());
    // In tests, a second start in one process keeps the log of the first.
    let _ = tracing_subscriber::registry().with(filter_fn(is_harmless)).with(stderr).with(file).try_init();
    Ok(())
}

/// Keeps the details of those crates out of every log, whatever the filter says; and rmcp's warning for each error
/// response, which is not a problem of the server.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let (target, level) = (metadata.target(), *metadata.level());
    let root = target.split("::").next().unwrap_or_default();
    (level <= Level::INFO || !CAPPED.contains(&root)) && !(target == "rmcp::service" && level == Level::WARN)
}

/// A filter in which the modules of 0.1 are the crates that they became.
fn with_crates(filter: &str) -> String {
    PARTS.iter().fold(filter.to_owned(), |filter, part| {
        filter.replace(&format!("ollama_mcp::{part}"), &format!("ollama_mcp_{part}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_by_module_reach_the_crates() {
        let of_crate = "ollama_mcp_providers::ollama::chat";
        for (filter, is_logged) in [
            ("off,ollama_mcp::providers=debug", true),
            ("off,ollama_mcp::providers::ollama=debug", true),
            ("off,ollama_mcp=debug", true),
            ("off,ollama_mcp::store=debug", false),
        ] {
            let targets: Targets = with_crates(filter).parse().unwrap();
            assert_eq!(targets.would_enable(of_crate, &Level::DEBUG), is_logged, "{filter}");
        }
    }
}
