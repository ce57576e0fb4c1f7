//! The HTTP server of this machine, at the address of the settings: whether it runs, who can reach it, what answers.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::finding::Section;
use super::listener;
use settings::ServeSettings;
use text::sanitize;

/// Longer than a busy server takes.
const LIMIT: Duration = Duration::from_secs(3);
/// The answer has a few fields.
const MAX_ANSWER: u64 = 64 * 1024;

/// What answers at an address.
enum Answer {
    Nothing,
    /// It accepts connections, and is not this server.
    Another(&'static str),
    Ours {
        version: String,
        /// Whether the model server answers it.
        is_healthy: bool,
        /// Whether a caller of this machine needs no key.
        has_guests: bool,
    },
}

pub(super) async fn check(settings: Option<&ServeSettings>) -> Section {
    let mut section = Section::new("HTTP server (ollama-mcp serve)");
    let Some(settings) = settings else { return section };
    let listen = settings.listen;
    section.field("http_address", listen.to_string());
    let Some(address) = listen.connectable() else {
        section.info(format!(
            "{listen} is a free port at each start, so a running server cannot be found; its first line names the port"
        ));
        section.field("http_server", Value::Null);
        return section;
    };
    match ask(address).await {
        Answer::Nothing => {
            section.info(format!(
                "no server is running at {listen}; \"ollama-mcp serve\" starts one, for clients of OpenAI's API and \
                 MCP over HTTP"
            ));
            section.field("http_server", json!({ "running": false }));
            reach(&mut section, settings, "could reach it", settings.has_guests());
        }
        Answer::Another(what) => {
            section.warning(
                format!("another program{} answers at {listen}: {what}", owner(listen.port())),
                Some("stop it, or choose another port with --listen or OLLAMA_MCP_SERVE_LISTEN".to_owned()),
            );
            section.field("http_server", json!({ "running": false, "other_program": true }));
        }
        Answer::Ours { version, is_healthy, has_guests } => {
            let shown = sanitize::name(&version);
            section.ok(format!("version {shown}{} answers at http://{address}", owner(listen.port())));
            if version != env!("CARGO_PKG_VERSION") {
                section.warning(
                    format!(
                        "the running server has version {shown}, this program {}",
                        env!("CARGO_PKG_VERSION")
                    ),
                    Some("stop it and run \"ollama-mcp serve\" again".to_owned()),
                );
            }
            if !is_healthy {
                section.warning(
                    "the running server does not reach its model server",
                    Some("start the model server; see \"Model server\" above".to_owned()),
                );
            }
            section
                .field("http_server", json!({ "running": true, "version": version, "healthy": is_healthy }));
            reach(&mut section, settings, "can reach it, as these settings say", has_guests);
        }
    }
    section
}

/// Who can connect, and who of them needs a key.
fn reach(section: &mut Section, settings: &ServeSettings, can: &str, has_guests: bool) {
    let listen = settings.listen;
    section.field("http_reach", if listen.is_loopback() { "this machine" } else { "network" });
    section.field("http_guests", has_guests);
    if listen.is_loopback() {
        section.info(format!("every program of this machine {can}, and no other machine"));
    } else {
        section.warning(
            format!("every machine that reaches {listen} {can}"),
            Some("listen on localhost unless others are meant to use it".to_owned()),
        );
    }
    section.info(if has_guests {
        "programs of this machine need no key; what they store, all of them share"
    } else {
        "every caller needs a key"
    });
    if let Some(url) = &settings.public_url {
        section.info(format!("browsers use {url}"));
    }
}

/// Who listens on a port, as an insertion into a sentence; empty where the system does not tell.
fn owner(port: u16) -> String {
    match listener::on_port(port) {
        Some(found) => format!(" ({})", sanitize::line(&found.to_string())),
        None => String::new(),
    }
}

/// Asks for the server's health. No key is sent: any program may listen there.
async fn ask(address: SocketAddr) -> Answer {
    let Ok(Ok(stream)) = timeout(LIMIT, TcpStream::connect(address)).await else { return Answer::Nothing };
    match timeout(LIMIT, health(stream, address)).await {
        Ok(Some(answer)) => read(&answer),
        Ok(None) => Answer::Another("it speaks no HTTP"),
        Err(_) => Answer::Another("it does not answer"),
    }
}

/// The whole answer to one request; `None` if the connection fails.
async fn health(mut stream: TcpStream, address: SocketAddr) -> Option<Vec<u8>> {
    let request = format!(
        "GET /health HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // A connection that breaks off has perhaps answered before.
    let _ = stream.take(MAX_ANSWER).read_to_end(&mut answer).await;
    (!answer.is_empty()).then_some(answer)
}

/// Recognizes this server by the fields of its health. It answers with a failure if its model server does not answer.
fn read(answer: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(answer);
    let Some((_, body)) = text.split_once("\r\n\r\n").filter(|_| text.starts_with("HTTP/1.")) else {
        return Answer::Another("it speaks no HTTP");
    };
    let body: Value = serde_json::from_str(body.trim()).unwrap_or_default();
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    match (field("status"), field("version"), body.get("response_code")) {
        (Some(status), Some(version), Some(_)) => Answer::Ours {
            version: version.to_owned(),
            is_healthy: status == "healthy",
            has_guests: field("guests").is_some(),
        },
        _ => Answer::Another("its /health is not that of this server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_is_recognized_by_its_health() {
        let body = r#"{"status":"unhealthy","timestamp":"t","response_code":503,"version":"0.1.0"}"#;
        let answer = format!("HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\n{body}");
        assert!(matches!(
            read(answer.as_bytes()),
            Answer::Ours { version, is_healthy: false, has_guests: false } if version == "0.1.0"
        ));
        for other in
            ["HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}", "HTTP/1.1 404 x\r\n\r\n", "220 smtp\r\n\r\n"]
        {
            assert!(matches!(read(other.as_bytes()), Answer::Another(_)), "{other}");
        }
    }
}
