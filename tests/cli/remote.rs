//! A running server, as `try --url` and `doctor` find it.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::home::Home;
use super::run;
use super::serving::Serving;
use crate::support::fake_ollama::FakeOllama;

async fn report(home: &Home, environment: &[(&str, &str)]) -> Value {
    let ran = home.run_with(&["doctor", "--json"], environment).await;
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

/// What `doctor` says of the HTTP server.
fn http_section(shown: &str) -> String {
    let lines = shown.lines().skip_while(|line| !line.starts_with("HTTP server"));
    lines.take_while(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn try_streams_the_answer_of_a_running_server() {
    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&[], &fake.url()).await;
    let ran = run(&["try", "--url", &serving.url, "Say hello"], &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!ran.stdout.trim().is_empty() && ran.stdout.ends_with('\n'), "{:?}", ran.stdout);
    let status = [format!("── server: {}", serving.url), "── done: ".to_owned()];
    assert!(status.iter().all(|line| ran.stderr.contains(line)), "{}", ran.stderr);
    let quiet = run(&["try", "-q", "--url", &format!("{}/mcp", serving.url), "Say hello"], &[]).await;
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (ran.stdout, ""));
}

#[tokio::test]
async fn try_says_what_to_do_about_a_server_that_does_not_answer_or_needs_a_key() {
    let closed = format!("http://{}", FakeOllama::closed_address());
    let ran = run(&["try", "--url", &closed, "x"], &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("Start the server with: ollama-mcp serve"), "{}", ran.stderr);

    let fake = FakeOllama::start().await.with_defaults();
    let serving = Serving::start(&["--guests", "never"], &fake.url()).await;
    let ran = run(&["try", "--url", &serving.url, "x"], &[]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("Give a key with --key-env NAME or --key-file PATH."), "{}", ran.stderr);
    let wrong = ["try", "--url", &serving.url, "--key-env", "OMK_KEY", "x"];
    let ran = run(&wrong, &[("OMK_KEY", "omk_sesame")]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("does not accept this key"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
    let unset = run(&wrong, &[]).await;
    assert_eq!(unset.code, Some(2));
    assert!(unset.stderr.contains("--key-env OMK_KEY: this variable is not set"), "{}", unset.stderr);
}

#[tokio::test]
async fn doctor_reports_running_server_and_who_can_reach_it() {
    let fake = FakeOllama::start().await.with_defaults();
    let ollama = fake.url();
    let serving = Serving::start(&[], &ollama).await;
    let home = Home::new();
    let listen = format!("127.0.0.1:{}", serving.port());
    let environment = [("OLLAMA_HOST", ollama.as_str()), ("OLLAMA_MCP_SERVE_LISTEN", &listen)];
    let found = report(&home, &environment).await;
    assert_eq!(found["http_server"]["running"], true, "{found}");
    assert_eq!(found["http_server"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["http_server"]["healthy"], true);
    assert_eq!((&found["http_reach"], &found["http_guests"]), (&json!("this machine"), &json!(true)));
    let ran = home.run_with(&["doctor", "--listen", &listen], &environment[..1]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let section = http_section(&ran.stdout);
    let process = section
        .split_once(" (process ")
        .and_then(|(_, rest)| rest.split_once(") answers"))
        .map(|(process, _)| process);
    if cfg!(target_os = "linux") {
        assert!(process.unwrap().contains(", ollama-mcp, of user "), "{section}");
    }
    let shown = section
        .replace(&format!(" (process {})", process.unwrap_or_default()), "")
        .replace(&listen, "ADDRESS")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(shown, @"
    HTTP server (ollama-mcp serve)
    ✓ version VERSION answers at http://ADDRESS
      every program of this machine can reach it, as these settings say, and no other machine
      programs of this machine need no key; what they store, all of them share
    ");
}

#[tokio::test]
async fn doctor_reports_missing_server_and_other_program() {
    let fake = FakeOllama::start().await.with_defaults();
    let ollama = fake.url();
    let home = Home::new();
    let closed = FakeOllama::closed_address().to_string();
    let doctor = |listen: String| {
        let (home, ollama) = (&home, &ollama);
        async move {
            home.run_with(&["doctor"], &[("OLLAMA_HOST", ollama), ("OLLAMA_MCP_SERVE_LISTEN", &listen)]).await
        }
    };
    let ran = doctor(closed.clone()).await;
    assert_eq!(ran.code, Some(0), "a server that nobody started is no problem: {}", ran.stdout);
    insta::assert_snapshot!(http_section(&ran.stdout).replace(&closed, "ADDRESS"), @r#"
    HTTP server (ollama-mcp serve)
      no server is running at ADDRESS; "ollama-mcp serve" starts one, for clients of OpenAI's API and MCP over HTTP
      every program of this machine could reach it, and no other machine
      programs of this machine need no key; what they store, all of them share
    "#);

    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>").await;
        }
    });
    let ran = doctor(address.clone()).await;
    answering.abort();
    let expected = format!("answers at {address}: its /health is not that of this server");
    assert!(ran.stdout.contains(&expected), "{}", ran.stdout);
    assert!(ran.stdout.contains("-> stop it, or choose another port with --listen"), "{}", ran.stdout);

    let ran = doctor("0.0.0.0:0".to_owned()).await;
    insta::assert_snapshot!(http_section(&ran.stdout), @"
    HTTP server (ollama-mcp serve)
      0.0.0.0:0 is a free port at each start, so a running server cannot be found; its first line names the port
    ");
}

#[tokio::test]
async fn doctor_asks_the_server_of_an_entry() {
    let fake = FakeOllama::start().await.with_defaults();
    let ollama = fake.url();
    let serving = Serving::start(&["--guests", "never"], &ollama).await;
    let home = Home::new();
    let environment = [("OLLAMA_HOST", ollama.as_str()), ("OMK_KEY", "omk_sesame")];
    home.well(&["install", "cursor", "--url", &serving.url]).await;
    let doctor = async |environment: &[(&str, &str)]| home.run_with(&["doctor"], environment).await;
    let ran = doctor(&environment).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("the server needs a key: install it again with --key-env"), "{}", ran.stdout);

    home.well(&["install", "cursor", "--url", &serving.url, "--key-env", "OMK_KEY"]).await;
    let ran = doctor(&environment).await;
    assert!(ran.stdout.contains("the server does not accept the key of the entry"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("sesame"), "{}", ran.stdout);
    let ran = doctor(&environment[..1]).await;
    assert!(ran.stdout.contains("its key is in OMK_KEY, which is not set in this shell"), "{}", ran.stdout);

    let open = Serving::start(&[], &ollama).await;
    home.well(&["install", "cursor", "--force", "--url", &open.url]).await;
    let ran = doctor(&environment).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("Cursor, ollama (user): {} answers, ", open.url)), "{}", ran.stdout);
}

/// A repository could carry such a file.
#[tokio::test]
async fn doctor_sends_no_variable_where_a_projects_file_says() {
    let fake = FakeOllama::start().await.with_defaults();
    let thief = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let home = Home::new();
    let entry = json!({
        "url": format!("http://{}/mcp", thief.local_addr().unwrap()),
        "headers": { "Authorization": "Bearer ${env:MY_SECRET}" },
    });
    home.write("project/.cursor/mcp.json", &json!({ "mcpServers": { "ollama": entry } }).to_string());
    let mut command = crate::support::process::command(&home.0);
    command.arg("doctor").current_dir(home.path("project"));
    command.env("OLLAMA_HOST", fake.url()).env("MY_SECRET", "sesame");
    let ran = command.output().await.unwrap();
    let shown = String::from_utf8(ran.stdout).unwrap();
    assert!(shown.contains("is not asked, since the file of a project chooses its address"), "{shown}");
    let asked = futures_util::FutureExt::now_or_never(thief.accept());
    assert!(asked.is_none(), "nothing was sent to it");
}
