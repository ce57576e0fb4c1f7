//! Errors: the body of an error response.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use types::InvalidArgument;

/// The body of an error response, and of an error event in a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorResponse<'a> {
    pub error: ErrorObject<'a>,
}

/// OpenAI writes null where it has no value; `hint` is ours and left out without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorObject<'a> {
    pub message: Cow<'a, str>,
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// The argument that is wrong.
    pub param: Option<Cow<'a, str>>,
    pub code: Option<Cow<'a, str>>,
    /// The next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'a, str>>,
}

impl<'a> ErrorResponse<'a> {
    pub fn new(kind: &'a str, code: Option<&'a str>, message: impl Into<Cow<'a, str>>) -> Self {
        let (kind, code) = (kind.into(), code.map(Cow::from));
        Self { error: ErrorObject { message: message.into(), kind, param: None, code, hint: None } }
    }
}

impl From<InvalidArgument> for ErrorResponse<'static> {
    fn from(invalid: InvalidArgument) -> Self {
        let mut response = Self::new("invalid_request_error", Some("invalid_argument"), invalid.to_string());
        response.error.param = Some(invalid.path.into());
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture;

    #[test]
    fn recorded_errors_survive_a_round_trip() {
        for case in ["v1_chat_missing_model", "v1_chat_no_messages", "v1_embeddings_no_input"] {
            let read: ErrorResponse<'_> = fixture::read(case);
            assert!(!read.error.message.is_empty(), "{case}");
            fixture::round_trip(&read);
        }
    }

    #[test]
    fn wrong_argument_is_named_in_param() {
        let written = serde_json::to_value(ErrorResponse::from(InvalidArgument::new("n", "is 0"))).unwrap();
        assert_eq!(
            written,
            json!({"error": {"message": "n is 0", "type": "invalid_request_error", "param": "n", "code": "invalid_argument"}})
        );
    }
}
