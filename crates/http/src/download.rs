//! The bytes of an uploaded file as an answer: always as an attachment, never as a page.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderValue, Method, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::call::Call;
use crate::error::HttpError;
use crate::mount::{Body, Response};
use crate::route::Answer;
use service::uploads::Upload;

/// Bytes that are read at a time.
const PIECE: usize = 256 << 10;
/// A browser that shows the file all the same runs nothing of it.
const POLICY: &str = "sandbox; default-src 'none'";
/// All but what RFC 5987 allows in an extended value.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'^')
    .remove(b'`')
    .remove(b'|');

/// The caller's file whose id the path has.
///
/// # Errors
/// 404, also for those of others.
pub(crate) async fn uploaded(call: &Call) -> Result<Upload, HttpError> {
    let found = call.app.services.uploads.get(call.caller(), "id", call.path("id")).await;
    found.map_err(|error| call.error(&error))
}

/// As [`download`], of the file whose id the path has.
pub(crate) async fn download_by_id(call: Call) -> Answer {
    download(&call, &uploaded(&call).await?).await
}

/// The file, or the part of it that the request asks for.
///
/// # Errors
/// 416 for a part that is not there, and those of the service.
pub(crate) async fn download(call: &Call, upload: &Upload) -> Answer {
    let mut file = call.app.services.uploads.open(upload).await.map_err(|error| call.error(&error))?;
    let range = match call.header(RANGE.as_str())?.map(|range| wanted(range, upload.bytes)) {
        None | Some(Wanted::All) => None,
        Some(Wanted::Part(range)) => Some(range),
        Some(Wanted::Nothing) => return unsatisfiable(upload.bytes),
    };
    let part = range.clone().unwrap_or(0..upload.bytes);
    let length = part.end - part.start;
    let body = if call.parts.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        if part.start > 0 {
            file.seek(SeekFrom::Start(part.start)).map_err(|_| HttpError::internal())?;
        }
        Body::from_stream(stream::try_unfold((file, length), |(file, left)| next(file, left)))
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let text = |value: String| HeaderValue::try_from(value).map_err(|_| HttpError::internal());
    headers.insert(CONTENT_TYPE, text(upload.media_type.clone())?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CONTENT_DISPOSITION, text(disposition(&upload.name))?);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert("content-security-policy", HeaderValue::from_static(POLICY));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    if let Some(range) = range {
        let value = format!("bytes {}-{}/{}", range.start, range.end - 1, upload.bytes);
        headers.insert(CONTENT_RANGE, text(value)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The path under which a file is fetched.
pub(crate) fn path_of(filename: &str) -> String {
    format!("/files/{}", utf8_percent_encode(filename, EXTENDED))
}

async fn next(mut file: File, left: u64) -> io::Result<Option<(Bytes, (File, u64))>> {
    if left == 0 {
        return Ok(None);
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(PIECE)];
        file.read_exact(&mut piece)?;
        let left = left - piece.len() as u64;
        Ok(Some((piece.into(), (file, left))))
    });
    read.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// `Content-Disposition` by RFC 6266: a name in ASCII for old clients, and the name itself where it differs.
pub(crate) fn disposition(name: &str) -> String {
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    match plain == name {
        true => format!("attachment; filename=\"{plain}\""),
        false => {
            format!(
                "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
                utf8_percent_encode(name, EXTENDED)
            )
        }
    }
}

/// What `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Also where the header is no range that is served: it is ignored then.
    All,
    Part(Range<u64>),
    /// A part behind the end.
    Nothing,
}

fn wanted(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
    else {
        return Wanted::All;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::All,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

fn unsatisfiable(size: u64) -> Result<Response, HttpError> {
    let error = HttpError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range_not_satisfiable",
        format!("The file has {size} bytes, and the range is none of them"),
    );
    let mut response = error.into_response(crate::error::Dialect::OpenAi);
    let value = HeaderValue::try_from(format!("bytes */{size}")).map_err(|_| HttpError::internal())?;
    response.headers_mut().insert(CONTENT_RANGE, value);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sent_by_rfc_6266() {
        assert_eq!(disposition("a b.txt"), "attachment; filename=\"a b.txt\"");
        assert_eq!(
            disposition("€ \"50%\".txt"),
            "attachment; filename=\"_ _50__.txt\"; filename*=UTF-8''%E2%82%AC%20%2250%25%22.txt"
        );
        assert_eq!(path_of("0a_ü b.txt"), "/files/0a_%C3%BC%20b.txt");
    }

    #[test]
    fn single_ranges_are_served_and_others_ignored() {
        for (header, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=5-99", Wanted::Part(5..10)),
            ("bytes=5-18446744073709551615", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=-", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("bytes=a-b", Wanted::All),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
