//! `serve`: the HTTP server.

use std::process::ExitCode;

use super::Context;
use crate::http_server;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _arguments: &Arguments) -> anyhow::Result<ExitCode> {
    http_server::serve(&context.loaded.settings)
}
