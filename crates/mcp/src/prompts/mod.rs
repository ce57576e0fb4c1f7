//! Prompts that give work to a local model: the user picks one in the host, and the host's model carries it out.
//!
//! MCP 2025-11-25, server/prompts.

use std::time::Duration;

use rmcp::model::{ErrorData, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;
use tokio::time::timeout;

use service::{Caller, HostFiles, Services};

/// The argument that is completed from the installed models.
pub(super) const MODEL_ARGUMENT: &str = "model";

/// How long a prompt waits to learn which models are installed.
const MODEL_WAIT: Duration = Duration::from_secs(2);

struct Definition {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    /// Arguments of which at least one must be given.
    either: &'static [&'static str],
    text: fn(&Given) -> String,
}

struct Argument {
    name: &'static str,
    description: &'static str,
    required: bool,
}

const MODEL: Argument = Argument {
    name: MODEL_ARGUMENT,
    description: "Installed model; by default the default model",
    required: false,
};

const PATHS: Argument = Argument {
    name: "paths",
    description: "Files below an allowed directory, between commas or one a line; the local model alone reads them",
    required: false,
};

const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "ask_local_model",
        title: "Ask a local model",
        description: "Ask a model on this machine and show its answer unchanged",
        arguments: &[Argument { name: "question", description: "What to ask", required: true }, MODEL],
        either: &[],
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
        description: "Have a local model review an answer or a plan, then compare both views",
        arguments: &[
            Argument {
                name: "subject",
                description: "The answer, plan or claim to be judged",
                required: true,
            },
            MODEL,
        ],
        either: &[],
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
        description: "Let a local model write the summary. Text given here passes through the host as every prompt does; files do not",
        arguments: &[
            Argument {
                name: "text",
                description: "What to summarize, unless paths name it",
                required: false,
            },
            PATHS,
            Argument { name: "length", description: "How long, such as \"3 sentences\"", required: false },
            MODEL,
        ],
        either: &["text", "paths"],
        text: |given| {
            let length = given.find("length").unwrap_or("a short paragraph");
            format!(
                "Have a local model summarize {} in {length}: first check with list_models that the model's location is \"local\", \
                 then call chat_completion{} with {}. Show me the model's summary unchanged; do not write one of your own, \
                 and give what is summarized to no other tool.{}",
                given.subject("the text below"),
                given.model(),
                given.material("text", "the text as it is"),
                given.below("text", "\n\n", ""),
            )
        },
    },
    Definition {
        name: "review_code_locally",
        title: "Review code with a local model",
        description: "Let a local model review code. Code given here passes through the host as every prompt does; files do not",
        arguments: &[
            Argument {
                name: "code",
                description: "The code to review, unless paths name it",
                required: false,
            },
            PATHS,
            Argument {
                name: "focus",
                description: "What to look for, such as \"error handling\"",
                required: false,
            },
            MODEL,
        ],
        either: &["code", "paths"],
        text: |given| {
            let focus = given.find("focus").unwrap_or("bugs, unclear names, and missing error handling");
            format!(
                "Have a local model review {}, looking for {focus}: call chat_completion{} with {} and that focus in one self-contained \
                 prompt. List its findings, most serious first, and say of each whether you agree, as far as you can tell.{}",
                given.subject("the code below"),
                given.model(),
                given.material("code", "the code"),
                given.below("code", "\n\n```\n", "\n```"),
            )
        },
    },
    Definition {
        name: "choose_model",
        title: "Choose a local model",
        description: "Find the installed model that suits a task best",
        arguments: &[Argument { name: "task", description: "What the model is for", required: true }],
        either: &[],
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

/// The prompts. `host_files`: the caller may name files of this machine.
pub(super) fn list(host_files: bool) -> Vec<Prompt> {
    DEFINITIONS
        .iter()
        .map(|definition| {
            let arguments = definition
                .arguments
                .iter()
                .filter(|argument| host_files || argument.name != PATHS.name)
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
pub(super) async fn get(
    services: &Services,
    caller: &Caller,
    name: &str,
    arguments: JsonObject,
    host_files: bool,
) -> Result<GetPromptResult, ErrorData> {
    if !host_files && arguments.get(PATHS.name).is_some_and(|paths| !paths.is_null()) {
        return Err(invalid(HostFiles::refused(PATHS.name).text()));
    }
    let model = arguments.get(MODEL_ARGUMENT).and_then(Value::as_str).unwrap_or_default().trim();
    // Unknown while the model server is down: then the tool reports it.
    let installed = model.is_empty()
        || !matches!(timeout(MODEL_WAIT, services.models.installed(caller, model)).await, Ok(Ok(None)));
    fill_in(name, arguments, installed)
}

/// `installed` is whether the argument `model` names an installed model.
fn fill_in(name: &str, arguments: JsonObject, installed: bool) -> Result<GetPromptResult, ErrorData> {
    let Some(definition) = find(name) else {
        let names: Vec<_> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        return Err(invalid(format!("unknown prompt {name:?}; the prompts are {}", names.join(", "))));
    };
    let mut given = Given { arguments: Vec::new(), installed };
    for (argument, value) in arguments {
        if !definition.arguments.iter().any(|known| known.name == argument) {
            let names: Vec<_> = definition.arguments.iter().map(|known| known.name).collect();
            return Err(invalid(format!(
                "{argument:?} is not an argument of {name}; its arguments are {}",
                names.join(", ")
            )));
        }
        match value {
            Value::String(text) => given.arguments.push((argument, text)),
            Value::Null => {}
            _ => return Err(invalid(format!("argument {argument} of {name} must be text"))),
        }
    }
    if !definition.either.is_empty() && definition.either.iter().all(|either| given.find(either).is_none()) {
        return Err(invalid(format!("{name} needs one of the arguments {}", definition.either.join(", "))));
    }
    for argument in definition.arguments.iter().filter(|argument| argument.required) {
        if given.find(argument.name).is_none() {
            return Err(invalid(format!("argument {} of {name} is missing", argument.name)));
        }
    }
    let mut text = (definition.text)(&given);
    if let Some(main) = definition.arguments.first() {
        text.push_str(&given.note(main.name));
    }
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
struct Given {
    arguments: Vec<(String, String)>,
    /// Whether the argument `model` names an installed model.
    installed: bool,
}

impl Given {
    fn find(&self, name: &str) -> Option<&str> {
        let (_, text) = self.arguments.iter().find(|(given, _)| given == name)?;
        (!text.trim().is_empty()).then_some(text.as_str())
    }

    fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// What a prompt is about.
    fn subject(&self, text: &str) -> String {
        match self.paths().len() {
            0 => text.to_owned(),
            1 => "a file of mine".to_owned(),
            many => format!("{many} files of mine"),
        }
    }

    /// The material for the model: paths of files, which only this server reads, or text, or both.
    fn material(&self, argument: &str, text: &str) -> String {
        let paths = self.paths();
        if paths.is_empty() {
            return text.to_owned();
        }
        let and_text = self.find(argument).map(|_| format!(", and {text} below")).unwrap_or_default();
        let paths = serde_json::to_string(&paths).unwrap_or_default();
        format!(
            "`attachments` {paths}{and_text} (do not open the files yourself: they are to stay on this machine)"
        )
    }

    /// A text at the end, between `before` and `after`.
    fn below(&self, argument: &str, before: &str, after: &str) -> String {
        self.find(argument).map(|text| format!("{before}{text}{after}")).unwrap_or_default()
    }

    /// Paths, one a line or between commas.
    fn paths(&self) -> Vec<&str> {
        let paths = self.get(PATHS.name);
        paths.split([',', '\n']).map(str::trim).filter(|path| !path.is_empty()).collect()
    }

    /// ` and the model "x"`, where an installed one was named.
    fn model(&self) -> String {
        let model = self.find(MODEL_ARGUMENT).filter(|_| self.installed);
        model.map(|model| format!(" and `model` {model:?}")).unwrap_or_default()
    }

    /// Claude Code and others split the text after a command at spaces, give each argument one word and drop the rest. This
    /// server does not see that, but the host's model sees the command, so this note explains it. `main` is the argument that
    /// the text was meant for.
    fn note(&self, main: &str) -> String {
        let mut note = String::new();
        if let Some(model) = self.find(MODEL_ARGUMENT).filter(|_| !self.installed) {
            note = format!(
                "\n\n({model:?} was given as the model. No model of that name is installed, so leave it out; it may be a word of the \
                 {main}.)"
            );
        }
        let one_word_each = self.arguments.iter().all(|(_, text)| !text.trim().contains(char::is_whitespace));
        if one_word_each && self.find(main).is_some() {
            note.push_str(&format!(
                "\n\n(If I typed more after the command's name than stands above, the host has split it at its spaces: then the \
                 whole text after the command's name is the {main}, and no other argument was given.)"
            ));
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(name: &str, arguments: Value) -> Result<String, String> {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        let prompt = fill_in(name, arguments, true).map_err(|error| error.message.to_string())?;
        Ok(serde_json::to_value(&prompt.messages[0]).unwrap()["content"]["text"].as_str().unwrap().to_owned())
    }

    #[test]
    fn paths_become_attachments_and_texts_stay_text() {
        let said =
            text("summarize_privately", json!({ "paths": "a b.txt, c.pdf\n~/d.md", "length": "a line" }))
                .unwrap();
        assert!(said.contains("summarize 3 files of mine in a line"), "{said}");
        assert!(said.contains(r#"`attachments` ["a b.txt","c.pdf","~/d.md"] (do not open"#), "{said}");
        let said = text("summarize_privately", json!({ "text": "It was." })).unwrap();
        assert!(said.contains("with the text as it is.") && said.ends_with("\n\nIt was."), "{said}");
        let said = text("review_code_locally", json!({ "code": "f() + g()", "paths": "a.rs" })).unwrap();
        assert!(said.contains(r#"`attachments` ["a.rs"], and the code below"#), "{said}");
        assert!(said.ends_with("```\nf() + g()\n```"), "{said}");
        for name in ["summarize_privately", "review_code_locally"] {
            assert!(text(name, json!({ "paths": " " })).unwrap_err().contains("needs one of the arguments"));
        }
    }
}
