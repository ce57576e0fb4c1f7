//! Counters of requests and completions, for `GET /metrics`.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use service::ErrorCode;
use service::tasks::observer::{EndedCompletion, EndedKind};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteStatus {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The counters of one server. No label holds what a caller sends.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RouteStatus, Counter>,
    seconds: Histogram,
    errors: Family<Code, Counter>,
    completions: Family<Outcome, Counter>,
    first_token: Histogram,
    queued: Histogram,
    tokens: Family<Kind, Counter>,
    connections: Gauge,
    uptime: Gauge<f64, AtomicU64>,
    running: Gauge,
    waiting: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("ollama_mcp");
        let requests = Family::default();
        registry.register("http_requests", "Requests by route and status", requests.clone());
        // From 0.1 ms to some 100 s.
        let seconds = Histogram::new(exponential_buckets(0.0001, 4.0, 11));
        registry.register("http_response_seconds", "Time until the response began", seconds.clone());
        let errors = Family::default();
        registry.register(
            "http_errors",
            "Requests that failed before their response began, by code",
            errors.clone(),
        );
        let completions = Family::default();
        let outcomes = "Completions that ended, by outcome: completed, or the code of the failure";
        registry.register("completions", outcomes, completions.clone());
        // From 10 ms to some 10 minutes: a model may be loaded first.
        let times = || Histogram::new(exponential_buckets(0.01, 3.0, 11));
        let (first_token, queued) = (times(), times());
        let first = "Time from the request to the first token of its completion";
        registry.register("first_token_seconds", first, first_token.clone());
        registry.register("queue_seconds", "Time of completions in the queue", queued.clone());
        let tokens = Family::default();
        registry.register("tokens", "Tokens by kind, as the model server counts them", tokens.clone());
        let connections = Gauge::default();
        registry.register("http_connections", "Open connections", connections.clone());
        let uptime = Gauge::default();
        registry.register("uptime_seconds", "Time since the start", uptime.clone());
        let (running, waiting) = (Gauge::default(), Gauge::default());
        registry.register("completions_running", "Completions that run", running.clone());
        registry.register("completions_waiting", "Completions that wait for their turn", waiting.clone());
        Self {
            registry,
            requests,
            seconds,
            errors,
            completions,
            first_token,
            queued,
            tokens,
            connections,
            uptime,
            running,
            waiting,
        }
    }

    /// A response has begun.
    pub(crate) fn request(&self, route: &'static str, status: StatusCode, took: Duration) {
        self.requests.get_or_create(&RouteStatus { route, status: status.as_u16() }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A request has failed before its response began.
    pub(crate) fn error(&self, code: &str) {
        self.errors.get_or_create(&Code { code: code.to_owned() }).inc();
    }

    /// A completion has ended, of this front or another one over the same services.
    pub(crate) fn completion(&self, ended: &EndedCompletion) {
        self.tokens(&ended.usage);
        if ended.kind == EndedKind::Embeddings {
            return;
        }
        let outcome = ended.error.map_or("completed", ErrorCode::as_str);
        self.completions.get_or_create(&Outcome { outcome }).inc();
        if let Some(first) = ended.first_chunk {
            self.first_token.observe(first.as_secs_f64());
        }
        self.queued.observe(ended.queued.as_secs_f64());
    }

    /// The model server has counted these.
    fn tokens(&self, usage: &types::Usage) {
        for (kind, tokens) in [("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens)] {
            if let Some(tokens) = tokens {
                self.tokens.get_or_create(&Kind { kind }).inc_by(tokens);
            }
        }
    }

    /// A connection was accepted; dropping the guard counts it out.
    pub(crate) fn connection(&self) -> ConnectionGuard {
        self.connections.inc();
        ConnectionGuard(self.connections.clone())
    }

    /// The text of `GET /metrics`.
    pub(crate) fn text(&self, uptime: Duration, running: usize, waiting: usize) -> String {
        self.uptime.set(uptime.as_secs_f64());
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts a connection while it lives.
pub(crate) struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests;
