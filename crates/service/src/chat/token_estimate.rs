//! How many tokens a prompt has, about: only the model server has the tokenizer. The bytes of a token are measured from the
//! prompts that this process has sent to the same model.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Mutex;

use serde_json::Value;

use super::Chat;
use super::request::ChatCall;
use super::validate::check;
use crate::models::name::full_name;
use crate::{Caller, ServiceError};
use platform::sync::lock;
use types::Message;

/// Bytes of a token where nothing was measured: English text has four and more, code and other languages fewer.
const USUAL_BYTES: f64 = 3.5;
/// What templates put around a message, in tokens.
const MESSAGE_TOKENS: u64 = 4;
/// An image, in tokens. It differs from model to model, between 256 and some thousands.
const IMAGE_TOKENS: u64 = 600;
/// Shorter prompts are mostly template.
const MIN_BYTES: usize = 400;
/// What is between these is a measurement; what is not was cut, or counted in another way.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 1.0..=12.0;
/// How much an earlier prompt counts beside the newest.
const DECAY: f64 = 0.7;
/// Models that are remembered.
const MAX_MODELS: usize = 100;

/// About how many tokens a prompt has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenEstimate {
    pub tokens: u64,
    /// By which it was computed.
    pub bytes_per_token: f64,
    /// Whether that was measured from earlier prompts to this model.
    pub is_measured: bool,
}

/// What a prompt consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PromptSize {
    /// Of texts, tool calls, and definitions of tools.
    bytes: usize,
    messages: usize,
    images: usize,
}

impl PromptSize {
    pub(crate) fn of(messages: &[Message], tools: &[Value]) -> Self {
        let call = |call: &types::ToolCall| call.name.len() + call.arguments.len();
        let message = |message: &Message| {
            let calls: usize = message.tool_calls.iter().map(call).sum();
            message.content.len() + message.thinking.as_ref().map_or(0, String::len) + calls
        };
        Self {
            bytes: messages.iter().map(message).sum::<usize>() + tools.iter().map(written).sum::<usize>(),
            messages: messages.len(),
            images: messages.iter().map(|message| message.images.len()).sum(),
        }
    }

    /// Tokens that are no text of the caller.
    fn overhead(&self) -> u64 {
        MESSAGE_TOKENS * self.messages as u64 + IMAGE_TOKENS * self.images as u64
    }
}

/// The bytes of a value as JSON.
fn written(value: &Value) -> usize {
    struct Counted(usize);
    impl Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // Neither a value nor the counter fails.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

/// The measurements, by the full names of models. Each look-up is short, so a plain mutex does.
#[derive(Debug, Default)]
pub(crate) struct TokenRatios(Mutex<HashMap<String, Measured>>);

#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    bytes: f64,
    tokens: f64,
}

impl TokenRatios {
    /// Learns from a prompt that a model has read whole, by its server's count.
    pub(crate) fn learn(&self, model: &str, prompt: &PromptSize, counted: Option<u64>) {
        let text_tokens = counted.unwrap_or_default().saturating_sub(prompt.overhead());
        if prompt.bytes < MIN_BYTES || prompt.images > 0 || text_tokens == 0 {
            return;
        }
        let (bytes, tokens) = (prompt.bytes as f64, text_tokens as f64);
        if !PLAUSIBLE.contains(&(bytes / tokens)) {
            return;
        }
        let mut known = lock(&self.0);
        let name = full_name(model);
        if known.len() >= MAX_MODELS && !known.contains_key(&name) {
            return;
        }
        let measured = known.entry(name).or_default();
        measured.bytes = measured.bytes * DECAY + bytes;
        measured.tokens = measured.tokens * DECAY + tokens;
    }

    pub(crate) fn estimate(&self, model: &str, prompt: &PromptSize) -> TokenEstimate {
        let measured = lock(&self.0).get(&full_name(model)).copied();
        let bytes_per_token =
            measured.map_or(USUAL_BYTES, |Measured { bytes, tokens }| bytes / tokens.max(1.0));
        let text = (prompt.bytes as f64 / bytes_per_token).ceil() as u64;
        TokenEstimate {
            tokens: text.saturating_add(prompt.overhead()),
            bytes_per_token,
            is_measured: measured.is_some(),
        }
    }
}

impl Chat {
    /// About how many tokens the prompt of a call has. The model is not loaded, and its server not asked to read anything.
    ///
    /// # Errors
    /// As of a completion that is refused before it is sent: arguments, the model's name, files.
    pub async fn estimate_tokens(
        &self,
        caller: &Caller,
        call: ChatCall,
    ) -> Result<TokenEstimate, ServiceError> {
        check(&call)?;
        let mut call = self.with_system(call)?;
        let model = match call.model.take() {
            Some(model) => model,
            None => self.models.default_model(caller).await?.name,
        };
        self.models.check_allowed(caller, &model).await?;
        // Another server may accept names that it does not list.
        if self.models.reports_loaded() {
            self.models.capabilities(caller, &model).await?;
        }
        if let Some(attached) = self.attached(caller, &model, &call.attachments).await? {
            attached.put_into(&mut call.messages);
        }
        Ok(self.token_ratios.estimate(&model, &PromptSize::of(&call.messages, &call.tools)))
    }

    /// Bytes of a token of a model, where earlier prompts have shown it.
    pub(crate) fn measured_bytes_per_token(&self, model: &str) -> Option<f64> {
        let estimate = self.token_ratios.estimate(model, &PromptSize::default());
        estimate.is_measured.then_some(estimate.bytes_per_token)
    }

    /// The same without its files, at once.
    pub fn estimate_text(&self, call: &ChatCall) -> TokenEstimate {
        let model = call.model.as_deref().unwrap_or_default();
        self.token_ratios.estimate(model, &PromptSize::of(&call.messages, &call.tools))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use types::{Image, Role};

    fn prompt(bytes: usize) -> PromptSize {
        PromptSize::of(&[Message::text(Role::User, "x".repeat(bytes))], &[])
    }

    #[test]
    fn estimate_follows_what_the_model_counted() {
        let ratios = TokenRatios::default();
        let before = ratios.estimate("m", &prompt(700));
        assert_eq!((before.tokens, before.is_measured), (204, false));
        ratios.learn("m:latest", &prompt(1000), Some(504));
        let after = ratios.estimate("m", &prompt(700));
        assert_eq!((after.tokens, after.is_measured), (354, true));
        assert!(!ratios.estimate("other", &prompt(700)).is_measured);
        // The newest prompt counts most.
        ratios.learn("m", &prompt(1000), Some(254));
        let newer = ratios.estimate("m", &prompt(700)).tokens;
        assert!((200..354).contains(&newer), "{newer}");
    }

    #[test]
    fn implausible_counts_are_not_learned() {
        let ratios = TokenRatios::default();
        for (bytes, counted) in
            [(100, Some(50)), (1000, Some(20)), (1000, Some(5000)), (1000, None), (1000, Some(0))]
        {
            ratios.learn("m", &prompt(bytes), counted);
        }
        let image = Image { base64: "QQ==".to_owned(), media_type: None };
        let with_image = [Message { images: vec![image], ..Message::text(Role::User, "x".repeat(1000)) }];
        ratios.learn("m", &PromptSize::of(&with_image, &[]), Some(1300));
        assert!(!ratios.estimate("m", &prompt(700)).is_measured);
    }

    #[test]
    fn tools_and_images_count() {
        let ratios = TokenRatios::default();
        let tool = json!({"type": "function", "function": {"name": "f", "description": "x".repeat(350)}});
        let message = [Message::text(Role::User, "hi")];
        let plain = ratios.estimate("m", &PromptSize::of(&message, &[])).tokens;
        let with_tool = ratios.estimate("m", &PromptSize::of(&message, &[tool])).tokens;
        assert!(with_tool > plain + 100, "{plain} {with_tool}");
    }
}
