//! An entry of a host with the address of a running server: whether the server answers, and accepts the key.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::remote::ServerAddress;
use super::finding::Section;
use hosts::{Key, RemoteEntry, Scope, Target};
use providers::openai::OpenAi;
use providers::{Provider as _, ProviderError, ServerConfig, Timeouts};

const LIMIT: Duration = Duration::from_secs(5);

/// What became of an entry.
pub(super) enum Check {
    /// It answers; how many models it offers.
    Answers { address: String, models: usize },
    /// It was not asked: why, and the next step.
    NotAsked { reason: String, next_step: Option<String> },
    /// It does not answer, or refuses the key.
    Fails { problem: String, next_step: Option<String> },
    /// It is of another server.
    Foreign(String),
}

impl Check {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Answers { models, .. } => json!({ "ok": true, "models": models }),
            Self::NotAsked { reason, .. } => json!({ "ok": null, "problem": reason }),
            Self::Fails { problem, .. } => json!({ "ok": false, "problem": problem }),
            Self::Foreign(what) => json!({ "ok": false, "problem": format!("the entry {what}") }),
        }
    }
}

/// Asks the server of an entry for its models, as this needs no more than the key.
pub(super) async fn check(target: &Target, name: &str, entry: &RemoteEntry) -> Check {
    if let Some(what) = hosts::Entry::Remote(entry.clone()).foreign(name) {
        return Check::Foreign(what);
    }
    let address = match ServerAddress::parse(&entry.url) {
        Ok(address) => address,
        Err(problem) => {
            let problem = problem.replacen("--url", "its address", 1);
            return Check::Fails { problem, next_step: None };
        }
    };
    // The file of a project may come from anyone: it must not choose where this user's variables are sent.
    if target.scope == Scope::Project && (entry.key.is_some() || !address.is_this_machine()) {
        let next_step = Some(format!("ollama-mcp try --url {} asks it", address.base()));
        let reason = "is not asked, since the file of a project chooses its address".to_owned();
        return Check::NotAsked { reason, next_step };
    }
    let token = match &entry.key {
        None => None,
        Some(Key::Literal(key)) => Some(key.clone()),
        Some(Key::Variable(variable)) => match std::env::var(variable) {
            Ok(key) => Some(key.trim().to_owned()),
            Err(_) => {
                let reason =
                    format!("is not asked: its key is in {variable}, which is not set in this shell");
                let next_step = Some(format!("set {variable} where the host starts"));
                return Check::NotAsked { reason, next_step };
            }
        },
    };
    let has_key = token.is_some();
    let timeouts = Timeouts { connect: LIMIT, control: LIMIT, ..Timeouts::default() };
    let config = ServerConfig { base_url: address.openai(), token, headers: Vec::new(), timeouts };
    let listed = match OpenAi::new(&config) {
        Ok(server) => server.list_models().await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(models) => Check::Answers { address: address.base().to_owned(), models: models.len() },
        Err(error) => Check::Fails { problem: error.to_string(), next_step: step(&error, &address, has_key) },
    }
}

fn step(error: &ProviderError, address: &ServerAddress, has_key: bool) -> Option<String> {
    match error {
        ProviderError::Unreachable { .. } if address.is_this_machine() => {
            Some("start the server with: ollama-mcp serve".to_owned())
        }
        ProviderError::Status { status: 401, .. } if has_key => {
            Some("the server does not accept the key of the entry: install it again with another --key-env or --key-file".to_owned())
        }
        ProviderError::Status { status: 401, .. } => {
            Some("the server needs a key: install it again with --key-env NAME or --key-file PATH".to_owned())
        }
        _ => None,
    }
}

pub(super) fn report(section: &mut Section, place: &str, install: &str, check: &Check) {
    match check {
        Check::Answers { address, models } => {
            section.ok(format!("{place}: {address} answers, {models} models"));
        }
        Check::NotAsked { reason, next_step } => {
            section.warning(format!("{place}: the server {reason}"), next_step.clone());
        }
        Check::Fails { problem, next_step } => {
            section.error(format!("{place}: {problem}"), next_step.clone())
        }
        Check::Foreign(what) => section.warning(
            format!("{place}: the entry {what}"),
            Some(format!("{install} --force replaces it; or choose another --name")),
        ),
    }
}
