//! What is logged, and where to.

use std::path::PathBuf;

use super::registry;
use super::setting::group;

group! {
    /// Logging.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TelemetrySettings {
        /// A filter of levels and `target=level` pairs, checked here.
        pub log: String = registry::LOG,
        /// A file that gets the log too.
        pub log_file: Option<PathBuf> = registry::LOG_FILE,
        pub no_color: bool = registry::NO_COLOR,
    }
}
