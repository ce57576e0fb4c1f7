//! `/health`: whether this process and the model server answer.

use axum::http::StatusCode;
use chrono::{SecondsFormat, Utc};
use futures_util::FutureExt as _;
use serde::Serialize;

use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};

/// The state of the server, as the clients of the older services read it.
#[derive(Serialize, schemars::JsonSchema)]
struct Health {
    /// `healthy`, or `unhealthy` where the model server does not answer.
    status: &'static str,
    timestamp: String,
    /// The status of the answer.
    response_code: u16,
    version: &'static str,
    /// The address of the model server, for callers on this machine or with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    ollama_url: Option<String>,
    /// What callers without a key store on this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    guests: Option<&'static str>,
}

pub(super) fn routes() -> Vec<Route> {
    let health = || Content::json::<Health>();
    vec![
        Route::get("/health", |call| health_of(call, false).boxed())
            .about("getHealth", Tag::Server, "Whether this server and the model server answer")
            .answers(200, "The state of both; also where the model server is down", [health()]),
        Route::get("/health/live", |call| live(call).boxed())
            .about("getLive", Tag::Server, "Whether this server answers")
            .answers(200, "It does", [health()]),
        Route::get("/health/ready", |call| health_of(call, true).boxed())
            .about("getReady", Tag::Server, "Whether the model server answers")
            .answers(200, "It does", [health()])
            .answers(503, "It does not", [health()]),
    ]
}

async fn live(call: Call) -> Answer {
    json_answer(&health(&call, true, StatusCode::OK, None))
}

async fn health_of(call: Call, must_be_ready: bool) -> Answer {
    let report = call.app.services.models.health(call.caller()).await;
    let is_up = report.state.is_ok();
    let status = if is_up || !must_be_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = json_answer(&health(&call, is_up, status, Some(report.address)))?;
    *response.status_mut() = status;
    Ok(response)
}

fn health(call: &Call, is_up: bool, status: StatusCode, address: Option<String>) -> Health {
    let is_near = call.identity.is_known();
    Health {
        status: if is_up { "healthy" } else { "unhealthy" },
        timestamp: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        response_code: status.as_u16(),
        version: env!("CARGO_PKG_VERSION"),
        ollama_url: address.filter(|_| is_near),
        guests: (is_near && call.app.options.guests)
            .then_some("What callers without a key store, all of them on this machine share."),
    }
}
