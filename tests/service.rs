//! What the product does, seen through the front: which model answers, and what becomes of a completion.

mod completions;
mod default_model;
mod requested_replies;
