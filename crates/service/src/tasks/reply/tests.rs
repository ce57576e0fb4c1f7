//! What followers read of a reply, live and afterwards.

use super::*;
use types::{FinishReason, Timings, Usage};

fn call(id: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() }
}

fn token(text: &str) -> TokenLogprob {
    let bytes = text.as_bytes().to_vec();
    TokenLogprob { token: text.to_owned(), logprob: -0.5, bytes, top: Vec::new() }
}

fn summary() -> CompletionSummary {
    CompletionSummary {
        model: "m".to_owned(),
        model_reason: None,
        location: Location::Local,
        finish_reason: FinishReason::Stop,
        stopped_at: None,
        usage: Usage::default(),
        timings: Timings::default(),
        attachments: Vec::new(),
        format_violations: Vec::new(),
        warnings: Vec::new(),
    }
}

/// What one follower has read.
#[derive(Debug, Default, PartialEq)]
struct Read {
    thinking: String,
    content: String,
    tool_calls: Vec<ToolCall>,
    logprobs: Vec<TokenLogprob>,
}

impl Read {
    fn read(&mut self, reply: &ReplyBuffer, cursor: &mut ReplyCursor) {
        let update = reply.update(cursor);
        self.thinking.push_str(&update.thinking);
        self.content.push_str(&update.content);
        self.tool_calls.extend(update.tool_calls);
        self.logprobs.extend(update.logprobs);
    }
}

#[test]
fn late_follower_reads_what_live_follower_read() {
    let reply = ReplyBuffer::new(&Caller::local());
    let (mut live, mut cursor) = (Read::default(), ReplyCursor::default());
    for push in 0..3 {
        reply.push_thinking("hm ");
        reply.push_tokens("größer ", vec![token("größer ")]);
        reply.push_tool_call(call(&push.to_string()));
        live.read(&reply, &mut cursor);
        // A lost connection: the position survives as text.
        cursor = cursor.to_string().parse().unwrap();
    }
    reply.end(Ok(summary()));
    live.read(&reply, &mut cursor);
    let mut late = Read::default();
    late.read(&reply, &mut ReplyCursor::default());
    assert_eq!(live, late);
    assert_eq!(late.tool_calls, [call("0"), call("1"), call("2")]);
    assert_eq!(late.content, "größer größer größer ");
    assert_eq!(late.logprobs.len(), 3);
}

#[test]
fn held_reply_is_read_once_it_is_published() {
    let reply = ReplyBuffer::new(&Caller::local());
    reply.hold_back();
    reply.push_tokens("draft", vec![token("draft")]);
    reply.push_tool_call(call("a"));
    let (mut read, mut cursor) = (Read::default(), ReplyCursor::default());
    read.read(&reply, &mut cursor);
    assert_eq!(read, Read::default());
    reply.discard();
    reply.push_tokens("reply", vec![token("reply")]);
    reply.push_tool_call(call("b"));
    reply.publish();
    read.read(&reply, &mut cursor);
    assert_eq!((read.content.as_str(), read.tool_calls), ("reply", vec![call("b")]));
    assert_eq!(read.logprobs, [token("reply")]);
}

#[test]
fn wrong_positions_are_corrected() {
    let reply = ReplyBuffer::new(&Caller::local());
    reply.push_content("aß");
    reply.push_tool_call(call("a"));
    for (position, content) in [("c2", "ß"), ("c1.k0", "ß"), ("c3", ""), ("c4.t9", "")] {
        let mut cursor: ReplyCursor = position.parse().unwrap();
        let update = reply.update(&mut cursor);
        assert_eq!((update.content.as_str(), update.tool_calls.len()), (content, 1), "{position}");
        assert_eq!(cursor.to_string(), "c3.t0.k1", "{position}");
    }
    let mut beyond: ReplyCursor = format!("k{}", usize::MAX).parse().unwrap();
    assert!(reply.update(&mut beyond).tool_calls.is_empty());
}

#[test]
fn text_that_is_no_position_is_refused() {
    for text in ["", "c", "120", "x1", "c1.", "c-1", "c1 t2", "ß1", "c99999999999999999999999"] {
        assert_eq!(text.parse::<ReplyCursor>(), Err(InvalidCursor), "{text:?}");
    }
}
