//! Notices that nobody reads stdout any more.
//!
//! A write would tell, but nothing may be written for minutes while a model works, and the model
//! should stop when its reader has gone. So the descriptor is watched for its other end.

/// Resolves when the reader of stdout has closed its end. Never for a file, a terminal, or where
/// the system cannot tell.
#[cfg(unix)]
pub(crate) async fn stdout_hung_up() {
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own, which ends with the process: a wait without end would keep a runtime's
    // blocking thread from ending.
    let watcher =
        std::thread::Builder::new().name("stdout-watch".to_owned()).stack_size(64 * 1024).spawn(move || {
            if wait_for_hangup() {
                // The server may have ended already.
                let _ = tell.send(());
            }
        });
    if watcher.is_err() || told.await.is_err() {
        std::future::pending().await
    }
}

/// Waits; `false` where the descriptor cannot be watched.
#[cfg(unix)]
fn wait_for_hangup() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    // Linux wakes a wait for no event when the other end closes; other systems are asked each second.
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

/// Resolves when the reader of stdout has closed its end: not told by this system.
#[cfg(not(unix))]
pub(crate) async fn stdout_hung_up() {
    std::future::pending().await
}
