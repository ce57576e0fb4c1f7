//! Files that models read: the real binary, with the fake Ollama behind it.

mod bounds;
mod given;
mod moved;
mod refused;
mod turns;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::tool_error;
use crate::support::process::Process;

/// A model that is installed in the fake's world and has no vision.
const MODEL: &str = "gemma3:270m";

/// A place with an allowed directory and one outside, and a server that knows the allowed one.
struct Host {
    fake: FakeOllama,
    process: Process,
    place: TempDir,
}

impl Host {
    /// Settings beside the allowed directory, as `--flag=value`.
    async fn start(flags: &[&str]) -> Self {
        let place = TempDir::new().unwrap();
        std::fs::create_dir_all(place.path().join("allowed")).unwrap();
        std::fs::create_dir_all(place.path().join("outside")).unwrap();
        std::fs::write(place.path().join("outside/secret.txt"), "outside").unwrap();
        let fake = FakeOllama::start().await.with_defaults();
        let allow = format!("--allow-dir={}", place.path().join("allowed").display());
        let mut process = Process::start(&fake, &[&[allow.as_str()], flags].concat());
        process.handshake("2025-11-25", "tests").await;
        Self { fake, process, place }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.allowed().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn allowed(&self) -> std::path::PathBuf {
        self.place.path().join("allowed")
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        call(&mut self.process, tool, arguments).await
    }

    async fn chat(&mut self, attachments: &[&str]) -> Value {
        self.call("chat_completion", chat(attachments)).await
    }

    /// The code and the text with which a chat with this file fails.
    async fn refusal(&mut self, path: &str) -> (String, String) {
        let result = self.chat(&[path]).await;
        let (code, text) = tool_error(&result);
        (code.to_owned(), text.to_owned())
    }

    /// The body of the newest chat that the model server got.
    async fn asked(&self) -> Value {
        self.fake.wait_for("POST", "/api/chat").await;
        self.fake.requests_to("POST", "/api/chat").last().unwrap().json()
    }

    /// Makes every model one with these properties beside being a chat model.
    fn all_models(&self, properties: &Value) {
        let mut show = json!({ "details": {}, "model_info": {}, "capabilities": ["completion"] });
        show.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        self.fake.on("POST", "/api/show", Answer::json(200, show));
    }
}

fn chat(attachments: &[&str]) -> Value {
    json!({ "model": MODEL, "prompt": "What is this?", "attachments": attachments })
}

async fn call(process: &mut Process, tool: &str, arguments: Value) -> Value {
    process.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await["result"].clone()
}

/// A PDF of one page for each text; a page without one is blank.
pub(crate) fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: Vec<_> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, text) in pages.iter().enumerate() {
        let content =
            if text.is_empty() { String::new() } else { format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET") };
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = file.len();
    file += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        file += &format!("{place:010} 00000 n \n");
    }
    file += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

/// A PNG of these sides, of one colour.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(width, height).write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// Makes a FIFO.
fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}
