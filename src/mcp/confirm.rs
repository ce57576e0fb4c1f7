//! Asks the person before something is destroyed or published.
//!
//! By elicitation where the client has it: a request to the client in the older revisions, an
//! input-required result in 2026-07-28. Else the argument `confirm` counts, which is the model's
//! word. Declined, cancelled or unanswered means that nothing happens.
//!
//! MCP 2025-11-25, client/elicitation; MCP 2026-07-28, basic/patterns/mrtr.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::{
    BooleanSchema, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    InputRequest, InputRequiredResult, PrimitiveSchemaDefinition, ProtocolVersion, RequestStateCodec,
    SealOptions,
};
use serde_json::Value;

use super::tools::ToolCall;
use crate::service::{ErrorCode, ServiceError};
use crate::settings::Confirm;

/// How long a person may take; the question of an earlier round is not answered later.
const PATIENCE: Duration = Duration::from_secs(600);

/// The name of the question, and of its one field.
const FIELD: &str = "confirm";

/// Makes and checks what the client hands back with an answer.
pub(super) struct Confirmations(Option<RequestStateCodec>);

impl Confirmations {
    /// With a key of this process: what another process sealed is not believed.
    pub(super) fn new() -> Self {
        let key = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
        // Only a short key is refused.
        Self(RequestStateCodec::try_new(key).ok())
    }
}

/// What came of asking.
pub(super) enum Consent {
    /// Go on.
    Given,
    /// The question goes to the client; the call comes again with the answer.
    Ask(Box<InputRequiredResult>),
}

/// What is to be confirmed.
pub(super) struct Question<'a> {
    /// The tool's name.
    pub(super) tool: &'a str,
    /// What it acts on; a validated name, never free text.
    pub(super) subject: &'a str,
    /// The question for the person.
    pub(super) text: String,
    /// The argument `confirm` of the call.
    pub(super) argument: Option<bool>,
}

/// Gets the person's consent, or finds out that there is none.
///
/// # Errors
/// `not_confirmed`.
pub(super) async fn consent(call: &ToolCall<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    let by_person_alone = call.server.options().tools.confirm == Confirm::Elicit;
    let can_ask = call
        .context
        .client_capabilities()
        .and_then(|capabilities| capabilities.elicitation)
        .is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none());
    match (can_ask, question.argument) {
        (false, Some(true)) if !by_person_alone => Ok(Consent::Given),
        (false, _) if by_person_alone => Err(refused(
            question,
            "this host cannot ask the person, and OLLAMA_MCP_CONFIRM=elicit takes nobody else's word",
        )),
        (false, _) => Err(refused(question, "it was not confirmed")
            .with_hint(format!("Ask the person: {:?} Then call again with confirm: true.", question.text))),
        (true, _)
            if call
                .context
                .protocol_version()
                .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) =>
        {
            by_result(call, question)
        }
        (true, _) => by_request(call, question).await,
    }
}

/// Asks in the middle of the call.
async fn by_request(call: &ToolCall<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    let ask = call.context.peer.create_elicitation_with_timeout(params(question)?, Some(PATIENCE));
    let answer = tokio::select! {
        answer = ask => answer,
        // Nobody can answer any more.
        () = call.server.input_closed() => return Err(refused(question, "the connection ended before it was confirmed")),
    };
    match answer {
        Ok(answer) => decide(question, &answer),
        Err(error) => Err(refused(question, &format!("the question was not answered ({error})"))),
    }
}

/// Asks by an answer that asks: the client calls again with the person's answer.
fn by_result(call: &ToolCall<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    // What was asked is what is done: the text names all that the person was told.
    let bound = format!("{}\n{}\n{}", question.tool, question.subject, question.text);
    let Some(codec) = &call.server.confirmations().0 else { return Err(ServiceError::internal()) };
    if let (Some(responses), Some(state)) = (&call.input_responses, &call.request_state) {
        if codec.open_with(state, bound.as_bytes()).is_err() {
            return Err(refused(question, "the answer belongs to another question, or came too late"));
        }
        let answer = responses.get(FIELD).cloned().unwrap_or_default();
        let answer: ElicitResult =
            serde_json::from_value(answer).map_err(|_| refused(question, "the question was not answered"))?;
        return decide(question, &answer);
    }
    let options = SealOptions::new().associated_data(bound.as_bytes()).ttl(PATIENCE);
    let state = codec.seal_with(question.tool.as_bytes(), &options);
    let request = InputRequest::Elicitation(ElicitRequest::new(params(question)?));
    let requests = BTreeMap::from([(FIELD.to_owned(), request)]);
    Ok(Consent::Ask(Box::new(InputRequiredResult::new(Some(requests), Some(state)))))
}

fn params(question: &Question<'_>) -> Result<ElicitRequestParams, ServiceError> {
    let field = BooleanSchema::new().title("Do it").description("Yes, go on");
    let schema = ElicitationSchema::builder()
        .required_property(FIELD, PrimitiveSchemaDefinition::Boolean(field))
        .build();
    let requested_schema = schema.map_err(|_| ServiceError::internal())?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.text.clone(),
        requested_schema,
    })
}

fn decide(question: &Question<'_>, answer: &ElicitResult) -> Result<Consent, ServiceError> {
    let ticked = answer.content.as_ref().and_then(|content| content.get(FIELD)).and_then(Value::as_bool);
    match answer.action {
        ElicitationAction::Accept if ticked != Some(false) => Ok(Consent::Given),
        ElicitationAction::Cancel => Err(refused(question, "the question was dismissed")),
        _ => Err(refused(question, "the person declined")),
    }
}

fn refused(question: &Question<'_>, why: &str) -> ServiceError {
    ServiceError::new(
        ErrorCode::NotConfirmed,
        format!("{} of {:?} was not done: {why}", question.tool, question.subject),
    )
}
