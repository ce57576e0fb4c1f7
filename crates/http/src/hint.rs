//! Next steps in the words of HTTP: routes, fields of requests, and the settings of the server.

use service::hint::{DataDirFault, Hint, LimitSetting, Server};
use service::{Action, Warning};
use settings::SettingInfo;
use settings::registry as entries;

/// Next steps as one text; `None` where none is left. Steps that only the server's owner can take are left out for callers
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

fn word(hint: &Hint, has_credential: bool) -> Option<String> {
    let Some(action) = &hint.action else { return Some(hint.text.to_string()) };
    match of_caller(action) {
        Some(text) => Some(text),
        None if has_credential => Some(of_owner(action)),
        None => action.for_others().map(str::to_owned),
    }
}

/// A step that a caller can take with its next request; `None` for one that needs the server's settings.
fn of_caller(action: &Action) -> Option<String> {
    let text = match action {
        Action::ListInstalled | Action::ListServed => "GET /v1/models lists the models.",
        Action::Pull { model } => return Some(format!("Install it with \"ollama pull {model}\".")),
        Action::PullSuch { example } => {
            return Some(format!("Or install one, for example with \"ollama pull {example}\"."));
        }
        Action::PullEmbeddingModel { example } => {
            return Some(format!("Install one, for example with \"ollama pull {example}\"."));
        }
        Action::NameEmbeddingModel => "Name one of the models of GET /v1/models in embedding_model.",
        Action::ResumePull { model } => {
            return Some(format!("Or fetch the rest with \"ollama pull {model}\", then ask again."));
        }
        Action::AllowInsecureRegistry => {
            "For a registry of your own, \"ollama pull --insecure\" does not verify the certificate."
        }
        Action::RetrySmaller => "Ask again; if it happens again, use a smaller model or a smaller num_ctx.",
        Action::StartCompletion => "POST /v1/chat/completions starts one.",
        Action::RestartCompletion => "Ask again.",
        Action::FetchNewest => {
            "Ids end with the server's process, and an hour after the end of a completion."
        }
        Action::FreeBackground => {
            "Wait for one with GET /x/completions/{id}, or cancel one with DELETE /x/completions/{id}."
        }
        Action::StopCall => {
            "Try again when that request has its answer, or cancel it with DELETE /x/completions/{id}."
        }
        Action::ListConversations => "GET /chat/history lists the conversations.",
        Action::StartConversation => "POST /chat with a message starts one.",
        Action::ReadConversation => "Read it with GET /chat/history/{chat_id}, then ask again.",
        Action::ChatWithoutConversation => "POST /v1/chat/completions works without.",
        Action::FitPrompt { num_ctx, num_ctx_is_given, can_cut } => {
            let enlarge = enlarge(*num_ctx, *num_ctx_is_given);
            let cut = if *can_cut { ", set truncation to \"auto\" to have the prompt cut" } else { "" };
            return Some(format!("{enlarge} (a larger context takes more memory){cut}, or send less."));
        }
        Action::ReadWholePrompt { num_ctx, num_ctx_is_given } => {
            let enlarge = enlarge(*num_ctx, *num_ctx_is_given);
            return Some(format!("{enlarge}, to have it read whole (this takes more memory)."));
        }
        Action::EnlargeContext => "Raise num_ctx, or send less.",
        Action::SendLessAsContextIsFixed => {
            "A larger num_ctx was requested, and the model server kept its context. Send less."
        }
        Action::EnlargeContextOrBoundReply => "Raise num_ctx, or set max_completion_tokens.",
        Action::EnlargeContextForHistory => "Raise num_ctx to have more of it read.",
        Action::RaiseReplyLimit { takes_num_ctx: true } => "Raise max_completion_tokens, or num_ctx.",
        Action::RaiseReplyLimit { takes_num_ctx: false } => "Raise max_completion_tokens.",
        Action::SplitFiles { part_bytes } => {
            return Some(format!(
                "To have long files read whole, split them into parts of at most {part_bytes} bytes, ask over each part, and ask once more \
                 over the answers."
            ));
        }
        Action::ShortenOrCutTexts => "Send shorter texts, or leave truncate out to have them cut.",
        Action::UploadFile => "POST /upload takes a file and answers with its id; GET /x/files lists yours.",
        Action::DeleteFiles => "DELETE /x/files/{id} deletes a file that is not needed any more.",
        Action::FreeDisk
        | Action::UseLocalModel
        | Action::SetDataDir(_)
        | Action::StartServer(_)
        | Action::CheckAddress(_)
        | Action::SetCredentials(_)
        | Action::UseOllama
        | Action::RaiseTimeout(_)
        | Action::RaiseLimit(_)
        | Action::WaitOrRaiseConcurrency
        | Action::FixSystemPrompt
        | Action::AllowDirectory
        | Action::AllowFile
        | Action::AllowRemoteFiles
        | Action::SetFilesDir
        | Action::EnableWeb
        | Action::ReplaceWebKey => return None,
    };
    Some(text.to_owned())
}

/// A step with the settings of the server, for the one who runs it.
fn of_owner(action: &Action) -> String {
    match action {
        Action::FreeDisk => format!(
            "Free some space, pick a smaller model, or set {} if Ollama keeps its models elsewhere.",
            variable(&entries::OLLAMA_MODELS)
        ),
        Action::UseLocalModel => format!(
            "Use a model that runs on this machine, or allow it with {}.",
            variable(&entries::ALLOW_REMOTE_FILES)
        ),
        Action::SetDataDir(fault) => {
            let dir = variable(&entries::DATA_DIR);
            match fault {
                DataDirFault::Unknown => format!("Set {dir} to a directory."),
                DataDirFault::NotWritable => {
                    format!("Make its directory writable for the server's user, or set {dir} to another.")
                }
                DataDirFault::TooNew => format!("Update ollama-mcp, or set {dir} to another directory."),
            }
        }
        Action::StartServer(Server::Ollama) => {
            format!("Start it with \"ollama serve\", or set {}.", variable(&entries::OLLAMA_HOST))
        }
        Action::StartServer(Server::OpenAiCompatible) => {
            format!("Start it, or set {}.", variable(&entries::BASE_URL))
        }
        Action::CheckAddress(Server::Ollama) => {
            format!("Check that {} is the address of Ollama.", variable(&entries::OLLAMA_HOST))
        }
        Action::CheckAddress(Server::OpenAiCompatible) => {
            format!("Check that {} is the address of the model server.", variable(&entries::BASE_URL))
        }
        Action::SetCredentials(Server::Ollama) => format!(
            "If the model server wants a token, set {}; it may also refuse this host name (OLLAMA_ORIGINS).",
            variable(&entries::AUTH_TOKEN)
        ),
        Action::SetCredentials(Server::OpenAiCompatible) => format!("Set {}.", variable(&entries::API_KEY)),
        Action::UseOllama => format!("Set {}=ollama.", variable(&entries::PROVIDER)),
        Action::RaiseTimeout(setting) => format!("Raise {} if the model needs longer.", limit(*setting)),
        Action::RaiseLimit(setting) => format!("{} can be raised.", limit(*setting)),
        Action::WaitOrRaiseConcurrency => {
            format!("Try again when some have ended, or raise {}.", variable(&entries::MAX_CONCURRENT))
        }
        Action::FixSystemPrompt => format!(
            "Fix the file, or set {} to another one; a request with its own system prompt works.",
            variable(&entries::SYSTEM_PROMPT_FILE)
        ),
        Action::AllowDirectory | Action::AllowFile => {
            format!("It can be allowed with {}.", variable(&entries::ALLOWED_DIRS))
        }
        Action::AllowRemoteFiles => {
            format!("It can be allowed with {}.", variable(&entries::ALLOW_REMOTE_FILES))
        }
        Action::SetFilesDir => format!(
            "{} must be readable and writable for the server, and the same for all servers over one database.",
            variable(&entries::SERVE_FILES_DIR)
        ),
        Action::EnableWeb => format!(
            "Set {}, and web among {}.",
            variable(&entries::OLLAMA_API_KEY),
            variable(&entries::TOOLSETS)
        ),
        Action::ReplaceWebKey => format!(
            "Set {} to a key from ollama.com/settings/keys and restart the server.",
            variable(&entries::OLLAMA_API_KEY)
        ),
        // The steps of callers, which have no setting.
        action => action.to_string(),
    }
}

/// How to ask for a larger context. `grow` chooses one only where the request gives none.
fn enlarge(num_ctx: u64, num_ctx_is_given: bool) -> String {
    match num_ctx_is_given {
        true => format!("Set num_ctx to {num_ctx}, or leave it out and set truncation to \"grow\""),
        false => format!("Set num_ctx to {num_ctx}, or truncation to \"grow\""),
    }
}

fn limit(setting: LimitSetting) -> &'static str {
    match setting {
        LimitSetting::ConnectTimeout => variable(&entries::CONNECT_TIMEOUT),
        LimitSetting::FirstByteTimeout => variable(&entries::FIRST_BYTE_TIMEOUT),
        LimitSetting::IdleTimeout => variable(&entries::IDLE_TIMEOUT),
        LimitSetting::MaxFileBytes => variable(&entries::MAX_FILE_BYTES),
        LimitSetting::MaxAttachmentBytes => variable(&entries::MAX_ATTACHMENT_BYTES),
        LimitSetting::FilesMaxBytes => variable(&entries::SERVE_FILES_MAX_BYTES),
        LimitSetting::FilesQuota => variable(&entries::SERVE_FILES_QUOTA),
    }
}

fn variable(entry: &SettingInfo) -> &'static str {
    entry.env
}

#[cfg(test)]
mod tests;
