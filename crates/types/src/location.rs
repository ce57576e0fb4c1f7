//! Where a model runs.

/// Where a model runs, and so where the data goes that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    Local,
    /// On the machine with this address.
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
