//! The web, through ollama.com: what is searched for and read, bounded, and failures with their next step.

use std::sync::Arc;

use url::Url;

use crate::hint::Action;
use crate::{ErrorCode, ServiceError};
use providers::ProviderError;
use providers::ollama::OllamaWeb;

/// Results that may be asked for.
const RESULTS: std::ops::RangeInclusive<u64> = 1..=10;
const MAX_RESULTS: usize = 10;
/// Characters of one result, and of a page, that are passed on: a host's model has to read them.
const MAX_RESULT_CHARS: usize = 4_000;
const MAX_PAGE_CHARS: usize = 40_000;
/// Characters of a title that are passed on: who wrote the page wrote it.
const MAX_TITLE_CHARS: usize = 300;
/// Bytes of an address; a longer one holds data and leads nowhere.
const MAX_URL_BYTES: usize = 2_000;
/// Links of a page that are passed on.
const MAX_LINKS: usize = 100;

/// One result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The page's title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// The part of its text that fits the query.
    pub content: String,
    /// Characters that were cut from its end.
    pub cut: usize,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Its text.
    pub content: String,
    /// Characters that were cut from its end.
    pub cut: usize,
    /// The addresses that it links to.
    pub links: Vec<String>,
    /// Links that were left out.
    pub more_links: usize,
}

/// The web, where the settings have a key for it and want it.
#[derive(Debug)]
pub struct Web(Option<Arc<OllamaWeb>>);

impl Web {
    pub(crate) fn new(client: Option<Arc<OllamaWeb>>) -> Arc<Self> {
        Arc::new(Self(client))
    }

    /// Whether the web can be searched.
    pub fn is_available(&self) -> bool {
        self.0.is_some()
    }

    /// Searches the web for at most `max_results` pages (1 to 10).
    ///
    /// # Errors
    /// `invalid_argument`, `unsupported` without a key, and what ollama.com fails with.
    pub async fn search(&self, query: &str, max_results: Option<u64>) -> Result<Vec<Found>, ServiceError> {
        if query.trim().is_empty() {
            return Err(ServiceError::invalid("query", "is empty; it must have text"));
        }
        if let Some(wrong) = max_results.filter(|most| !RESULTS.contains(most)) {
            return Err(ServiceError::invalid(
                "max_results",
                format!("is {wrong}; it must be between 1 and 10"),
            ));
        }
        let most = max_results.and_then(|most| u32::try_from(most).ok());
        let results = self.client()?.search(query, most).await.map_err(failed)?;
        let found = results.into_iter().filter(|result| result.url.len() <= MAX_URL_BYTES).map(|result| {
            let (content, cut) = bounded(result.content, MAX_RESULT_CHARS);
            Found { title: bounded(result.title, MAX_TITLE_CHARS).0, url: result.url, content, cut }
        });
        Ok(found.take(MAX_RESULTS).collect())
    }

    /// Reads one page of the web.
    ///
    /// # Errors
    /// As [`Web::search`].
    pub async fn fetch(&self, url: &str) -> Result<Page, ServiceError> {
        check_url(url)?;
        let page = self.client()?.fetch(url).await.map_err(failed)?;
        let (content, cut) = bounded(page.content, MAX_PAGE_CHARS);
        let all = page.links.len();
        let links = page.links.into_iter().filter(|link| link.len() <= MAX_URL_BYTES);
        let links: Vec<_> = links.take(MAX_LINKS).collect();
        let (title, _) = bounded(page.title, MAX_TITLE_CHARS);
        Ok(Page { title, content, cut, more_links: all - links.len(), links })
    }

    fn client(&self) -> Result<&OllamaWeb, ServiceError> {
        self.0.as_deref().ok_or_else(|| {
            ServiceError::new(ErrorCode::Unsupported, "The web tools need an API key of ollama.com")
                .with_hint(Action::EnableWeb)
        })
    }
}

fn check_url(text: &str) -> Result<(), ServiceError> {
    let wrong = |reason: &str| Err(ServiceError::invalid("url", reason));
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => {
            wrong("must begin with http:// or https://")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("has a name or password in it, which would go to ollama.com; leave them out")
        }
        Ok(_) => Ok(()),
        Err(_) => wrong("is not a URL, such as https://example.com/page"),
    }
}

/// The beginning of a text, and how many characters are left off.
fn bounded(mut text: String, most: usize) -> (String, usize) {
    let Some((end, _)) = text.char_indices().nth(most) else { return (text, 0) };
    let cut = text.chars().count() - most;
    text.truncate(end);
    (text, cut)
}

/// What ollama.com failed with. Its address is fixed, so no setting of an address is named.
fn failed(error: ProviderError) -> ServiceError {
    use ErrorCode as Code;
    match error {
        ProviderError::Unreachable { reason, .. } => {
            ServiceError::new(Code::OllamaUnreachable, format!("Cannot reach ollama.com ({reason})")).with_hint(
                "Searching and reading the web need the internet: check the connection. Local models work without it.",
            )
        }
        ProviderError::Timeout { after, .. } => {
            ServiceError::new(Code::Timeout, format!("ollama.com did not answer within {after:?}"))
                .with_hint("Try again, or another page.")
        }
        ProviderError::Overloaded { status, message, retry_after } => {
            let wait = retry_after.map_or_else(
                || "Try again later".to_owned(),
                |wait| format!("Try again in {} s", wait.as_secs()),
            );
            let what = if status == 429 { "has reached the rate limit of this key" } else { "is busy" };
            ServiceError::new(Code::Overloaded, format!("ollama.com {what} ({status}): {message}"))
                .with_hint(format!("{wait}; the account's limits are shown at ollama.com/settings."))
        }
        ProviderError::Status { status: status @ (401 | 403), .. } => ServiceError::new(
            Code::UpstreamError,
            format!("ollama.com does not take the API key ({status})"),
        )
        .with_hint(Action::ReplaceWebKey),
        ProviderError::Status { status, message } => {
            ServiceError::new(Code::UpstreamError, format!("ollama.com answered {status}: {message}"))
                .with_hint("Try another page or query.")
        }
        ProviderError::Malformed { reason } => ServiceError::new(
            Code::UpstreamError,
            format!("The answer of ollama.com cannot be read: {reason}"),
        )
        .with_hint("A proxy may have answered instead."),
        error => ServiceError::new(Code::Interrupted, format!("ollama.com: {error}")).with_hint("Try again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_are_fetched() {
        for right in ["https://example.com", "http://example.com/a?b#c"] {
            assert_eq!(check_url(right), Ok(()), "{right}");
        }
        for wrong in
            ["file:///etc/passwd", "ftp://x", "example.com", "", "https://", "https://me:pw@example.com"]
        {
            let error = check_url(wrong).unwrap_err();
            assert!(error.message.starts_with("url ") && !error.message.contains("pw"), "{error}");
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(bounded("größe".to_owned(), 5), ("größe".to_owned(), 0));
        assert_eq!(bounded("größe".to_owned(), 3), ("grö".to_owned(), 2));
    }

    #[test]
    fn failures_of_the_web_name_no_front() {
        let text = || "reason".to_owned();
        for failure in [
            ProviderError::Unreachable { address: text(), reason: text() },
            ProviderError::Overloaded { status: 429, message: text(), retry_after: None },
            ProviderError::Status { status: 401, message: text() },
            ProviderError::Status { status: 500, message: text() },
            ProviderError::Malformed { reason: text() },
            ProviderError::Interrupted { reason: text() },
        ] {
            crate::error::tests::assert_names_no_front(&failed(failure));
        }
    }
}
