//! `create_model`: a new model from an installed one, or from a GGUF file; asks first where the name is taken.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::job::TransferAnswer;
use crate::arguments::schema::{self, input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use openai::messages::{ChatMessage, read_messages};
use settings::Toolset;
use types::CreateRequest;

const DESCRIPTION: &str = "Make a model from an installed one or a GGUF file: system prompt, template, default parameters, first messages, \
quantization. Overwriting a name asks the user first, or needs confirm: true.";

/// The argument for a file of this machine.
const GGUF: &str = "gguf";

const DESCRIPTION_WITHOUT_FILES: &str = "Make a model from an installed one: system prompt, template, default parameters, first messages, \
quantization. Overwriting a name asks the user first, or needs confirm: true.";

#[derive(Debug, Deserialize, JsonSchema)]
struct CreateArguments {
    /// The new name
    model: String,
    /// Installed model to start from
    from: Option<String>,
    /// Or: path of a local GGUF file
    gguf: Option<String>,
    system: Option<String>,
    /// Prompt template (Go)
    template: Option<String>,
    /// Defaults, such as {"temperature":0.2}
    #[serde(default)]
    #[schemars(schema_with = "schema::object")]
    parameters: Option<Map<String, Value>>,
    /// First messages of every chat
    #[serde(default)]
    #[schemars(schema_with = "schema::objects")]
    messages: Option<Vec<ChatMessage>>,
    license: Option<String>,
    /// q4_K_M, q8_0 ...; from f16 or f32 only
    quantize: Option<String>,
    background: Option<bool>,
    confirm: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("create_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
        .naming_paths(&[GGUF])
        .described_without_files(DESCRIPTION_WITHOUT_FILES)
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Create a model", false).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<CreateArguments>())
        .with_raw_output_schema(output_schema::<TransferAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: CreateArguments = call.arguments()?;
    let (confirm, background) = (arguments.confirm, arguments.background);
    let mut request = CreateRequest {
        from: arguments.from,
        system: arguments.system,
        template: arguments.template,
        parameters: arguments.parameters.unwrap_or_default(),
        messages: arguments
            .messages
            .map_or(Ok(Vec::new()), |messages| read_messages("messages", messages))?,
        license: arguments.license,
        quantize: arguments.quantize,
        ..CreateRequest::new(arguments.model)
    };
    let services = call.server.services();
    if arguments.gguf.is_some() {
        // Before any other check: it is refused without a look at the machine.
        call.host_files(GGUF)?;
    }
    services.transfers.check_creation(call.caller(), &mut request, arguments.gguf.as_deref()).await?;
    let weights = match &arguments.gguf {
        Some(path) => Some(services.transfers.open_weights(call.host_files(GGUF)?, path).await?),
        None => None,
    };
    let waiting = call.waiting(None, background)?;
    // Reserve first: of two calls with the same new name, only one may find it free.
    let reserved = services.models.reserve_name(&request.model)?;
    if let Some((taken, ..)) = services.models.installed(call.caller(), &request.model).await? {
        let question = Question {
            action: ConfirmedAction::Overwrite,
            subject: &taken,
            text: format!(
                "Overwrite the model {taken} with a new model made from {}?",
                request.from.as_deref().unwrap_or("a GGUF file")
            ),
            argument: confirm,
        };
        if let Consent::Ask(question) = call.consent(&question).await? {
            return Ok((*question).into());
        }
    }
    let job = services.transfers.start_create(call.caller(), request, weights, reserved)?;
    call.wait(job, waiting).await.map(Into::into)
}
