//! The core: what the product does, free of any protocol of a front.
//!
//! It is made of parts, each with its own state. A part names only those before it, and none names [`Services`]:
//!
//! 1. [`Caller`], `error`, `changes`, `file_access`: what all parts share.
//! 2. [`models`]: what the server has, and changes to it. [`tasks`]: work that runs on its own; it knows no model.
//! 3. [`transfers`]: pulls, pushes and creations, over models and tasks.
//! 4. [`chat`]: one completion, over transfers, tasks and models.
//! 5. [`uploads`]: files of callers, which go with chats. [`conversations`], [`batches`]: many completions, over chat.
//!    [`embeddings`], [`forwarding`]: over transfers. [`web`], [`stored_answers`]: alone.
//! 6. [`documents`]: long and many files, over chat, embeddings and uploads.

pub mod batches;
mod caller;
pub mod changes;
pub mod chat;
pub mod conversations;
pub mod documents;
pub mod embeddings;
mod error;
mod file_access;
pub mod forwarding;
pub mod hint;
pub mod models;
pub mod rate_limits;
pub mod stored_answers;
pub mod tasks;
pub mod transfers;
pub mod uploads;
pub mod web;

use std::path::PathBuf;
use std::sync::Arc;

use providers::Provider;
use providers::ollama::OllamaWeb;
use settings::{FileSettings, SystemPromptFile};
use store::{Answers, ConversationIndex, ConversationStore};

use batches::Batches;
pub use caller::Caller;
use changes::Changes;
use chat::Chat;
use conversations::Conversations;
use documents::{DocumentSettings, Documents};
use embeddings::Embeddings;
pub use error::{ErrorCode, Partial, ServiceError, TokenCounts, storage_failed};
use file_access::FileAccess;
pub use file_access::HostFiles;
use forwarding::Forwarding;
pub use hint::{Action, Hint, Warning, WarningKind};
use models::{ModelSettings, Models};
use rate_limits::RateLimits;
use stored_answers::StoredAnswers;
use tasks::{TaskSettings, Tasks};
use transfers::{TransferSettings, Transfers};
use uploads::{UploadSettings, Uploads};
use web::Web;

/// What the parts are made from.
#[derive(Debug, Clone, Default)]
pub struct ServiceSettings {
    pub models: ModelSettings,
    pub tasks: TaskSettings,
    pub transfers: TransferSettings,
    /// Which files calls may read, and where these may go.
    pub files: FileSettings,
    /// Files that are not read below an allowed directory, since they hold secrets: settings and data.
    pub private_files: Vec<PathBuf>,
    /// The default system prompt.
    pub system_prompt: Option<SystemPromptFile>,
    /// Where conversations are stored.
    pub store: Option<Arc<dyn ConversationStore>>,
    /// The same, for a front with titles and searches.
    pub conversation_index: Option<ConversationIndex>,
    /// Where files of callers are kept, for a front that accepts them.
    pub uploads: Option<UploadSettings>,
    /// Where passages of files are kept, for searches and questions.
    pub documents: DocumentSettings,
    /// Where answers are stored that callers asked to be.
    pub answers: Option<Answers>,
    /// The web search of ollama.com, where there is a key and it is wanted.
    pub web: Option<Arc<OllamaWeb>>,
    /// Counts what callers with limits do.
    pub rate_limits: Option<Arc<dyn RateLimits>>,
}

/// The parts over one model server.
#[derive(Debug)]
pub struct Services {
    pub changes: Arc<Changes>,
    pub models: Arc<Models>,
    pub tasks: Arc<Tasks>,
    pub transfers: Arc<Transfers>,
    pub chat: Arc<Chat>,
    pub uploads: Arc<Uploads>,
    pub conversations: Arc<Conversations>,
    pub batches: Arc<Batches>,
    pub embeddings: Arc<Embeddings>,
    pub documents: Arc<Documents>,
    pub forwarding: Arc<Forwarding>,
    pub web: Arc<Web>,
    rate_limits: Option<Arc<dyn RateLimits>>,
    pub stored_answers: Arc<StoredAnswers>,
}

impl Services {
    pub fn new(provider: Arc<dyn Provider>, settings: ServiceSettings) -> Arc<Self> {
        let changes = Arc::new(Changes::default());
        let files = FileAccess::new(settings.files, settings.private_files);
        let models = Models::new(provider, settings.models, Arc::clone(&changes));
        let tasks = Tasks::new(settings.tasks);
        let transfers =
            Transfers::new(Arc::clone(&models), Arc::clone(&tasks), Arc::clone(&files), settings.transfers);
        let chat = Chat::new(
            Arc::clone(&models),
            Arc::clone(&tasks),
            Arc::clone(&transfers),
            Arc::clone(&files),
            settings.system_prompt,
        );
        let index = settings.documents.upload_index.as_ref().or(settings.documents.index.as_ref());
        let uploads = Uploads::new(settings.uploads, index.cloned());
        let embeddings = Embeddings::new(
            Arc::clone(&models),
            Arc::clone(&tasks),
            Arc::clone(&transfers),
            settings.documents.embedding_model.clone(),
        );
        let parts = documents::Parts {
            models: Arc::clone(&models),
            tasks: Arc::clone(&tasks),
            chat: Arc::clone(&chat),
            transfers: Arc::clone(&transfers),
            embeddings: Arc::clone(&embeddings),
            uploads: Arc::clone(&uploads),
            files,
        };
        let stored_answers = StoredAnswers::new(settings.answers, settings.store.clone());
        Arc::new(Self {
            conversations: Conversations::new(
                Arc::clone(&models),
                Arc::clone(&tasks),
                Arc::clone(&transfers),
                Arc::clone(&chat),
                settings.store,
                settings.conversation_index,
                Arc::clone(&changes),
            ),
            documents: Documents::new(parts, settings.documents),
            uploads,
            batches: Batches::new(Arc::clone(&chat), Arc::clone(&tasks)),
            embeddings,
            forwarding: Forwarding::new(Arc::clone(&models), Arc::clone(&tasks), Arc::clone(&transfers)),
            web: Web::new(settings.web),
            rate_limits: settings.rate_limits,
            stored_answers: Arc::new(stored_answers),
            changes,
            models,
            tasks,
            transfers,
            chat,
        })
    }
}
