//! Blocks of content, read into the messages that all fronts share, with the path to what is wrong.

use std::collections::HashMap;

use serde_json::Value;

use crate::Ignored;
use crate::request::{Content, InputMessage};
use crate::tools::ToolChanges;
use source::{Source, document, image, text_of};
use types::{Image, InvalidArgument, Message, Role, ToolCall};

mod source;

/// Claude Code begins the system prompt with a block that differs from request to request. No model needs it, and model servers
/// would read the whole prompt anew each time.
const BILLING: &str = "x-anthropic-billing-header:";

/// The messages of a request, and what else is in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    pub messages: Vec<Message>,
    pub files: Vec<FilePart>,
    /// For [`crate::read_tools`].
    pub tool_changes: ToolChanges,
}

/// A file that a message holds or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Where it stands, such as `messages[0].content[1].source.file_id`.
    pub path: String,
    /// The index of its message in the prompt.
    pub message: usize,
    pub name: Option<String>,
    pub source: FileSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// The id of an upload.
    Upload(String),
    Data(Vec<u8>),
}

/// Checks the system prompt and the messages of a request, and converts them.
///
/// # Errors
/// The path of what is wrong, and why.
pub fn read_prompt(
    system: Option<Content>,
    messages: Vec<InputMessage>,
    ignored: &mut Ignored,
) -> Result<Prompt, InvalidArgument> {
    if messages.is_empty() {
        return Err(InvalidArgument::new("messages", "is empty; it must hold at least one message"));
    }
    let mut reader = Reader { prompt: Prompt::default(), tools: HashMap::new(), ignored };
    if let Some(system) = system {
        let text = reader.system_text("system", system)?;
        reader.add_system(&text);
    }
    let last_of_user = messages.iter().rposition(|message| message.role == "user");
    for (index, message) in messages.into_iter().enumerate() {
        let path = format!("messages[{index}]");
        let content_path = format!("{path}.content");
        let is_cleared =
            message.clear_at.as_deref() == Some("next_user_message") && last_of_user > Some(index);
        if message.output_config.is_some() {
            reader.ignored.add("messages.output_config");
        }
        match message.role.as_str() {
            "user" => reader.user(&content_path, message.content)?,
            "assistant" => reader.assistant(&content_path, message.content)?,
            "system" => {
                let text = reader.system_text(&content_path, message.content)?;
                reader.add_system(if is_cleared { "" } else { &text });
            }
            other => {
                let reason = format!("is {other:?}; it must be user, assistant or system");
                return Err(InvalidArgument::new(&format!("{path}.role"), reason));
            }
        }
    }
    Ok(reader.prompt)
}

struct Reader<'a> {
    prompt: Prompt,
    /// The names of tools by the ids of their calls.
    tools: HashMap<String, String>,
    ignored: &'a mut Ignored,
}

/// What goes with a message that is not written yet.
#[derive(Default)]
struct Open {
    text: String,
    images: Vec<Image>,
    files: Vec<(String, Option<String>, FileSource)>,
}

impl Open {
    fn add_text(&mut self, text: &str) {
        add_text(&mut self.text, text);
    }

    fn add_image(&mut self, source: Source, path: String) {
        match source {
            Source::Image(image) => self.images.push(image),
            Source::File(source) => self.files.push((path, None, source)),
        }
    }
}

impl Reader<'_> {
    /// The text of a system message, whose other blocks change the tools.
    fn system_text(&mut self, path: &str, content: Content) -> Result<String, InvalidArgument> {
        let blocks = match content {
            Content::Absent => return Ok(String::new()),
            Content::Text(text) => return Ok(text),
            Content::Blocks(blocks) => blocks,
        };
        let mut text = String::new();
        for (path, block) in numbered(path, blocks) {
            self.ignored.note_marks(&block);
            match kind(&block) {
                "text" => {
                    let piece = text_of(&path, &block)?;
                    if piece.starts_with(BILLING) {
                        self.ignored.add("system.x-anthropic-billing-header");
                    } else {
                        add_text(&mut text, piece);
                    }
                }
                "tool_addition" => self.prompt.tool_changes.add(&path, &block)?,
                "tool_removal" => self.prompt.tool_changes.remove(&path, &block)?,
                other => return Err(unknown(&path, other, "text, tool_addition or tool_removal")),
            }
        }
        Ok(text)
    }

    /// Adds a system message. Many templates take one in the first place only: a later one becomes a part of what the user says,
    /// marked as coming from the system.
    fn add_system(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let messages = &mut self.prompt.messages;
        match messages.last_mut() {
            None => messages.push(Message::text(Role::System, text)),
            Some(last) if last.role == Role::System => add_text(&mut last.content, text),
            Some(last) if last.role == Role::User => add_text(&mut last.content, &reminder(text)),
            Some(_) => messages.push(Message::text(Role::User, reminder(text))),
        }
    }

    fn user(&mut self, path: &str, content: Content) -> Result<(), InvalidArgument> {
        let before = self.prompt.messages.len();
        let mut open = Open::default();
        // Results of tools stand together behind the message that called them: their images follow all of them.
        let mut late = Open::default();
        match content {
            Content::Absent => {}
            Content::Text(text) => open.text = text,
            Content::Blocks(blocks) => {
                for (path, block) in numbered(path, blocks) {
                    self.ignored.note_marks(&block);
                    match kind(&block) {
                        "tool_result" => {
                            self.write(Role::User, &mut open);
                            self.tool_result(&path, block, &mut late)?;
                        }
                        kind => {
                            let is_known = add_block(&path, kind, &block, &mut open)?;
                            if !is_known {
                                let known = "text, image, document, search_result or tool_result";
                                return Err(unknown(&path, kind, known));
                            }
                        }
                    }
                }
            }
        }
        open.images.append(&mut late.images);
        open.files.append(&mut late.files);
        self.write(Role::User, &mut open);
        if self.prompt.messages.len() == before {
            return Err(InvalidArgument::new(path, "is empty; it must have text"));
        }
        Ok(())
    }

    /// Writes what has been read as a message, if there is something.
    fn write(&mut self, role: Role, open: &mut Open) -> Option<&mut Message> {
        let Open { text, images, files } = std::mem::take(open);
        if text.is_empty() && images.is_empty() && files.is_empty() && role != Role::Tool {
            return None;
        }
        let message = self.prompt.messages.len();
        let files = files.into_iter().map(|(path, name, source)| FilePart { path, message, name, source });
        self.prompt.files.extend(files);
        self.prompt.messages.push(Message { images, ..Message::text(role, text) });
        self.prompt.messages.last_mut()
    }

    fn tool_result(&mut self, path: &str, mut block: Value, late: &mut Open) -> Result<(), InvalidArgument> {
        let Some(id) = block.get("tool_use_id").and_then(Value::as_str).map(str::to_owned) else {
            let path = format!("{path}.tool_use_id");
            return Err(InvalidArgument::new(&path, "is missing; it must be the id of a tool_use block"));
        };
        let is_error = block.get("is_error").and_then(Value::as_bool) == Some(true);
        let mut open = Open::default();
        let path = format!("{path}.content");
        match block.get_mut("content").map(Value::take) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => open.text = text,
            Some(Value::Array(blocks)) => {
                for (path, block) in numbered(&path, blocks) {
                    self.ignored.note_marks(&block);
                    match kind(&block) {
                        "tool_reference" => {
                            let name = block.get("tool_name").and_then(Value::as_str).unwrap_or_default();
                            open.add_text(&format!("The tool {name} is available."));
                            self.prompt.tool_changes.offer(name);
                        }
                        kind => {
                            let is_known = add_block(&path, kind, &block, &mut open)?;
                            if !is_known {
                                return Err(unknown(&path, kind, "text, image, document or search_result"));
                            }
                        }
                    }
                }
            }
            Some(_) => return Err(InvalidArgument::new(&path, "must be text or an array of content blocks")),
        }
        late.images.append(&mut open.images);
        late.files.append(&mut open.files);
        if is_error {
            // Model servers have no mark for it.
            open.text.insert_str(0, "Error: ");
        }
        let tool_name = self.tools.get(&id).cloned();
        if let Some(message) = self.write(Role::Tool, &mut open) {
            message.tool_name = tool_name;
            message.tool_call_id = Some(id);
        }
        Ok(())
    }

    fn assistant(&mut self, path: &str, content: Content) -> Result<(), InvalidArgument> {
        let mut message = Message::text(Role::Assistant, "");
        match content {
            Content::Absent => {}
            Content::Text(text) => message.content = text,
            Content::Blocks(blocks) => {
                for (path, block) in numbered(path, blocks) {
                    self.assistant_block(&path, block, &mut message)?;
                }
            }
        }
        self.prompt.messages.push(message);
        Ok(())
    }

    fn assistant_block(
        &mut self,
        path: &str,
        mut block: Value,
        message: &mut Message,
    ) -> Result<(), InvalidArgument> {
        self.ignored.note_marks(&block);
        match kind(&block) {
            "text" => add_text(&mut message.content, text_of(path, &block)?),
            "thinking" => {
                let thinking = block.get("thinking").and_then(Value::as_str).unwrap_or_default();
                if !thinking.is_empty() {
                    add_text(message.thinking.get_or_insert_default(), thinking);
                }
            }
            "tool_use" => {
                let text = |name: &str| block.get(name).and_then(Value::as_str).map(str::to_owned);
                let missing = |name: &str| {
                    InvalidArgument::new(&format!("{path}.{name}"), "is missing; it must be text")
                };
                let id = text("id").ok_or_else(|| missing("id"))?;
                let name = text("name").ok_or_else(|| missing("name"))?;
                let arguments = match block.get_mut("input").map(Value::take) {
                    None | Some(Value::Null) => "{}".to_owned(),
                    Some(input @ Value::Object(_)) => input.to_string(),
                    Some(_) => {
                        return Err(InvalidArgument::new(&format!("{path}.input"), "must be a JSON object"));
                    }
                };
                self.tools.insert(id.clone(), name.clone());
                message.tool_calls.push(ToolCall { id, name, arguments });
            }
            // What Anthropic's servers did in an earlier turn, and can read alone.
            kind @ ("redacted_thinking" | "server_tool_use" | "mcp_tool_use") => self.ignored.add(kind),
            kind if kind.ends_with("_tool_result") => self.ignored.add(kind),
            other => return Err(unknown(path, other, "text, thinking, redacted_thinking or tool_use")),
        }
        Ok(())
    }
}

/// Adds a block that messages of the user and results of tools may have. Whether it is one.
fn add_block(path: &str, kind: &str, block: &Value, open: &mut Open) -> Result<bool, InvalidArgument> {
    match kind {
        "text" => open.add_text(text_of(path, block)?),
        "image" => {
            let (path, source) = image(path, block)?;
            open.add_image(source, path);
        }
        "document" => {
            let document = document(path, block)?;
            if let Some(context) = &document.context {
                open.add_text(context);
            }
            open.images.extend(document.images);
            if let Some((path, source)) = document.source {
                open.files.push((path, document.name, source));
            }
        }
        "search_result" => open.add_text(&search_result(path, block)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn search_result(path: &str, block: &Value) -> Result<String, InvalidArgument> {
    let part = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("{} ({})", part("title"), part("source"));
    let blocks = block.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, piece) in blocks.iter().enumerate() {
        add_text(&mut text, text_of(&format!("{path}.content[{index}]"), piece)?);
    }
    Ok(text)
}

fn reminder(text: &str) -> String {
    format!("<system-reminder>\n{text}\n</system-reminder>")
}

fn add_text(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

fn numbered(path: &str, blocks: Vec<Value>) -> impl Iterator<Item = (String, Value)> {
    blocks.into_iter().enumerate().map(move |(index, block)| (format!("{path}[{index}]"), block))
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn unknown(path: &str, kind: &str, known: &str) -> InvalidArgument {
    InvalidArgument::new(&format!("{path}.type"), format!("is {kind:?}; it must be {known}"))
}

#[cfg(test)]
mod tests;
