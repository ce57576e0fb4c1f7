//! Linux, macOS and other Unix systems.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the first SIGTERM or SIGINT.
pub async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be caught");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Makes a write beyond the user's limit for the size of a file fail instead of ending the process. Call it inside the
/// runtime.
pub fn survive_file_size_limit() {
    // The handler replaces the default action. It stays installed when its stream is dropped.
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    if let Err(error) = signal(kind) {
        tracing::warn!(%error, "a write beyond the limit for a file's size ends the process");
    }
}

/// Resolves when the reader of stdout has closed its end. Never for a file, a terminal, or where
/// the system cannot tell.
///
/// A write would fail, but nothing may be written for minutes while a model works, and the model
/// should stop when its reader has gone. So the descriptor is polled.
pub async fn stdout_hung_up() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // A thread of its own, which ends with the process: on a blocking thread of the runtime, an endless wait would
    // keep the runtime from shutting down.
    let watcher =
        std::thread::Builder::new().name("stdout-watch".to_owned()).stack_size(64 * 1024).spawn(move || {
            if wait_for_hangup() {
                // The server may have ended already.
                let _ = sender.send(());
            }
        });
    if watcher.is_err() || receiver.await.is_err() {
        std::future::pending().await
    }
}

/// Whether anyone but the owner has rights on a file; `false` if it does not exist.
pub fn is_open_to_others(path: &Path) -> bool {
    mode_of(path).is_some_and(|mode| mode & 0o077 != 0)
}

/// Creates a directory, and missing ones above it, without rights for others.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a file if it does not exist, and removes the rights of others. An existing file is not opened: closing it
/// would drop the locks of this process on it (POSIX). A link is refused: the rights of its target are not ours to change.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => drop(made?),
    }
    let found = std::fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link"));
    }
    let mut permissions = found.permissions();
    if !found.is_file() || permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    std::fs::set_permissions(path, permissions)
}

/// Writes the names of a directory to the disk: a file that was renamed there stays after a power failure.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Identifies the file at a path, so that a replacement is noticed.
pub fn file_identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Whether an open file is the one at a path.
pub fn is_file_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().is_ok_and(|open| file_identity(path) == Some((open.dev(), open.ino())))
}

/// The rights on a file or directory, as in `chmod`; `None` if it does not exist.
pub fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// Gives a file to the owner of the one that it will replace, so that a file that root edits stays its user's.
pub fn keep_owner(file: &File, of: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let found = file.metadata()?;
    if (found.uid(), found.gid()) == (of.uid(), of.gid()) {
        return Ok(());
    }
    match fchown(file, Some(of.uid()), Some(of.gid())) {
        Err(_) if found.uid() == of.uid() => Ok(()), // of a group that the user is not in
        Err(_) => Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user")),
        Ok(()) => Ok(()),
    }
}

/// The rights on a new file that others may read, as far as the user's umask allows.
pub fn shared_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(Permissions::from_mode(0o666))
}

/// Options that do not block on a FIFO.
pub(crate) fn never_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
}

/// The file that processes lock before they change files of a folder: the folder itself, so no file is left behind.
pub fn lock_folder(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    File::options().read(true).custom_flags(flags).open(folder)
}

/// Limits the memory (bytes) and the processor time (seconds) of this process, and disables core dumps. A system that
/// cannot do so continues without.
pub fn bound_process(memory: u64, seconds: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    for (resource, most) in [(Resource::As, memory), (Resource::Cpu, seconds), (Resource::Core, 0)] {
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
}

/// Whether an operation failed because this process, or the system, has no file descriptor left.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(errno, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

/// Ends this process when the thread that started it ends, if the system supports it.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    // If it is refused, the end of the input ends the process.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// The number of the user who runs this; `None` on systems without such numbers.
pub fn user_id() -> Option<u32> {
    Some(rustix::process::getuid().as_raw())
}

/// The name of this machine.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Free bytes for a user on the disk of a directory.
pub fn free_space(directory: &Path) -> io::Result<u64> {
    let stats = rustix::fs::statvfs(directory)?;
    Ok(stats.f_bavail.saturating_mul(stats.f_frsize))
}

/// Waits for the hang-up; `false` if the descriptor cannot be polled.
fn wait_for_hangup() -> bool {
    // Linux wakes a poll for no event when the other end closes; other systems are polled each second.
    let timeout = (!cfg!(target_os = "linux")).then_some(Timespec { tv_sec: 1, tv_nsec: 0 });
    let stdout = std::io::stdout();
    loop {
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
        let [watched] = &watched;
        let found = watched.revents();
        if found.intersects(PollFlags::ERR | PollFlags::HUP) {
            return true;
        }
        if found.intersects(PollFlags::NVAL) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_of_existing_directory_is_known() {
        assert!(free_space(Path::new("/")).is_ok());
        assert!(free_space(Path::new("/no/such/directory")).is_err());
    }
}
