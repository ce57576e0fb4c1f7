//! Asks the user of a terminal before something is destroyed.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use super::{USAGE, output};

/// Asks before `shown` is deleted; the exit code of a command that deletes nothing.
pub(super) fn refused_deletion(question: &str, shown: &str) -> Option<ExitCode> {
    match confirms(question) {
        Ok(true) => None,
        Ok(false) => {
            output::note("Nothing was deleted.\n");
            Some(ExitCode::FAILURE)
        }
        Err(problem) => {
            output::error(&format!("deleting {shown}: {problem}"));
            Some(ExitCode::from(USAGE))
        }
    }
}

/// Whether the user says yes to a question such as `Remove it?`.
///
/// # Errors
/// There is no terminal to ask on: what then helps is the flag `--yes`.
pub(super) fn confirms(question: &str) -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        return Err("this is confirmed on a terminal, or with --yes".to_owned());
    }
    output::note(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| format!("the answer cannot be read: {error}"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
