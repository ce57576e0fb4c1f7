//! Suggestions for commands that do not exist.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use text::similar::nearest_word;

use super::{USAGE, output};

/// Names that users try for commands.
const SYNONYMS: [(&str, &str); 10] = [
    ("ask", "try"),
    ("run", "chat"),
    ("test", "try"),
    ("check", "doctor"),
    ("status", "doctor"),
    ("add", "install"),
    ("setup", "install"),
    ("remove", "uninstall"),
    ("hosts", "list-hosts"),
    ("clients", "connect"),
];

/// Names that users try for one of the two servers.
const SERVES: [&str; 2] = ["server", "start"];

/// Prints the error of the command line, or the requested help, and ends the process.
pub(super) fn exit(error: &Error, command: &Command) -> ! {
    if let Some(typed) = unknown_command(error, command) {
        output::note(&format!("error: unknown command '{typed}'\n\n"));
        if SERVES.contains(&typed.as_str()) {
            output::note(
                "  tip: without a command, ollama-mcp serves MCP on stdin and stdout; 'ollama-mcp serve' serves HTTP\n\n",
            );
        } else if let Some(meant) = meant(&typed, command) {
            output::note(&format!("  tip: did you mean '{meant}'?\n\n"));
        }
        output::note("For more information, try '--help'.\n");
        std::process::exit(USAGE.into());
    }
    error.exit()
}

/// The word in place of a command, if it is not a command.
fn unknown_command(error: &Error, command: &Command) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_command = |word: &String| command.find_subcommand(word).is_some();
    let before = std::env::args().skip(1).take_while(|word| word != typed);
    (!typed.starts_with('-') && !before.into_iter().any(|word| is_command(&word))).then(|| typed.clone())
}

fn meant<'a>(typed: &str, command: &'a Command) -> Option<&'a str> {
    let named = SYNONYMS.iter().find(|(synonym, _)| *synonym == typed).map(|(_, name)| *name);
    if named.is_some() {
        return named;
    }
    let names = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    nearest_word(typed, names)
}
