//! Failures for callers that may not learn where the model server and the data are.

use super::{ErrorCode, ServiceError};
use text::places::without_places;

impl ServiceError {
    /// The text for callers that may learn no address and no path. Texts of the model server can name both.
    pub fn message_without_places(&self) -> String {
        match self.code {
            ErrorCode::OllamaUnreachable => "The model server does not answer".to_owned(),
            ErrorCode::Timeout => "The model server did not answer in time".to_owned(),
            // What failed stands before the reason, which can name the file.
            ErrorCode::StorageFailed => {
                let what = self.message.split(": ").next().unwrap_or_default();
                without_places(what)
            }
            // It repeats what the caller has sent.
            ErrorCode::InvalidArgument => self.message.clone(),
            _ => without_places(&self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_no_address_and_no_path() {
        let message = |code, message: &str| ServiceError::new(code, message).message_without_places();
        let unreachable =
            message(ErrorCode::OllamaUnreachable, "Cannot reach Ollama at http://gpu:11434 (refused)");
        assert_eq!(unreachable, "The model server does not answer");
        let failed = "Ollama answered 500: unable to load model: /root/.ollama/models/blobs/sha256-1";
        assert_eq!(
            message(ErrorCode::UpstreamError, failed),
            "Ollama answered 500: unable to load model: [hidden]"
        );
        let full = "Conversations cannot be stored or read: the disk of /home/ann/data is full";
        let full = message(ErrorCode::StorageFailed, full);
        assert_eq!(full, "Conversations cannot be stored or read");
        let own = "messages[0].content[0].image_url must be a data URL, not https://example.com/a.png";
        assert_eq!(message(ErrorCode::InvalidArgument, own), own);
    }
}
