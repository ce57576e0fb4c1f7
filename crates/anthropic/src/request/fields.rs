//! Every field of a request, and what becomes of it.

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It has its effect.
    Honoured,
    /// Only Anthropic's own servers do it: the request is refused if it asks for it.
    Refused,
    /// Without it the reply is the same, or nearly so.
    Ignored,
}

use Support::{Honoured, Ignored, Refused};

/// Anthropic's fields, those of its betas among them, then those of Ollama and our own. Others are unknown, and ignored.
pub const FIELDS: &[(&str, Support)] = &[
    ("billing_policy", Ignored),
    ("cache_control", Ignored),
    ("compaction", Refused),
    ("container", Refused),
    ("context_management", Ignored),
    ("diagnostics", Ignored),
    ("fallback_credit_token", Ignored),
    ("fallbacks", Ignored),
    ("inference_geo", Ignored),
    ("max_tokens", Honoured),
    ("mcp_servers", Refused),
    ("messages", Honoured),
    ("metadata", Ignored),
    ("model", Honoured),
    ("output_config", Honoured),
    ("output_format", Honoured),
    ("service_tier", Ignored),
    ("speed", Ignored),
    ("stop_sequences", Honoured),
    ("stream", Honoured),
    ("system", Honoured),
    ("temperature", Honoured),
    ("thinking", Honoured),
    ("thread", Refused),
    ("tool_choice", Honoured),
    ("tools", Honoured),
    ("top_k", Honoured),
    ("top_p", Honoured),
    ("background", Honoured),
    ("keep_alive", Honoured),
    ("num_ctx", Honoured),
    ("options", Honoured),
    ("seed", Honoured),
    ("truncation", Honoured),
];
