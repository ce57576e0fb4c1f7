//! Which call goes how wrong: by a seed, so that a run can be had again.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_ollama::{Answer, FakeOllama, Request};

pub(crate) const MODEL: &str = "gemma3:270m";
pub(crate) const WHOLE: &str = "one two three four five six";

/// What is done to a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Good,
    /// Pieces come slower than the call's deadline.
    Slow,
    Background,
    /// 503 once, then well.
    BusyOnce,
    /// 503 to the last try.
    Busy,
    ResetOnce,
    Cut,
    Garbage,
    ErrorLine,
    Missing,
    /// Cancelled while its pieces come, before its head, or in the queue.
    CancelledInMidAnswer,
    CancelledBeforeTheHead,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tool {
    Chat,
    /// A chat with a file.
    WithFile,
    /// A turn of one of a few conversations, so that turns wait for each other.
    Converse,
    Embed,
}

impl Tool {
    /// The tool of a call. Only a chat can go wrong in as many ways as there are kinds.
    pub(crate) fn of(kind: Kind, index: usize) -> Self {
        match index % 10 {
            3 => Self::WithFile,
            5 | 6 => Self::Converse,
            7 if kind == Kind::Good => Self::Embed,
            _ => Self::Chat,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat | Self::WithFile => "chat_completion",
            Self::Converse => "converse",
            Self::Embed => "embed",
        }
    }
}

/// How many of a hundred calls are of a kind.
const SHARES: [(Kind, u64); 12] = [
    (Kind::Good, 50),
    (Kind::Slow, 7),
    (Kind::Background, 4),
    (Kind::BusyOnce, 5),
    (Kind::Busy, 1),
    (Kind::ResetOnce, 4),
    (Kind::Cut, 5),
    (Kind::Garbage, 5),
    (Kind::ErrorLine, 4),
    (Kind::Missing, 3),
    (Kind::CancelledInMidAnswer, 8),
    (Kind::CancelledBeforeTheHead, 4),
];

/// What must come of a call.
pub(crate) enum Expected {
    Reply(&'static str),
    Error(&'static str),
    /// It is cancelled.
    Nothing,
}

impl Kind {
    /// The kind of a call.
    pub(crate) fn of(seed: u64, index: usize) -> Self {
        let mut left = random(seed, index) % 100;
        for (kind, share) in SHARES {
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => return kind,
            }
        }
        Self::Good
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Slow => "slower than the deadline",
            Self::Background => "in the background",
            Self::BusyOnce => "503 once",
            Self::Busy => "503 to the last try",
            Self::ResetOnce => "reset once before the head",
            Self::Cut => "cut in mid-answer",
            Self::Garbage => "garbage in mid-answer",
            Self::ErrorLine => "an error line in mid-answer",
            Self::Missing => "model missing",
            Self::CancelledInMidAnswer => "cancelled in mid-answer",
            Self::CancelledBeforeTheHead => "cancelled before the head",
        }
    }

    /// The arguments of its call; the prompt tells the fake what to do. `file` is one that may be read.
    pub(crate) fn arguments(self, index: usize, file: &str) -> Value {
        let mut arguments = json!({ "model": MODEL, "prompt": format!("{self:?} {index}") });
        match Tool::of(self, index) {
            Tool::Chat => {}
            Tool::WithFile => arguments["attachments"] = json!([file]),
            Tool::Converse => {
                // New ones with each thousand, so that no conversation grows with the run.
                let id = format!("talk-{}-{}", index / 1_000, index % 100);
                arguments["conversation_id"] = id.into();
            }
            Tool::Embed => return json!({ "model": MODEL, "input": "x" }),
        }
        if self == Self::Background {
            arguments["background"] = true.into();
        }
        arguments
    }

    /// When it is cancelled, if it is: some at once, some while it waits or runs.
    pub(crate) fn cancelled_after(self, index: usize) -> Option<Duration> {
        let is = matches!(self, Self::CancelledInMidAnswer | Self::CancelledBeforeTheHead);
        is.then(|| Duration::from_millis(random(7, index) % 40))
    }

    pub(crate) fn expected(self) -> Expected {
        match self {
            Self::Good | Self::Slow | Self::Background | Self::BusyOnce | Self::ResetOnce => {
                Expected::Reply(WHOLE)
            }
            Self::Busy => Expected::Error("overloaded"),
            Self::Cut | Self::ErrorLine => Expected::Error("interrupted"),
            Self::Garbage => Expected::Error("upstream_error"),
            Self::Missing => Expected::Error("model_not_found"),
            Self::CancelledInMidAnswer | Self::CancelledBeforeTheHead => Expected::Nothing,
        }
    }
}

/// A fake that does as the prompts say.
pub(crate) async fn fake() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    let seen = Mutex::new(HashSet::new());
    fake.replay("embed_model_ok");
    fake.on("POST", "/api/chat", Answer::computed(move |request| answer(request, &seen)));
    fake
}

/// The answer that a prompt asks for. `seen` has those prompts whose first try has failed.
pub(crate) fn answer(request: &Request, seen: &Mutex<HashSet<String>>) -> Answer {
    let body = request.json();
    let said = body["messages"].as_array().unwrap().last().unwrap();
    // What is attached stands before it.
    let prompt = said["content"].as_str().unwrap().lines().last().unwrap();
    let first = || {
        let mut seen = seen.lock().unwrap();
        // Forgotten on the second try, so that nothing grows.
        seen.insert(prompt.to_owned()) || !seen.remove(prompt)
    };
    let busy = || Answer::json(503, json!({ "error": "server busy" }));
    let well = || Answer::ndjson(&lines());
    match prompt.split(' ').next().unwrap() {
        "Slow" => well().slow_drip(90, Duration::from_millis(60)),
        "BusyOnce" if first() => busy(),
        "Busy" => busy(),
        "ResetOnce" if first() => Answer::reset_before_head(),
        "Cut" => well().cut_after(3),
        "Garbage" => {
            Answer::raw_chunks(vec![format!("{}\n", piece("one ")).into_bytes(), b"\x00 garbage\n".to_vec()])
        }
        "ErrorLine" => Answer::ndjson(&[piece("one "), json!({ "error": "the runner died" })]),
        "Missing" => Answer::json(404, json!({ "error": format!("model '{MODEL}' not found") })),
        "CancelledInMidAnswer" => well().stall_after(2),
        "CancelledBeforeTheHead" => well().delay_head(&crate::fake_ollama::Gate::new()),
        _ => well(),
    }
}

fn piece(text: &str) -> Value {
    json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": false })
}

pub(crate) fn lines() -> Vec<Value> {
    let mut lines: Vec<_> = WHOLE.split_inclusive(' ').map(piece).collect();
    lines.push(json!({ "model": MODEL, "done": true, "done_reason": "stop", "eval_count": 6 }));
    lines
}

/// A number that depends on nothing but its arguments (splitmix64).
fn random(seed: u64, index: usize) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add((index as u64 + 1).wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
