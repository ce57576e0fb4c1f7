//! What deployments are made of: the image, and the files of `deploy/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use settings::registry;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}")).replace("\r\n", "\n")
}

/// The files of `deploy/` that are committed, by their names.
fn deploy_files() -> Vec<(PathBuf, String)> {
    let folders = ["deploy", "deploy/kubernetes"].map(|folder| root().join(folder).read_dir().unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    // What setup.sh makes is this machine's own.
    let files: Vec<_> = files.filter(|path| path.is_file() && !path.ends_with(".env")).collect();
    assert!(files.len() > 10, "{files:?}");
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// Cargo reads each manifest, so that what is missing fails here and not in a build that takes minutes.
#[test]
fn workspace_is_whole_in_what_build_of_image_is_sent() {
    let sent = read(".dockerignore");
    let sent: Vec<_> = sent.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let folder = TempDir::new().unwrap();
    for name in &sent {
        let (from, to) = (root().join(name), folder.path().join(name));
        assert!(from.exists(), "{name} is in .dockerignore");
        copy(&from, &to);
    }
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(folder.path());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Tests, benches and examples are not sent: Cargo does without the file of a target only where the manifest names it.
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let kinds = ["test", "bench", "example"].into_iter().filter_map(|kind| manifest.get(kind));
    let targets = kinds.flat_map(|targets| targets.as_array().unwrap());
    for target in targets {
        let path = target.get("path").and_then(toml::Value::as_str);
        assert!(path.is_some_and(|path| root().join(path).exists()), "{target:?}");
    }
    // `include_str!` of a file that is not sent would fail there.
    let allowed = |path: &Path| {
        sent.iter().any(|name| root().join(name).canonicalize().is_ok_and(|sent| path.starts_with(sent)))
    };
    for (file, text) in sources(&root().join("crates")).into_iter().chain(sources(&root().join("src"))) {
        for include in text.split("include_str!(\"").chain(text.split("include_bytes!(\"")).skip(1) {
            let Some((name, _)) = include.split_once("\")") else { continue };
            let path = file.parent().unwrap().join(name);
            if let Ok(path) = path.canonicalize() {
                assert!(allowed(&path) || is_test(&file), "{} includes {name}", file.display());
            }
        }
    }
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs")
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// The Rust files of a folder, with their text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// The variables and flags of ours that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !is_word(c));
    words.filter(|word| word.starts_with("OLLAMA_MCP_")).map(str::to_owned).collect()
}

#[test]
fn settings_of_deployments_exist() {
    let files = deploy_files();
    let image = ("Dockerfile".into(), read("Dockerfile"));
    let page = ("docs/deploy.md".into(), read("docs/deploy.md"));
    let mut count = 0;
    for (file, text) in files.iter().chain([&image, &page]) {
        for name in named(text) {
            let is_setting = registry::all().any(|setting| setting.env == name);
            // Named where it is explained that Kubernetes adds such variables.
            assert!(is_setting || name == "OLLAMA_MCP_SERVICE_HOST", "{}: {name}", file.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count} settings are named");
}

/// A value of a secret setting would stand in `docker inspect`; the URL of the database has no password.
#[test]
fn deployments_give_secrets_as_files() {
    for (file, text) in deploy_files().iter().chain([&("Dockerfile".into(), read("Dockerfile"))]) {
        for setting in registry::all().filter(|setting| setting.is_secret()) {
            let is_set = |line: &&str| {
                let line = line.trim_start().trim_start_matches("- {name: ");
                line.starts_with(&format!("{}:", setting.env))
                    || line.starts_with(&format!("{}=", setting.env))
                    || line.starts_with(&format!("{},", setting.env))
            };
            for line in text.lines().filter(is_set) {
                let url = line.split_once("postgres://").map(|(_, url)| url);
                let has_password =
                    url.and_then(|url| url.split_once('@')).is_none_or(|(user, _)| user.contains(':'));
                assert!(!has_password, "{}: {line}", file.display());
            }
        }
    }
}

/// One number, wherever the version stands.
#[test]
fn version_of_image_is_that_of_program() {
    let version = env!("CARGO_PKG_VERSION");
    let compose = read("deploy/compose.yaml");
    assert!(compose.contains(&format!("image: ${{IMAGE:-ollama-mcp:{version}}}")), "{compose}");
    let kustomization = read("deploy/kubernetes/kustomization.yaml");
    assert!(kustomization.contains(&format!("newTag: {version}")), "{kustomization}");
    for (file, text) in deploy_files() {
        assert!(!text.contains(":latest"), "{}: a version must be named", file.display());
    }
}

/// The user of the image is that of the deployments, since the volumes and files belong to it.
#[test]
fn user_is_same_everywhere() {
    let image = read("Dockerfile");
    for line in ["USER 65532:65532", "--chown=65532:65532 /files/data /data", "VOLUME /data", "EXPOSE 4891"] {
        assert!(image.contains(line), "{line}");
    }
    assert!(read("deploy/compose.yaml").contains("user: \"65532:65532\""));
    assert!(read("deploy/kubernetes/server.yaml").contains("runAsUser: 65532"));
}

#[cfg(unix)]
#[test]
fn setup_makes_key_and_password_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let script = folder.path().join("deploy/setup.sh");
    std::fs::create_dir(folder.path().join("deploy")).unwrap();
    std::fs::copy(root().join("deploy/setup.sh"), &script).unwrap();
    let run = || {
        let output = std::process::Command::new("sh").arg(&script).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let secrets = folder.path().join("deploy/secrets");
    let text = |name: &str| std::fs::read_to_string(secrets.join(name)).unwrap();
    let first = run();
    let (key, password) = (text("admin_key"), text("database_password"));
    let is_random = |text: &str| text.len() == 48 && text.chars().all(|c| c.is_ascii_hexdigit());
    assert!(key.trim_end().strip_prefix("omk_").is_some_and(is_random) && is_random(&password));
    assert!(!first.contains(key.trim()) && !first.contains(&password), "{first}");
    assert!(first.contains("docker compose -f deploy/compose.yaml up -d"), "{first}");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    // The users of the containers read the files that they are given; no user of this machine comes there.
    assert_eq!((mode(&secrets), mode(&secrets.join("admin_key"))), (0o700, 0o444));
    assert_eq!(mode(&folder.path().join("deploy/.env")), 0o600);
    std::fs::write(folder.path().join("deploy/.env"), "MODEL=mine\n").unwrap();
    let second = run();
    assert_eq!(second.matches("is there already").count(), 3, "{second}");
    assert_eq!((text("admin_key"), text("database_password")), (key, password));
    assert_eq!(std::fs::read_to_string(folder.path().join("deploy/.env")).unwrap(), "MODEL=mine\n");
    assert_eq!(secrets.read_dir().unwrap().count(), 2, "nothing half written is left");
}
