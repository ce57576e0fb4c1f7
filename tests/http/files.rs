//! Uploaded files: sending, fetching, listing and deleting them, and giving them to models.

mod by_id;
mod hostile;
mod limits;
mod routes;

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::support::http_client::{HttpAnswer, HttpClient, answer};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";
const BOUNDARY: &str = "a-boundary-of-tests";

/// A request with a form that has a file.
pub(super) fn filled_form(request: RequestBuilder) -> RequestBuilder {
    request.header("content-type", form_type()).body(form_of("example.txt", b"hello"))
}

/// A form with its parts, each a head and its bytes.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, bytes) in parts {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A form with one file.
fn form_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    form(&[(&format!("name=\"file\"; filename=\"{name}\""), bytes)])
}

fn posting(client: &HttpClient, path: &str, form: Vec<u8>) -> RequestBuilder {
    client.request("POST", path).header("content-type", form_type()).body(form)
}

fn form_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

async fn upload(client: &HttpClient, name: &str, bytes: &[u8]) -> HttpAnswer {
    answer(posting(client, "/upload", form_of(name, bytes))).await
}

/// The id of a file that was uploaded.
pub(super) async fn uploaded(client: &HttpClient, name: &str, bytes: &[u8]) -> String {
    id_of(&upload(client, name, bytes).await.ok())
}

fn id_of(file: &Value) -> String {
    file["id"].as_str().unwrap_or_else(|| panic!("no id in {file}")).to_owned()
}

/// The files in the directory of a server, but for the one of the directory itself.
fn on_disk(server: &HttpServer) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(server.data_dir().join("uploads")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "directory-id").collect()
}
