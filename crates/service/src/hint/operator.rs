//! Steps that only the one who runs the server can take, and what others can do in their place.

use super::Action;

impl Action {
    /// Whether it needs the server's settings or the machine that it runs on.
    pub fn needs_operator(&self) -> bool {
        matches!(
            self,
            Self::FreeDisk
                | Self::UseLocalModel
                | Self::SetDataDir(_)
                | Self::StartServer(_)
                | Self::CheckAddress(_)
                | Self::SetCredentials(_)
                | Self::UseOllama
                | Self::RaiseTimeout(_)
                | Self::RaiseLimit(_)
                | Self::WaitOrRaiseConcurrency
                | Self::FixSystemPrompt
                | Self::AllowDirectory
                | Self::AllowFile
                | Self::AllowRemoteFiles
                | Self::SetFilesDir
                | Self::EnableWeb
                | Self::ReplaceWebKey
                | Self::NameEmbeddingModel
        )
    }

    /// What a caller who cannot take such a step can do; `None` where that is nothing.
    pub fn for_others(&self) -> Option<&'static str> {
        match self {
            Self::FreeDisk => {
                Some("Use a smaller model, or ask the owner of this server to free some space.")
            }
            Self::NameEmbeddingModel => Some("Name one of the server's models that makes embeddings."),
            Self::UseLocalModel => Some("Use a model that runs on this machine."),
            Self::StartServer(_) => Some("Try again when it runs."),
            Self::RaiseTimeout(_) => Some("Ask again; a model that is being loaded answers later."),
            Self::WaitOrRaiseConcurrency => Some("Try again when some have ended."),
            Self::FixSystemPrompt => Some("A request with its own system prompt works."),
            _ => None,
        }
    }
}
