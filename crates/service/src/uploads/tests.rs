//! Uploads on a real directory and database: owners, quotas, interruptions, sweeps.

use std::path::Path;
use std::time::{Duration, SystemTime};

use store::Store;
use tempfile::TempDir;
use types::Owner;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

struct World {
    home: TempDir,
    uploads: Arc<Uploads>,
}

impl World {
    fn new(change: impl FnOnce(&mut UploadSettings)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let uploads = uploads_in(home.path(), "uploads", change);
        Self { home, uploads }
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("uploads")
    }

    /// The names of the files, but for the one of the directory.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != directory::ID_FILE).collect();
        names.sort();
        names
    }

    async fn send(&self, of: &Caller, name: &str, bytes: &[u8]) -> Result<Upload, ServiceError> {
        let mut incoming = self.uploads.receive(of).await?;
        incoming.write(bytes).await?;
        incoming.finish(name, "user_data", None).await
    }

    async fn sweep(&self, now: SystemTime) {
        self.uploads.0.as_ref().unwrap().sweep(now).await.unwrap();
    }
}

fn uploads_in(home: &Path, directory: &str, change: impl FnOnce(&mut UploadSettings)) -> Arc<Uploads> {
    let mut settings = UploadSettings {
        table: Store::sqlite(Some(home.to_owned())).uploads(),
        directory: home.join(directory),
        max_bytes: 1 << 20,
        quota: 2 << 20,
        ttl: Some(24 * HOUR),
    };
    change(&mut settings);
    Uploads::new(Some(settings), None)
}

fn caller(name: &str) -> Caller {
    Caller::new(Owner::new(name).unwrap())
}

fn set_age(path: &Path, age: Duration) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[tokio::test]
async fn file_comes_back_for_its_owner_alone() {
    let world = World::new(|_| {});
    let (ann, bob) = (caller("ann"), caller("bob"));
    let sent = world.send(&ann, "../notes.txt", b"hello").await.unwrap();
    assert!(is_upload_id(&sent.id), "{sent:?}");
    assert_eq!((sent.name.as_str(), sent.bytes), ("notes.txt", 5));
    assert_eq!(sent.media_type, "text/plain; charset=utf-8");
    assert!(sent.filename.ends_with("_notes.txt") && !sent.filename.contains('/'));
    let found = world.uploads.get(&ann, "id", &sent.id).await.unwrap();
    assert_eq!(world.uploads.by_filename(&ann, &sent.filename).await.unwrap().id, found.id);
    let mut bytes = String::new();
    std::io::Read::read_to_string(&mut world.uploads.open(&found).await.unwrap(), &mut bytes).unwrap();
    assert_eq!(bytes, "hello");
    for wrong in [
        world.uploads.get(&bob, "id", &sent.id).await.unwrap_err(),
        world.uploads.by_filename(&bob, &sent.filename).await.unwrap_err(),
        world.uploads.delete(&bob, &sent.id).await.unwrap_err(),
        world.uploads.attach(&bob, "attachments", vec![sent.id.clone()]).await.unwrap_err(),
        world.uploads.get(&ann, "id", "../../conversations.db").await.unwrap_err(),
    ] {
        assert_eq!(wrong.code, ErrorCode::FileNotFound, "{wrong:?}");
        crate::error::tests::assert_names_no_front(&wrong);
    }
    world.uploads.delete(&ann, &sent.id).await.unwrap();
    assert_eq!(world.files(), Vec::<String>::new());
    assert_eq!(world.uploads.get(&ann, "id", &sent.id).await.unwrap_err().code, ErrorCode::FileNotFound);
}

#[cfg(unix)]
#[tokio::test]
async fn others_on_machine_cannot_read_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new(|_| {});
    let sent = world.send(&caller("ann"), "a", b"hello").await.unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.directory()), 0o700);
    for name in [sent.id.as_str(), directory::ID_FILE] {
        assert_eq!(mode(world.directory().join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn interrupted_file_leaves_nothing() {
    let world = World::new(|_| {});
    let ann = caller("ann");
    let mut incoming = world.uploads.receive(&ann).await.unwrap();
    incoming.write(&vec![b'x'; 600 << 10]).await.unwrap();
    assert_eq!(world.files().len(), 1);
    drop(incoming);
    assert_eq!(world.files(), Vec::<String>::new());
    // It does not count any more.
    for _ in 0..2 {
        world.send(&ann, "a", &vec![b'x'; 1 << 20]).await.unwrap();
    }
}

#[tokio::test]
async fn file_beyond_its_limit_is_refused_and_removed() {
    let world = World::new(|_| {});
    let error = world.send(&caller("ann"), "a", &vec![b'x'; (1 << 20) + 1]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::FileTooLarge);
    assert_eq!(world.files(), Vec::<String>::new());
}

#[tokio::test]
async fn quota_counts_files_that_are_being_sent() {
    let world = World::new(|_| {});
    let (ann, bob) = (caller("ann"), caller("bob"));
    let full = vec![b'x'; 1 << 20];
    let mut first = world.uploads.receive(&ann).await.unwrap();
    first.write(&full).await.unwrap();
    let mut second = world.uploads.receive(&ann).await.unwrap();
    second.write(&full).await.unwrap();
    let mut third = world.uploads.receive(&ann).await.unwrap();
    assert_eq!(third.write(b"x").await.unwrap_err().code, ErrorCode::QuotaExceeded);
    drop(third);
    world.send(&bob, "a", &full).await.unwrap();
    first.finish("a", "user_data", None).await.unwrap();
    second.finish("b", "user_data", None).await.unwrap();
    let refused = world.uploads.receive(&ann).await.map(drop).unwrap_err();
    assert_eq!(refused.code, ErrorCode::QuotaExceeded);
    crate::error::tests::assert_names_no_front(&refused);
}

#[tokio::test]
async fn database_refuses_what_two_processes_send_beyond_quota() {
    let world = World::new(|_| {});
    let other = uploads_in(world.home.path(), "uploads", |_| {});
    let ann = caller("ann");
    let full = vec![b'x'; 1 << 20];
    world.send(&ann, "a", &full).await.unwrap();
    let mut one = world.uploads.receive(&ann).await.unwrap();
    let mut two = other.receive(&ann).await.unwrap();
    one.write(&full).await.unwrap();
    two.write(&full).await.unwrap();
    let (one, two) = tokio::join!(one.finish("b", "user_data", None), two.finish("c", "user_data", None));
    let refused = if one.is_ok() { two } else { one };
    assert_eq!(refused.unwrap_err().code, ErrorCode::QuotaExceeded);
    assert_eq!(world.files().len(), 2);
}

#[tokio::test]
async fn sweep_removes_what_nobody_will_fetch() {
    let world = World::new(|_| {});
    let ann = caller("ann");
    let kept = world.send(&ann, "kept", b"1").await.unwrap();
    let mut incoming = world.uploads.receive(&ann).await.unwrap();
    incoming.write(b"2").await.unwrap();
    let expired = incoming.finish("expired", "user_data", Some(HOUR)).await.unwrap();
    let lost = world.send(&ann, "lost", b"3").await.unwrap();
    std::fs::remove_file(world.directory().join(&lost.id)).unwrap();
    let orphan = format!("{PREFIX}{}", "0".repeat(32));
    for name in [orphan.as_str(), "partial-1", "foreign.txt"] {
        std::fs::write(world.directory().join(name), "x").unwrap();
    }
    world.sweep(SystemTime::now()).await;
    assert_eq!(world.files().len(), 5, "all of them are young: {:?}", world.files());

    for name in [&orphan, "partial-1", "foreign.txt"] {
        set_age(&world.directory().join(name), 2 * HOUR);
    }
    world.sweep(SystemTime::now() + HOUR + Duration::from_secs(5)).await;
    assert_eq!(world.files(), [kept.id.as_str(), "foreign.txt"].map(str::to_owned));
    for gone in [&expired, &lost] {
        assert!(world.uploads.get(&ann, "id", &gone.id).await.is_err());
    }
    assert!(world.uploads.get(&ann, "id", &kept.id).await.is_ok());
}

#[tokio::test]
async fn server_with_another_directory_takes_no_file_and_removes_no_row() {
    let world = World::new(|_| {});
    let ann = caller("ann");
    let sent = world.send(&ann, "a", b"1").await.unwrap();
    let other = uploads_in(world.home.path(), "elsewhere", |_| {});
    let error = other.receive(&ann).await.map(drop).unwrap_err();
    assert!(error.message.contains("elsewhere") && error.code == ErrorCode::StorageFailed, "{error:?}");
    let late = SystemTime::now() + 2 * HOUR;
    assert!(other.0.as_ref().unwrap().sweep(late).await.is_err());
    world.sweep(late).await;
    assert!(world.uploads.get(&ann, "id", &sent.id).await.is_ok());
    // Where no file is kept, the directory may change.
    world.uploads.delete(&ann, &sent.id).await.unwrap();
    assert!(other.receive(&ann).await.is_ok());
}

#[tokio::test]
async fn server_without_uploads_makes_no_directory() {
    let world = World::new(|_| {});
    assert!(world.uploads.list(&caller("ann"), UploadFilter::default(), 9).await.unwrap().items.is_empty());
    world.sweep(SystemTime::now()).await;
    assert!(!world.directory().exists());
    let none = Uploads::new(None, None);
    assert_eq!(none.receive(&caller("ann")).await.map(drop).unwrap_err().code, ErrorCode::Unsupported);
    let attached = none.attach(&caller("ann"), "attachments", vec!["file-1".to_owned()]).await;
    assert_eq!(attached.unwrap_err().code, ErrorCode::FileNotFound);
}
