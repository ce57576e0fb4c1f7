//! The web search and page reader of ollama.com, which need an API key.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error_body::{BodyKind, ErrorResponse};
use crate::http::{Failure, Http, Timeouts};
use crate::{ProviderError, ProviderResult, json};
use types::{WebPage, WebResult};

const BASE: &str = "https://ollama.com";
/// Time for an answer; ollama.com itself waits for slow pages. Shorter than the 60 s after which some hosts give up, so
/// that the error reaches them.
const MAX_WAIT: Duration = Duration::from_secs(45);

/// The web search and the page reader of ollama.com.
pub struct OllamaWeb {
    http: Http,
}

impl OllamaWeb {
    /// Sends nothing yet. The key is sent to ollama.com only, over https.
    ///
    /// # Errors
    /// [`ProviderError::InvalidRequest`] for a key that an HTTP header cannot carry; the text does not repeat it.
    pub fn new(api_key: &str, timeouts: Timeouts) -> ProviderResult<Self> {
        let base = Url::parse(BASE).map_err(|error| ProviderError::InvalidRequest {
            argument: "base_url".to_owned(),
            reason: error.to_string(),
        })?;
        Self::at(base, api_key, timeouts)
    }

    pub fn address(&self) -> &str {
        self.http.address()
    }

    /// Searches the web. `max_results` is 1 to 10; the server's default is 5.
    ///
    /// # Errors
    /// As every request; a rejected key is a [`ProviderError::Status`] of 401.
    pub async fn search(&self, query: &str, max_results: Option<u32>) -> ProviderResult<Vec<WebResult>> {
        let body = json(&SearchBody { query, max_results })?;
        let answer: SearchAnswer =
            self.http.post_to_model("api/web_search", body).await.map_err(to_provider_error)?;
        let found = answer.results.unwrap_or_default().into_iter();
        // A result without an address cannot be opened or cited.
        Ok(found
            .map(|result| WebResult {
                title: result.title.unwrap_or_default(),
                url: result.url.unwrap_or_default(),
                content: result.content.unwrap_or_default(),
            })
            .filter(|result| !result.url.is_empty())
            .collect())
    }

    /// Reads one web page through ollama.com.
    ///
    /// # Errors
    /// As [`OllamaWeb::search`].
    pub async fn fetch(&self, url: &str) -> ProviderResult<WebPage> {
        let body = json(&FetchBody { url })?;
        let answer: FetchAnswer =
            self.http.post_to_model("api/web_fetch", body).await.map_err(to_provider_error)?;
        Ok(WebPage {
            title: answer.title.unwrap_or_default(),
            content: answer.content.unwrap_or_default(),
            links: answer.links.unwrap_or_default(),
        })
    }

    /// A client for another address, for tests. No setting leads here: the key is for ollama.com only.
    ///
    /// # Errors
    /// As [`OllamaWeb::new`].
    pub fn at(base: Url, api_key: &str, mut timeouts: Timeouts) -> ProviderResult<Self> {
        // No model loads, so the long timeouts for one would only hide a hanging server.
        timeouts.first_byte = timeouts.first_byte.min(MAX_WAIT);
        timeouts.next_byte = timeouts.next_byte.min(MAX_WAIT);
        Ok(Self { http: Http::new(base, Some(api_key), &[], timeouts)? })
    }
}

impl fmt::Debug for OllamaWeb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OllamaWeb").field("address", &self.address()).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct SearchBody<'a> {
    query: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<u32>,
}

#[derive(Deserialize)]
struct SearchAnswer {
    results: Option<Vec<FoundPage>>,
}

#[derive(Deserialize)]
struct FoundPage {
    title: Option<String>,
    url: Option<String>,
    content: Option<String>,
}

#[derive(Serialize)]
struct FetchBody<'a> {
    url: &'a str,
}

#[derive(Deserialize)]
struct FetchAnswer {
    title: Option<String>,
    content: Option<String>,
    links: Option<Vec<String>>,
}

fn to_provider_error(failure: Failure) -> ProviderError {
    let response = match failure {
        Failure::Response(response) => response,
        Failure::Provider(error) => return error,
    };
    let ErrorResponse { status, retry_after, .. } = response;
    let body = response.parse();
    let message = match (status, body.kind) {
        (429 | 503, _) => return ProviderError::Overloaded { status, message: body.message, retry_after },
        (401 | 403, _) => {
            format!("{}: it does not take the API key", body.message)
        }
        (_, BodyKind::Html) => {
            format!("{}: something else than the API answered, such as a proxy", body.message)
        }
        _ => body.message,
    };
    ProviderError::Status { status, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{answered, plain};

    fn at(address: &str) -> OllamaWeb {
        OllamaWeb::at(address.parse().unwrap(), "k3y", Timeouts::default()).unwrap()
    }

    #[test]
    fn key_is_sent_over_https_only_and_not_shown() {
        let web = OllamaWeb::new("k3y", Timeouts::default()).unwrap();
        assert_eq!(web.address(), "https://ollama.com");
        assert!(!format!("{web:?}").contains("k3y"));
        let error = OllamaWeb::new("k3y\n", Timeouts::default()).unwrap_err();
        assert!(!error.to_string().contains("k3y"), "{error}");
    }

    #[tokio::test]
    async fn search_results_are_read() {
        let answer = plain(
            "200 OK",
            "",
            r#"{"results":[{"title":"Ollama","url":"https://ollama.com/","content":"Run models."},{"title":"x"}]}"#,
        );
        let ask = async |address: String| at(&address).search("ollama", Some(3)).await;
        let (request, found) = answered(&answer, ask).await;
        assert!(request.starts_with("POST /api/web_search HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer k3y\r\n"), "{request}");
        assert!(request.ends_with(r#"{"query":"ollama","max_results":3}"#), "{request}");
        let expected = WebResult {
            title: "Ollama".into(),
            url: "https://ollama.com/".into(),
            content: "Run models.".into(),
        };
        assert_eq!(found, Ok(vec![expected]));
        let ask = async |address: String| at(&address).search("q", None).await;
        let (request, found) = answered(&plain("200 OK", "", r#"{"results":null}"#), ask).await;
        assert!(request.ends_with(r#"{"query":"q"}"#), "{request}");
        assert_eq!(found, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn page_and_refusals_are_read() {
        let fetch = async |address: String| at(&address).fetch("https://ollama.com").await;
        let answer = plain("200 OK", "", r#"{"title":"Ollama","content":"text","links":["https://a"]}"#);
        let (request, page) = answered(&answer, fetch).await;
        assert!(request.ends_with(r#"{"url":"https://ollama.com"}"#), "{request}");
        let expected =
            WebPage { title: "Ollama".into(), content: "text".into(), links: vec!["https://a".into()] };
        assert_eq!(page, Ok(expected));
        let answer = plain("401 Unauthorized", "", r#"{"error":"unauthorized"}"#);
        let (_, page) = answered(&answer, fetch).await;
        let Err(ProviderError::Status { status: 401, message }) = page else { panic!("{page:?}") };
        assert!(message.contains("does not take the API key") && !message.contains("k3y"), "{message}");
        let (_, page) = answered(&plain("429 Too Many Requests", "", "slow"), fetch).await;
        assert!(matches!(page, Err(ProviderError::Overloaded { status: 429, .. })), "{page:?}");
    }
}
