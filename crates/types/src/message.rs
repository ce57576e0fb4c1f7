//! The messages of a chat.

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Standing instructions.
    System,
    /// The person, or the model that calls on this one.
    User,
    /// The model.
    Assistant,
    /// The answer of a tool that the model called.
    Tool,
}

impl Role {
    /// The name on every wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text; empty where the message only calls tools.
    pub content: String,
    /// What the model thought before it answered, kept apart from the answer.
    pub thinking: Option<String>,
    /// Images that belong to the message.
    pub images: Vec<Image>,
    /// Tools that the assistant calls.
    pub tool_calls: Vec<ToolCall>,
    /// For a tool's answer: the call that it answers.
    pub tool_call_id: Option<String>,
    /// For a tool's answer: the tool's name, where it is known.
    pub tool_name: Option<String>,
}

impl Message {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            thinking: None,
            images: Vec::new(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            tool_name: None,
        }
    }
}

/// An image as both wires carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Bare base64 (standard alphabet, padded), without a data URL's prefix.
    pub base64: String,
    /// Its media type, such as `image/png`, where it was told.
    pub media_type: Option<String>,
}

/// A call of a function tool by the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The call's id. Empty where the server gave none; the service then makes one.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// Its arguments as JSON text (an object, as far as the model kept to it).
    pub arguments: String,
}
