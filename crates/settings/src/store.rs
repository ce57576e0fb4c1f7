//! What is stored, and where.

use std::path::PathBuf;

use super::error::SettingsError;
use super::parse::Problem;
use super::registry;
use super::resolver::{Found, Resolver};
use super::secret::Secret;
use super::setting::{Computed, group};
use super::sources::ServeSources;

group! {
    /// Where conversations are stored, and all else.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StoreSettings {
        /// `OLLAMA_MCP_DATA_DIR`, or the system's own directory; it need not exist yet.
        pub data_dir: Option<PathBuf> = Computed(data_dir),
        /// The URL of a PostgreSQL database; `None`: SQLite in [`Self::data_dir`].
        pub database_url: Option<Secret> = Computed(url),
        /// A file with the password for [`Self::database_url`].
        pub database_password_file: Option<PathBuf> = registry::DATABASE_PASSWORD_FILE,
        /// Whether the index of files is kept on disk.
        pub index: bool = registry::INDEX,
    }
}

impl StoreSettings {
    /// Refuses a password without a database: what is to be in that database would go to a file.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.database_password_file.is_some() && self.database_url.is_none() {
            return Err(SettingsError::Missing {
                setting: registry::DATABASE_URL.env,
                problem: format!(
                    "{} has the password of a database; set the URL to postgres://USER@HOST:PORT/DATABASE",
                    registry::DATABASE_PASSWORD_FILE.env
                ),
            });
        }
        Ok(())
    }
}

fn data_dir(resolver: &mut Resolver<'_>) -> Result<Option<PathBuf>, SettingsError> {
    Ok(resolver.get(&registry::DATA_DIR)?.or_else(|| resolver.system_data_dir()))
}

/// The URL, or that of its other name for `serve`.
fn url(resolver: &mut Resolver<'_>) -> Result<Option<Secret>, SettingsError> {
    let (main, other) = (&registry::DATABASE_URL, &registry::SERVE_DATABASE_URL);
    let own = resolver.get(main)?;
    if resolver.serve_sources() != ServeSources::AllNames {
        return Ok(own);
    }
    let found = resolver.find(other)?;
    resolver.record(other, found.as_ref());
    match found {
        Some(found) if own.is_none() && names_sqlite(&found) => {
            resolver.warn(format!(
                "{} names SQLite and is ignored: SQLite's file is in the data directory, see {}",
                other.env,
                registry::DATA_DIR.env
            ));
            Ok(None)
        }
        Some(found) if own.is_none() => found.parse(other, database_url).map(Some),
        _ => Ok(own),
    }
}

fn names_sqlite(found: &Found) -> bool {
    found.text.trim_start().to_ascii_lowercase().starts_with("sqlite")
}

/// A URL of PostgreSQL. The driver of SQLAlchemy's URLs (`postgresql+asyncpg://`) is left out; the rest is checked by the
/// client of the database.
pub(super) fn database_url(text: &str) -> Result<Secret, Problem> {
    let problem = || {
        let data_dir = registry::DATA_DIR.env;
        Problem::new(format!(
            "must have the form postgres://USER:PASSWORD@HOST:PORT/DATABASE; for SQLite unset it, and set {data_dir} to \
             choose its directory"
        ))
    };
    let (scheme, rest) = text.trim().split_once("://").ok_or_else(problem)?;
    let name = scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
    match name == "postgres" || name == "postgresql" {
        true => Ok(Secret::new(format!("postgresql://{rest}"))),
        false => Err(problem()),
    }
}
