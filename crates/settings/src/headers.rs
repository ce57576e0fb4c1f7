//! Extra request headers, checked at start, so that none can make a request fail or change its framing.

use super::parse::Problem;
use super::secret::Secret;

/// A header for every request to the model server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// As it was written.
    pub name: String,
    /// Often a credential.
    pub value: Secret,
}

/// Headers that the HTTP client sets itself.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads `Name: value`, one a line: values may contain `;` and `,`, but no line break.
pub(super) fn headers(text: &str) -> Result<Vec<Header>, Problem> {
    let mut found: Vec<Header> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let problem = |what: &str| Problem::new(format!("line {number} {what}"));
        let (name, value) = line.split_once(':').ok_or_else(|| problem("is not of the form Name: value"))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(problem("has no valid name before its colon, such as X-Team"));
        }
        if value.is_empty() || !value.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\t') {
            return Err(problem("has a value that is empty or not printable ASCII"));
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(problem(&format!("sets {name}, which the HTTP client sets itself; leave it out")));
        }
        if found.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
            return Err(problem(&format!("sets {name} again; give each header once")));
        }
        found.push(Header { name: name.to_owned(), value: Secret::new(value) });
    }
    Ok(found)
}

/// RFC 9110, section 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}
