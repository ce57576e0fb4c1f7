//! The messages of a chat.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    /// The user, or the model that calls this one.
    User,
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Role {
    /// The name in both APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub role: Role,
    /// Empty if the message only calls tools.
    pub content: String,
    /// The model's reasoning, separate from the answer.
    pub thinking: Option<String>,
    pub images: Vec<Image>,
    pub tool_calls: Vec<ToolCall>,
    /// For a tool result: the id of the call.
    pub tool_call_id: Option<String>,
    /// For a tool result: the tool's name, if known.
    pub tool_name: Option<String>,
}

impl Message {
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

/// An image as both APIs transport it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Bare base64 (standard alphabet, padded), without a data URL's prefix.
    pub base64: String,
    /// Such as `image/png`, if known.
    pub media_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Empty if the server gave none; the service then makes one.
    pub id: String,
    pub name: String,
    /// JSON text, normally of an object.
    pub arguments: String,
}
