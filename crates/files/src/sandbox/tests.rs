//! The sandbox against links, unusual names, special files, and changes between the check and the opening.
#![cfg(unix)]

use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const OUTSIDE: &str = "outside";

/// `allowed/` with files and links, `outside/` with a secret.
fn setup() -> (TempDir, Sandbox) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    for dir in ["allowed/sub/.ssh", "outside"] {
        std::fs::create_dir_all(root.join(dir)).unwrap();
    }
    for file in
        ["allowed/a.txt", "allowed/sub/b.txt", "allowed/.env", "allowed/sub/.ssh/known", "allowed/ünï¢ode"]
    {
        std::fs::write(root.join(file), "inside").unwrap();
    }
    std::fs::write(root.join("outside/secret"), OUTSIDE).unwrap();
    symlink(root.join("outside"), root.join("allowed/out")).unwrap();
    symlink("../outside/secret", root.join("allowed/sub/secret")).unwrap();
    symlink("../../outside/secret", root.join("allowed/sub/deep")).unwrap();
    symlink("a.txt", root.join("allowed/link.txt")).unwrap();
    symlink(root.join("allowed/sub"), root.join("allowed/within")).unwrap();
    symlink(".env", root.join("allowed/plain.txt")).unwrap();
    symlink("/", root.join("allowed/root")).unwrap();
    symlink("loop", root.join("allowed/loop")).unwrap();
    let sandbox = Sandbox::new(vec![root.join("allowed")]);
    (place, sandbox)
}

fn read(sandbox: &Sandbox, path: &str) -> Result<(String, String), SandboxError> {
    let mut opened = sandbox.open(path)?;
    let mut text = String::new();
    opened.file.read_to_string(&mut text).unwrap();
    assert_eq!(opened.size, text.len() as u64);
    Ok((opened.name, text))
}

fn denial(sandbox: &Sandbox, path: &str) -> String {
    read(sandbox, path).unwrap_err().to_string()
}

#[test]
fn file_inside_is_read_by_any_form_of_its_path() {
    let (place, sandbox) = setup();
    let allowed = place.path().join("allowed");
    let allowed = allowed.to_str().unwrap();
    for (path, name) in [
        ("a.txt".to_owned(), "a.txt"),
        ("./sub//b.txt".to_owned(), "sub/b.txt"),
        (format!("{allowed}/sub/./b.txt"), "sub/b.txt"),
        (format!("file://{allowed}/a.txt"), "a.txt"),
        (format!("FILE://localhost{allowed}/%61.txt"), "a.txt"),
        ("link.txt".to_owned(), "link.txt"),
        ("within/b.txt".to_owned(), "within/b.txt"),
        ("ünï¢ode".to_owned(), "ünï¢ode"),
    ] {
        assert_eq!(read(&sandbox, &path), Ok((name.to_owned(), "inside".to_owned())), "{path}");
    }
}

#[test]
fn path_outside_is_denied() {
    let (place, sandbox) = setup();
    let root = place.path().to_str().unwrap();
    for (path, text) in [
        (format!("{root}/outside/secret"), "is not below an allowed directory ("),
        (format!("{root}/allowed-too"), "is not below"),
        ("/etc/passwd".to_owned(), "is not below"),
        ("file:///etc/passwd".to_owned(), "is not below"),
        (format!("file://{root}/allowed/../outside/secret"), "is not below"),
        (format!("file://{root}/allowed/%2e%2e/outside/secret"), "is not below"),
        ("file://elsewhere/a.txt".to_owned(), "is not a file URI of this machine"),
        ("../outside/secret".to_owned(), "contains \"..\""),
        ("sub/../a.txt".to_owned(), "contains \"..\""),
        ("out/secret".to_owned(), "is a link that leads out"),
        ("sub/secret".to_owned(), "does not exist"),
        ("sub/deep".to_owned(), "is a link that leads out"),
        ("root/etc/passwd".to_owned(), "is a link that leads out"),
        ("a.txt\0".to_owned(), "holds a NUL"),
        (" ".to_owned(), "is empty"),
        ("~/a.txt".to_owned(), "is not below"),
        (".env".to_owned(), "looks like a secrets file (.env)"),
        ("sub/.ssh/known".to_owned(), "looks like a secrets file (.ssh)"),
        ("plain.txt".to_owned(), "is a link to something that looks like a secrets file (.env)"),
        (".ENV".to_owned(), "looks like a secrets file (.ENV)"),
        ("none.txt".to_owned(), "does not exist"),
        ("a.txt/b".to_owned(), "cannot be opened"),
        ("loop".to_owned(), "cannot be opened"),
        ("sub".to_owned(), "is a directory"),
        ("".to_owned(), "is empty"),
        (".".to_owned(), "is a directory"),
    ] {
        let denial = denial(&sandbox, &path);
        assert!(denial.contains(text), "{path}: {denial}");
    }
}

#[test]
fn secret_is_read_only_if_the_file_itself_is_allowed() {
    let (place, _) = setup();
    let allowed = place.path().join("allowed");
    let both = Sandbox::new(vec![allowed.clone(), allowed.join(".env")]);
    let env = allowed.join(".env");
    assert_eq!(read(&both, env.to_str().unwrap()).unwrap().0, ".env");
    assert_eq!(read(&both, allowed.join("plain.txt").to_str().unwrap()).unwrap().1, "inside");
    assert!(denial(&both, allowed.join("sub/.ssh/known").to_str().unwrap()).contains(".ssh"));
    assert!(denial(&both, "a.txt").contains("is relative, and 2 directories are allowed"));
    let ssh = Sandbox::new(vec![allowed.join("sub/.ssh")]);
    assert_eq!(read(&ssh, "known").unwrap().1, "inside");
    std::fs::write(allowed.join("sub/.ssh/id_rsa"), "x").unwrap();
    assert!(denial(&ssh, "id_rsa").contains("looks like a secrets file (id_rsa)"));
}

#[test]
fn private_file_is_denied_under_any_name() {
    let (place, sandbox) = setup();
    let file = place.path().join("allowed/a.txt");
    // Given by another path than it is read by, and beside one that is not there.
    let given = place.path().join("allowed/link.txt");
    let sandbox = sandbox.with_private(vec![place.path().join("none"), given]);
    for path in ["a.txt", "./link.txt", file.to_str().unwrap()] {
        let denial = denial(&sandbox, path);
        assert!(denial.contains("is a file of settings or data"), "{path}: {denial}");
    }
    std::fs::write(place.path().join("allowed/link.txt.bak-1"), "inside").unwrap();
    assert!(denial(&sandbox, "link.txt.bak-1").contains("is a file of settings or data"));
    assert_eq!(read(&sandbox, "sub/b.txt").unwrap().1, "inside");
    // A name of a copy counts only beside the file.
    std::fs::write(place.path().join("allowed/sub/link.txt.bak-1"), "inside").unwrap();
    assert_eq!(read(&sandbox, "sub/link.txt.bak-1").unwrap().1, "inside");
    let both =
        Sandbox::new(vec![place.path().join("allowed"), file.clone()]).with_private(vec![file.clone()]);
    assert_eq!(read(&both, file.to_str().unwrap()).unwrap().1, "inside");
}

#[test]
fn nothing_is_accessed_if_nothing_is_allowed() {
    assert_eq!(Sandbox::default().open("/etc/passwd").unwrap_err(), SandboxError::NothingAllowed);
    let gone = Sandbox::new(vec!["/nowhere/at/all".into()]);
    assert!(denial(&gone, "x").contains("/nowhere/at/all does not exist"));
}

#[test]
fn fifo_socket_and_device_are_refused_without_waiting() {
    let (place, sandbox) = setup();
    let allowed = place.path().join("allowed");
    let made = std::process::Command::new("mkfifo").arg(allowed.join("fifo")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(allowed.join("socket")).unwrap();
    let began = Instant::now();
    for path in ["fifo", "socket"] {
        assert!(denial(&sandbox, path).contains("is not a regular file"), "{path}");
    }
    let devices = Sandbox::new(vec!["/dev".into()]);
    assert!(denial(&devices, "zero").contains("is not a regular file"));
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// The attack that a check of the path alone loses: the name means one file when it is checked, another when it is opened.
#[test]
fn file_swapped_between_check_and_opening_is_never_read() {
    // The directory is removed at the end, when `place` is dropped.
    let (place, sandbox) = setup();
    let root = place.path().to_path_buf();
    let allowed = root.join("allowed");
    std::fs::create_dir(allowed.join("dir")).unwrap();
    std::fs::write(allowed.join("dir/secret"), "inside").unwrap();
    // Inside, and denied by their names: only a link that is followed leads there.
    for path in [".env.local", "sub/.ssh/secret"] {
        std::fs::write(allowed.join(path), OUTSIDE).unwrap();
    }
    let made = std::process::Command::new("mkfifo").arg(allowed.join("fifo")).status().unwrap();
    assert!(made.success());
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let (root, stop) = (root.clone(), Arc::clone(&stop));
        move || swap(&root, &stop)
    });
    // A broken sandbox would block on the FIFO for ever: it runs on a thread of its own, which the test does not join.
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let (began, mut read_well) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(1) {
            for path in ["file", "dir/secret"] {
                if let Ok(mut opened) = sandbox.open(path) {
                    let mut text = String::new();
                    opened.file.read_to_string(&mut text).unwrap();
                    if text == OUTSIDE {
                        let _ = sender.send(Err(path));
                        return;
                    }
                    read_well += 1;
                }
            }
        }
        let _ = sender.send(Ok(read_well));
    });
    let received = receiver.recv_timeout(Duration::from_secs(30));
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    let read_well = received.expect("blocked on a FIFO").expect("a file outside was read");
    assert!(read_well > 0, "nothing was read at all, so nothing was tried");
}

/// Replaces a file by a link and a FIFO in turn, and a directory by a link.
fn swap(root: &Path, stop: &AtomicBool) {
    let allowed = root.join("allowed");
    let (name, spare) = (allowed.join("file"), allowed.join("spare"));
    let (dir, away) = (allowed.join("dir"), allowed.join("away"));
    let mut turn = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        match turn % 5 {
            0 | 2 => std::fs::write(&spare, "inside").unwrap(),
            1 => symlink(root.join("outside/secret"), &spare).unwrap(),
            3 => symlink(".env.local", &spare).unwrap(),
            _ => std::fs::hard_link(allowed.join("fifo"), &spare).unwrap(),
        }
        std::fs::rename(&spare, &name).unwrap();
        // And the directory above a file.
        std::fs::rename(&dir, &away).unwrap();
        let target = if turn.is_multiple_of(2) { root.join("outside") } else { "sub/.ssh".into() };
        symlink(target, &dir).unwrap();
        std::fs::remove_file(&dir).unwrap();
        std::fs::rename(&away, &dir).unwrap();
        turn += 1;
    }
}

/// Components of paths that have a meaning on some system.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just(String::new()),
        proptest::sample::select(vec![
            "a.txt",
            "sub",
            "b.txt",
            "out",
            "secret",
            "deep",
            "within",
            "root",
            "link.txt",
            "loop",
            ".env",
            "plain.txt",
            "outside",
            "allowed",
            "%2e%2e",
            "~",
            "etc",
            "passwd",
            "..\u{200c}",
            "．．",
            "\\..\\",
            "a.txt\0",
            "C:",
            "\\\\?\\",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ]
}

proptest! {
    #[test]
    fn no_generated_path_opens_file_outside(
        start in prop_oneof![Just(0), Just(1), Just(2), Just(3), Just(4)],
        parts in proptest::collection::vec(part(), 0..8),
    ) {
        thread_local!(static PLACE: (TempDir, Sandbox) = setup());
        PLACE.with(|(place, sandbox)| {
            let root = place.path().to_str().unwrap();
            let start = ["", "/", "file://", &format!("{root}/allowed/"), &format!("file://{root}/allowed/")][start].to_owned();
            let path = start + &parts.join("/");
            if let Ok(mut opened) = sandbox.open(&path) {
                let mut text = String::new();
                opened.file.read_to_string(&mut text).unwrap();
                assert_eq!(text, "inside", "{path:?}");
                assert!(!opened.name.contains(".env") && !opened.name.contains("plain.txt"), "{path:?}");
            }
        });
    }
}
