//! The OpenAI-compatible provider behind the same tools.

mod openai;
