//! Where a model runs.

/// Where a model runs, and so where everything goes that is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On this machine.
    Local,
    /// On another one: its address.
    Remote(String),
}

impl Location {
    /// `local`, or the host.
    pub fn describe(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Remote(host) => host,
        }
    }
}
