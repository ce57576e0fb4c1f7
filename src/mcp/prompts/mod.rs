//! Prompts that hand work to a local model: people pick them in their host, the host's model carries them out.
//!
//! MCP 2025-11-25, server/prompts.

use rmcp::model::{ErrorData, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

/// The argument that is completed from the installed models.
pub(super) const MODEL_ARGUMENT: &str = "model";

struct Definition {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    text: fn(&Given) -> String,
}

struct Argument {
    name: &'static str,
    description: &'static str,
    required: bool,
}

const MODEL: Argument = Argument {
    name: MODEL_ARGUMENT,
    description: "Installed model; the default one if left out",
    required: false,
};

const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "ask_local_model",
        title: "Ask a local model",
        description: "Put a question to a model on this machine and show its answer as it is",
        arguments: &[Argument { name: "question", description: "What to ask", required: true }, MODEL],
        text: |given| {
            format!(
                "Ask the local model with the tool chat_completion{}. Give it exactly the question below as `prompt`, and show me its \
                 answer unchanged, saying which model it came from. Do not answer it yourself.\n\n{}",
                given.model(),
                given.get("question"),
            )
        },
    },
    Definition {
        name: "second_opinion",
        title: "Second opinion",
        description: "Let a local model judge an answer or a plan, then weigh both views",
        arguments: &[
            Argument {
                name: "subject",
                description: "The answer, plan or claim to be judged",
                required: true,
            },
            MODEL,
        ],
        text: |given| {
            format!(
                "Get a second opinion on the text below from a local model: call chat_completion{} and ask it, in a self-contained prompt \
                 with the whole text, what is right, what is wrong or missing, and how sure it is. Then tell me where you agree and \
                 where you differ, and why.\n\n{}",
                given.model(),
                given.get("subject"),
            )
        },
    },
    Definition {
        name: "summarize_privately",
        title: "Summarize with a local model",
        description: "Let a local model write the summary. The text given here passes through the host as every prompt does",
        arguments: &[
            Argument { name: "text", description: "What to summarize", required: true },
            Argument { name: "length", description: "How long, such as \"3 sentences\"", required: false },
            MODEL,
        ],
        text: |given| {
            let length = given.find("length").unwrap_or("a short paragraph");
            format!(
                "Have a local model summarize the text below in {length}: first check with list_models that the model's location is \
                 \"local\", then call chat_completion{} with the text as it is. Show me the model's summary unchanged; do not write \
                 one of your own, and send the text to no other tool.\n\n{}",
                given.model(),
                given.get("text"),
            )
        },
    },
    Definition {
        name: "review_code_locally",
        title: "Review code with a local model",
        description: "Let a local model review code. The code given here passes through the host as every prompt does",
        arguments: &[
            Argument { name: "code", description: "The code to review", required: true },
            Argument {
                name: "focus",
                description: "What to look for, such as \"error handling\"",
                required: false,
            },
            MODEL,
        ],
        text: |given| {
            let focus = given.find("focus").unwrap_or("bugs, unclear names, and missing error handling");
            format!(
                "Have a local model review the code below, looking for {focus}: call chat_completion{} with the code and that focus in one \
                 self-contained prompt. List its findings, most serious first, and say of each whether you agree.\n\n```\n{}\n```",
                given.model(),
                given.get("code"),
            )
        },
    },
    Definition {
        name: "choose_model",
        title: "Choose a local model",
        description: "Find the installed model that suits a task best",
        arguments: &[Argument { name: "task", description: "What the model is for", required: true }],
        text: |given| {
            format!(
                "Which of my installed models suits this task best: {}\n\nCall list_models and compare capabilities, size, quantization, context length and \
                 whether the model is loaded. Name one model and the reason in two sentences, and one alternative. If none fits, \
                 say which one to install.",
                given.get("task"),
            )
        },
    },
];

/// The prompts.
pub(super) fn list() -> Vec<Prompt> {
    DEFINITIONS
        .iter()
        .map(|definition| {
            let arguments = definition
                .arguments
                .iter()
                .map(|argument| {
                    PromptArgument::new(argument.name)
                        .with_description(argument.description)
                        .with_required(argument.required)
                })
                .collect();
            Prompt::new(definition.name, Some(definition.description), Some(arguments))
                .with_title(definition.title)
        })
        .collect()
}

/// Whether a prompt of this name has an argument of that name; `None` where there is no such prompt.
pub(super) fn has_argument(prompt: &str, argument: &str) -> Option<bool> {
    let definition = find(prompt)?;
    Some(definition.arguments.iter().any(|known| known.name == argument))
}

/// Fills in a prompt.
///
/// # Errors
/// Invalid params: an unknown prompt, a missing, unknown or non-text argument.
pub(super) fn get(name: &str, arguments: JsonObject) -> Result<GetPromptResult, ErrorData> {
    let Some(definition) = find(name) else {
        let names: Vec<_> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        return Err(invalid(format!("unknown prompt {name:?}; the prompts are {}", names.join(", "))));
    };
    let mut given = Given(Vec::new());
    for (argument, value) in arguments {
        if !definition.arguments.iter().any(|known| known.name == argument) {
            let names: Vec<_> = definition.arguments.iter().map(|known| known.name).collect();
            return Err(invalid(format!(
                "{argument:?} is not an argument of {name}; its arguments are {}",
                names.join(", ")
            )));
        }
        match value {
            Value::String(text) => given.0.push((argument, text)),
            Value::Null => {}
            _ => return Err(invalid(format!("argument {argument} of {name} must be text"))),
        }
    }
    for argument in definition.arguments.iter().filter(|argument| argument.required) {
        if given.find(argument.name).is_none() {
            return Err(invalid(format!("argument {} of {name} is missing", argument.name)));
        }
    }
    let text = (definition.text)(&given);
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])
        .with_description(definition.description))
}

fn find(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

fn invalid(message: String) -> ErrorData {
    ErrorData::invalid_params(message, None)
}

/// The arguments that were given.
struct Given(Vec<(String, String)>);

impl Given {
    fn find(&self, name: &str) -> Option<&str> {
        let (_, text) = self.0.iter().find(|(given, _)| given == name)?;
        (!text.trim().is_empty()).then_some(text.as_str())
    }

    fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// ` and the model "x"`, where one was named.
    fn model(&self) -> String {
        self.find(MODEL_ARGUMENT).map(|model| format!(" and `model` {model:?}")).unwrap_or_default()
    }
}
