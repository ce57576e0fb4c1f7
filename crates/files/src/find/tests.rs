//! What paths, folders and globs find, and what they leave out.
#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

const LIMITS: FindLimits = FindLimits { files: 1000, bytes: 1_000_000, file_bytes: 1000 };

/// A folder with these files, each of 4 bytes; a name that ends with `/` is a folder.
fn folder(names: &[&str]) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(place.path()).unwrap();
    for name in names {
        let path = root.join(name);
        std::fs::create_dir_all(if name.ends_with('/') { &path } else { path.parent().unwrap() }).unwrap();
        if !name.ends_with('/') {
            std::fs::write(path, "text").unwrap();
        }
    }
    (place, root)
}

fn find(sandbox: &Sandbox, pattern: &str) -> Result<Found, SandboxError> {
    sandbox.find(pattern, &LIMITS, &|| false)
}

fn names(sandbox: &Sandbox, pattern: &str) -> Vec<String> {
    let found = find(sandbox, pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    assert!(!found.is_cut, "{pattern}");
    for file in &found.files {
        // Each can be opened by its path, under the same name.
        let opened = sandbox.open(file.path.to_str().unwrap()).unwrap();
        assert_eq!((&opened.name, opened.size), (&file.name, file.size), "{pattern}");
    }
    found.files.into_iter().map(|file| file.name).collect()
}

fn error(sandbox: &Sandbox, pattern: &str) -> String {
    find(sandbox, pattern).unwrap_err().to_string()
}

#[test]
fn folders_and_globs_find_files() {
    let (_place, root) =
        folder(&["a.md", "b.txt", "sub/c.md", "sub/deep/d.md", "sub/deep/e.rs", "[x].md", "z/f1.md"]);
    let sandbox = Sandbox::new(vec![root.clone()]);
    let all = ["[x].md", "a.md", "b.txt", "sub/c.md", "sub/deep/d.md", "sub/deep/e.rs", "z/f1.md"];
    let absolute = root.to_str().unwrap();
    for pattern in
        [".", "./", absolute, &format!("file://{absolute}"), "**", "**/*", &format!("{absolute}/**")]
    {
        assert_eq!(names(&sandbox, pattern), all, "{pattern}");
    }
    for (pattern, expected) in [
        ("sub", &["sub/c.md", "sub/deep/d.md", "sub/deep/e.rs"][..]),
        ("sub/deep/", &["sub/deep/d.md", "sub/deep/e.rs"]),
        ("*.md", &["[x].md", "a.md"]),
        ("*/*.md", &["sub/c.md", "z/f1.md"]),
        ("**/*.md", &["[x].md", "a.md", "sub/c.md", "sub/deep/d.md", "z/f1.md"]),
        ("sub/**/*.{rs,txt}", &["sub/deep/e.rs"]),
        ("?.{md,txt}", &["a.md", "b.txt"]),
        ("z/f[0-9].md", &["z/f1.md"]),
        ("s*/d*/[!d].*", &["sub/deep/e.rs"]),
        // It exists.
        ("[x].md", &["[x].md"]),
        ("a.md", &["a.md"]),
    ] {
        assert_eq!(names(&sandbox, pattern), expected, "{pattern}");
        assert_eq!(names(&sandbox, &format!("{absolute}/{pattern}")), expected, "{pattern}");
    }
    assert_eq!(find(&sandbox, "sub").unwrap().folders, [root.join("sub")]);
    assert_eq!(find(&sandbox, ".").unwrap().folders, [root]);
    assert!(find(&sandbox, "sub/*").unwrap().folders.is_empty());
}

#[test]
fn hidden_and_ignored_files_are_left_out_unless_named() {
    let (_place, root) = folder(&[
        "a.log",
        "b.md",
        ".hidden.md",
        ".github/x.yml",
        ".github/deep/y.yml",
        "target/t.md",
        "target/doc/u.md",
        "sub/c.log",
        "sub/keep.log",
        "sub/tmp/d.md",
        "sub/e.gen",
        "sub/deep/keep.log",
    ]);
    std::fs::write(root.join(".gitignore"), "*.log\n/target/\n[broken\n").unwrap();
    std::fs::write(root.join("sub/.gitignore"), "!keep.log\ntmp\n").unwrap();
    std::fs::write(root.join("sub/.ignore"), "*.gen\n").unwrap();
    let sandbox = Sandbox::new(vec![root.clone()]);
    assert_eq!(names(&sandbox, "."), ["b.md", "sub/deep/keep.log", "sub/keep.log"]);
    assert_eq!(names(&sandbox, "**/*.log"), ["sub/deep/keep.log", "sub/keep.log"]);
    // Ignore files above the folder count.
    assert_eq!(names(&sandbox, "sub/deep"), ["sub/deep/keep.log"]);
    assert_eq!(names(&sandbox, ".github/**/*.yml"), [".github/deep/y.yml", ".github/x.yml"]);
    assert_eq!(names(&sandbox, "**/.hid*"), [".hidden.md"]);
    for named in [".hidden.md", "a.log", "target/t.md", "sub/e.gen"] {
        assert_eq!(names(&sandbox, named), [named]);
    }
    assert_eq!(names(&sandbox, "target"), ["target/doc/u.md", "target/t.md"]);
    // Above the allowed directory nothing is read, not even an ignore file.
    std::fs::write(root.join("sub/.gitignore"), "").unwrap();
    let below = Sandbox::new(vec![root.join("sub")]);
    assert_eq!(names(&below, "**/*.log"), ["c.log", "deep/keep.log", "keep.log"]);
    // One that is a link is not followed.
    std::fs::remove_file(root.join("sub/.gitignore")).unwrap();
    symlink(root.join(".gitignore"), root.join("sub/.gitignore")).unwrap();
    assert_eq!(names(&below, "*.log"), ["c.log", "keep.log"]);
}

#[test]
fn secrets_links_and_other_kinds_are_left_out() {
    let (place, root) = folder(&[
        "in/a.md",
        "in/server.pem",
        "in/id_rsa",
        "in/x/credentials.json",
        "in/x/token.key",
        "in/data.zip",
        "in/pic.PNG",
        "in/empty/",
        "in/settings/config.toml",
        "in/settings/config.toml.bak",
        "in/private/p.md",
        "out/secret.md",
    ]);
    let inner = root.join("in");
    std::fs::write(inner.join("nothing.md"), "").unwrap();
    std::fs::write(inner.join("large.md"), "x".repeat(2000)).unwrap();
    symlink(root.join("out"), inner.join("linked")).unwrap();
    symlink(root.join("out/secret.md"), inner.join("linked.md")).unwrap();
    symlink(inner.join("a.md"), inner.join("same.md")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(inner.join("fifo.md")).status().unwrap();
    assert!(made.success());
    let sandbox = Sandbox::new(vec![inner.clone()])
        .with_private(vec![inner.join("settings/config.toml"), inner.join("private")]);
    for pattern in [".", "**"] {
        let found = find(&sandbox, pattern).unwrap();
        assert_eq!(found.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.md"]);
        let told: Vec<_> = found.skipped.iter().map(|(name, what)| format!("{name} {what}")).collect();
        assert_eq!(
            told,
            [
                "2 files of other kinds are not text or PDF",
                "id_rsa, server.pem, x/credentials.json and 1 more look like secrets files",
                "large.md has more than 1000 bytes",
                "private, settings/config.toml, settings/config.toml.bak are files of settings or data that can hold secrets",
            ]
        );
    }
    // A file that is allowed itself is found.
    let both = Sandbox::new(vec![inner.clone(), inner.join("id_rsa")]);
    let found = find(&both, inner.to_str().unwrap()).unwrap();
    assert!(found.files.iter().any(|file| file.name == "id_rsa"));
    // A link that is named is resolved.
    assert_eq!(names(&sandbox, "same.md"), ["a.md"]);
    drop(place);
}

#[test]
fn what_cannot_be_found_is_told() {
    let (place, root) =
        folder(&["in/a.md", "in/empty/", "in/pics/x.png", "out/b.md", "in/.ssh/config", "in/sub/key.md"]);
    let inner = root.join("in");
    let shown = inner.display().to_string();
    symlink(root.join("out"), inner.join("linked")).unwrap();
    let sandbox = Sandbox::new(vec![inner.clone()]);
    for (pattern, expected) in [
        ("*.rs".to_owned(), format!("\"*.rs\" has no files that can be read; {shown} was searched")),
        ("empty".to_owned(), format!("\"empty\" has no files that can be read; {shown}/empty was searched")),
        (
            "pics/*".to_owned(),
            format!("{shown}/pics was searched: 1 file of another kind is not text or PDF"),
        ),
        ("none".to_owned(), format!("\"none\" does not exist; relative paths start at {shown}")),
        ("none/*.md".to_owned(), "\"none/*.md\" does not exist".to_owned()),
        ("a[.md".to_owned(), "\"a[.md\" is not a valid glob: unclosed character class".to_owned()),
        ("{a,b.md".to_owned(), "\"{a,b.md\" is not a valid glob: unclosed alternate group".to_owned()),
        (root.join("out").display().to_string(), "is not below an allowed directory".to_owned()),
        (root.join("out/*").display().to_string(), "is not below an allowed directory".to_owned()),
        (root.join("*/*.md").display().to_string(), "is not below an allowed directory".to_owned()),
        ("/etc/**".to_owned(), "is not below an allowed directory".to_owned()),
        ("linked".to_owned(), "is a link that leads out".to_owned()),
        ("linked/*".to_owned(), "is a link that leads out".to_owned()),
        ("../out/*".to_owned(), "contains \"..\"".to_owned()),
        (".ssh".to_owned(), "looks like a secrets file (.ssh)".to_owned()),
        (".ssh/*".to_owned(), "looks like a secrets file (.ssh)".to_owned()),
        ("*.pem".to_owned(), "looks like a secrets file (*.pem)".to_owned()),
        (String::new(), "is empty".to_owned()),
    ] {
        let told = error(&sandbox, &pattern);
        assert!(told.contains(&expected), "{pattern}: {told}");
    }
    let two = Sandbox::new(vec![inner.clone(), root.join("out")]);
    assert!(error(&two, "**/*.md").contains("is relative, and 2 directories are allowed"));
    assert_eq!(find(&Sandbox::default(), ".").unwrap_err(), SandboxError::NothingAllowed);
    let large = FindLimits { file_bytes: 3, ..LIMITS };
    let told = sandbox.find("a.md", &large, &|| false).unwrap_err().to_string();
    assert_eq!(told, "\"a.md\" has 4 bytes; at most 3 are read");
    drop(place);
}

#[test]
fn limits_cut_what_is_found() {
    let files: Vec<_> = (0..20).map(|number| format!("{number:02}/a.md")).collect();
    let (_place, root) = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let sandbox = Sandbox::new(vec![root.clone()]);
    let cut = |limits: FindLimits| sandbox.find(".", &limits, &|| false).unwrap();
    let found = cut(FindLimits { files: 3, ..LIMITS });
    assert_eq!(
        found.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        ["00/a.md", "01/a.md", "02/a.md"]
    );
    assert!(found.is_cut && found.folders.is_empty());
    assert_eq!(cut(FindLimits { bytes: 9, ..LIMITS }).files.len(), 2);
    assert!(!cut(FindLimits { files: 20, bytes: 80, ..LIMITS }).is_cut);
    let found = sandbox.find(".", &LIMITS, &|| true).unwrap();
    assert!(found.is_cut && found.files.is_empty());
}

#[test]
fn unreadable_and_deep_folders_are_told() {
    let deep = format!("{}x.md", "d/".repeat(70));
    let (_place, root) = folder(&["a.md", "closed/b.md", &deep]);
    let closed = root.join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it all the same.
    let is_closed = std::fs::read_dir(&closed).is_err();
    let found = find(&Sandbox::new(vec![root]), ".").unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let told: Vec<_> = found.skipped.iter().map(|(name, what)| format!("{name} {what}")).collect();
    assert!(told.iter().any(|told| told.ends_with("d is in too many folders")), "{told:?}");
    assert_eq!(told.contains(&"closed cannot be read".to_owned()), is_closed, "{told:?}");
    assert!(found.folders.is_empty() && !found.files.is_empty());
}

/// The folder means one thing when it is listed and another when it is entered.
#[test]
fn folder_swapped_for_link_is_never_entered() {
    let (place, root) = folder(&["in/a/x.md", "out/secret.md"]);
    let (inner, away) = (root.join("in"), root.join("away"));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let (dir, away, out, stop) = (inner.join("a"), away, root.join("out"), std::sync::Arc::clone(&stop));
        move || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::fs::rename(&dir, &away).unwrap();
                symlink(&out, &dir).unwrap();
                std::fs::remove_file(&dir).unwrap();
                std::fs::rename(&away, &dir).unwrap();
            }
        }
    });
    let sandbox = Sandbox::new(vec![inner]);
    let (began, mut found_well) = (std::time::Instant::now(), 0);
    while began.elapsed() < std::time::Duration::from_secs(1) {
        for pattern in [".", "**/*.md", "a"] {
            let found = find(&sandbox, pattern).map_or_else(|_| Vec::new(), |found| found.files);
            found_well += found.len();
            assert!(found.iter().all(|file| file.name != "a/secret.md"), "a file outside was found");
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(found_well > 0, "nothing was found at all, so nothing was tried");
    drop(place);
}
