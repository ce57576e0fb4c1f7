//! The process that listens on a port, where the system tells (Linux, in /proc).

use std::fmt;
use std::fs;
use std::path::Path;

/// The state of a socket that listens, in /proc/net/tcp.
const LISTEN: &str = "0A";

/// A process that listens. Of another user's process only that user is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listener {
    user: u32,
    process: Option<(u32, String)>,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            Some((id, name)) => write!(f, "process {id}, {name}, of user {}", self.user),
            None => write!(f, "a process of user {}", self.user),
        }
    }
}

/// The first process that listens on a port over IPv4 or IPv6; `None` where none does, or the system does not tell.
pub(super) fn on_port(port: u16) -> Option<Listener> {
    let (user, inode) = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().find_map(|line| listening(line, port))
    })?;
    Some(Listener { user, process: process_with(&inode) })
}

/// The user and the inode of a line of the table, if its socket listens on this port.
fn listening(line: &str, port: u16) -> Option<(u32, String)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, user, _, inode, ..] = fields.as_slice() else { return None };
    let (_, found) = local.rsplit_once(':')?;
    let is_it = *state == LISTEN && u16::from_str_radix(found, 16) == Ok(port);
    if is_it { Some((user.parse().ok()?, (*inode).to_owned())) } else { None }
}

/// The process that has a socket open, with its name. Only one of this user's processes is found.
fn process_with(inode: &str) -> Option<(u32, String)> {
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|entry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let mut files = fs::read_dir(entry.path().join("fd")).ok()?.flatten();
        let has_it = files.any(|file| fs::read_link(file.path()).is_ok_and(|to| to == Path::new(&socket)));
        let name = || fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        has_it.then(|| (id, name().trim().to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_line_is_told_from_others() {
        let line = "   2: 0100007F:131B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 24680 1";
        assert_eq!(listening(line, 4891), Some((1000, "24680".to_owned())));
        assert_eq!(listening(line, 4892), None);
        assert_eq!(listening(&line.replace(" 0A ", " 01 "), 4891), None);
        assert_eq!(listening("  sl  local_address rem_address", 4891), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn own_socket_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = on_port(socket.local_addr().unwrap().port()).unwrap();
        assert_eq!(found.process.unwrap().0, std::process::id());
    }
}
