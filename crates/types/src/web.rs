//! What the web search of ollama.com finds.

/// One result of a web search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebResult {
    /// The page's title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// The part of its text that fits the query.
    pub content: String,
}

/// The text of one web page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebPage {
    /// Its title.
    pub title: String,
    /// Its text.
    pub content: String,
    /// The addresses that it links to.
    pub links: Vec<String>,
}
