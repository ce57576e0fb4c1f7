//! What the product does, seen through the front: which model answers, and what becomes of a completion.

mod allowed_models;
mod bare_prompts;
mod completions;
mod default_model;
mod forwarding;
mod queue_view;
mod requested_replies;
