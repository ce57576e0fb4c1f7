//! The command line: the real binary with its subcommands, as people and scripts run it.

mod accounts;
mod chat;
mod completions;
mod connect;
mod conversations;
mod database;
mod doctor;
mod doctor_hosts;
#[cfg(target_os = "linux")]
mod documents;
mod foreign_text;
mod healthcheck;
mod home;
mod hosts;
mod hosts_safety;
mod index;
mod manifest;
mod models;
mod remote;
#[cfg(target_os = "linux")]
mod remote_hosts;
#[cfg(target_os = "linux")]
mod service;
mod serving;
#[cfg(unix)]
mod terminal;
mod try_prompt;
mod usage;

use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::support::mcp_client::PATIENCE;
use crate::support::process::command;

/// What came of a run.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the binary to its end, with these arguments and variables and nothing else of this machine.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    run_with_input(arguments, environment, b"").await
}

/// The same with this text on stdin.
async fn run_with_input(arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Ran {
    let home = TempDir::new().unwrap();
    let mut command = command(&home);
    command.args(arguments).envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read it may have ended.
    let _ = child.stdin.take().unwrap().write_all(input).await;
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}
