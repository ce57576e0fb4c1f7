//! One completion: from the call of a caller to the reply of a model.

pub mod attachments;
pub mod model_request;
pub mod request;
pub mod response_format;
pub mod retry;
pub mod runner;
pub mod schema_check;
pub mod system_prompt;
pub mod truncation;
pub mod validate;
pub mod warnings;
