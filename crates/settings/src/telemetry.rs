//! What is logged, and where to.

use std::path::PathBuf;

use super::registry::{LOG, LOG_FILE, NO_COLOR};
use super::setting::group;

group! {
    /// Logging.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TelemetrySettings {
        /// A filter of levels and `target=level` pairs, checked here.
        pub log: String = LOG,
        /// A file that gets the log too.
        pub log_file: Option<PathBuf> = LOG_FILE,
        pub no_color: bool = NO_COLOR,
    }
}
