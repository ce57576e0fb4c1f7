//! Each action in the words of HTTP, and none of MCP's words among them.

use super::*;

/// The tools of MCP, as `crates/mcp/src/tools` names them.
const TOOLS: &[&str] = &[
    "batch_completion",
    "cancel_completion",
    "chat_completion",
    "compare_models",
    "converse",
    "copy_model",
    "create_model",
    "delete_conversation",
    "delete_model",
    "embed",
    "generate",
    "get_completion",
    "get_conversation",
    "health_check",
    "list_conversations",
    "list_models",
    "list_running_models",
    "load_model",
    "pull_model",
    "push_model",
    "rank",
    "show_model",
    "unload_model",
    "web_fetch",
    "web_search",
];

fn actions() -> Vec<Action> {
    let servers = [Server::Ollama, Server::OpenAiCompatible];
    let limits = [
        LimitSetting::ConnectTimeout,
        LimitSetting::FirstByteTimeout,
        LimitSetting::IdleTimeout,
        LimitSetting::MaxFileBytes,
        LimitSetting::MaxAttachmentBytes,
        LimitSetting::FilesMaxBytes,
        LimitSetting::FilesQuota,
    ];
    let mut actions = vec![
        Action::ListInstalled,
        Action::ListServed,
        Action::Pull { model: "m:1b".into() },
        Action::PullSuch { example: "e:1b" },
        Action::ResumePull { model: "m:1b".into() },
        Action::FreeDisk,
        Action::AllowInsecureRegistry,
        Action::UseLocalModel,
        Action::RetrySmaller,
        Action::StartCompletion,
        Action::RestartCompletion,
        Action::FetchNewest,
        Action::FreeBackground,
        Action::StopCall,
        Action::ListConversations,
        Action::StartConversation,
        Action::ReadConversation,
        Action::ChatWithoutConversation,
        Action::SetDataDir(DataDirFault::Unknown),
        Action::SetDataDir(DataDirFault::NotWritable),
        Action::SetDataDir(DataDirFault::TooNew),
        Action::UseOllama,
        Action::WaitOrRaiseConcurrency,
        Action::FixSystemPrompt,
        Action::AllowDirectory,
        Action::AllowFile,
        Action::AllowRemoteFiles,
        Action::UploadFile,
        Action::DeleteFiles,
        Action::SetFilesDir,
        Action::EnableWeb,
        Action::ReplaceWebKey,
        Action::FitPrompt { num_ctx: 512, num_ctx_is_given: true, can_cut: true },
        Action::FitPrompt { num_ctx: 512, num_ctx_is_given: false, can_cut: false },
        Action::ReadWholePrompt { num_ctx: 512, num_ctx_is_given: false },
        Action::EnlargeContext,
        Action::SendLessAsContextIsFixed,
        Action::EnlargeContextOrBoundReply,
        Action::EnlargeContextForHistory,
        Action::RaiseReplyLimit { takes_num_ctx: true },
        Action::RaiseReplyLimit { takes_num_ctx: false },
        Action::SplitFiles { part_bytes: 1000 },
        Action::ShortenOrCutTexts,
    ];
    actions.extend(servers.map(Action::StartServer));
    actions.extend(servers.map(Action::CheckAddress));
    actions.extend(servers.map(Action::SetCredentials));
    actions.extend(limits.map(Action::RaiseTimeout));
    actions.extend(limits.map(Action::RaiseLimit));
    actions
}

/// What a caller reads, with and without a credential.
fn read(action: &Action) -> [Option<String>; 2] {
    [true, false].map(|has_credential| hints(&[Hint::from(action.clone())], has_credential))
}

#[test]
fn no_text_names_a_tool() {
    for action in actions() {
        for text in read(&action).into_iter().flatten() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let mut words = text.split(|c| !is_word(c));
            assert!(!words.any(|word| TOOLS.contains(&word)), "{text}");
            assert!(text.ends_with('.') && text.len() > 5, "{text}");
        }
    }
}

#[test]
fn owner_is_told_a_step_for_every_action() {
    for action in actions() {
        assert!(read(&action)[0].is_some(), "{action:?}");
    }
}

#[test]
fn steps_of_the_owner_are_those_that_need_settings() {
    for action in actions() {
        assert_eq!(of_caller(&action).is_none(), action.needs_operator(), "{action:?}");
    }
}

#[test]
fn callers_without_credential_learn_no_setting() {
    for action in actions() {
        let [_, told] = read(&action);
        let names_setting = told.as_deref().is_some_and(|text| text.contains("OLLAMA_"));
        assert!(!names_setting, "{told:?}");
    }
}

#[test]
fn settings_that_only_the_owner_sets_are_named_to_the_owner() {
    let owner = |action| read(&action)[0].clone().unwrap_or_default();
    assert_eq!(
        owner(Action::WaitOrRaiseConcurrency),
        "Try again when some have ended, or raise OLLAMA_MCP_MAX_CONCURRENT."
    );
    assert_eq!(
        owner(Action::StartServer(Server::Ollama)),
        "Start it with \"ollama serve\", or set OLLAMA_HOST."
    );
    assert_eq!(read(&Action::StartServer(Server::Ollama))[1].as_deref(), Some("Try again when it runs."));
}
