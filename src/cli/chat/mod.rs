//! `chat`: a conversation in the terminal. It is stored as the ones of `converse` and of the HTTP server are.

mod command;
mod input;
mod screen;
mod turn;

use std::process::ExitCode;
use std::sync::Arc;

use super::{Context, USAGE, block_on, conversations, flags, output};
use crate::{app, running_server};
use command::{Command, HELP, Line};
use input::{Entered, Input};
use service::chat::attachments::Attachments;
use service::chat::request::ChatCall;
use service::conversations::TurnCall;
use service::models::name::ModelName;
use service::{Caller, HostFiles, ServiceError, Services};
use settings::Settings;
use text::sanitize;

const EXAMPLES: &str = "\
Examples:
  ollama-mcp chat                               a new conversation with the default model
  ollama-mcp chat --model qwen3:8b
  ollama-mcp chat --continue                    go on with the newest conversation
  ollama-mcp chat --conversation notes          an existing one, or a new one of this name
  git diff | ollama-mcp try \"Review this\" -      one question without a conversation

Inside: /help lists the commands. Ctrl-C stops an answer, Ctrl-D ends.";

/// Arguments of `chat`.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", flags::MORE))]
pub(super) struct Arguments {
    /// The conversation to go on with, or the name of a new one
    #[arg(long, value_name = "ID", value_hint = clap::ValueHint::Other)]
    conversation: Option<String>,
    /// Go on with the newest conversation
    #[arg(long = "continue", conflicts_with = "conversation")]
    continues: bool,
    /// The system prompt
    #[arg(long, value_name = "TEXT", value_hint = clap::ValueHint::Other)]
    system: Option<String>,
    /// Do not keep what is typed for the arrow keys
    #[arg(long)]
    no_history: bool,
}

/// What the next turn is made from.
#[derive(Debug, Default)]
struct Chat {
    conversation: Option<String>,
    /// Set by `/model`; the settings' own, or the conversation's last one, where it is absent.
    model: Option<String>,
    system: Option<String>,
    /// Files for the next question.
    files: Vec<String>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut settings = context.loaded.settings.clone();
    // The user names each file by hand. Files with secrets stay closed, as everywhere.
    settings.files.allowed.extend(std::path::absolute(".")?.ancestors().last().map(Into::into));
    let history = settings.store.data_dir.as_ref().filter(|_| !arguments.no_history);
    let mut input = Input::new(history.map(|directory| directory.join("chat_history")))?;
    block_on(async { talk(&settings, arguments, &mut input).await })?
}

async fn talk(settings: &Settings, arguments: &Arguments, input: &mut Input) -> anyhow::Result<ExitCode> {
    // Its turns are those of all who use it.
    let through = running_server::settings_through(settings).await;
    if let Some((_, address)) = through.as_ref().filter(|_| input.is_terminal()) {
        output::note(&format!("Through the server at http://{address}.\n"));
    }
    let settings = through.as_ref().map_or(settings, |(through, _)| through);
    let services = app::services(settings)?;
    let mut chat = Chat { system: arguments.system.clone(), ..Chat::default() };
    if let Err(error) = begin(&services, arguments, settings, &mut chat, input).await {
        output::error(&error.text());
        return Ok(ExitCode::FAILURE);
    }
    let mut code = ExitCode::SUCCESS;
    loop {
        let entered = match input.next() {
            Entered::Text(text) => text,
            Entered::Nothing => continue,
            Entered::End => return Ok(code),
            Entered::Failed(problem) => {
                output::error(&problem);
                return Ok(ExitCode::from(USAGE));
            }
        };
        let done = match command::parse(&entered) {
            Line::Blank => Ok(()),
            Line::Unknown(problem) => {
                output::error(&problem);
                Ok(())
            }
            Line::Command(Command::Quit) => return Ok(code),
            Line::Command(command) => perform(&services, &mut chat, command).await,
            Line::Prompt(prompt) => ask(&services, &mut chat, prompt).await,
        };
        match done {
            Ok(()) => {}
            // On a terminal the user sees it, and asks again.
            Err(error) => {
                output::error(&error.text());
                if !input.is_terminal() {
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
}

/// Finds the conversation, and says on a terminal what this is.
async fn begin(
    services: &Arc<Services>,
    arguments: &Arguments,
    settings: &Settings,
    chat: &mut Chat,
    input: &Input,
) -> Result<(), ServiceError> {
    let caller = Caller::local();
    chat.conversation.clone_from(&arguments.conversation);
    if arguments.continues {
        let newest = services.conversations.list(&caller, None, Some(1)).await?.items;
        chat.conversation = newest.into_iter().next().map(|found| found.id);
    }
    if !input.is_terminal() {
        return Ok(());
    }
    let stored = match &chat.conversation {
        Some(id) => services.conversations.get(&caller, id, Some(2)).await.ok(),
        None => None,
    };
    let model = match stored.as_ref().and_then(|found| found.model.clone()) {
        Some(model) => model,
        None => match &settings.chat.model {
            Some(model) => model.clone(),
            None => services.models.default_model(&caller).await?.name,
        },
    };
    let what = match &stored {
        Some(found) => format!("{}, which has {} messages", sanitize::line(&found.id), found.total),
        None => "a new conversation".to_owned(),
    };
    output::note(&format!("{} in {what}. /help lists the commands, Ctrl-D ends.\n", sanitize::name(&model)));
    Ok(())
}

async fn ask(services: &Arc<Services>, chat: &mut Chat, prompt: String) -> Result<(), ServiceError> {
    let right = HostFiles::of_process_owner();
    let turn = TurnCall {
        conversation_id: chat.conversation.clone(),
        prompt,
        chat: ChatCall {
            model: chat.model.clone(),
            system: chat.system.clone(),
            attachments: Attachments::new(right, "/file", chat.files.clone()),
            ..ChatCall::default()
        },
        ..TurnCall::default()
    };
    let conversation = turn::run(services, turn).await?;
    // Only now: a question that failed is asked again with its files.
    chat.files.clear();
    chat.conversation = conversation.or(chat.conversation.take());
    Ok(())
}

async fn perform(services: &Arc<Services>, chat: &mut Chat, command: Command) -> Result<(), ServiceError> {
    let caller = Caller::local();
    match command {
        Command::Help => output::note(HELP),
        Command::Model(None) => {
            for listed in services.models.list_models(&caller).await? {
                let mark = if chat.model.as_ref() == Some(&listed.model.name) { "* " } else { "  " };
                output::note(&format!("{mark}{}\n", sanitize::name(&listed.model.name)));
            }
        }
        Command::Model(Some(name)) => {
            let name = ModelName::parse("/model", name)?;
            match services.models.installed(&caller, &name).await? {
                Some((name, ..)) => {
                    output::note(&format!("The next answer is from {}.\n", sanitize::name(&name)));
                    chat.model = Some(name);
                }
                None => return Err(services.models.missing(&caller, &name).await),
            }
        }
        Command::System(text) => {
            let done =
                if text.is_empty() { "There is no system prompt now." } else { "The system prompt is set." };
            output::note(&format!("{done}\n"));
            chat.system = Some(text);
        }
        Command::File(path) => {
            let path = std::path::absolute(settings::with_home(&path)).unwrap_or_else(|_| path.into());
            match path.metadata() {
                Ok(found) if found.is_file() => {
                    chat.files.push(path.display().to_string());
                    let count = chat.files.len();
                    let files = if count == 1 { "1 file goes" } else { &format!("{count} files go") };
                    output::note(&format!("{files} with the next question; /file alone takes them back.\n"));
                }
                Ok(_) => output::error(&format!("/file: {} is no file", path.display())),
                Err(error) => output::error(&format!("/file: {}: {error}", path.display())),
            }
        }
        Command::NoFiles => {
            chat.files.clear();
            output::note("No file goes with the next question.\n");
        }
        Command::Save(path) => {
            let Some(id) = &chat.conversation else {
                output::error("/save: nothing was said yet");
                return Ok(());
            };
            let path = path.map_or_else(|| format!("{id}.md").into(), |path| settings::with_home(&path));
            let format = match path.extension().is_some_and(|ending| ending == "json") {
                true => conversations::Format::Json,
                false => conversations::Format::Markdown,
            };
            conversations::save(services, id, &path, format).await?;
        }
        Command::New => {
            chat.conversation = None;
            output::note("A new conversation begins.\n");
        }
        Command::Quit => {}
    }
    Ok(())
}
