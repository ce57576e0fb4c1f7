//! Conversations that are stored, and their turns.

pub mod context_window;
pub mod turn;
mod turn_locks;

use std::sync::Arc;

use store::ConversationStore;

use crate::changes::Changes;
use crate::chat::Chat;
use crate::models::Models;
use crate::tasks::Tasks;
use crate::transfers::Transfers;
use turn_locks::TurnLocks;

/// The stored conversations.
#[derive(Debug)]
pub struct Conversations {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    transfers: Arc<Transfers>,
    chat: Arc<Chat>,
    store: Option<Arc<dyn ConversationStore>>,
    changes: Arc<Changes>,
    turn_locks: TurnLocks,
}

impl Conversations {
    pub(crate) fn new(
        models: Arc<Models>,
        tasks: Arc<Tasks>,
        transfers: Arc<Transfers>,
        chat: Arc<Chat>,
        store: Option<Arc<dyn ConversationStore>>,
        changes: Arc<Changes>,
    ) -> Arc<Self> {
        Arc::new(Self { models, tasks, transfers, chat, store, changes, turn_locks: TurnLocks::default() })
    }
}
