//! What the table says of a host.

use std::time::Duration;

use super::docs::HostDocs;
use super::names::{self, Names, plain};
use super::table::HOSTS;

/// The variable that some hosts replace by the open folder.
pub const WORKSPACE: &str = "${workspaceFolder}";

/// A program that starts MCP servers.
#[derive(Debug)]
pub struct Host {
    /// The name for `--host`.
    pub id: &'static str,
    /// The name of the program, for users.
    pub title: &'static str,
    /// Other names that users try for `--host`, in letters and digits alone, lower case.
    pub aliases: &'static [&'static str],
    pub format: Format,
    /// The key of the file that holds the servers.
    pub key: &'static str,
    pub shape: Shape,
    /// The other fields of an entry, besides command, arguments and environment.
    pub fields: &'static [(&'static str, &'static str)],
    /// An entry of a server at an address.
    pub remote: Remote,
    /// The user's file: the first that exists, otherwise the first. Empty if the host has no file.
    pub user: &'static [ConfigPath],
    /// Whether to use all files of `user` that exist, since each is read by another edition of the program.
    pub all_paths: bool,
    /// The file of a project, relative to its folder.
    pub project: Option<&'static str>,
    /// The variable that moves the user's file to the folder it names.
    pub variable: Option<&'static str>,
    /// Other files and folders that exist if the host is installed.
    pub traces: &'static [&'static str],
    /// Whether it replaces [`WORKSPACE`]. The others pass it on as it is, and the server does not start.
    pub fills_in_workspace: bool,
    /// What its `clientInfo.name` begins with, in letters and digits alone, lower case. Another edition of a program is
    /// recognized by the name of the first.
    pub client_names: &'static [&'static str],
    /// `None` where no limit of its own is known.
    pub call_timeout: Option<CallTimeout>,
    /// Where the rest is documented.
    pub source: &'static str,
    pub docs: HostDocs,
}

/// When a host stops waiting for a call.
#[derive(Debug)]
pub struct CallTimeout {
    pub limit: CallLimit,
    /// Where the limit is documented.
    pub source: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallLimit {
    Never,
    /// This long after the start of the call, whatever progress comes.
    After(Duration),
    /// This long after the last progress notification.
    SinceProgress(Duration),
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, with comments, which are preserved.
    Json,
    Toml,
}

/// How an entry names its program and its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `command`, `args` and `env`.
    CommandAndArgs,
    /// `command` is a list of the program and its arguments, and the variables are `environment`.
    CommandList,
}

impl Shape {
    pub(super) fn env(self) -> &'static str {
        match self {
            Self::CommandAndArgs => "env",
            Self::CommandList => "environment",
        }
    }
}

/// Whether a host connects to a server at an address, over MCP's Streamable HTTP.
#[derive(Debug)]
pub enum Remote {
    Entry(RemoteShape),
    /// It does not, as far as its file goes.
    Refused {
        /// What to do instead, in sentences.
        instead: &'static str,
    },
}

/// How an entry names an address and its key.
#[derive(Debug)]
pub struct RemoteShape {
    /// The field of the address. A second one is for another edition of the program that reads the same file.
    pub url: &'static [&'static str],
    /// The other fields of an entry, such as its type.
    pub fields: &'static [(&'static str, &'static str)],
    /// The field of the HTTP headers.
    pub headers: &'static str,
    pub key: KeyReference,
    /// Where all of this is documented.
    pub source: &'static str,
}

/// How an entry refers to a key in the host's environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyReference {
    /// The host replaces a variable in a header: what stands before its name, and after.
    InHeader(&'static str, &'static str),
    /// A field of the entry has the name of the variable.
    Field(&'static str),
    /// It cannot.
    Impossible,
}

/// A path on each system, from `~`, `$config` (`XDG_CONFIG_HOME`), `$appdata` or `$local` on; `*` at the end
/// of a name matches the rest of it. Empty if there is none.
#[derive(Debug)]
pub struct ConfigPath {
    pub linux: &'static str,
    pub macos: &'static str,
    pub windows: &'static str,
}

impl Host {
    pub fn of(id: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.id == id)
    }

    /// The hosts that an unknown name may mean, the likeliest first.
    pub fn meant_by(name: &str) -> Vec<&'static str> {
        let names = |host: &Self| Names { id: host.id, title: host.title, aliases: host.aliases };
        names::meant_by(&HOSTS.iter().map(names).collect::<Vec<_>>(), name)
    }

    /// The host of a client, by the name in its `clientInfo`.
    pub fn of_client(name: &str) -> Option<&'static Self> {
        let name = plain(name);
        HOSTS.iter().find(|host| host.client_names.iter().any(|known| name.starts_with(known)))
    }

    pub fn has_file(&self) -> bool {
        !self.user.is_empty()
    }
}
