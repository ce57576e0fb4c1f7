//! The addresses of the published packages. All follow from the repository in Cargo.toml.

pub(super) const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The server's name in the MCP Registry, which grants the namespace to the account that owns the repository.
pub(super) fn registry_name() -> String {
    format!("io.github.{}/ollama-mcp", owner())
}

/// The bundle's address among the files of the release.
pub(super) fn bundle_url() -> String {
    format!("{REPOSITORY}/releases/download/v{VERSION}/ollama-mcp-{VERSION}.mcpb")
}

/// The container image of this version. Image names are in lower case.
pub(super) fn image() -> String {
    format!("ghcr.io/{}/ollama-mcp:{VERSION}", owner().to_lowercase())
}

fn owner() -> &'static str {
    REPOSITORY.rsplit('/').nth(1).unwrap_or_default()
}
