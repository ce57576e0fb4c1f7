//! One connection: reads requests, writes answers, and watches for the client's end all the while.

use std::io::{ErrorKind, Result};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::answer::{Body, Fault, Script};
use super::received::Link;
use super::{Request, State};

/// Bytes that a client may send ahead while it is being answered.
const AHEAD: usize = 1 << 20;

/// Chunks up to this size are copied behind their size line, to go out in one write.
const SMALL: usize = 16 * 1024;

/// How the connection stands after an answer.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    KeepAlive,
    Close,
    Reset,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(mut stream: TcpStream, state: Arc<State>) {
    // Each piece is a packet of its own; without this they would wait for one another.
    let _ = stream.set_nodelay(true);
    let link = watch::Sender::new(Link::Open);
    let next = {
        let (mut reader, mut writer) = stream.split();
        converse(&mut reader, &mut writer, &state, &link).await
    };
    if next.is_ok_and(|next| next == Next::Reset) {
        link.send_replace(Link::Broken);
        let _ = stream.set_zero_linger();
    } else {
        link.send_replace(Link::ClosedByClient);
    }
}

/// Answers requests until the client closes or an answer resets.
async fn converse(
    reader: &mut ReadHalf<'_>,
    writer: &mut WriteHalf<'_>,
    state: &Arc<State>,
    link: &watch::Sender<Link>,
) -> Result<Next> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let request = match Request::read(reader, &mut buffer).await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(Next::Close),
            // The test sees it as an answer rather than as a hang.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let head = format!("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{error}\n");
                writer.write_all(head.as_bytes()).await?;
                return Ok(Next::Close);
            }
            Err(error) => return Err(error),
        };
        let answering = state.enter();
        let request = state.received.push(request, link.subscribe());
        let script = state.answer(&request).script(&request);
        let next = tokio::select! {
            biased;
            next = write(writer, &script, &request) => next?,
            () = client_end(reader, &mut buffer) => return Ok(Next::Close),
        };
        drop(answering);
        match next {
            Next::KeepAlive => {}
            Next::Reset => return Ok(next),
            Next::Close => {
                writer.shutdown().await?;
                // What it still sends is of no interest, only when it closes.
                client_end(reader, &mut Vec::new()).await;
                return Ok(next);
            }
        }
    }
}

/// Returns when the client has closed; what it sends before that is kept for the next request.
async fn client_end(reader: &mut ReadHalf<'_>, buffer: &mut Vec<u8>) {
    while let Ok(1..) = reader.read_buf(buffer).await {
        if buffer.len() > AHEAD {
            return std::future::pending().await;
        }
    }
}

async fn write(writer: &mut WriteHalf<'_>, script: &Script, request: &Request) -> Result<Next> {
    if let Some(gate) = &script.head_gate {
        gate.wait().await;
    }
    if matches!(script.fault, Some((_, Fault::ResetBeforeHead))) {
        return Ok(Next::Reset);
    }
    if let Body::Raw(bytes) = script.body {
        writer.write_all(bytes).await?;
        return Ok(Next::Close);
    }
    let mut out = head(script, request);
    // These have no body, whatever their head tells.
    if request.method == "HEAD" || matches!(script.status, 100..200 | 204 | 304) {
        writer.write_all(&out).await?;
        return Ok(next(request));
    }
    match &script.body {
        Body::Sized(pieces) => write_pieces(writer, script, pieces, false, &mut out, request).await,
        Body::Chunked(pieces) => write_pieces(writer, script, pieces, true, &mut out, request).await,
        Body::EndlessLine => {
            write_chunk(writer, &mut out, b"{\"message\":{\"role\":\"assistant\",\"content\":\"").await?;
            let more = vec![b'x'; SMALL * 4];
            loop {
                write_chunk(writer, &mut out, &more).await?;
            }
        }
        Body::Raw(_) => Ok(Next::Close),
    }
}

async fn write_pieces(
    writer: &mut WriteHalf<'_>,
    script: &Script,
    pieces: &[Vec<u8>],
    chunked: bool,
    out: &mut Vec<u8>,
    request: &Request,
) -> Result<Next> {
    let end = script.fault.map_or(pieces.len(), |(after, _)| after.min(pieces.len()));
    for (sent, piece) in pieces[..end].iter().enumerate() {
        wait_at_gates(writer, script, sent, out).await?;
        if chunked {
            write_chunk(writer, out, piece).await?;
        } else {
            write_piece(writer, out, piece).await?;
        }
        if let Some(tick) = script.tick {
            tokio::time::sleep(tick).await;
        }
    }
    wait_at_gates(writer, script, end, out).await?;
    if chunked && script.fault.is_none() {
        out.extend_from_slice(b"0\r\n\r\n");
    }
    flush(writer, out).await?;
    match script.fault {
        None => Ok(next(request)),
        Some((_, Fault::Stall)) => std::future::pending().await,
        Some((_, Fault::Cut)) => Ok(Next::Close),
        Some((_, Fault::Reset | Fault::ResetBeforeHead)) => Ok(Next::Reset),
    }
}

/// Waits at the gates that stand after so many pieces, what came before them sent.
async fn wait_at_gates(
    writer: &mut WriteHalf<'_>,
    script: &Script,
    sent: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    for (_, gate) in script.gates.iter().filter(|(after, _)| *after == sent) {
        flush(writer, out).await?;
        gate.wait().await;
    }
    Ok(())
}

/// Writes an HTTP chunk, behind what `out` still holds.
async fn write_chunk(writer: &mut WriteHalf<'_>, out: &mut Vec<u8>, chunk: &[u8]) -> Result<()> {
    out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
    if chunk.len() <= SMALL {
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        return flush(writer, out).await;
    }
    write_piece(writer, out, chunk).await?;
    writer.write_all(b"\r\n").await
}

/// Writes bytes as they are, behind what `out` still holds.
async fn write_piece(writer: &mut WriteHalf<'_>, out: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
    if piece.len() <= SMALL {
        out.extend_from_slice(piece);
        return flush(writer, out).await;
    }
    flush(writer, out).await?;
    writer.write_all(piece).await
}

async fn flush(writer: &mut WriteHalf<'_>, out: &mut Vec<u8>) -> Result<()> {
    writer.write_all(out).await?;
    out.clear();
    Ok(())
}

fn head(script: &Script, request: &Request) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", script.status, reason(script.status));
    for (name, value) in &script.headers {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    let told = script.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match &script.body {
        Body::Sized(_) if told => {}
        Body::Sized(pieces) => {
            let length: usize = pieces.iter().map(Vec::len).sum();
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        _ => head.push_str("Transfer-Encoding: chunked\r\n"),
    }
    if !request.keeps_alive() {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn next(request: &Request) -> Next {
    if request.keeps_alive() { Next::KeepAlive } else { Next::Close }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Unnamed",
    }
}
