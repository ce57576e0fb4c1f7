//! Clients that use a running server as their model: what each needs, and where that is written.

mod code;
mod markdown;
mod settings_file;
mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::change::{Change, Subject};
use super::environment::Environment;
use super::error::HostsError;
use super::host::ConfigPath;
use super::names::{self, Names};

pub use markdown::connect_markdown;
pub use settings_file::SettingsFile;
pub use table::CLIENTS;

/// The name of our entry in clients that have several model servers.
pub(super) const ENTRY: &str = "ollama-mcp";

/// A program, or a library of programs, that asks models over HTTP.
#[derive(Debug)]
pub struct Client {
    /// The name on the command line.
    pub id: &'static str,
    /// The name of the program, for users.
    pub title: &'static str,
    /// Other names that users try, in letters and digits alone, lower case.
    pub aliases: &'static [&'static str],
    pub dialect: Dialect,
    pub form: Form,
    pub key: KeyUse,
    /// What to do then: one sentence, in which `{model}` stands for the model.
    pub next: &'static str,
    /// What users should know, in Markdown.
    pub note: &'static str,
    /// Where all of this is documented.
    pub source: &'static str,
}

/// The API that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Responses,
    ChatCompletions,
    Messages,
    Ollama,
}

impl Dialect {
    /// Whose API it is, and its route.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Responses => "OpenAI's Responses, /v1/responses",
            Self::ChatCompletions => "OpenAI's chat completions, /v1/chat/completions",
            Self::Messages => "Anthropic's Messages, /v1/messages",
            Self::Ollama => "Ollama's own, /api/chat",
        }
    }
}

/// How a client is told of the server.
#[derive(Debug)]
pub enum Form {
    /// By settings of a file that this program edits.
    File(SettingsFile),
    /// By a text that users paste.
    Text {
        /// Of the block in Markdown.
        language: &'static str,
        /// Where the text goes, as in "paste it into ...".
        place: &'static str,
        text: fn(&Connection) -> String,
    },
}

/// How a client gets the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// What is written names its variable or its file.
    Named,
    /// The client keeps keys itself.
    Kept {
        /// Where users enter it, in sentences.
        how: &'static str,
    },
}

/// The server that a client is to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its address without the path of a route, such as `http://127.0.0.1:4891`.
    pub base: String,
    pub model: String,
    /// All models that the client may offer, with `model` among them.
    pub models: Vec<String>,
    pub key: Option<ClientKey>,
}

/// Where the client finds the key. The key itself is never written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKey {
    /// A variable of its environment.
    Variable(String),
    /// A file with an absolute path.
    File(PathBuf),
}

impl Connection {
    /// The address below which the routes of OpenAI are.
    pub(super) fn v1(&self) -> String {
        format!("{}/v1", self.base)
    }
}

impl Client {
    pub fn of(id: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// The clients that an unknown name may mean, the likeliest first.
    pub fn meant_by(name: &str) -> Vec<&'static str> {
        let names = |client: &Self| Names { id: client.id, title: client.title, aliases: client.aliases };
        names::meant_by(&CLIENTS.iter().map(names).collect::<Vec<_>>(), name)
    }

    /// The user's file; `None` for a client that has no file which this program edits.
    pub fn file(&self, environment: &Environment) -> Option<PathBuf> {
        let settings = self.settings()?;
        environment.user_file_of(settings.user, settings.variable)
    }

    /// Where the user's file is on each system; `None` for a client that has no file which this program edits.
    pub fn path(&self) -> Option<&'static ConfigPath> {
        self.settings()?.user.first()
    }

    /// Every file that it may read for this user.
    pub(super) fn candidates(&self, environment: &Environment) -> Vec<PathBuf> {
        let settings = self.settings();
        settings.map_or_else(Vec::new, |settings| environment.candidates(settings.user, settings.variable))
    }

    /// What to paste. `chooses` makes the server the client's default, where a client has several.
    pub fn text(&self, connection: &Connection, chooses: bool) -> String {
        match &self.form {
            Form::File(settings) => settings.rendered(connection, chooses),
            Form::Text { text, .. } => text(connection),
        }
    }

    /// What to do after it was written or pasted.
    pub fn next(&self, connection: &Connection, chooses: bool) -> String {
        let next = self.settings().filter(|_| chooses).and_then(|settings| settings.next_if_chosen);
        next.unwrap_or(self.next).replace("{model}", &connection.model)
    }

    /// Whether it can be told to use another server by default.
    pub fn has_default(&self) -> bool {
        self.settings().is_some_and(|settings| settings.next_if_chosen.is_some())
    }

    /// Plans to write the settings into the user's file; `None` for a client without one.
    ///
    /// # Errors
    /// The file cannot be read, does not parse, or has something else where settings belong; it names another server,
    /// and there is no `force`.
    pub fn connect(
        &'static self,
        environment: &Environment,
        connection: &Connection,
        chooses: bool,
        force: bool,
    ) -> Result<Option<Change>, HostsError> {
        let Some((settings, file)) = self.settings().zip(self.file(environment)) else { return Ok(None) };
        Change::plan(&file, true, Subject::Settings(settings), |text| {
            settings.connected(text, connection, chooses, force).map(Some)
        })
        .map(Some)
    }

    /// Plans to take the settings out of the user's file, and to put back what they had replaced; `None` if they are not
    /// there. `base` is the address that they name, if it is not the usual one.
    ///
    /// # Errors
    /// As with [`Self::connect`].
    pub fn disconnect(
        &'static self,
        environment: &Environment,
        base: &str,
        force: bool,
    ) -> Result<Option<Change>, HostsError> {
        let Some((settings, file)) = self.settings().zip(self.file(environment)) else { return Ok(None) };
        let mut was_there = true;
        let change = Change::plan(&file, true, Subject::Settings(settings), |text| {
            let without = settings.disconnected(&file, text, base, force)?;
            was_there = without.is_some();
            Ok(without.unwrap_or_else(|| Some(text.to_owned())))
        })?;
        Ok(was_there.then_some(change))
    }

    fn settings(&self) -> Option<&SettingsFile> {
        match &self.form {
            Form::File(settings) => Some(settings),
            Form::Text { .. } => None,
        }
    }
}
