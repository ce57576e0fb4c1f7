//! Asks the user before something is deleted, overwritten or published.
//!
//! By elicitation if the client supports it: a request to the client in older revisions, an input-required result in
//! 2026-07-28. Otherwise by the argument `confirm`, which is the model's word. Only the explicit choice confirms; after any
//! other answer nothing happens.
//!
//! MCP 2025-11-25, client/elicitation; MCP 2026-07-28, basic/patterns/mrtr.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, EnumSchema,
    InputRequest, InputRequiredResult, InputResponses, JsonObject, PrimitiveSchemaDefinition,
    ProtocolVersion, RequestStateCodec, RequestStateError, SealOptions,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use platform::sync::lock;
use service::{ErrorCode, ServiceError};
use settings::Confirm;
use types::Owner;

/// How long the user may take to answer.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The key of the input request, and the name of its one field.
const FIELD: &str = "confirm";

/// Maximum number of open questions. The oldest are dropped first, and their answers refused.
const MAX_PENDING: usize = 1024;
/// Maximum number of one owner, so that nobody drops the questions of others.
const MAX_PENDING_OF_OWNER: usize = 64;

/// Issues and redeems the `requestState` of questions that are asked by a result. All sessions share it: over HTTP, each
/// request of the stateless revision is a session of its own, and the answer comes in another request than the question.
pub(crate) struct Confirmations {
    codec: Option<RequestStateCodec>,
    /// The questions without an answer, oldest first. An answer removes its question, so it counts once.
    /// A standard mutex: held for one change of the list, never across an await.
    pending: Mutex<VecDeque<(Uuid, Owner)>>,
}

impl Confirmations {
    /// With a random key that never leaves this process: states of other processes do not verify here, so a table in memory
    /// is enough for single use.
    pub(crate) fn new() -> Self {
        let key = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        // Only a short key is refused.
        Self { codec: RequestStateCodec::try_new(key).ok(), pending: Mutex::default() }
    }

    /// The state of a new question; only a call with the same `binding` can redeem it.
    fn issue(&self, owner: &Owner, binding: &[u8]) -> Result<String, ServiceError> {
        let codec = self.codec.as_ref().ok_or_else(ServiceError::internal)?;
        let nonce = Uuid::new_v4();
        let mut pending = lock(&self.pending);
        let of_owner = pending.iter().filter(|(_, of)| of == owner).count();
        let oldest = match of_owner >= MAX_PENDING_OF_OWNER {
            true => pending.iter().position(|(_, of)| of == owner),
            false => (pending.len() >= MAX_PENDING).then_some(0),
        };
        if let Some(oldest) = oldest {
            pending.remove(oldest);
        }
        pending.push_back((nonce, owner.clone()));
        let options = SealOptions::new().associated_data(binding).ttl(TIMEOUT);
        Ok(codec.seal_with(nonce.as_bytes(), &options))
    }

    /// Uses a state up. The error: why it does not count.
    fn redeem(&self, state: &str, binding: &[u8]) -> Result<(), &'static str> {
        let Some(codec) = &self.codec else { return Err("the answer cannot be verified") };
        let nonce = codec.open_with(state, binding).map_err(|error| match error {
            RequestStateError::Expired => "the answer came more than 10 minutes after the question",
            _ => {
                "the answer does not belong to this call: its arguments differ from those that the user was asked about, or \
                 another process asked"
            }
        })?;
        let mut pending = lock(&self.pending);
        let position = pending.iter().position(|(pending, _)| pending.as_bytes() == nonce.as_slice());
        match position.and_then(|position| pending.remove(position)) {
            Some(_) => Ok(()),
            None => Err("the answer was already used; it counts once"),
        }
    }
}

/// The result of asking.
pub(crate) enum Consent {
    /// The call may proceed.
    Given,
    /// The question goes to the client, which calls again with the answer.
    Ask(Box<InputRequiredResult>),
}

/// What needs the user's consent.
#[derive(Clone, Copy)]
pub(crate) enum ConfirmedAction {
    Delete,
    Overwrite,
    Publish,
    Replace,
}

impl ConfirmedAction {
    /// The choice that confirms, and the one that does not.
    fn choices(self) -> (&'static str, &'static str) {
        match self {
            Self::Delete => ("Delete", "Keep"),
            Self::Overwrite => ("Overwrite", "Keep"),
            Self::Publish => ("Publish", "Do not publish"),
            Self::Replace => ("Replace", "Keep"),
        }
    }
}

/// What is to be confirmed.
pub(crate) struct Question<'a> {
    pub(crate) action: ConfirmedAction,
    /// What it acts on; a validated name, never free text.
    pub(crate) subject: &'a str,
    /// The question for the user.
    pub(crate) text: String,
    /// The argument `confirm` of the call.
    pub(crate) argument: Option<bool>,
}

/// A call that needs consent, and how it may ask.
pub(crate) struct Asking<'a> {
    pub(crate) context: &'a RequestContext<RoleServer>,
    /// The tool's name.
    pub(crate) tool: &'a str,
    pub(crate) policy: Confirm,
    pub(crate) confirmations: &'a Confirmations,
    pub(crate) caller: &'a Owner,
    /// A digest of all arguments of the call.
    pub(crate) fingerprint: &'a [u8],
    /// The client's answers to the question of an earlier round (revision 2026-07-28).
    pub(crate) input_responses: Option<&'a InputResponses>,
    /// The state that this server issued with that question.
    pub(crate) request_state: Option<&'a str>,
    /// Cancelled when nobody can answer any more.
    pub(crate) input_closed: &'a CancellationToken,
}

/// Gets the user's consent, or finds out that there is none.
///
/// # Errors
/// `not_confirmed`.
pub(crate) async fn consent(call: &Asking<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    let by_user_alone = call.policy == Confirm::Elicit;
    let can_ask = call
        .context
        .client_capabilities()
        .and_then(|capabilities| capabilities.elicitation)
        .is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none());
    match (can_ask, question.argument) {
        (false, Some(true)) if !by_user_alone => Ok(Consent::Given),
        (false, _) if by_user_alone => Err(refused(
            call, question,
            "this host cannot ask the user, and with OLLAMA_MCP_CONFIRM=elicit only the user can confirm",
        )
        .with_hint(
            "The user can do it outside this server, or set OLLAMA_MCP_CONFIRM=auto, which accepts confirm: true.",
        )),
        (false, _) => Err(refused(call, question, "it was not confirmed")
            .with_hint(format!("Ask the user: {:?} If the answer is yes, call again with confirm: true.", question.text))),
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

/// Asks by a request to the client, during the call.
async fn by_request(call: &Asking<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    let ask = call.context.peer.create_elicitation_with_timeout(params(question)?, Some(TIMEOUT));
    let answer = tokio::select! {
        answer = ask => answer,
        // Nobody can answer any more.
        () = call.input_closed.cancelled() => return Err(refused(call, question, "the connection ended before it was confirmed")),
    };
    match answer {
        Ok(answer) => decide(call, question, &answer),
        Err(error) => Err(refused(call, question, &format!("the question was not answered ({error})"))),
    }
}

/// Asks by an input-required result: the client calls again with the user's answer.
fn by_result(call: &Asking<'_>, question: &Question<'_>) -> Result<Consent, ServiceError> {
    let binding = binding(call, question);
    if let (Some(responses), Some(state)) = (call.input_responses, call.request_state)
        // An answer that is missing is asked for again (basic/patterns/mrtr, Error Handling).
        && let Some(answer) = responses.get(FIELD)
    {
        call.confirmations.redeem(state, &binding).map_err(|why| {
            refused(call, question, why)
                .with_hint("Call again without requestState and inputResponses: the user is asked anew.")
        })?;
        let answer: ElicitResult = serde_json::from_value(answer.clone())
            .map_err(|_| refused(call, question, "the question was not answered"))?;
        return decide(call, question, &answer);
    }
    let state = call.confirmations.issue(call.caller, &binding)?;
    let request = InputRequest::Elicitation(ElicitRequest::new(params(question)?));
    let requests = BTreeMap::from([(FIELD.to_owned(), request)]);
    Ok(Consent::Ask(Box::new(InputRequiredResult::new(Some(requests), Some(state)))))
}

/// What an answer is bound to: the caller, the whole call, and the text of the question.
fn binding(call: &Asking<'_>, question: &Question<'_>) -> Vec<u8> {
    let Question { subject, text, .. } = question;
    let asked = format!("{}\n{}\n{subject}\n{text}\n", call.caller.as_str(), call.tool);
    [asked.as_bytes(), call.fingerprint].concat()
}

/// The arguments of a call as a digest that does not depend on the order of their keys.
pub(crate) fn fingerprint(arguments: &JsonObject) -> Vec<u8> {
    let mut arguments = Value::Object(arguments.clone());
    arguments.sort_all_objects();
    Sha256::digest(arguments.to_string()).to_vec()
}

/// A choice of two words, not a checkbox: some hosts reject a required checkbox that is not checked. Without titles, whose
/// form differs in revision 2025-06-18, and without a default, so nothing is confirmed by accident.
fn params(question: &Question<'_>) -> Result<ElicitRequestParams, ServiceError> {
    let (yes, no) = question.action.choices();
    let choice = EnumSchema::builder(vec![no.to_owned(), yes.to_owned()])
        .untitled()
        .title(format!("{yes} {}?", question.subject))
        .description(format!("Nothing happens unless you choose {yes:?}."))
        .build();
    let schema = ElicitationSchema::builder()
        .required_property(FIELD, PrimitiveSchemaDefinition::Enum(choice))
        .build();
    let requested_schema = schema.map_err(|_| ServiceError::internal())?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.text.clone(),
        requested_schema,
    })
}

/// Only an accepted form with exactly the confirming choice gives consent.
fn decide(
    call: &Asking<'_>,
    question: &Question<'_>,
    answer: &ElicitResult,
) -> Result<Consent, ServiceError> {
    let (yes, no) = question.action.choices();
    let chosen = answer.content.as_ref().and_then(|content| content.get(FIELD)).and_then(Value::as_str);
    let why = match answer.action {
        ElicitationAction::Accept if chosen == Some(yes) => return Ok(Consent::Given),
        ElicitationAction::Accept if chosen == Some(no) => format!("the user chose {no:?}"),
        ElicitationAction::Accept => {
            format!("the form came back without a valid choice ({FIELD} must be {yes:?} or {no:?})")
        }
        ElicitationAction::Cancel => "the user dismissed the question".to_owned(),
        _ => "the user declined".to_owned(),
    };
    Err(refused(call, question, &why))
}

fn refused(call: &Asking<'_>, question: &Question<'_>, why: &str) -> ServiceError {
    ServiceError::new(
        ErrorCode::NotConfirmed,
        format!("{} of {:?} was not done: {why}", call.tool, question.subject),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_redeemed_once_by_same_call_and_process() {
        let (here, elsewhere) = (Confirmations::new(), Confirmations::new());
        let state = here.issue(&Owner::local(), b"delete a").unwrap();
        assert!(here.redeem(&state, b"delete b").unwrap_err().contains("does not belong to this call"));
        assert!(elsewhere.redeem(&state, b"delete a").unwrap_err().contains("does not belong to this call"));
        // A refused answer leaves the question open.
        assert_eq!(here.redeem(&state, b"delete a"), Ok(()));
        assert!(here.redeem(&state, b"delete a").unwrap_err().contains("already used"));
    }

    #[test]
    fn pending_questions_are_bounded_by_owner() {
        let confirmations = Confirmations::new();
        let (ann, bob) = (Owner::new("ann").unwrap(), Owner::new("bob").unwrap());
        let of_bob = confirmations.issue(&bob, b"x").unwrap();
        let first = confirmations.issue(&ann, b"x").unwrap();
        let rest: Vec<_> =
            (0..MAX_PENDING_OF_OWNER).map(|_| confirmations.issue(&ann, b"x").unwrap()).collect();
        assert!(confirmations.redeem(&first, b"x").is_err(), "the owner's oldest is dropped");
        assert!(rest.iter().all(|state| confirmations.redeem(state, b"x").is_ok()));
        assert_eq!(confirmations.redeem(&of_bob, b"x"), Ok(()), "that of another owner stays");
        assert!(confirmations.pending.lock().unwrap().is_empty());
    }

    #[test]
    fn pending_questions_of_all_owners_are_bounded() {
        let confirmations = Confirmations::new();
        for number in 0..=MAX_PENDING {
            confirmations.issue(&Owner::new(&number.to_string()).unwrap(), b"x").unwrap();
        }
        assert_eq!(confirmations.pending.lock().unwrap().len(), MAX_PENDING);
    }

    #[test]
    fn fingerprint_covers_all_arguments_in_any_order() {
        let of = |json: &str| fingerprint(&serde_json::from_str(json).unwrap());
        assert_eq!(of(r#"{"a":1,"b":{"c":2,"d":[3]}}"#), of(r#"{"b":{"d":[3],"c":2},"a":1}"#));
        for other in
            [r#"{"a":1,"b":{"c":2,"d":[4]}}"#, r#"{"a":1}"#, r#"{"a":1,"b":{"c":2,"d":[3]},"e":null}"#]
        {
            assert_ne!(of(r#"{"a":1,"b":{"c":2,"d":[3]}}"#), of(other), "{other}");
        }
    }
}
