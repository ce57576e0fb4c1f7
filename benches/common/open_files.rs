//! The limit on open files, which thousands of connections exceed.

use std::process::Command;

/// Enough for two sockets of each of a thousand streams, on this side and on that of the server.
const MAX_FILES: &str = "8192";
/// Set in the process that has the limit.
const MARK: &str = "BENCH_HAS_FILES";

/// Starts this program again with a higher limit, which its children inherit. It returns in that process only.
pub(crate) fn raise_limit() {
    if std::env::var_os(MARK).is_some() {
        return;
    }
    let again = Command::new("sh")
        .args(["-c", &format!("ulimit -n {MAX_FILES}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .status();
    std::process::exit(again.unwrap().code().unwrap_or(1));
}
