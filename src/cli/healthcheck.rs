//! `healthcheck`: whether the HTTP server answers. An image with nothing but this program has no other one to ask with.
//!
//! It opens no database, starts no runtime and writes no log.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{Flags, output};
use settings::registry::SERVE_LISTEN;
use settings::{ServeSources, Settings, Sources};

/// The bound of a whole check.
const TIMEOUT: Duration = Duration::from_secs(3);
/// A longer first line is none of ours.
const MAX_LINE_BYTES: usize = 256;
/// How the first process of the container was started.
const FIRST_PROCESS: &str = "/proc/1/cmdline";

const EXAMPLES: &str = "\
It asks the address of OLLAMA_MCP_SERVE_LISTEN on this machine, and waits 3 seconds at most.

Exit codes: 0 it answers, 1 it does not, or a setting is wrong; one line on stderr says why.";

/// Arguments of `healthcheck`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Ask whether the model server answers, too (/health/ready in place of /health/live)
    #[arg(long)]
    ready: bool,
    /// Succeed as well in a container that serves MCP over stdio, where there is nothing to ask
    #[arg(long)]
    or_stdio: bool,
}

pub(super) fn run(flags: Flags, arguments: &Arguments) -> ExitCode {
    // Unreadable where processes of others are hidden: then the server is asked.
    if arguments.or_stdio && std::fs::read(FIRST_PROCESS).is_ok_and(|line| is_stdio(&line)) {
        output::note("this container serves MCP over stdio: there is nothing to ask\n");
        return ExitCode::SUCCESS;
    }
    match address(flags).and_then(|address| check(address, arguments.ready)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output::error(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Whether a process was started as this program without `serve`, or by an init for it.
fn is_stdio(command_line: &[u8]) -> bool {
    let mut arguments = command_line.split(|byte| *byte == 0);
    let is_ours = |argument: &[u8]| argument == b"ollama-mcp" || argument.ends_with(b"/ollama-mcp");
    arguments.any(is_ours) && !arguments.any(|argument| argument == b"serve")
}

fn address(flags: Flags) -> Result<SocketAddr, String> {
    let sources = Sources { serve: ServeSources::AllNames, ..Sources::of_process(flags) };
    let settings = Settings::load(&sources).map_err(|error| error.to_string())?.settings;
    let listen = settings.serve.unwrap_or_default().listen;
    listen.connectable().ok_or_else(|| {
        format!("{} is port 0, which the system chooses: name a port that can be asked", SERVE_LISTEN.env)
    })
}

fn check(address: SocketAddr, ready: bool) -> Result<(), String> {
    let path = if ready { "/health/ready" } else { "/health/live" };
    let line = ask(address, path, Instant::now() + TIMEOUT).map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => format!(
            "nothing listens on {address}: \"ollama-mcp serve\" does not run, or listens elsewhere ({})",
            SERVE_LISTEN.env
        ),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            format!("{address} did not answer {path} within {} s", TIMEOUT.as_secs())
        }
        ErrorKind::InvalidData => format!("{address} does not answer in HTTP: another program listens there"),
        _ => format!("{address} did not answer {path}: {error}"),
    })?;
    match line.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some("503") if ready => {
            Err(format!("{address} answered {path} with 503: the model server does not answer"))
        }
        Some(status @ "404") => {
            Err(format!("{address} answered {path} with {status}: another program listens there"))
        }
        status => Err(format!("{address} answered {path} with {}", status.unwrap_or("no status"))),
    }
}

/// The first line of the answer.
fn ask(address: SocketAddr, path: &str, until: Instant) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, left(until)?)?;
    stream.set_write_timeout(Some(left(until)?))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut buffer = [0; MAX_LINE_BYTES];
    loop {
        stream.set_read_timeout(Some(left(until)?))?;
        let read = stream.read(&mut buffer)?;
        head.extend(buffer.iter().take(read));
        if let Some(end) = head.iter().position(|byte| *byte == b'\n') {
            head.truncate(end);
            break;
        }
        if read == 0 || head.len() > MAX_LINE_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    let line = String::from_utf8(head).map_err(|_| ErrorKind::InvalidData)?;
    match line.starts_with("HTTP/1.") {
        true => Ok(line.trim_end().to_owned()),
        false => Err(ErrorKind::InvalidData.into()),
    }
}

/// The time until then; an error where it has passed.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stdio_container_is_told_by_its_first_process() {
        for (line, is_stdio_line) in [
            ("/usr/local/bin/ollama-mcp\0", true),
            ("ollama-mcp\0--model\0qwen3:8b\0", true),
            ("/sbin/docker-init\0--\0/usr/local/bin/ollama-mcp\0", true),
            ("/usr/local/bin/ollama-mcp\0serve\0", false),
            ("/usr/local/bin/ollama-mcp\0--model\0m\0serve\0--listen\x004891\0", false),
            ("/sbin/docker-init\0--\0/usr/local/bin/ollama-mcp\0serve\0", false),
            ("/pause\0", false),
            ("", false),
        ] {
            assert_eq!(is_stdio(line.as_bytes()), is_stdio_line, "{line:?}");
        }
    }
}
