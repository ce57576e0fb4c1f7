//! What is published: descriptions that fit their schemas, and archives that are named alike everywhere.

use std::env::consts::EXE_EXTENSION;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::support::process::{BINARY, command};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}")).replace("\r\n", "\n")
}

fn json(file: &str) -> Value {
    serde_json::from_str(&read(file)).unwrap()
}

fn cargo() -> toml::Table {
    toml::from_str(&read("Cargo.toml")).unwrap()
}

#[test]
fn manifests_match_their_schemas() {
    for (file, schema) in [
        ("server.json", "tests/fixtures/packaging/server.schema.json"),
        ("packaging/mcpb/manifest.json", "tests/fixtures/packaging/mcpb-manifest-v0.3.schema.json"),
    ] {
        let validator = jsonschema::validator_for(&json(schema)).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&json(file))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        let mut broken = json(file);
        broken["name"] = Value::Null;
        assert!(!validator.is_valid(&broken), "{schema} lets everything pass");
    }
}

#[test]
fn registry_manifest_marks_secret_settings() {
    let server = json("server.json");
    let packages = server["packages"].as_array().unwrap();
    let kinds: Vec<_> = packages.iter().map(|package| package["registryType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["mcpb", "oci"]);
    for package in packages {
        let variable = |name: &str| {
            let variables = package["environmentVariables"].as_array().unwrap();
            variables.iter().find(|variable| variable["name"] == name).unwrap()
        };
        assert_eq!(variable("OLLAMA_MCP_AUTH_TOKEN")["isSecret"], true);
        assert_eq!(variable("OLLAMA_MODEL")["isSecret"], Value::Null);
        assert_eq!(variable("OLLAMA_MCP_READ_ONLY")["format"], "boolean");
    }
    let address = |at: usize| {
        let variables = packages[at]["environmentVariables"].as_array().unwrap();
        variables.iter().find(|variable| variable["name"] == "OLLAMA_HOST").unwrap()["default"].clone()
    };
    assert_eq!(address(0), "http://127.0.0.1:11434");
    assert_eq!(address(1), "http://host.docker.internal:11434", "a container is not its host");
}

/// Hosts ask for the address and the key of a server that runs elsewhere.
#[test]
fn registry_manifest_describes_remote_server() {
    let server = json("server.json");
    let remotes = server["remotes"].as_array().unwrap();
    assert_eq!(remotes.len(), 1);
    let remote = &remotes[0];
    assert_eq!(remote["type"], "streamable-http");
    // The registry refuses a variable that is not described, and an address of this machine.
    let url = remote["url"].as_str().unwrap();
    let names: Vec<_> = url.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert_eq!(names, ["host"]);
    assert!(url.starts_with("https://") && remote["variables"]["host"]["isRequired"] == true);
    let header = &remote["headers"][0];
    assert_eq!((&header["name"], &header["value"]), (&"Authorization".into(), &"Bearer {key}".into()));
    assert_eq!((&header["isSecret"], &header["variables"]["key"]["isSecret"]), (&true.into(), &true.into()));
    assert!(server["description"].as_str().unwrap().contains("HTTP"));
}

/// What a host makes of the bundle's arguments: a list of directories becomes one argument each.
#[tokio::test]
async fn program_accepts_arguments_that_a_host_builds_from_bundle() {
    let bundle = json("packaging/mcpb/manifest.json");
    let config = &bundle["server"]["mcp_config"];
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    for chosen in [&folders[..], &[]] {
        let mut arguments = Vec::new();
        for argument in config["args"].as_array().unwrap() {
            match argument.as_str().unwrap() {
                "${user_config.allowed_dirs}" => {
                    arguments.extend(chosen.iter().map(|folder| folder.path().to_str().unwrap().to_owned()));
                }
                other => arguments.push(other.to_owned()),
            }
        }
        let home = TempDir::new().unwrap();
        let mut command = command(&home);
        for (name, value) in config["env"].as_object().unwrap() {
            let key = value.as_str().unwrap().trim_start_matches("${user_config.").trim_end_matches('}');
            let default = &bundle["user_config"][key]["default"];
            command.env(name, default.as_str().expect("without a default the placeholder would stay"));
        }
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
        server.stdin.take().unwrap().write_all(request).await.unwrap();
        let output = server.wait_with_output().await.unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let listed = answer["result"]["tools"].as_array().unwrap().len();
        // Three read many files: they are listed where the user has chosen a folder.
        let hidden = if chosen.is_empty() { 3 } else { 0 };
        let described = bundle["tools"].as_array().unwrap().len();
        assert_eq!((output.status.code(), listed), (Some(0), described - hidden));
    }
}

/// `cargo binstall` finds what the release workflow makes.
#[test]
fn archive_names_match_in_cargo_and_release() {
    let workflow = read(".github/workflows/release.yml");
    let targets: Vec<_> =
        workflow.lines().filter_map(|line| line.trim().strip_prefix("- target: ")).collect();
    assert_eq!(
        targets,
        [
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-musl",
            "aarch64-apple-darwin",
            "x86_64-apple-darwin",
            "x86_64-pc-windows-msvc",
        ]
    );
    let cargo = cargo();
    let binstall = &cargo["package"]["metadata"]["binstall"];
    let made = |ending: &str| format!("ollama-mcp-${{{{ env.VERSION }}}}-${{{{ matrix.target }}}}.{ending}");
    for (metadata, format, ending) in
        [(binstall, "tgz", "tar.gz"), (&binstall["overrides"]["x86_64-pc-windows-msvc"], "zip", "zip")]
    {
        assert_eq!(metadata["pkg-fmt"].as_str(), Some(format));
        let url = metadata["pkg-url"].as_str().unwrap();
        let wanted = format!(
            "{{ repo }}/releases/download/v{{ version }}/{{ name }}-{{ version }}-{{ target }}.{ending}"
        );
        assert_eq!(url, wanted);
        assert!(workflow.contains(&made(ending)), "the release makes no {}", made(ending));
        // The program stands in a folder that is named as the archive is.
        let inside = metadata["bin-dir"].as_str().unwrap();
        assert_eq!(inside, "{ name }-{ version }-{ target }/{ bin }{ binary-ext }");
    }
    // A Linux with glibc runs the static program too.
    for (gnu, musl) in [
        ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"),
        ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl"),
    ] {
        let url = binstall["overrides"][gnu]["pkg-url"].as_str().unwrap();
        assert!(url.ends_with(&format!("{{ name }}-{{ version }}-{musl}.tar.gz")), "{url}");
        let inside = binstall["overrides"][gnu]["bin-dir"].as_str().unwrap();
        assert_eq!(inside, format!("{{ name }}-{{ version }}-{musl}/{{ bin }}"));
    }
}

/// Every command that people see has a man page, and each shell its script, which is that of `completions`.
#[tokio::test]
async fn archives_have_man_pages_and_completions() {
    assert!(
        read("packaging/archive.sh")
            .contains("\ncargo run --quiet --locked --example pages -- \"$stage/$name\"\n")
    );
    let folder = TempDir::new().unwrap();
    let generator = Path::new(BINARY).parent().unwrap().join("examples/pages").with_extension(EXE_EXTENSION);
    let made = tokio::process::Command::new(generator).arg(folder.path()).status().await;
    assert!(made.expect("cargo test builds examples/pages, unless --test leaves it out").success());
    let names = |of: &str| {
        let entries = std::fs::read_dir(folder.path().join(of)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut commands = vec![("ollama-mcp".to_owned(), ollama_mcp::cli::command_for_people())];
    let mut pages = Vec::new();
    while let Some((name, command)) = commands.pop() {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        commands.extend(below.map(|below| (format!("{name}-{}", below.get_name()), below.clone())));
        pages.push(format!("{name}.1"));
    }
    pages.sort();
    assert_eq!(names("man"), pages);
    assert!(pages.len() > 40 && !pages.iter().any(|page| page.contains("read-pdf")), "{pages:?}");
    for page in &pages {
        let text = std::fs::read_to_string(folder.path().join("man").join(page)).unwrap();
        let title = format!(
            ".TH {} 1 \"\" \"ollama-mcp {}\"\n",
            page.trim_end_matches(".1"),
            env!("CARGO_PKG_VERSION")
        );
        assert!(text.contains(&title), "{page}: {text}");
        assert_eq!(text.contains("\n.nf\n"), text.contains("\n.SH NOTES\n"), "{page}");
    }
    let scripts = ["_ollama-mcp", "_ollama-mcp.ps1", "ollama-mcp.bash", "ollama-mcp.elv", "ollama-mcp.fish"];
    assert_eq!(names("completions"), scripts);
    let home = TempDir::new().unwrap();
    for (shell, file) in ["zsh", "powershell", "bash", "elvish", "fish"].iter().zip(scripts) {
        let printed = command(&home).args(["completions", shell]).output().await.unwrap().stdout;
        assert!(std::fs::read(folder.path().join("completions").join(file)).unwrap() == printed, "{shell}");
    }
}

/// What is published beside the archives has its digest, too.
#[test]
fn release_makes_bill_of_materials_and_checksums() {
    let workflow = read(".github/workflows/release.yml");
    let steps: Vec<_> = workflow.lines().map(str::trim).collect();
    assert!(steps.contains(&"packaging/sbom.sh dist"), "nothing makes the bill of materials");
    assert!(steps.contains(&"- run: packaging/checksums.sh dist"), "nothing writes SHA256SUMS");
    assert!(
        steps.contains(&"needs: [check, build, sbom, bundle, image]"),
        "the release does not wait for all parts"
    );
    for file in ["dist/*.tar.gz", "dist/*.zip", "dist/*.mcpb", "dist/*.cdx.json", "dist/SHA256SUMS"] {
        assert!(steps.contains(&file), "{file} gets no attestation");
    }
}

/// The registry checks that the image says whose it is.
#[test]
fn image_label_is_registry_name() {
    let name = json("server.json")["name"].as_str().unwrap().to_owned();
    let label = format!("io.modelcontextprotocol.server.name=\"{name}\"");
    assert!(read("Dockerfile").contains(&label), "the Dockerfile has no {label}");
}
