//! Each action in the words of MCP, and none of those words in the texts that every front can show.

use super::*;
use crate::tools;
use service::ErrorCode;

/// Every action, with the sentence that callers with all tools read. The compiler finds one that
/// is not worded at all.
fn worded() -> Vec<(Action, &'static str)> {
    let model = || "m:1b".to_owned();
    vec![
        (Action::ListInstalled, "list_models shows what is installed."),
        (Action::ListServed, "list_models shows what the server has."),
        (Action::Pull { model: model() }, "Install it with \"ollama pull m:1b\". Or call pull_model."),
        (
            Action::PullSuch { example: "e:1b" },
            "Or install one, for example with \"ollama pull e:1b\". Or call pull_model.",
        ),
        (
            Action::PullEmbeddingModel { example: "e:1b" },
            "Install one, for example with \"ollama pull e:1b\". Or call pull_model {\"model\":\"e:1b\"}.",
        ),
        (
            Action::NameEmbeddingModel,
            "Name one of the server's models in embedding_model, or set OLLAMA_MCP_EMBEDDING_MODEL.",
        ),
        (
            Action::ResumePull { model: model() },
            "Or fetch the rest with pull_model {\"model\":\"m:1b\",\"background\":true}, then call again.",
        ),
        (
            Action::FreeDisk,
            "Free some space, pick a smaller model, or set OLLAMA_MODELS if Ollama keeps its models elsewhere. delete_model frees \
             space.",
        ),
        (
            Action::AllowInsecureRegistry,
            "For a registry of your own, pull_model and push_model take insecure: true.",
        ),
        (
            Action::UseLocalModel,
            "Use a model whose location is local (list_models), or let the user allow it with --allow-remote-files.",
        ),
        (Action::RetrySmaller, "Ask again; if it happens again, use a smaller model or a smaller num_ctx."),
        (Action::StartCompletion, "Start one with chat_completion."),
        (Action::RestartCompletion, "Ask again with chat_completion."),
        (
            Action::FetchNewest,
            "Ids end with the server's process; in get_completion, leave the id out for the newest completion.",
        ),
        (Action::FreeBackground, "Wait for one with get_completion, or stop one with cancel_completion."),
        (
            Action::StopCall,
            "Try again when that call has its answer, or stop it. cancel_completion stops it.",
        ),
        (Action::ListConversations, "list_conversations lists them."),
        (Action::StartConversation, "converse starts one."),
        (Action::ReadConversation, "Read the conversation, then ask again. get_conversation reads it."),
        (Action::ChatWithoutConversation, "chat_completion works without."),
        (Action::SetDataDir(DataDirFault::Unknown), "Set OLLAMA_MCP_DATA_DIR to a directory."),
        (
            Action::SetDataDir(DataDirFault::NotWritable),
            "Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another.",
        ),
        (
            Action::SetDataDir(DataDirFault::TooNew),
            "Update ollama-mcp, or set OLLAMA_MCP_DATA_DIR to another directory.",
        ),
        (Action::StartServer(Server::Ollama), "Start it with \"ollama serve\", or set OLLAMA_HOST."),
        (Action::StartServer(Server::OpenAiCompatible), "Start it, or set OLLAMA_MCP_BASE_URL."),
        (Action::CheckAddress(Server::Ollama), "Check that OLLAMA_HOST is the address of Ollama."),
        (
            Action::CheckAddress(Server::OpenAiCompatible),
            "Check that OLLAMA_MCP_BASE_URL is the address of the model server.",
        ),
        (
            Action::SetCredentials(Server::Ollama),
            "If the server wants a token, set OLLAMA_MCP_AUTH_TOKEN; it may also refuse this host name (OLLAMA_ORIGINS).",
        ),
        (Action::SetCredentials(Server::OpenAiCompatible), "Set OLLAMA_MCP_API_KEY."),
        (Action::UseOllama, "Set OLLAMA_MCP_PROVIDER=ollama."),
        (
            Action::RaiseTimeout(LimitSetting::ConnectTimeout),
            "Raise OLLAMA_MCP_CONNECT_TIMEOUT if the model needs longer.",
        ),
        (
            Action::RaiseTimeout(LimitSetting::FirstByteTimeout),
            "Raise OLLAMA_MCP_FIRST_BYTE_TIMEOUT if the model needs longer.",
        ),
        (
            Action::RaiseTimeout(LimitSetting::IdleTimeout),
            "Raise OLLAMA_MCP_IDLE_TIMEOUT if the model needs longer.",
        ),
        (Action::RaiseLimit(LimitSetting::MaxFileBytes), "The user can raise OLLAMA_MCP_MAX_FILE_BYTES."),
        (
            Action::RaiseLimit(LimitSetting::MaxAttachmentBytes),
            "The user can raise OLLAMA_MCP_MAX_ATTACHMENT_BYTES.",
        ),
        (
            Action::WaitOrRaiseConcurrency,
            "Try again when some have ended, or raise OLLAMA_MCP_MAX_CONCURRENT.",
        ),
        (
            Action::FixSystemPrompt,
            "Fix the file, or set OLLAMA_MCP_SYSTEM_PROMPT_FILE to another one; a call with its own system prompt works.",
        ),
        (
            Action::AllowDirectory,
            "The user can allow one in the host's configuration: --allow-dir DIR, or OLLAMA_MCP_ALLOWED_DIRS.",
        ),
        (Action::AllowFile, "The user can allow it with --allow-dir FILE."),
        (Action::AllowRemoteFiles, "The user can allow it with --allow-remote-files."),
        (Action::UploadFile, "POST /upload of this server takes a file and answers with its id."),
        (Action::DeleteFiles, "DELETE /x/files/{id} of this server deletes one."),
        (
            Action::SetFilesDir,
            "The user should look at OLLAMA_MCP_SERVE_FILES_DIR: it must be readable and writable for the server, and the same for all \
             servers over one database.",
        ),
        (Action::EnableWeb, "Set OLLAMA_API_KEY, and web among OLLAMA_MCP_TOOLSETS."),
        (
            Action::ReplaceWebKey,
            "Set OLLAMA_API_KEY to a key from ollama.com/settings/keys and restart the server.",
        ),
        (
            Action::FitPrompt { num_ctx: 512, num_ctx_is_given: true, can_cut: false },
            "Set num_ctx to 512, or leave it out and set truncation to \"grow\" (a larger context takes more memory), or send less.",
        ),
        (
            Action::FitPrompt { num_ctx: 512, num_ctx_is_given: false, can_cut: true },
            "Set num_ctx to 512, or truncation to \"grow\" (a larger context takes more memory), set truncation to \"auto\" to have \
             the prompt cut, or send less.",
        ),
        (
            Action::ReadWholePrompt { num_ctx: 512, num_ctx_is_given: false },
            "Set num_ctx to 512, or truncation to \"grow\", to have it read whole (this takes more memory).",
        ),
        (Action::EnlargeContext, "Raise num_ctx, or send less."),
        (
            Action::SendLessAsContextIsFixed,
            "A larger num_ctx was requested, and the server kept its context. Send less.",
        ),
        (Action::EnlargeContextOrBoundReply, "Raise num_ctx, or lower max_tokens."),
        (Action::EnlargeContextForHistory, "Raise num_ctx to have more of it read."),
        (Action::RaiseReplyLimit { takes_num_ctx: true }, "Set max_tokens, or raise num_ctx."),
        (Action::RaiseReplyLimit { takes_num_ctx: false }, "Set max_tokens."),
        (Action::SplitFiles { part_bytes: 9 }, "summarize_files and ask_files read files of any length."),
        (Action::ShortenOrCutTexts, "Send shorter texts, or leave truncate out to have it cut."),
    ]
}

/// Tools whose names are ordinary words.
const ORDINARY_WORDS: [&str; 3] = ["generate", "embed", "rank"];

fn all_tools() -> Wording {
    Wording::new(tools::names())
}

#[test]
fn every_action_is_worded_for_callers_with_all_tools() {
    for (action, expected) in worded() {
        assert_eq!(all_tools().hints(&[action.into()]).as_deref(), Some(expected));
    }
}

#[test]
fn neutral_texts_name_nothing_of_a_front() {
    let tools: Vec<_> = tools::names().filter(|tool| !ORDINARY_WORDS.contains(tool)).collect();
    for (action, _) in worded() {
        let text = Hint::from(action).text;
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            assert!(tools.iter().all(|tool| *tool != word), "{word}: {text}");
            assert!(!word.starts_with("OLLAMA_") && word != "num_ctx" && word != "host", "{text}");
        }
        assert!(!text.contains("--"), "{text}");
        assert!(text.ends_with(['.', '?']), "{text}");
    }
}

#[test]
fn worded_steps_name_offered_tools_only() {
    for tool in tools::names().filter(|tool| !ORDINARY_WORDS.contains(tool)) {
        let wording = Wording::new(tools::names().filter(|offered| *offered != tool));
        for (action, _) in worded() {
            let text = wording.hints(&[action.into()]).unwrap_or_default();
            let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            assert!(words.all(|word| word != tool), "{tool}: {text}");
        }
    }
}

#[test]
fn steps_that_need_missing_tool_are_dropped_and_others_stay() {
    let error = ServiceError::invalid("model", "is not there")
        .with_hint("Did you mean \"a.b:1\"?")
        .and_hint(Action::Pull { model: "a".to_owned() })
        .and_hint(Action::ListInstalled);
    let wording = Wording::new(["list_models"].into_iter());
    assert_eq!(
        wording.error(error.clone()).hint().as_deref(),
        Some(
            "Did you mean \"a.b:1\"? Install it with \"ollama pull a\". list_models shows what is installed."
        )
    );
    assert_eq!(
        hint_without_tools(&error.hints).as_deref(),
        Some("Did you mean \"a.b:1\"? Install it with \"ollama pull a\".")
    );
    assert_eq!(hint_without_tools(&[Action::StartCompletion.into()]), None);
}

#[test]
fn guests_learn_no_setting_no_address_and_no_path() {
    let guests = all_tools().for_guests();
    for (action, _) in worded() {
        let text = guests.hints(&[action.into()]).unwrap_or_default();
        assert!(!text.contains("OLLAMA_") && !text.contains("--"), "{text}");
    }
    let error = ServiceError::new(ErrorCode::UpstreamError, "Ollama answered 500: open /root/models: denied")
        .with_hint(Action::CheckAddress(Server::Ollama));
    let worded = guests.error(error.clone());
    assert_eq!(worded.text(), "Ollama answered 500: open [hidden]: denied");
    assert_eq!(all_tools().error(error.clone()).message, error.message);
}

#[test]
fn long_files_go_to_a_batch_where_no_tool_reads_them() {
    let batch = Wording::new(["batch_completion"].into_iter());
    let split = batch.hints(&[Action::SplitFiles { part_bytes: 9 }.into()]).unwrap();
    assert!(
        split.starts_with("To have long files read whole, split them into parts of at most 9 bytes"),
        "{split}"
    );
}
