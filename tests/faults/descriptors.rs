//! A process that has no file descriptors left says so, and does not blame the server.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{MODEL, lines};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::tool_error;
use crate::support::process::{BINARY, Process, command_of};

/// More calls at once than the process can have connections.
const CALLS: i64 = 48;

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_file_descriptor_are_overloaded_and_server_survives() {
    let (fake, gate, home) =
        (FakeOllama::start().await.with_defaults(), Gate::new(), TempDir::new().unwrap());
    fake.on("POST", "/api/chat", Answer::ndjson(&lines()).delay_head(&gate));
    let mut command = command_of("sh", &home);
    command.args(["-c", "ulimit -n 32 && exec \"$0\"", BINARY]);
    command.env("OLLAMA_HOST", fake.url()).env("OLLAMA_MCP_MAX_CONCURRENT", "64");
    let mut process = Process::spawn(command, home);
    let call = |id: i64| {
        let arguments = json!({ "model": MODEL, "prompt": "hi" });
        let params = json!({ "name": "chat_completion", "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
    };
    for id in 0..CALLS {
        process.send(&call(id)).await;
    }
    // Those that have no connection fail at once; the others wait for the gate.
    let mut failed: Vec<Value> = vec![process.next().await];
    gate.open();
    for _ in 1..CALLS {
        failed.push(process.next().await);
    }
    failed.retain(|answer| answer["result"]["isError"] == true);
    for answer in &failed {
        let (code, text) = tool_error(&answer["result"]);
        assert_eq!(code, "overloaded", "{text}");
        assert!(text.contains("no file descriptors left") && text.contains("ulimit -n"), "{text}");
    }
    assert!((1..CALLS as usize).contains(&failed.len()), "{} of {CALLS} failed", failed.len());
    process.send(&call(CALLS)).await;
    assert_ne!(process.next().await["result"]["isError"], true);
}
