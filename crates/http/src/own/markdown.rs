//! `POST /x/markdown`: Markdown as safe HTML.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};

/// A longer text is refused: no answer is so long.
const MAX_BYTES: usize = 4 << 20;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MarkdownText")]
struct Text {
    /// GitHub's Markdown
    markdown: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RenderedMarkdown")]
struct Rendered {
    /// The HTML of each block
    blocks: Vec<String>,
}

const DESCRIPTION: &str = "Raw HTML in it is shown as text, images are links, links lead to http, https and mailto alone, and code is highlighted by classes.";

pub(super) fn route() -> Route {
    Route::post("/x/markdown", |call| render(call).boxed())
        .about("renderMarkdown", Tag::Own, "Markdown as safe HTML")
        .described(DESCRIPTION)
        .needs_caller()
        .takes(Content::json::<Text>().example(r#"{"markdown":"**Hello**"}"#))
        .answers(200, "Its blocks", [Content::json::<Rendered>()])
}

async fn render(mut call: Call) -> Answer {
    let (Text { markdown }, ignored) = call.json::<Text>().await?;
    if markdown.len() > MAX_BYTES {
        let reason = format!("has {} bytes; at most {MAX_BYTES} are rendered", markdown.len());
        return Err(HttpError::bad_request("markdown", reason));
    }
    let blocks = blocks(vec![markdown]).await?.pop().unwrap_or_default();
    let mut response = json_answer(&Rendered { blocks })?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// The blocks of some texts. It takes milliseconds, so it runs beside the requests of others.
///
/// # Errors
/// 500: a bug of the renderer.
pub(super) async fn blocks(texts: Vec<String>) -> Result<Vec<Vec<String>>, HttpError> {
    let render = move || texts.iter().map(|text| markdown::render(text)).collect();
    tokio::task::spawn_blocking(render).await.map_err(|_| HttpError::internal())
}
