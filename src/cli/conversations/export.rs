//! `conversations export`: a whole conversation as a file, read and written in parts.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::{Format, output};
use platform::create_private_file;
use service::conversations::markdown::{iso, markdown, markdown_head};
use service::conversations::{MessagePage, StoredMessage, shown_title};
use service::{Caller, ServiceError, Services};

/// Messages that are read at a time.
const PART: usize = 100;

pub(super) async fn run(
    services: &Arc<Services>,
    id: &str,
    file: Option<&Path>,
    format: Format,
) -> Result<ExitCode, ServiceError> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return written(services, id, format, &mut io::stdout().lock())
            .await
            .map(|done| finish("stdout", done));
    };
    // Before the file is made: a name that is mistyped leaves none.
    first(services, id, None).await?;
    save(services, id, path, format).await
}

/// Writes a conversation into a new file, for its user alone.
pub(in crate::cli) async fn save(
    services: &Arc<Services>,
    id: &str,
    path: &Path,
    format: Format,
) -> Result<ExitCode, ServiceError> {
    let shown = path.display().to_string();
    if path.symlink_metadata().is_ok() {
        output::error(&format!("{shown} exists already; name another file, or remove it"));
        return Ok(ExitCode::FAILURE);
    }
    let opened = create_private_file(path).and_then(|()| File::options().write(true).open(path));
    let mut file = match opened {
        Ok(file) => io::BufWriter::new(file),
        Err(error) => return Ok(finish(&shown, Err(error))),
    };
    let done = written(services, id, format, &mut file).await?;
    let done = done.and_then(|()| file.flush());
    let is_written = done.is_ok();
    let code = finish(&shown, done);
    if is_written {
        output::note(&format!("Written to {shown}.\n"));
    }
    Ok(code)
}

fn finish(shown: &str, done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads stdout may stop.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&format!("{shown} cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The first part of a conversation, or of its newest messages.
pub(super) async fn first(
    services: &Arc<Services>,
    id: &str,
    last: Option<u64>,
) -> Result<MessagePage, ServiceError> {
    let (caller, conversations) = (Caller::local(), &services.conversations);
    let last = last.map(|last| usize::try_from(last).unwrap_or(usize::MAX));
    let Some(last) = last else { return conversations.whole_page(&caller, id, Some(PART), PART).await };
    let total = conversations.whole_page(&caller, id, Some(0), 1).await?.head.summary.total;
    let start = total.saturating_sub(last);
    conversations.whole_page(&caller, id, Some(total.min(start + PART)), PART.min(last)).await
}

/// The part after this one; `None` after the last one.
pub(super) async fn following(
    services: &Arc<Services>,
    id: &str,
    page: &MessagePage,
) -> Result<Option<MessagePage>, ServiceError> {
    let (end, total) = (page.start + page.messages.len(), page.head.summary.total);
    if page.messages.is_empty() || end >= total {
        return Ok(None);
    }
    let until = total.min(end + PART);
    services.conversations.whole_page(&Caller::local(), id, Some(until), until - end).await.map(Some)
}

/// The outer error is that of the store, the inner one that of the output.
async fn written(
    services: &Arc<Services>,
    id: &str,
    format: Format,
    out: &mut impl Write,
) -> Result<io::Result<()>, ServiceError> {
    let mut page = first(services, id, None).await?;
    let mut done = match format {
        Format::Markdown => out.write_all(markdown_head(&page).as_bytes()),
        Format::Json => out.write_all(json_head(&page).as_bytes()),
    };
    let mut separator = "\n";
    loop {
        for message in &page.messages {
            let text = match format {
                Format::Markdown => markdown(message),
                Format::Json => {
                    format!("{}{}", std::mem::replace(&mut separator, ",\n"), json_message(message))
                }
            };
            done = done.and_then(|()| out.write_all(text.as_bytes()));
        }
        match following(services, id, &page).await? {
            Some(next) => page = next,
            None => break,
        }
    }
    if format == Format::Json {
        done = done.and_then(|()| out.write_all(b"\n]}\n"));
    }
    Ok(done)
}

/// Everything before the messages, and the beginning of their list.
fn json_head(page: &MessagePage) -> String {
    let summary = &page.head.summary;
    let head = json!({
        "id": summary.id,
        "title": shown_title(&page.head),
        "created_at": iso(summary.created),
        "updated_at": iso(summary.updated),
        "system": page.system,
    });
    format!("{},\"messages\":[", head.to_string().trim_end_matches('}'))
}

fn json_message(message: &StoredMessage) -> String {
    json!({
        "role": message.role.as_str(),
        "content": message.content,
        "reasoning": message.thinking,
        "attachments": message.attachments,
        "model": message.model,
        "created_at": iso(message.created),
    })
    .to_string()
}
