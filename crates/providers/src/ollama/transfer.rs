//! Decodes the progress of `POST /api/pull`, `/api/push` and `/api/create`.

use serde_json::Value;

use super::ndjson::NdJson;
use super::wire::TransferLine;
use crate::decode::{Events, StreamDecoder};
use crate::error_body::ErrorBody;
use crate::{ProviderError, ProviderResult};
use types::TransferEvent;

/// What is transferred; errors are classified by it.
#[derive(Debug)]
pub(super) enum Operation {
    Pull(String),
    Push(String),
    /// It may pull the model that it starts from.
    Create {
        from: Option<String>,
    },
}

impl Operation {
    /// The error that a message means, if there is a more specific one than the message itself.
    pub(super) fn classify(&self, text: &str) -> Option<ProviderError> {
        match self {
            Self::Pull(model) | Self::Create { from: Some(model) }
                if text == "pull model manifest: file does not exist" =>
            {
                return Some(ProviderError::NotInRegistry { model: model.clone() });
            }
            // The message names files of the server, which mean nothing to callers.
            Self::Push(model) if names_no_file(text) => {
                return Some(ProviderError::ModelNotFound { model: model.clone() });
            }
            Self::Create { from } => {
                if let Some(error) = of_weights(text, from.is_none()) {
                    return Some(error);
                }
            }
            _ => {}
        }
        super::registry::failure(text)
    }
}

/// An error of the weights that a model is made from.
fn of_weights(text: &str, uploaded: bool) -> Option<ProviderError> {
    const DAMAGED: [&str; 9] = [
        "EOF",
        "invalid file magic",
        "not in GGUF format",
        "invalid GGUF",
        "invalid split GGUF",
        "extends beyond",
        "exceeds file size",
        "truncated",
        "corrupt",
    ];
    let files = |reason: String| ProviderError::InvalidRequest { argument: "files".to_owned(), reason };
    if text.contains("quantization is only supported for") {
        return Some(ProviderError::AlreadyQuantized { message: text.to_owned() });
    }
    if names_no_file(text) {
        let digest = text.split_once("sha256-")?.1.get(..64)?;
        return Some(files(format!("is not on the server (sha256:{digest}); upload it first")));
    }
    let damaged = uploaded && DAMAGED.iter().any(|word| text.contains(word));
    damaged.then(|| files(format!("is damaged or not complete ({text}); get the file again")))
}

fn names_no_file(text: &str) -> bool {
    text.starts_with("open ") && (text.contains("no such file") || text.contains("cannot find the"))
}

#[derive(Debug)]
pub(super) struct TransferDecoder {
    lines: NdJson,
    state: State,
}

#[derive(Debug)]
struct State {
    operation: Operation,
    /// The last event was emitted.
    ended: bool,
}

impl TransferDecoder {
    pub(super) fn new(operation: Operation) -> Self {
        Self { lines: NdJson::default(), state: State { operation, ended: false } }
    }
}

impl StreamDecoder for TransferDecoder {
    type Event = TransferEvent;

    fn is_last(event: &TransferEvent) -> bool {
        event.is_success()
    }

    fn push(&mut self, chunk: &[u8], events: &mut Events<TransferEvent>) {
        if !self.state.ended {
            self.lines.push(chunk, |line| self.state.take(line, events));
        }
    }

    fn finish(&mut self, events: &mut Events<TransferEvent>) {
        self.lines.finish(|line| self.state.take(line, events));
        if !std::mem::replace(&mut self.state.ended, true) {
            let reason = "the server ended its report before it was done".to_owned();
            events.push_back(Err(ProviderError::Interrupted { reason }));
        }
    }
}

impl State {
    fn take(&mut self, line: ProviderResult<TransferLine>, events: &mut Events<TransferEvent>) {
        if self.ended {
            return;
        }
        let event = line.and_then(|line| self.event(line));
        self.ended = event.as_ref().map_or(true, TransferEvent::is_success);
        events.push_back(event);
    }

    fn event(&self, line: TransferLine) -> ProviderResult<TransferEvent> {
        if let Some(error) = &line.error {
            let message = ErrorBody::in_stream(error.get()).message;
            return Err(self.operation.classify(&message).unwrap_or(ProviderError::GaveUp { message }));
        }
        let Some(Value::String(status)) = line.status else {
            let reason = "a line has neither a status nor an error".to_owned();
            return Err(ProviderError::Malformed { reason });
        };
        let TransferLine { digest, total, completed, .. } = line;
        Ok(TransferEvent { status, digest: digest.filter(|digest| !digest.is_empty()), total, completed })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{RegistryFault, fixture};

    fn pull() -> Operation {
        Operation::Pull("mine:1b".to_owned())
    }

    fn decoded<'a>(
        operation: Operation,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<ProviderResult<TransferEvent>> {
        let events = fixture::decode(TransferDecoder::new(operation), chunks);
        let (last, before) = events.split_last().unwrap();
        assert!(last.as_ref().map_or(true, TransferEvent::is_success), "{last:?}");
        assert!(before.iter().all(|event| event.as_ref().is_ok_and(|event| !event.is_success())));
        events
    }

    fn recorded(case: &str, operation: Operation) -> Vec<ProviderResult<TransferEvent>> {
        decoded(operation, [fixture::body(case).as_bytes()])
    }

    fn error(case: &str, operation: Operation) -> ProviderError {
        recorded(case, operation).pop().unwrap().unwrap_err()
    }

    #[test]
    fn pull_steps_are_read() {
        let events: Vec<_> =
            recorded("pull_success_stream", pull()).into_iter().map(Result::unwrap).collect();
        assert_eq!(
            events[0],
            TransferEvent { status: "pulling manifest".into(), ..TransferEvent::default() }
        );
        assert_eq!(
            events[1],
            TransferEvent {
                status: "pulling 941f309b54ca".into(),
                digest: Some(
                    "sha256:941f309b54caaad6747569ba43712bcde44a2be3bae16c3282ff499c37c54af5".into()
                ),
                total: Some(98_362_432),
                completed: Some(70_956_812),
            }
        );
        let rest: Vec<_> = events[3..].iter().map(|event| event.status.as_str()).collect();
        assert_eq!(rest, ["pulling bf328696c54f", "verifying sha256 digest", "writing manifest", "success"]);
        for case in ["pull_already_there_stream", "push_success_stream", "create_from_stream"] {
            assert!(recorded(case, pull()).len() > 3, "{case}");
        }
        // A server that does not stream sends only the end, without a line end.
        assert_eq!(recorded("pull_success_nonstream", pull()).len(), 1);
    }

    #[test]
    fn missing_model_is_named() {
        let (pull, push) = (pull(), Operation::Push("mine:1b".to_owned()));
        let missing = ProviderError::NotInRegistry { model: "mine:1b".to_owned() };
        assert_eq!(error("pull_unknown_model_stream", pull), missing);
        let from = Operation::Create { from: Some("mine:1b".to_owned()) };
        assert_eq!(error("pull_unknown_model_stream", from), missing);
        let missing = ProviderError::ModelNotFound { model: "mine:1b".to_owned() };
        assert_eq!(error("push_missing_model", push), missing);
        let ProviderError::InvalidRequest { argument, reason } =
            error("create_missing_blob", Operation::Create { from: None })
        else {
            panic!()
        };
        let digest = format!("sha256:{}", "0".repeat(64));
        assert!(argument == "files" && reason.contains(&digest) && !reason.contains('/'), "{reason}");
    }

    #[test]
    fn failing_registry_is_named_with_reason() {
        for (case, name, text) in [
            ("pull_connection_refused_stream", "127.0.0.1:9", "connection refused"),
            ("pull_no_network_stream", "registry.ollama.ai", "network is unreachable"),
            ("create_from_missing_no_network", "registry.ollama.ai", "network is unreachable"),
        ] {
            let expected = ProviderError::Registry {
                host: Some(name.to_owned()),
                fault: RegistryFault::Unreachable,
                message: text.to_owned(),
            };
            assert_eq!(error(case, pull()), expected, "{case}");
        }
    }

    #[test]
    fn unusable_weights_have_their_errors() {
        let of = |text: &str, from: Option<&str>| {
            Operation::Create { from: from.map(str::to_owned) }.classify(text)
        };
        for text in ["unexpected EOF", "invalid file magic", "supplied file was not in GGUF format"] {
            let error = of(text, None);
            assert!(
                matches!(&error, Some(ProviderError::InvalidRequest { argument, reason })
                    if argument == "files" && reason.contains("damaged") && reason.contains(text)),
                "{error:?}"
            );
        }
        let text = "quantization is only supported for F16 and F32 models";
        let expected = ProviderError::AlreadyQuantized { message: text.to_owned() };
        assert_eq!(of(text, Some("m:1b")), Some(expected));
    }

    #[test]
    fn other_failures_keep_their_text() {
        let failed = |body: &str| decoded(pull(), [body.as_bytes()]).pop().unwrap().unwrap_err();
        let message = "internal server error".to_owned();
        assert_eq!(
            failed("{\"error\":\"internal server error\",\"status\":500}\n"),
            ProviderError::GaveUp { message }
        );
        assert!(matches!(failed("{}\n"), ProviderError::Malformed { .. }));
        assert!(matches!(failed("<html>\n"), ProviderError::Malformed { .. }));
    }

    #[test]
    fn end_without_success_is_an_error() {
        for body in ["", "{\"status\":\"writing manifest\"}\n", "{\"status\":\"writing manifest\"}\n{\"stat"]
        {
            let last = decoded(pull(), [body.as_bytes()]).pop().unwrap();
            assert!(matches!(last, Err(ProviderError::Interrupted { .. })), "{body:?}: {last:?}");
        }
    }

    proptest! {
        #[test]
        fn steps_are_same_for_any_split(cut in 0_usize..1_000) {
            let body = fixture::body("pull_already_there_stream");
            let (head, tail) = body.as_bytes().split_at(cut.min(body.len()));
            prop_assert_eq!(decoded(pull(), [head, tail]), recorded("pull_already_there_stream", pull()));
        }
    }
}
