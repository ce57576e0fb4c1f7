//! The address of a PostgreSQL server: a URL as libpq takes it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use url::form_urlencoded;

/// How long connecting may take, unless the URL has another limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the server's machine may be silent before a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(10);
/// PostgreSQL cuts longer names of applications.
const MAX_APPLICATION_NAME: usize = 63;

/// What is wrong with an address. It quotes no value, since any part may be the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(super) String);

/// Where the server is, and how to connect to it.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    /// Certificates of authorities in addition to those of the system.
    pub(super) root_certificates: Option<PathBuf>,
    /// Host, port and database, for errors.
    pub(super) name: String,
}

/// Without the password, which `Config` hides, too.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Address {
    /// Reads a URL; `password` is that of a URL without one, and `instance` is what the server shows as the name of the
    /// application.
    pub(super) fn parse(url: &str, password: Option<&str>, instance: &str) -> Result<Self, AddressError> {
        let (head, query) = url.split_once('?').unwrap_or((url, ""));
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        let mut root_certificates = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                // The certificate and the name are checked whenever TLS is required.
                ("sslmode", "verify-ca" | "verify-full") => {
                    parameters.append_pair("sslmode", "require");
                }
                ("sslmode", "allow") => {
                    parameters.append_pair("sslmode", "prefer");
                }
                ("sslrootcert", "system") => {}
                ("sslrootcert", path) => root_certificates = Some(PathBuf::from(path)),
                ("sslcert" | "sslkey" | "sslpassword" | "passfile" | "service", _) => {
                    return Err(AddressError(format!("the parameter {name} is not supported")));
                }
                (name, value) => {
                    parameters.append_pair(name, value);
                }
            }
        }
        // tokio-postgres decodes percent signs only, not the plus sign of a form.
        let query = parameters.finish().replace('+', "%20");
        let mut config: Config = format!("{head}?{query}").parse().map_err(|error| wrong(&error))?;
        if let Some(password) = password {
            if config.get_password().is_some() {
                return Err(AddressError(
                    "it has a password, and there is a file with one, too; leave out one of them".to_owned(),
                ));
            }
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE / 3).keepalives_retries(3);
        let mut application = format!("{}{instance}", super::APPLICATION);
        let end = (0..=MAX_APPLICATION_NAME.min(application.len()))
            .rev()
            .find(|end| application.is_char_boundary(*end));
        application.truncate(end.unwrap_or(0));
        config.application_name(application);
        let name = name(&config);
        Ok(Self { config, root_certificates, name })
    }

    /// Whether the certificate of the server must be valid. With `prefer`, which also accepts no TLS at all, it need not.
    pub(super) fn checks_certificate(&self) -> bool {
        !matches!(self.config.get_ssl_mode(), SslMode::Prefer | SslMode::Disable)
    }
}

fn wrong(error: &tokio_postgres::Error) -> AddressError {
    // The cause names the parameter, and quotes its name only.
    let cause = std::error::Error::source(error).map(ToString::to_string);
    AddressError(match cause {
        Some(cause) if cause.starts_with("unknown option") || cause.starts_with("invalid value for option") => {
            cause
        }
        _ => "it must have the form postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters as %XX".to_owned(),
    })
}

fn name(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts: Vec<_> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| match host {
            Host::Tcp(name) => {
                let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
                format!("{name}:{port}")
            }
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("PostgreSQL at {}, database {database:?}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_named_without_user_and_password() {
        let address = Address::parse("postgres://ann:s3cret@db.example.org/chats", None, "a").unwrap();
        assert_eq!(address.name, "PostgreSQL at db.example.org:5432, database \"chats\"");
        assert_eq!(address.config.get_application_name(), Some("ollama-mcp a"));
        assert!(!format!("{address:?}").contains("s3cret"));
    }

    #[test]
    fn password_beside_url_is_taken_where_url_has_none() {
        let password = "p%40 ss/w:rd";
        let address = Address::parse("postgres://ann@db/chats", Some(password), "a").unwrap();
        assert_eq!(address.config.get_password(), Some(password.as_bytes()));
        assert!(!format!("{address:?}").contains(password));
        for url in ["postgres://ann:s3cret@db/chats", "postgres://ann@db/chats?password=s3cret"] {
            let error = Address::parse(url, Some(password), "a").unwrap_err().to_string();
            assert!(error.contains("leave out one") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn ssl_mode_decides_whether_certificate_is_checked() {
        for (query, is_checked) in [
            ("", false),
            ("?sslmode=disable", false),
            ("?sslmode=prefer", false),
            ("?sslmode=allow", false),
            ("?sslmode=require", true),
            ("?sslmode=verify-ca", true),
            ("?sslmode=verify-full&sslrootcert=/ca.pem", true),
        ] {
            let address = Address::parse(&format!("postgresql://db/chats{query}"), None, "a").unwrap();
            assert_eq!(address.checks_certificate(), is_checked, "{query}");
            assert_eq!(address.root_certificates.is_some(), query.contains("ca.pem"));
        }
    }

    #[test]
    fn wrong_addresses_are_refused_without_quoting_them() {
        for (url, problem) in [
            ("postgres://ann:s3cret@db:x/chats", "invalid value for option `port`"),
            ("s3cret", "must have the form"),
            ("postgres://db/chats?sslmode=s3cret", "invalid value for option `sslmode`"),
            ("postgres://db/chats?s3=s3cret", "unknown option `s3`"),
            ("postgres://db/chats?sslkey=s3cret", "sslkey is not supported"),
        ] {
            let error = Address::parse(url, None, "a").unwrap_err().to_string();
            assert!(error.contains(problem) && !error.contains("s3cret"), "{error}");
        }
    }
}
