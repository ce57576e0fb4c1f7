//! Real processes: killed at any moment, and several on one file.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{contents, echoing, turn};
use crate::support::fake_ollama::FakeOllama;
use crate::support::process::Process;

/// How often a server is killed.
const ROUNDS: u64 = 24;

fn process(fake: &FakeOllama, data: &Path) -> Process {
    Process::with(&[], &[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap())])
}

#[tokio::test(flavor = "multi_thread")]
async fn answered_turns_survive_kill() {
    let (fake, data) = (echoing().await, TempDir::new().unwrap());
    let data = data.path().join("data");
    turns_survive_kills(|| process(&fake, &data)).await;
}

fn call(tool: &str, arguments: Value) -> Value {
    json!({ "name": tool, "arguments": arguments })
}

async fn read(process: &mut Process, id: &str) -> Vec<String> {
    let answer = process.ask("tools/call", call("get_conversation", json!({ "conversation_id": id }))).await;
    contents(&answer["result"])
}

/// Kills processes in their turns: what was answered is stored, whole, and only that.
pub(super) async fn turns_survive_kills(start: impl Fn() -> Process) {
    let mut answered: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let mut process = start();
        // Turn upon turn until the kill, which comes after another while each round.
        let id = process.id();
        let killer = tokio::spawn(async move {
            // Not a wait for something: the moment is what is varied.
            tokio::time::sleep(Duration::from_millis(20 + round * 7)).await;
            let kill = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
            assert!(kill.unwrap().success());
        });
        let mut number = 0;
        let mut sent = Vec::new();
        while !killer.is_finished() {
            let prompt = format!("{round}.{number}");
            number += 1;
            sent.push(prompt.clone());
            match converse(&mut process, &prompt).await {
                Some(answer) => {
                    assert_eq!(answer["result"]["content"][0]["text"], format!("re: {prompt}"), "{answer}");
                    answered.push(prompt);
                }
                None => break,
            }
        }
        killer.await.unwrap();
        drop(process);
        let mut next = start();
        let stored = read(&mut next, "a").await;
        let (questions, replies): (Vec<_>, Vec<_>) =
            stored.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        assert!(questions.iter().zip(&replies).all(|(one, other)| *other == format!("re: {one}")));
        let lost: Vec<_> = answered.iter().filter(|prompt| !questions.contains(prompt)).collect();
        assert!(lost.is_empty(), "round {round}: answered and lost: {lost:?}");
        // One that was written and whose answer was killed may be there; it counts from now on.
        let extra: Vec<_> = questions.iter().filter(|one| !answered.contains(one)).cloned().collect();
        assert!(extra.len() <= 1 && extra.iter().all(|one| sent.last() == Some(one)), "{extra:?}");
        answered.extend(extra);
        next.finish().await.well();
    }
    assert!(!answered.is_empty(), "no turn came through before a kill");
}

/// A turn's answer; `None` where the process was killed first.
async fn converse(process: &mut Process, prompt: &str) -> Option<Value> {
    let mut arguments = turn("a", prompt);
    // The conversation grows over the rounds; that is not what is looked at.
    arguments["num_ctx"] = json!(100_000);
    process.try_ask("tools/call", call("converse", arguments)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_one_file() {
    let (fake, data) = (echoing().await, TempDir::new().unwrap());
    let data = data.path().join("data");
    // All of them make the file, at once.
    let mut processes: Vec<_> = (0..4).map(|_| process(&fake, &data)).collect();
    for round in 0..5 {
        let mut ids = Vec::new();
        for (number, process) in processes.iter_mut().enumerate() {
            let arguments = turn(&format!("c{number}"), &format!("turn {round}"));
            ids.push(process.request("tools/call", call("converse", arguments)).await);
        }
        for (process, id) in processes.iter_mut().zip(ids) {
            let answer = process.answer(id).await;
            assert_eq!(answer["result"]["content"][0]["text"], format!("re: turn {round}"), "{answer}");
        }
    }
    let last = processes.last_mut().unwrap();
    for number in 0..4 {
        assert_eq!(read(last, &format!("c{number}")).await.len(), 10);
    }
    for process in processes {
        process.finish().await.well();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_take_turns_in_one_conversation() {
    const TURNS: usize = 6;
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("data");
    let mut processes: Vec<_> = (0..4).map(|_| process(&fake, &data)).collect();
    let mut ids = Vec::new();
    for turn_number in 0..TURNS {
        for (number, process) in processes.iter_mut().enumerate() {
            let arguments = turn("shared", &format!("{number}.{turn_number}"));
            ids.push((number, process.request("tools/call", call("converse", arguments)).await));
        }
    }
    for (number, id) in ids {
        let answer = processes[number].answer(id).await;
        assert_eq!(answer["result"]["isError"], false, "{answer}");
    }
    let stored = read(&mut processes[0], "shared").await;
    assert_eq!(stored.len(), 2 * 4 * TURNS);
    // Each was made for what had been written before it, and each process kept its own order.
    let lengths: Vec<_> =
        fake.requests_to("POST", "/api/chat").iter().map(|chat| super::sent(chat).len()).collect();
    assert_eq!(lengths, (0..4 * TURNS).map(|before| 2 * before + 1).collect::<Vec<_>>());
    for number in 0..4 {
        let own: Vec<_> = stored.iter().filter(|text| text.starts_with(&format!("{number}."))).collect();
        assert!(own.is_sorted() && own.len() == TURNS, "{own:?}");
    }
    for process in processes {
        process.finish().await.well();
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn files_are_readable_by_user_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("made").join("data");
    let mut process = process(&fake, &data);
    process.ask("tools/list", json!({})).await;
    assert!(!data.exists(), "nothing is made before the first use");
    process.ask("tools/call", call("converse", turn("a", "one"))).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["conversations.db", "conversations.db-wal", "conversations.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    process.finish().await.well();
    // A file that was opened to others is closed again.
    let file = data.join("conversations.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut process = self::process(&fake, &data);
    read(&mut process, "a").await;
    assert_eq!(mode(&file), 0o600);
}
