//! The state of the model server, of `health_check` and `ollama://health`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::hint::Wording;
use service::Caller;
use service::hint::Server;
use service::models::health::HealthReport;
use text::sanitize;
use types::Location;

/// The state of the model server.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HealthAnswer {
    /// ok or unreachable
    status: &'static str,
    reachable: bool,
    provider: &'static str,
    /// Names the server in the text.
    #[serde(skip)]
    server: Server,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// local, or the host
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models_installed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models_loaded: Option<Vec<String>>,
    /// What is wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What to do
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<String>,
}

impl HealthAnswer {
    /// The state as a caller may learn it: one without a credential learns no address and no version.
    pub(crate) fn new(report: HealthReport, caller: &Caller) -> Self {
        let sees = caller.may_see_places();
        let mut answer = Self {
            status: "ok",
            reachable: true,
            provider: report.provider,
            server: report.server,
            address: Some(report.address).filter(|_| sees),
            location: match &report.location {
                Location::Remote(_) if !sees => "remote".to_owned(),
                location => location.describe().to_owned(),
            },
            version: None,
            latency_ms: None,
            models_installed: None,
            models_loaded: None,
            problem: None,
            next_step: None,
        };
        match report.state {
            Ok(healthy) => {
                answer.version = healthy.version.filter(|_| sees);
                answer.latency_ms = Some((healthy.latency.as_secs_f64() * 10_000.0).round() / 10.0);
                answer.models_installed = healthy.installed.as_ref().map(Vec::len);
                answer.models_loaded = healthy.loaded;
                if answer.models_installed == Some(0) {
                    answer.problem = Some("no models are installed".to_owned());
                    answer.next_step = Some("Install one, for example \"ollama pull gemma3:4b\".".to_owned());
                }
            }
            Err(error) => {
                answer.status = "unreachable";
                answer.reachable = false;
                let wording = if sees { Wording::default() } else { Wording::default().for_guests() };
                answer.problem = Some(wording.message(&error).into_owned());
                answer.next_step = wording.hints(&error.hints);
            }
        }
        answer
    }

    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        let name = match self.server {
            Server::Ollama => "Ollama",
            Server::OpenAiCompatible => "The model server",
        };
        let mut text = if self.reachable {
            let version = self
                .version
                .as_deref()
                .map(|version| format!(" {}", sanitize::name(version)))
                .unwrap_or_default();
            let latency = self.latency_ms.map(|latency| format!(" in {latency} ms")).unwrap_or_default();
            let installed =
                self.models_installed.map(|count| format!(" Models installed: {count}.")).unwrap_or_default();
            let loaded = match self.models_loaded.as_deref() {
                None => String::new(),
                Some([]) => " None is loaded.".to_owned(),
                Some(names) => {
                    let names: Vec<_> = names.iter().map(|name| sanitize::name(name)).collect();
                    format!(" Loaded: {}.", names.join(", "))
                }
            };
            let address = self.address.as_deref().map(|address| format!(" at {address}")).unwrap_or_default();
            format!("{name}{version} answers{address}{latency}.{installed}{loaded}")
        } else {
            self.problem.as_deref().map(|problem| format!("{}.", sanitize::line(problem))).unwrap_or_default()
        };
        if let Some(next) = &self.next_step {
            text.push(' ');
            text.push_str(next);
        }
        text
    }
}
