//! The files of the page, which are compiled in. In a debug build they are read from disk at each request, so that an
//! edit shows when the page is loaded again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use bytes::Bytes;
use futures_util::FutureExt as _;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::call::Call;
use crate::error::HttpError;
use crate::gzip::{accepts_gzip, packed};
use crate::mount::{Body, Response};
use crate::route::{Answer, Content, Route, Tag};

/// Everything in `web/` of this crate.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Assets;

/// Names all files in their present form: whoever has a file of this version has the right one.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for name in Assets::iter() {
        if let Some(file) = Assets::get(&name) {
            digest.update(name.as_bytes());
            digest.update([0]);
            digest.update(&file.data);
        }
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

pub(super) fn route() -> Route {
    Route::get("/assets/{version}/{*file}", |call| asset(call).boxed())
        .about("getAsset", Tag::Server, "A file of the page")
        .parameter("path", "version", "That of all files, which the page names")
        .parameter("path", "file", "Its name")
        .answers(200, "The file", [Content::of("text/javascript"), Content::of("text/css")])
}

async fn asset(call: Call) -> Answer {
    let name = call.path("file");
    let known = || Some((content_type(name)?, packed_answer(&call, name, || file(name))?));
    let Some((content_type, answer)) = known() else {
        return Err(HttpError::not_found(format!("The page has no file {name:?}")));
    };
    let mut response = answer?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // A page that is older than the server asks for files of its version and gets those of this one: nobody keeps them.
    let lasts = !cfg!(debug_assertions) && call.path("version") == *VERSION;
    let cache = if lasts { "public, max-age=31536000, immutable" } else { "no-store" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    Ok(response)
}

/// The content of a file. Comments are for those who change it: a release leaves them out.
pub(super) fn file(name: &str) -> Option<Cow<'static, [u8]>> {
    let data = Assets::get(name)?.data;
    if cfg!(debug_assertions) || !name.ends_with(".js") {
        return Some(data);
    }
    match std::str::from_utf8(&data) {
        Ok(script) => Some(Cow::Owned(without_comments(script).into_bytes())),
        Err(_) => Some(data),
    }
}

/// A script without its comments that have lines of their own. Our scripts have none of these inside of a text.
fn without_comments(script: &str) -> String {
    let mut kept = String::with_capacity(script.len());
    let mut is_inside = false;
    for line in script.split_inclusive('\n') {
        let text = line.trim();
        if is_inside {
            is_inside = !text.ends_with("*/");
        } else if text.starts_with("/**") {
            match text.split_once("*/") {
                // A type before an expression stays.
                Some((_, rest)) if !rest.is_empty() => kept.push_str(line),
                Some(_) => {}
                None => is_inside = true,
            }
        } else if !text.starts_with("//") {
            kept.push_str(line);
        }
    }
    kept
}

/// An answer that is packed for clients that can unpack it. Each form of a file is made once.
pub(super) fn packed_answer(
    call: &Call,
    name: &str,
    make: impl FnOnce() -> Option<Cow<'static, [u8]>>,
) -> Option<Answer> {
    static MADE: LazyLock<Mutex<HashMap<(String, bool), Bytes>>> = LazyLock::new(Mutex::default);
    let packs = accepts_gzip(&call.parts.headers);
    let key = (name.to_owned(), packs);
    let known = platform::sync::lock(&MADE).get(&key).filter(|_| !cfg!(debug_assertions)).cloned();
    let body = match known {
        Some(known) => known,
        None => {
            let bytes = make()?;
            let Ok(bytes) = (if packs { packed(&bytes) } else { Ok(bytes.into_owned()) }) else {
                return Some(Err(HttpError::internal()));
            };
            let body = Bytes::from(bytes);
            platform::sync::lock(&MADE).insert(key, body.clone());
            body
        }
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    if packs {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    Some(Ok(response))
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_with_lines_of_their_own_are_left_out() {
        let script = "//! Head.\n/** One. */\nconst a = 1; // why\n  /**\n   * @param {x} y\n   */\n  /** @type {X} */ (b).c();\n  // last\n";
        assert_eq!(without_comments(script), "const a = 1; // why\n  /** @type {X} */ (b).c();\n");
    }

    #[test]
    fn no_text_of_a_script_has_a_line_that_looks_like_a_comment() {
        for name in Assets::iter().filter(|name| name.ends_with(".js")) {
            let script = String::from_utf8(Assets::get(&name).unwrap().data.into_owned()).unwrap();
            let mut backticks = 0;
            for line in script.lines() {
                let text = line.trim();
                let is_comment = text.starts_with("//") || text.starts_with("/**") || text.starts_with('*');
                assert!(!is_comment || backticks % 2 == 0, "{name}: {line}");
                backticks += if is_comment { 0 } else { line.matches('`').count() };
            }
        }
    }
}
