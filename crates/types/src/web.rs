//! Results of the web search of ollama.com.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebResult {
    pub title: String,
    pub url: String,
    /// The part of the page that matches the query.
    pub content: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebPage {
    pub title: String,
    pub content: String,
    /// Addresses of its links.
    pub links: Vec<String>,
}
