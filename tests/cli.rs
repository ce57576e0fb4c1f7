//! The command line: the real binary with its subcommands, as people and scripts run it.

mod completions;
mod doctor;
mod doctor_hosts;
mod home;
mod hosts;
mod hosts_safety;
mod manifest;
mod try_prompt;
mod usage;

use std::process::{Output, Stdio};

use tempfile::TempDir;
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
    let home = TempDir::new().unwrap();
    let mut command = command(&home);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}
