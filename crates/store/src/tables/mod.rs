//! The tables of a server for several callers, written once over [`crate::database`].

mod accounts;
mod uploads;
mod usage;

pub use accounts::Accounts;
pub use uploads::{Upload, UploadCount, UploadFilter, Uploads};
pub use usage::Usage;
