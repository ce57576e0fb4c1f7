//! The reason of a failed connection in a few words, from the chain of errors below reqwest's.

use std::error::Error;
use std::io;

use super::error_body::excerpt;

/// Characters of a reason.
const MAX_REASON: usize = 200;

/// The reason for a failed request, such as `connection refused`. It names no address, so that
/// credentials in one cannot leak.
pub(super) fn reason(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return "unknown host".to_owned();
    }
    let mut innermost: Option<&(dyn Error + 'static)> = None;
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(words) = known(cause) {
            return words;
        }
        innermost = Some(cause);
        next = inner_of(cause);
    }
    match innermost {
        Some(cause) => excerpt(&cause.to_string(), MAX_REASON),
        None => "the request failed".to_owned(),
    }
}

/// Whether the answer is not HTTP.
pub(super) fn is_not_http(error: &reqwest::Error) -> bool {
    any_cause(error, |cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

/// Whether this process had no file descriptor left, which says nothing about the server.
pub(super) fn is_out_of_descriptors(error: &reqwest::Error) -> bool {
    any_cause(error, |cause| cause.downcast_ref::<io::Error>().is_some_and(platform::is_out_of_descriptors))
}

fn any_cause(error: &reqwest::Error, is: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if is(cause) {
            return true;
        }
        next = inner_of(cause);
    }
    false
}

/// The next error in the chain. An `io::Error` made from another error hides it from `source`.
fn inner_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn known(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(format!("TLS: {}", excerpt(&tls.to_string(), MAX_REASON)));
    }
    let words = match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset",
        io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            "connection closed"
        }
        io::ErrorKind::HostUnreachable => "host unreachable",
        io::ErrorKind::NetworkUnreachable => "network unreachable",
        io::ErrorKind::NetworkDown => "network down",
        io::ErrorKind::AddrNotAvailable => "address not available",
        io::ErrorKind::TimedOut => "connection timed out",
        _ => return None,
    };
    Some(words.to_owned())
}
