//! The text of a PDF, by page, read in a child process.
//!
//! The library panics, loops or overflows its stack on some files, and a thread cannot be stopped. So the program starts
//! itself as a child, writes the file to its input, and reads one JSON value a line from its output: the number of pages,
//! then each page's text, or null for a page that cannot be read.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use platform::bound_process;
use platform::child::{Child, Next, read_input};

/// The subcommand under which the program reads a PDF.
pub const SUBCOMMAND: &str = "read-pdf";

const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of text that are taken from a file: a small file can unpack to any size.
const MAX_TEXT: u64 = 20_000_000;
/// Bytes of memory that the child may use, if the system can limit it.
const MAX_MEMORY: u64 = 2 << 30;

/// Reads a file; `None` for a page that cannot be read. Returns early once `stopped` returns `true`.
pub(super) fn read(file: Vec<u8>, stopped: &dyn Fn() -> bool) -> Result<Vec<Option<String>>, String> {
    let child = Child::start(SUBCOMMAND, file, MAX_TEXT)
        .map_err(|error| format!("is a PDF, and the reader of it did not start: {error}"))?;
    collect_pages(&child, Instant::now() + TIMEOUT, stopped)
}

/// Collects the pages until the output ends or the deadline passes.
fn collect_pages(
    child: &Child,
    deadline: Instant,
    stopped: &dyn Fn() -> bool,
) -> Result<Vec<Option<String>>, String> {
    let mut total = None;
    let mut pages: Vec<Option<String>> = Vec::new();
    let mut in_time = true;
    loop {
        match child.next(deadline, stopped) {
            Next::Line(line) if total.is_none() => {
                total = Some(serde_json::from_str::<usize>(&line).unwrap_or(0));
            }
            // A line that was cut at the limit is not JSON.
            Next::Line(line) => pages.push(serde_json::from_str(&line).unwrap_or(None)),
            Next::End => break,
            Next::TimedOut => {
                in_time = false;
                break;
            }
            Next::Stopped => return Err("is a PDF whose reading was stopped".to_owned()),
        }
    }
    let is_blank = |page: &Option<String>| page.as_ref().is_none_or(|text| text.trim().is_empty());
    match total {
        _ if pages.is_empty() && !in_time => {
            Err(format!("is a PDF that was not read within {} s", TIMEOUT.as_secs()))
        }
        None | Some(0) => Err("is a PDF that cannot be read: broken, encrypted or without pages".to_owned()),
        Some(total) if pages.iter().all(is_blank) && pages.iter().any(Option::is_some) => Err(format!(
            "is a PDF of {total} pages without any text, such as a scan; attach its pages as images to a model with vision"
        )),
        Some(_) if pages.iter().all(Option::is_none) => {
            Err("is a PDF of which no page can be read".to_owned())
        }
        // The child may have ended before the last page.
        Some(total) => {
            pages.resize(total.min(100_000).max(pages.len()), None);
            Ok(pages)
        }
    }
}

/// The child: reads a PDF from stdin and writes its pages to `output`. It ends when its parent ends.
///
/// # Errors
/// The input cannot be read, or the output cannot be written.
pub fn serve(mut output: impl Write) -> io::Result<()> {
    bound_process(MAX_MEMORY, 2 * TIMEOUT.as_secs());
    let bytes = read_input()?;
    let opened = catch_unwind(|| {
        let mut document = Document::load_mem(&bytes).ok()?;
        if document.is_encrypted() {
            // Many are encrypted without a password, only to forbid printing.
            document.decrypt("").ok()?;
        }
        Some(document)
    });
    let Some(document) = opened.ok().flatten() else { return writeln!(output, "0") };
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    writeln!(output, "{}", numbers.len())?;
    for number in numbers {
        let text = catch_unwind(AssertUnwindSafe(|| {
            let mut text = String::new();
            let mut sink = PlainTextOutput::new(&mut text);
            output_doc_page(&document, &mut sink, number).ok()?;
            Some(text)
        }));
        serde_json::to_writer(&mut output, &text.ok().flatten())?;
        writeln!(output)?;
        output.flush()?;
    }
    Ok(())
}
