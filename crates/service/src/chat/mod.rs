//! One completion: from the call of a caller to the reply of a model.

pub mod attachments;
mod from_openai;
mod missing_model;
pub mod model_request;
pub mod request;
pub mod response_format;
pub mod retry;
pub mod runner;
pub mod schema_check;
mod size;
mod stop_texts;
pub mod system_prompt;
pub mod timings;
pub mod token_estimate;
mod tool_choice;
pub mod truncation;
pub mod validate;
pub mod warnings;

use std::sync::Arc;

use tokio::sync::Semaphore;

use settings::SystemPromptFile;

use crate::file_access::FileAccess;
use crate::models::Models;
use crate::tasks::Tasks;
use crate::transfers::Transfers;
pub(crate) use size::bytes_of_call;
use system_prompt::SystemPrompt;
use token_estimate::TokenRatios;

/// Completions of chats and of bare prompts.
#[derive(Debug)]
pub struct Chat {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    transfers: Arc<Transfers>,
    files: Arc<FileAccess>,
    pub(crate) system_prompt: SystemPrompt,
    /// How long tokens are, by model.
    pub(crate) token_ratios: TokenRatios,
    /// How many calls read their files at the same time.
    reading: Arc<Semaphore>,
    /// How many replies are checked in processes of their own at the same time.
    checking: Arc<Semaphore>,
}

impl Chat {
    pub(crate) fn new(
        models: Arc<Models>,
        tasks: Arc<Tasks>,
        transfers: Arc<Transfers>,
        files: Arc<FileAccess>,
        system_prompt: Option<SystemPromptFile>,
    ) -> Arc<Self> {
        Arc::new(Self {
            models,
            tasks,
            transfers,
            files,
            system_prompt: SystemPrompt::new(system_prompt),
            token_ratios: TokenRatios::default(),
            reading: Arc::new(Semaphore::new(attachments::READ_AT_ONCE)),
            checking: Arc::new(Semaphore::new(schema_check::CHECKED_AT_ONCE)),
        })
    }
}
