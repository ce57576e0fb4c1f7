//! Which web pages may use the server: its own public address, and the origins of others.

use url::Url;

use super::items;
use crate::parse::Problem;

/// The address of this server for browsers: `https://HOST` or `http://HOST`, perhaps with a port.
pub(crate) fn public_url(text: &str) -> Result<Url, Problem> {
    let problem = |text: &str| Problem::new(format!("{text}; valid is https://models.example.com"));
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| problem("must be a URL"))?;
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        let text = "an address takes no user name or password".to_owned();
        return Err(Problem { text, hides_value: true });
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(problem("must begin with https:// or http://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Problem { hides_value: true, ..problem("must not have a query or a fragment") });
    }
    if url.path() != "/" {
        return Err(problem("must not have a path, since the server answers at the root of a host"));
    }
    Ok(url)
}

/// Origins, separated by commas, as browsers write them: `SCHEME://HOST`, and the port if it is not the usual one.
pub(crate) fn origins(text: &str) -> Result<Vec<String>, Problem> {
    let mut found: Vec<String> = Vec::new();
    for item in items(text) {
        let origin = origin(item)?;
        if !found.contains(&origin) {
            found.push(origin);
        }
    }
    Ok(found)
}

fn origin(text: &str) -> Result<String, Problem> {
    let wrong = || {
        Problem::new(format!(
            "must list origins such as https://app.example.com or http://localhost:3000; {text:?} is none"
        ))
    };
    if text.contains('*') {
        return Err(Problem::new(
            "* would let every web page that a user visits use this server; list the origins of your pages, such as \
             https://app.example.com",
        ));
    }
    if text == "null" {
        return Err(Problem::new(
            "null is the origin of every local file and every sandboxed frame; list the origins of your pages, such \
             as https://app.example.com",
        ));
    }
    if text.contains(['@', '?', '#']) {
        let text =
            "must list origins such as https://app.example.com, without a user name, a query or a fragment";
        return Err(Problem { hides_value: true, ..Problem::new(text) });
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    if !matches!(url.path(), "" | "/") || url.scheme() == "file" {
        return Err(wrong());
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    // Of other schemes, such as those of extensions, the crate leaves the host as it was written.
    Ok(format!("{}://{}{port}", url.scheme(), host.to_ascii_lowercase()))
}
