//! The routes of files: in the words of the chat service, of OpenAI, and our own.

use serde_json::{Value, json};

use super::super::{started, started_with};
use super::*;
use crate::support::process::until;

#[tokio::test]
async fn file_is_sent_and_fetched_as_older_clients_do() {
    let (_fake, server) = started().await;
    let guest = server.guest();
    let file = upload(guest, "my notes.txt", b"hello").await.ok();
    let keys: Vec<_> = file.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["filename", "download_path", "id", "type", "bytes"]);
    assert!(file["filename"].as_str().unwrap().ends_with("_my notes.txt"), "{file}");
    assert_eq!((&file["type"], &file["bytes"]), (&json!("text/plain; charset=utf-8"), &json!(5)));
    // By the path, and by the name as clients put it together.
    let path = file["download_path"].as_str().unwrap();
    let joined = format!("/files/{}", file["filename"].as_str().unwrap());
    for path in [path, &joined] {
        let fetched = guest.get(path).await;
        assert_eq!((fetched.status, fetched.body.as_str()), (200, "hello"));
        assert_eq!(fetched.header("content-disposition"), "attachment; filename=\"my notes.txt\"");
        assert_eq!(fetched.header("x-content-type-options"), "nosniff");
        assert_eq!(fetched.header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(fetched.header("content-type"), "text/plain; charset=utf-8");
    }
    let head = answer(guest.request("HEAD", path)).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, "5", ""));
    let part = answer(guest.request("GET", path).header("range", "bytes=1-3")).await;
    assert_eq!((part.status, part.body.as_str()), (206, "ell"));
    assert_eq!(part.header("content-range"), "bytes 1-3/5");
    let none = answer(guest.request("GET", path).header("range", "bytes=9-")).await;
    assert_eq!(
        (none.error(416)["code"].clone(), none.header("content-range")),
        (json!("range_not_satisfiable"), "bytes */5")
    );
}

#[tokio::test]
async fn large_binary_file_comes_back_byte_for_byte() {
    let (_fake, server) = started().await;
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    // Larger than what is read and written at a time, with pieces of its own boundary.
    let mut bytes: Vec<u8> = (0..3_000_001).map(|_| noise()).collect();
    for at in [0, 70_000, 262_140, 2_999_000] {
        let false_end = format!("\r\n--{}", &BOUNDARY[..BOUNDARY.len() - 1]);
        bytes[at..at + false_end.len()].copy_from_slice(false_end.as_bytes());
    }
    let file = upload(server.guest(), "noise.bin", &bytes).await.ok();
    assert_eq!(file["bytes"], bytes.len());
    let path = file["download_path"].as_str().unwrap();
    let fetched = server.guest().request("GET", path).send().await.unwrap();
    assert_eq!(fetched.headers()["content-length"], bytes.len().to_string());
    assert!(fetched.bytes().await.unwrap() == bytes, "the bytes differ");
}

#[tokio::test]
async fn own_routes_list_and_delete() {
    let (_fake, server) = started().await;
    let guest = server.guest();
    assert_eq!(guest.get("/x/files").await.ok(), json!({ "files": [] }));
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(uploaded(guest, &format!("{number}.txt"), b"x").await);
    }
    let first = guest.get("/x/files?limit=2").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = guest.get(&format!("/x/files?limit=2&cursor={cursor}")).await.ok();
    let mut listed: Vec<_> =
        [&first, &rest].iter().flat_map(|page| page["files"].as_array().unwrap()).map(id_of).collect();
    assert!(rest["next_cursor"].is_null());
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    for wrong in ["/x/files?limit=0", "/x/files?limit=x", "/x/files?cursor=nowhere"] {
        guest.get(wrong).await.error(400);
    }
    let path = format!("/x/files/{}", ids[0]);
    let file = guest.get(&path).await.ok();
    assert!(file["expires_at"].is_string() && file["created_at"].is_string(), "{file}");
    assert_eq!(guest.get(&format!("{path}/content")).await.body, "x");
    assert_eq!(guest.delete(&path).await.ok(), json!({ "id": ids[0], "deleted": true }));
    for gone in
        [guest.get(&path).await, guest.delete(&path).await, guest.get(&format!("{path}/content")).await]
    {
        assert_eq!(gone.error(404)["code"], "file_not_found");
    }
    assert_eq!(on_disk(&server).len(), 2);
}

#[tokio::test]
async fn openai_routes_are_over_the_same_files() {
    let (_fake, server) = started().await;
    let guest = server.guest();
    let parts: &[(&str, &[u8])] = &[
        ("name=\"purpose\"", b"assistants"),
        ("name=\"expires_after[anchor]\"", b"created_at"),
        ("name=\"expires_after[seconds]\"", b"3600"),
        ("name=\"file\"; filename=\"notes.txt\"", b"hello"),
        ("name=\"colour\"", b"red"),
    ];
    let created = answer(posting(guest, "/v1/files", form(parts))).await;
    assert_eq!(created.header("x-ollama-mcp-ignored"), "colour");
    let file = created.ok();
    let (id, at) = (id_of(&file), file["created_at"].as_u64().unwrap());
    let expected = json!({
        "id": id, "object": "file", "bytes": 5, "created_at": at, "filename": "notes.txt", "purpose": "assistants",
        "status": "processed", "expires_at": at + 3600,
    });
    assert_eq!(file, expected);
    assert_eq!(guest.get(&format!("/v1/files/{id}")).await.ok(), expected);
    assert_eq!(guest.get(&format!("/v1/files/{id}/content")).await.body, "hello");
    assert_eq!(guest.get(&format!("/x/files/{id}")).await.ok()["purpose"], "assistants");
    let other = uploaded(guest, "later.txt", b"x").await;
    let ids = |list: &Value| list["data"].as_array().unwrap().iter().map(id_of).collect::<Vec<_>>();
    let page = guest.get("/v1/files?limit=1&order=asc").await.ok();
    assert_eq!((ids(&page).len(), &page["has_more"], &page["object"]), (1, &json!(true), &json!("list")));
    assert_eq!((&page["first_id"], &page["last_id"]), (&page["data"][0]["id"], &page["data"][0]["id"]));
    let next =
        guest.get(&format!("/v1/files?order=asc&after={}", page["last_id"].as_str().unwrap())).await.ok();
    assert_eq!((ids(&next).len(), &next["has_more"]), (1, &json!(false)));
    assert_eq!(ids(&guest.get("/v1/files?purpose=user_data").await.ok()), [other]);
    for (wrong, param) in
        [("limit=0", "limit"), ("order=up", "order"), ("purpose=fun", "purpose"), ("after=file-1", "after")]
    {
        let refused = guest.get(&format!("/v1/files?{wrong}")).await;
        assert_eq!(refused.json()["error"]["param"], param, "{refused:?}");
    }
    let deleted = guest.delete(&format!("/v1/files/{id}")).await.ok();
    assert_eq!(deleted, json!({ "id": id, "object": "file", "deleted": true }));
    assert_eq!(guest.get(&format!("/v1/files/{id}")).await.error(404)["param"], "id");
}

#[tokio::test]
async fn files_of_others_do_not_exist() {
    let (fake, server) = started().await;
    let (guest, local) = (server.guest(), server.local());
    let file = upload(&local, "private.txt", b"secret words").await.ok();
    let (id, path) = (id_of(&file), file["download_path"].as_str().unwrap());
    for route in [
        path.to_owned(),
        format!("/x/files/{id}"),
        format!("/x/files/{id}/content"),
        format!("/v1/files/{id}"),
        format!("/v1/files/{id}/content"),
        format!("/v1/files?after={id}"),
    ] {
        assert_eq!(local.get(&route).await.status, 200, "{route}");
        let hidden = guest.get(&route).await;
        assert_eq!(hidden.error(404)["code"], "file_not_found", "{route}");
        assert!(!hidden.body.contains("private.txt") || route == path, "{hidden:?}");
    }
    for route in [format!("/x/files/{id}"), format!("/v1/files/{id}")] {
        guest.delete(&route).await.error(404);
    }
    for list in ["/x/files", "/v1/files"] {
        assert!(!guest.get(list).await.body.contains(&id), "{list}");
    }
    let message = json!([{ "role": "user", "content": [{ "type": "file", "file": { "file_id": id } }] }]);
    for (route, body, param) in [
        (
            "/v1/chat/completions",
            json!({ "model": MODEL, "messages": message }),
            "messages[0].content[0].file.file_id",
        ),
        ("/chat", json!({ "model": MODEL, "prompt": "x", "attachments": [id] }), "attachments[0]"),
        ("/chat", json!({ "model": MODEL, "message": "x", "attachments": [id] }), "attachments[0]"),
        ("/api/v1/generate", json!({ "prompt": "x", "attachments": [id] }), "attachments[0]"),
    ] {
        let error = guest.post(route, &body).await.error(404);
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("file_not_found"), &json!(param)),
            "{route}: {error}"
        );
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
    assert_eq!(local.get(path).await.body, "secret words");
}

#[tokio::test]
async fn file_expires_after_its_time() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_FILES_TTL", "1s")]).await;
    let id = uploaded(server.guest(), "brief.txt", b"x").await;
    let body = json!({ "model": MODEL, "prompt": "x", "attachments": [id] });
    loop {
        let found = server.guest().get(&format!("/x/files/{id}")).await;
        if found.status == 404 {
            break;
        }
        assert_eq!(found.status, 200);
        tokio::task::yield_now().await;
    }
    assert_eq!(server.guest().post("/chat", &body).await.error(404)["param"], "attachments[0]");
    assert_eq!(server.guest().get("/v1/files").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn files_are_in_directory_of_setting_for_server_alone() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("shared/uploads");
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_FILES_DIR", directory.to_str().unwrap())]).await;
    assert!(!directory.exists(), "made for the first file");
    let id = uploaded(server.guest(), "a.txt", b"x").await;
    assert_eq!(std::fs::read(directory.join(&id)).unwrap(), b"x");
    assert!(!server.data_dir().join("uploads").exists());
    // Bytes that somebody removes are missed, and named.
    std::fs::remove_file(directory.join(&id)).unwrap();
    let error = server.local().get(&format!("/x/files/{id}/content")).await.error(404);
    assert_eq!(error["code"], "file_not_found");
    let guest = server.guest().get(&format!("/x/files/{id}/content")).await;
    assert_eq!(guest.error(500)["message"], format!("The bytes of {id} cannot be read"));
    until("the directory is empty", || std::fs::read_dir(&directory).unwrap().count() == 1).await;
}

#[tokio::test]
async fn page_of_listed_origin_may_send_forms_and_others_not() {
    let origins = [("OLLAMA_MCP_SERVE_ORIGINS", "https://app.example.com")];
    let (_fake, server) = started_with(&origins).await;
    let own = format!("http://{}", server.address());
    let body = || form_of("a.txt", b"x");
    for path in ["/upload", "/v1/files"] {
        for origin in [own.as_str(), "https://app.example.com"] {
            let sent = answer(posting(server.guest(), path, body()).header("origin", origin)).await;
            assert_eq!(sent.status, 200, "{path} {origin}: {sent:?}");
        }
        let evil =
            answer(posting(server.guest(), path, body()).header("origin", "https://evil.example")).await;
        evil.error(403);
        let site = posting(server.guest(), path, body()).header("sec-fetch-site", "cross-site");
        answer(site.header("sec-fetch-mode", "navigate")).await.error(403);
        let plain =
            server.guest().request("POST", path).header("origin", &own).header("content-type", "text/plain");
        answer(plain.body("x")).await.error(415);
    }
    // A form is taken by these routes alone.
    let chat = posting(server.guest(), "/chat", body()).header("origin", &own);
    answer(chat).await.error(415);
}
