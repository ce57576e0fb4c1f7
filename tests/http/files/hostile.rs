//! Hostile names, broken forms, files that claim too much, and contents that reach no log.

use serde_json::json;

use super::super::{started, started_with};
use super::*;

#[tokio::test]
async fn hostile_names_stay_names() {
    let (_fake, server) = started().await;
    for (given, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/shadow", "shadow"),
        ("..", "file"),
        ("a%2f..%2fb.txt", "a%2f..%2fb.txt"),
        ("<script>alert(1)<\\x2fscript>.html", "x2fscript>.html"),
        ("\u{202e}cod.exe", "cod.exe"),
        ("naïve ünïcode – ファイル.txt", "naïve ünïcode – ファイル.txt"),
        (&format!("{}.txt", "x".repeat(3000)), &format!("{}.txt", "x".repeat(96))),
    ] {
        let file = upload(server.guest(), given, b"<script>alert(1)</script>").await.ok();
        let filename = file["filename"].as_str().unwrap();
        let (random, name) = filename.split_once('_').unwrap();
        assert_eq!((random.len(), name), (32, kept), "{given}");
        let fetched = server.guest().get(file["download_path"].as_str().unwrap()).await;
        assert_eq!(fetched.status, 200, "{given}: {fetched:?}");
        assert!(fetched.header("content-type").starts_with("text/plain"), "{fetched:?}");
        let disposition = fetched.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    }
    let names = on_disk(&server);
    assert!(names.len() == 9 && names.iter().all(|name| name.starts_with("file-")), "{names:?}");
}

#[tokio::test]
async fn traversal_fetches_no_other_file() {
    let (_fake, server) = started().await;
    uploaded(server.guest(), "a.txt", b"x").await;
    let mut socket = server.socket().await;
    for path in [
        "/files/..%2flocal.key",
        "/files/../local.key",
        "/files/%2e%2e%2flocal.key",
        "/files/..%5clocal.key",
        "/files/directory-id",
        "/files/%2fetc%2fpasswd",
        "/files/x%00y",
        "/x/files/..%2f..%2flocal.key",
        "/x/files/directory-id/content",
        "/x/files/..%2flocal.key/content",
        "/v1/files/..%2flocal.key/content",
        "/files/%ff",
        "/files/",
    ] {
        socket.request("GET", path, &[], b"").await;
        let response = socket.response().await;
        assert!(matches!(response.status(), 400 | 404), "{path}: {}", response.status());
        assert!(!response.text().contains("omk_"), "{path}");
    }
}

#[tokio::test]
async fn broken_form_is_refused_with_its_reason() {
    let (_fake, server) = started().await;
    let guest = server.guest();
    let file = "name=\"file\"; filename=\"a.txt\"";
    let many = "x".repeat(2000);
    let rows: Vec<(Vec<u8>, &str, &str)> = vec![
        (form(&[]), "file", "is missing"),
        (form(&[("name=\"purpose\"", b"vision")]), "file", "is missing"),
        (form(&[(file, b"1"), (file, b"2")]), "file", "is given twice"),
        (form(&[("name=\"file\"", b"text")]), "file", "is a field of text"),
        (form(&[("name=\"file\"; filename=\"\"", b"")]), "file", "choose a file"),
        (form(&[("name=\"document\"; filename=\"a\"", b"1")]), "document", "is called \"file\""),
        (form(&[("name=\"purpose\"", b"fun"), (file, b"1")]), "purpose", "must be one of"),
        (form(&[("name=\"purpose\"", many.as_bytes()), (file, b"1")]), "purpose", "has more than"),
        (
            form(&[(file, b"1"), ("name=\"expires_after[seconds]\"", b"soon")]),
            "expires_after[seconds]",
            "whole number",
        ),
        (
            form(&[(file, b"1"), ("name=\"expires_after[anchor]\"", b"now")]),
            "expires_after[anchor]",
            "created_at",
        ),
        (b"no form at all".to_vec(), "body", "ended early"),
        (b"".to_vec(), "body", "ended early"),
        (format!("--{BOUNDARY}\r\nno head").into_bytes(), "body", "ended early"),
        (
            format!("--{BOUNDARY}\r\nContent-Disposition\r\n\r\nx\r\n--{BOUNDARY}--").into_bytes(),
            "body",
            "cannot be read",
        ),
        // A head without an end is not collected.
        (
            format!("--{BOUNDARY}\r\nX: {}", "x".repeat(3 << 20)).into_bytes(),
            "body",
            "too much beside the file",
        ),
        (format!("{}{}", "-".repeat(3 << 20), BOUNDARY).into_bytes(), "body", "too much beside the file"),
    ];
    for path in ["/upload", "/v1/files"] {
        for (body, param, reason) in &rows {
            let error = answer(posting(guest, path, body.clone())).await.error(400);
            let (named, message) = (&error["param"], error["message"].as_str().unwrap());
            assert!(*named == json!(param) && message.contains(reason), "{param} {reason}: {error}");
        }
        for kind in ["multipart/form-data", "application/json", "multipart/mixed; boundary=a", "text/plain"] {
            let request = guest.request("POST", path).header("content-type", kind).body("x");
            assert_eq!(answer(request).await.error(415)["code"], "unsupported_media_type", "{kind}");
        }
        let packed = posting(guest, path, form_of("a", b"1")).header("content-encoding", "gzip");
        answer(packed).await.error(415);
    }
    assert_eq!(on_disk(&server), Vec::<String>::new());
    server.still_serves().await;
}

#[tokio::test]
async fn two_hundred_mutated_forms_are_taken_or_refused() {
    let (_fake, server) = started().await;
    let parts: &[(&str, &[u8])] = &[
        ("name=\"purpose\"", b"vision"),
        ("name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain", b"hello\r\n--a-b"),
    ];
    let whole = form(parts);
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    let mut taken = 0;
    for number in 0..200 {
        let mut body = whole.clone();
        for _ in 0..1 + noise() % 4 {
            let place = noise() % body.len();
            body[place] = noise() as u8;
        }
        if number % 4 == 0 {
            body.truncate(noise() % body.len());
        }
        let answer = answer(posting(server.guest(), "/upload", body)).await;
        assert!(matches!(answer.status, 200 | 400), "{answer:?}");
        taken += usize::from(answer.status == 200);
    }
    assert!((1..200).contains(&taken), "{taken}");
    assert_eq!(on_disk(&server).len(), taken);
}

#[tokio::test]
async fn empty_and_unknown_files_are_kept_but_not_read() {
    let (fake, server) = started().await;
    for (name, bytes, kind, reason) in [
        ("empty.txt", &b""[..], "application/octet-stream", "is empty"),
        ("archive.zip", b"PK\x03\x04\x14\0\0\0\0\0", "application/zip", "seems to be application/zip"),
        ("page.pdf", b"%PDF-1.7\nbroken", "application/pdf", "is a PDF that cannot be read"),
        ("image.png", b"\x89PNG\r\n\x1a\n....", "image/png", "is a broken image"),
    ] {
        let file = upload(server.guest(), name, bytes).await.ok();
        assert_eq!((&file["type"], &file["bytes"]), (&json!(kind), &json!(bytes.len())));
        let body = json!({ "model": MODEL, "prompt": "x", "attachments": [file["id"]] });
        let error = server.guest().post("/chat", &body).await.error(400);
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("attachment_unreadable"), &json!("attachments[0]"))
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(name) && message.contains(reason), "{error}");
        assert!(!error.to_string().contains("/uploads"), "no path of the server: {error}");
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn bombs_are_refused_when_they_are_read() {
    let (_fake, server) = started().await;
    // A PNG of 60000 x 60000 pixels in 70 bytes: the numbers of its head replaced, the checksum made anew.
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(1, 1).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = !png[12..29].iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    });
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let id = uploaded(server.guest(), "bomb.png", &png).await;
    let content =
        json!([{ "type": "text", "text": "what is it?" }, { "type": "file", "file": { "file_id": id } }]);
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": content }] });
    let error = server.guest().post("/v1/chat/completions", &body).await.error(400);
    assert_eq!(error["param"], "messages[0].content[1].file.file_id");
    assert!(error["message"].as_str().unwrap().contains("60000 x 60000 pixels"), "{error}");
}

#[tokio::test]
async fn no_content_and_no_name_is_logged() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_LOG", "trace")]).await;
    let guest = server.guest();
    let file = upload(guest, "canary-name.txt", b"canary-content").await.ok();
    let id = id_of(&file);
    let data = "data:text/plain;base64,Y2FuYXJ5LWlubGluZQ==";
    let inline = json!([{ "type": "file", "file": { "filename": "canary-inline.txt", "file_data": data } }]);
    for (route, body) in [
        ("/chat", json!({ "model": MODEL, "prompt": "canary-prompt", "attachments": [id] })),
        ("/chat", json!({ "model": MODEL, "prompt": "canary-prompt", "attachments": ["canary-id"] })),
        (
            "/v1/chat/completions",
            json!({ "model": MODEL, "messages": [{ "role": "user", "content": inline }] }),
        ),
    ] {
        guest.post(route, &body).await;
    }
    guest.get(file["download_path"].as_str().unwrap()).await;
    guest.get("/files/canary-filename").await.error(404);
    answer(posting(
        guest,
        "/upload",
        form(&[("name=\"canary-field\"; filename=\"canary-file\"", b"canary-bytes")]),
    ))
    .await;
    answer(posting(guest, "/upload", form(&[("name=\"purpose\"", b"canary-purpose")]))).await;
    guest.delete(&format!("/x/files/{id}")).await.ok();
    let metrics = server.local().get("/metrics").await.body;
    assert!(!metrics.contains("canary"), "{metrics}");
    let ended = server.stop().await;
    let lines: Vec<_> = ended.stderr.lines().filter(|line| line.contains("canary")).collect();
    assert!(lines.is_empty(), "{lines:#?}");
    assert!(ended.stderr.lines().count() > 5, "hardly at trace: {}", ended.stderr);
}
