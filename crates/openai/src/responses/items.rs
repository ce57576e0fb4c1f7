//! Items of a conversation as the messages of a chat.

use std::collections::HashMap;

use serde_json::Value;

use crate::InvalidArgument;
use crate::messages::{FilePart, FileSource, decoded, read_image};
use types::{Message, Role, ToolCall};

/// The messages of a conversation, and the files that belong to them.
#[derive(Debug, Default)]
pub struct Conversation {
    pub messages: Vec<Message>,
    pub files: Vec<FilePart>,
    /// What the model thought before its next message.
    thinking: Option<String>,
    /// The names of the functions, by the ids of their calls.
    functions: HashMap<String, String>,
}

/// The messages that items mean, in their order; each item with its path for errors.
///
/// # Errors
/// The path of what is wrong, or has no meaning here.
pub fn messages_of<'a>(
    items: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Result<Conversation, InvalidArgument> {
    let mut conversation = Conversation::default();
    for (path, item) in items {
        conversation.push(path, item)?;
    }
    Ok(conversation)
}

impl Conversation {
    fn push(&mut self, path: &str, item: &Value) -> Result<(), InvalidArgument> {
        match item.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message" => self.message(path, item),
            "reasoning" => {
                let content = texts(item.get("content"));
                let thought = if content.is_empty() { texts(item.get("summary")) } else { content };
                self.thinking = Some(thought).filter(|thought| !thought.is_empty());
                Ok(())
            }
            "function_call" => self.function_call(path, item),
            "function_call_output" => self.function_call_output(path, item),
            other => {
                let reason = format!(
                    "is {other:?}; it must be message, function_call, function_call_output, reasoning or item_reference"
                );
                Err(InvalidArgument::new(&format!("{path}.type"), reason))
            }
        }
    }

    fn message(&mut self, path: &str, item: &Value) -> Result<(), InvalidArgument> {
        let role = match item.get("role").and_then(Value::as_str) {
            Some("user") => Role::User,
            Some("system" | "developer") => Role::System,
            Some("assistant") => Role::Assistant,
            _ => {
                let reason = "must be user, assistant, system or developer";
                return Err(InvalidArgument::new(&format!("{path}.role"), reason));
            }
        };
        let mut message = Message::text(role, "");
        let files = self.files.len();
        self.content(&format!("{path}.content"), item.get("content"), &mut message)?;
        let has_files = self.files.len() > files;
        if has_files && role != Role::User {
            return Err(InvalidArgument::new(path, "has files, which belong into messages of the user"));
        }
        let is_empty = message.content.is_empty() && message.images.is_empty() && !has_files;
        if is_empty && role != Role::Assistant {
            return Err(InvalidArgument::new(&format!("{path}.content"), "is empty; it must have text"));
        }
        let thinking = self.thinking.take();
        if role == Role::Assistant {
            message.thinking = thinking;
        }
        self.messages.push(message);
        Ok(())
    }

    /// Calls that follow one another, or the text of a reply, are one message.
    fn function_call(&mut self, path: &str, item: &Value) -> Result<(), InvalidArgument> {
        let text = |field: &str| {
            let value = item.get(field).and_then(Value::as_str);
            let missing = || InvalidArgument::new(&format!("{path}.{field}"), "is missing; it must be text");
            value.map(str::to_owned).ok_or_else(missing)
        };
        let call = ToolCall { id: text("call_id")?, name: text("name")?, arguments: text("arguments")? };
        self.functions.insert(call.id.clone(), call.name.clone());
        let thinking = self.thinking.take();
        match self.messages.last_mut().filter(|last| last.role == Role::Assistant && thinking.is_none()) {
            Some(last) => last.tool_calls.push(call),
            None => {
                let mut message = Message::text(Role::Assistant, "");
                (message.thinking, message.tool_calls) = (thinking, vec![call]);
                self.messages.push(message);
            }
        }
        Ok(())
    }

    fn function_call_output(&mut self, path: &str, item: &Value) -> Result<(), InvalidArgument> {
        let Some(id) = item.get("call_id").and_then(Value::as_str) else {
            return Err(InvalidArgument::new(&format!("{path}.call_id"), "is missing; it must be text"));
        };
        let mut message = Message::text(Role::Tool, "");
        let path = format!("{path}.output");
        match item.get("output") {
            Some(Value::String(text)) => message.content = text.clone(),
            output @ Some(Value::Array(_)) => self.content(&path, output, &mut message)?,
            _ => {
                return Err(InvalidArgument::new(&path, "is missing; it must be text, or an array of parts"));
            }
        }
        message.tool_name = self.functions.get(id).cloned();
        message.tool_call_id = Some(id.to_owned());
        self.messages.push(message);
        Ok(())
    }

    /// Reads parts into a message. Texts are joined by line breaks.
    fn content(
        &mut self,
        path: &str,
        parts: Option<&Value>,
        message: &mut Message,
    ) -> Result<(), InvalidArgument> {
        let Some(parts) = parts.and_then(Value::as_array) else {
            return Err(InvalidArgument::new(path, "must be text, or an array of parts"));
        };
        for (index, part) in parts.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let text = |field: &str| part.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            match part.get("type").and_then(Value::as_str).unwrap_or_default() {
                kind @ ("input_text" | "output_text" | "text" | "refusal") => {
                    let field = if kind == "refusal" { "refusal" } else { "text" };
                    let Some(piece) = part.get(field).and_then(Value::as_str) else {
                        let path = format!("{path}.{field}");
                        return Err(InvalidArgument::new(&path, "is missing; it must be text"));
                    };
                    if !message.content.is_empty() && !piece.is_empty() {
                        message.content.push('\n');
                    }
                    message.content.push_str(piece);
                }
                "input_image" => match (text("image_url"), text("file_id")) {
                    (Some(url), _) => {
                        message.images.push(read_image(&format!("{path}.image_url"), url)?);
                    }
                    (None, Some(id)) => self.file(path, None, FileSource::Upload(id.to_owned())),
                    (None, None) => {
                        let reason = "must have an image_url that is a data URL, or a file_id";
                        return Err(InvalidArgument::new(&path, reason));
                    }
                },
                "input_file" => {
                    let source = match (text("file_id"), text("file_data"), text("file_url")) {
                        (Some(id), ..) => FileSource::Upload(id.to_owned()),
                        (None, Some(data), _) => {
                            FileSource::Data(decoded(&format!("{path}.file_data"), data)?)
                        }
                        (None, None, Some(_)) => {
                            let reason =
                                "is a web address; give file_data as a data URL, or the file_id of an upload";
                            return Err(InvalidArgument::new(&format!("{path}.file_url"), reason));
                        }
                        (None, None, None) => {
                            let reason = "must have a file_id, or file_data as a data URL";
                            return Err(InvalidArgument::new(&path, reason));
                        }
                    };
                    self.file(path, text("filename").map(str::to_owned), source);
                }
                other => {
                    let reason = format!(
                        "is {other:?}; it must be input_text, output_text, input_image or input_file"
                    );
                    return Err(InvalidArgument::new(&format!("{path}.type"), reason));
                }
            }
        }
        Ok(())
    }

    /// A file of the message that is read now.
    fn file(&mut self, path: String, name: Option<String>, source: FileSource) {
        self.files.push(FilePart { path, message: self.messages.len(), name, source });
    }
}

/// The texts of parts, joined.
fn texts(parts: Option<&Value>) -> String {
    let parts = parts.and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<_> = parts.filter_map(|part| part.get("text")?.as_str()).collect();
    texts.join("\n")
}
