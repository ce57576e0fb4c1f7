//! The state of the model server, of `health_check` and `ollama://health`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::hint::hint_without_tools;
use service::hint::Server;
use service::models::health::HealthReport;
use text::sanitize;

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
    address: String,
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

impl From<HealthReport> for HealthAnswer {
    fn from(report: HealthReport) -> Self {
        let mut answer = Self {
            status: "ok",
            reachable: true,
            provider: report.provider,
            server: report.server,
            address: report.address,
            location: report.location.describe().to_owned(),
            version: None,
            latency_ms: None,
            models_installed: None,
            models_loaded: None,
            problem: None,
            next_step: None,
        };
        match report.state {
            Ok(healthy) => {
                answer.version = healthy.version;
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
                answer.problem = Some(error.message);
                answer.next_step = hint_without_tools(&error.hints);
            }
        }
        answer
    }
}

impl HealthAnswer {
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
            format!("{name}{version} answers at {}{latency}.{installed}{loaded}", self.address)
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
