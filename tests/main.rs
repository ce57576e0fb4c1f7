//! All integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests and their support assert by panicking"
)]

mod support;

mod architecture;
#[cfg(unix)]
mod attachments;
#[cfg(target_os = "linux")] // bash of macOS is too old
mod book;
mod cli;
mod completions;
mod deploy;
mod documents;
mod examples;
mod fake;
mod faults;
mod floods;
mod generated_docs;
mod http;
mod link;
mod many_files;
mod mcp;
mod packaging;
mod providers;
mod quality;
#[cfg(unix)]
mod quickstart;
mod schema;
mod service;
mod stdio;
mod store;
mod subscriptions;
mod tools;
