//! Next steps in the words of HTTP: routes, fields of requests, and the settings of the server.

use service::hint::Hint;
use service::{Action, ErrorCode, Warning};

/// Next steps as one text; `None` where none is left. A step that only the server's owner can take is left out for callers
/// without a credential.
pub(crate) fn hints(hints: &[Hint], has_credential: bool) -> Option<String> {
    let worded: Vec<String> = hints.iter().filter_map(|hint| word(hint, has_credential)).collect();
    (!worded.is_empty()).then(|| worded.join(" "))
}

/// A warning with its next steps.
pub(crate) fn warning(warning: &Warning, has_credential: bool) -> String {
    match hints(&warning.hints, has_credential) {
        Some(hints) => format!("{} {hints}", warning.text),
        None => warning.text.clone(),
    }
}

/// The text of failures whose own text names an address or a path.
pub(crate) fn without_addresses(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::OllamaUnreachable => Some("The model server does not answer"),
        ErrorCode::Timeout => Some("The model server did not answer in time"),
        ErrorCode::StorageFailed => Some("Conversations cannot be stored or read"),
        _ => None,
    }
}

fn word(hint: &Hint, has_credential: bool) -> Option<String> {
    let text = match &hint.action {
        None => return Some(hint.text.to_string()),
        Some(Action::ListInstalled | Action::ListServed) => "GET /v1/models lists the models.",
        Some(Action::FitPrompt { num_ctx, num_ctx_is_given, can_cut }) => {
            let set = if *num_ctx_is_given { "Raise num_ctx to" } else { "Set num_ctx to" };
            let cut = if *can_cut { ", or truncation to \"auto\" to have it cut" } else { "" };
            return Some(format!("{set} {num_ctx}{cut}, or send less."));
        }
        Some(Action::ReadWholePrompt { num_ctx, .. }) => {
            return Some(format!("num_ctx {num_ctx} would hold all of it, which takes more memory."));
        }
        Some(Action::EnlargeContext) => "Raise num_ctx, or send less.",
        Some(Action::EnlargeContextOrBoundReply) => "Raise num_ctx, or set max_completion_tokens.",
        Some(Action::EnlargeContextForHistory) => "Raise num_ctx to have more of it read.",
        Some(Action::RaiseReplyLimit { takes_num_ctx: true }) => "Raise max_completion_tokens, or num_ctx.",
        Some(Action::RaiseReplyLimit { takes_num_ctx: false }) => "Raise max_completion_tokens.",
        Some(Action::ListConversations) => "GET /chat/history lists the conversations.",
        Some(Action::ReadConversation) => "Read it with GET /chat/history/{chat_id}, then ask again.",
        Some(Action::ChatWithoutConversation) => "/v1/chat/completions works without.",
        Some(Action::StartConversation) => "POST /chat with a message starts one.",
        Some(Action::RestartCompletion | Action::StartCompletion) => "Ask again.",
        Some(
            Action::SetDataDir(_)
            | Action::CheckAddress(_)
            | Action::SetCredentials(_)
            | Action::RaiseTimeout(_)
            | Action::RaiseLimit(_)
            | Action::FixSystemPrompt
            | Action::AllowDirectory
            | Action::AllowFile
            | Action::AllowRemoteFiles
            | Action::EnableWeb
            | Action::ReplaceWebKey
            | Action::FreeDisk,
        ) if !has_credential => return None,
        Some(_) => return Some(hint.text.to_string()),
    };
    Some(text.to_owned())
}
