//! Where the bytes of images and documents are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::FileSource;
use types::{Image, InvalidArgument};

/// An image, or a file that has one.
pub(super) enum Source {
    Image(Image),
    File(FileSource),
}

/// A document.
pub(super) struct Document {
    pub(super) name: Option<String>,
    pub(super) context: Option<String>,
    /// Where it stands, and what it is.
    pub(super) source: Option<(String, FileSource)>,
    /// Those of a document that is given as blocks.
    pub(super) images: Vec<Image>,
}

/// The image of a block, with the path of what it is read from.
pub(super) fn image(path: &str, block: &Value) -> Result<(String, Source), InvalidArgument> {
    let path = format!("{path}.source");
    let source = block.get("source").unwrap_or(&Value::Null);
    match kind(source) {
        "base64" => {
            let path = format!("{path}.data");
            let base64 = text(source, "data");
            if base64.is_empty() || STANDARD.decode(base64).is_err() {
                return Err(not_base64(&path));
            }
            let media_type = source.get("media_type").and_then(Value::as_str).map(str::to_owned);
            Ok((path, Source::Image(Image { base64: base64.to_owned(), media_type })))
        }
        "file" => {
            let (path, file) = upload(&path, source)?;
            Ok((path, Source::File(file)))
        }
        other => Err(unknown(&path, other, "base64 or file")),
    }
}

/// The document of a block.
pub(super) fn document(path: &str, block: &Value) -> Result<Document, InvalidArgument> {
    let path = format!("{path}.source");
    let given = |name: &str| Some(text(block, name)).filter(|text| !text.is_empty()).map(str::to_owned);
    let (title, context) = (given("title"), given("context"));
    let source = block.get("source").unwrap_or(&Value::Null);
    let named = |name: &str| title.clone().or_else(|| Some(name.to_owned()));
    let mut images = Vec::new();
    let (name, source) = match kind(source) {
        "text" => {
            let bytes = text(source, "data").as_bytes().to_vec();
            (named("document.txt"), Some((format!("{path}.data"), FileSource::Data(bytes))))
        }
        "base64" => {
            let path = format!("{path}.data");
            let bytes = STANDARD.decode(text(source, "data")).map_err(|_| not_base64(&path))?;
            (named("document.pdf"), Some((path, FileSource::Data(bytes))))
        }
        "file" => (title, Some(upload(&path, source)?)),
        "content" => {
            let path = format!("{path}.content");
            let text = blocks_of_document(&path, source, &mut images)?;
            let source = (!text.is_empty()).then(|| (path, FileSource::Data(text.into_bytes())));
            (named("document.txt"), source)
        }
        other => return Err(unknown(&path, other, "base64, text, content or file")),
    };
    Ok(Document { name, context, source, images })
}

fn blocks_of_document(
    path: &str,
    source: &Value,
    images: &mut Vec<Image>,
) -> Result<String, InvalidArgument> {
    let blocks = match source.get("content") {
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(Value::Array(blocks)) => blocks,
        _ => return Err(InvalidArgument::new(path, "must be text or an array of content blocks")),
    };
    let mut whole = String::new();
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match kind(block) {
            "text" => super::add_text(&mut whole, text_of(&path, block)?),
            "image" => match image(&path, block)? {
                (_, Source::Image(image)) => images.push(image),
                (path, Source::File(_)) => {
                    return Err(InvalidArgument::new(
                        &path,
                        "must be outside of the document, as a block of its own",
                    ));
                }
            },
            other => return Err(super::unknown(&path, other, "text or image")),
        }
    }
    Ok(whole)
}

/// The text of a block of text.
pub(super) fn text_of<'a>(path: &str, block: &'a Value) -> Result<&'a str, InvalidArgument> {
    let text = block.get("text").and_then(Value::as_str);
    text.ok_or_else(|| InvalidArgument::new(&format!("{path}.text"), "is missing; it must be text"))
}

fn upload(path: &str, source: &Value) -> Result<(String, FileSource), InvalidArgument> {
    let path = format!("{path}.file_id");
    match source.get("file_id").and_then(Value::as_str) {
        Some(id) => Ok((path, FileSource::Upload(id.to_owned()))),
        None => Err(InvalidArgument::new(&path, "is missing; it must be the id of an uploaded file")),
    }
}

fn unknown(path: &str, kind: &str, known: &str) -> InvalidArgument {
    let path = format!("{path}.type");
    let reason = match kind {
        "url" => format!("is \"url\", and this server fetches no addresses; it must be {known}"),
        kind => format!("is {kind:?}; it must be {known}"),
    };
    InvalidArgument::new(&path, reason)
}

fn not_base64(path: &str) -> InvalidArgument {
    InvalidArgument::new(path, "is not base64 (standard alphabet, padded)")
}

fn kind(value: &Value) -> &str {
    text(value, "type")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
