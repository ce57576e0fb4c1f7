//! The request as it is sent to a server.

use serde_json::{Map, Value, json};

use crate::InvalidArgument;
use crate::request::{check_options, sampling_fields};
use serde::Serialize;
use types::GenerateRequest;

/// Fields that carry the request itself; an option of that name would break it.
const OWN_FIELDS: [&str; 5] = ["model", "prompt", "suffix", "stream", "stream_options"];

/// The body of `POST /completions`, streamed.
#[derive(Debug, Serialize)]
pub struct CompletionsBody<'a> {
    model: &'a str,
    prompt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suffix: Option<&'a str>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<'a> CompletionsBody<'a> {
    /// `options` become fields, as in a chat; `num_ctx` and `keep_alive` have no place in this API.
    ///
    /// # Errors
    /// The request has what this API has no field for, or an option would replace a field of the request itself.
    pub fn new(request: &'a GenerateRequest) -> Result<Self, InvalidArgument> {
        check_options(&request.options, &OWN_FIELDS)?;
        let absent = [
            ("system", request.system.is_some()),
            ("template", request.template.is_some()),
            ("images", !request.images.is_empty()),
            ("response_format", request.response_format.is_some()),
            ("think", request.think.is_some()),
        ];
        if let Some((name, _)) = absent.iter().find(|(_, is_given)| *is_given) {
            let reason =
                "is not possible with a bare prompt on this model server; leave it out, or use a chat";
            return Err(InvalidArgument::new(name, reason));
        }
        let mut fields = request.options.clone();
        sampling_fields(&mut fields, &request.sampling);
        fields.extend(request.logprobs.map(|count| ("logprobs".to_owned(), Value::from(count))));
        fields.insert("stream".to_owned(), Value::from(true));
        fields.insert("stream_options".to_owned(), json!({"include_usage": true}));
        Ok(Self { model: &request.model, prompt: &request.prompt, suffix: request.suffix.as_deref(), fields })
    }
}
