//! Heads of requests that are wrong, ambiguous or too large. None may be read in two ways, and none may harm the server.

use super::started;
use crate::support::http_server::HttpServer;

/// A request that must not be answered, behind the one that a test sends on the same connection.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Sends bytes, and gives all that comes back until the server ends the connection.
async fn answer_to(server: &HttpServer, bytes: impl AsRef<[u8]>) -> String {
    let mut socket = server.socket().await;
    socket.send(bytes).await;
    String::from_utf8_lossy(&socket.rest().await).into_owned()
}

/// The statuses of the responses in a text.
fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).map(|response| &response[..3]).collect()
}

#[tokio::test]
async fn malformed_head_is_refused_and_ends_connection() {
    let (_fake, server) = started().await;
    let long = "x".repeat(70_000);
    let many = "X-Many: 1\r\n".repeat(200);
    let rows = [
        ("no HTTP", "hello\r\n\r\n".to_owned(), "400"),
        ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(), "400"),
        ("no version", "GET /health/live\r\n\r\n".to_owned(), "400"),
        ("a space in the path", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "400"),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n".to_owned(), "400"),
        ("a folded line", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n".to_owned(), "400"),
        ("a header without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n".to_owned(), "400"),
        ("a name with a brace", "GET / HTTP/1.1\r\nHost: localhost\r\nX{A}: b\r\n\r\n".to_owned(), "400"),
        (
            "a name with an umlaut",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX\u{fc}: b\r\n\r\n".to_owned(),
            "400",
        ),
        ("a NUL in a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n".to_owned(), "400"),
        ("a CR in a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\rc\r\n\r\n".to_owned(), "400"),
        (
            "two lengths",
            format!(
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n{SMUGGLED}"
            ),
            "400",
        ),
        (
            "a list of lengths",
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 5\r\n\r\n{SMUGGLED}"),
            "400",
        ),
        (
            "a length with a sign",
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n{SMUGGLED}"),
            "400",
        ),
        (
            "a length in hexadecimal",
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x0\r\n\r\n{SMUGGLED}"),
            "400",
        ),
        (
            "a length beyond 64 bits",
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", "9".repeat(30)),
            "400",
        ),
        (
            "an unknown encoding",
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n{SMUGGLED}"),
            "400",
        ),
        (
            "an encoding after chunked",
            format!(
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n{SMUGGLED}"
            ),
            "400",
        ),
        (
            "chunks in HTTP/1.0",
            format!(
                "POST /mcp HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
            ),
            "400",
        ),
        ("a long header", format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: {long}\r\n\r\n"), "431"),
        ("many headers", format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), "431"),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "431"),
    ];
    let mut wrong = Vec::new();
    for (what, request, status) in &rows {
        // A valid request behind it must not be answered.
        let answer = answer_to(&server, format!("{request}{SMUGGLED}")).await;
        if statuses(&answer) != [*status] {
            wrong.push(format!("{what}: {answer:.300}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Who speaks HTTP/2 without being asked reads no HTTP/1.1.
    assert_eq!(answer_to(&server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "");
    server.still_serves().await;
}

#[tokio::test]
async fn host_must_be_given_once_and_readable() {
    let (_fake, server) = started().await;
    for head in [
        "GET /openapi.json HTTP/1.1\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: local host\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: localhost:port\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: \u{fc}\r\n\r\n",
    ] {
        let answer = answer_to(&server, head.replace("1.1\r\n", "1.1\r\nConnection: close\r\n")).await;
        assert_eq!(statuses(&answer), ["400"], "{head:?}: {answer:.300}");
        assert!(answer.contains("Host must be given once"), "{head:?}: {answer:.300}");
    }
}

#[tokio::test]
async fn body_with_both_framings_is_read_as_chunks_and_ends_connection() {
    let (_fake, server) = started().await;
    for framing in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nTransfer-Encoding: CHUNKED\r\nContent-Length: 6",
    ] {
        let request =
            format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n0\r\n\r\nX{SMUGGLED}");
        let answer = answer_to(&server, request).await;
        assert_eq!(statuses(&answer).len(), 1, "{framing}: {answer:.500}");
        assert!(!answer.contains("smuggled"), "{framing}: {answer:.500}");
    }
}

#[tokio::test]
async fn bare_line_feeds_do_not_hide_a_header() {
    let (_fake, server) = started().await;
    // Bare line feeds are allowed between headers; what follows is read as a header, not as a part of a value.
    let request = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-A: b\nContent-Length: 0\n\n{SMUGGLED}");
    let answer = answer_to(&server, request).await;
    assert_eq!(statuses(&answer).len(), 2, "{answer}");
    let request = "GET /health/live HTTP/1.1\nHost: localhost\nConnection: close\n\n";
    assert_eq!(statuses(&answer_to(&server, request).await), ["200"]);
}

#[tokio::test]
async fn target_of_other_form_is_no_way_around_the_rules() {
    let (_fake, server) = started().await;
    for (target, status) in [
        ("http://localhost/health/live", "200"),
        ("http://evil.example/openapi.json", "403"),
        ("https://evil.example:443/openapi.json", "403"),
        ("//evil.example/openapi.json", "404"),
        ("*", "404"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = answer_to(&server, request).await;
        assert_eq!(statuses(&answer), [status], "{target}: {answer:.300}");
    }
    let answer =
        answer_to(&server, "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await;
    assert!(matches!(statuses(&answer)[..], ["404" | "405"]), "{answer}");
}
