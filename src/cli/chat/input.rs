//! Where prompts come from: a terminal with a line editor, or lines of stdin.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Completer, Config, Editor, Helper, Highlighter, Hinter};

use super::command;

const PROMPT: &str = ">>> ";
/// Inputs that the arrow keys bring back.
const MAX_HISTORY: usize = 1000;
/// The longest input of a program, in bytes.
const MAX_INPUT: usize = 16 << 20;

/// One input of the user.
pub(super) enum Entered {
    Text(String),
    /// The line was given up with Ctrl-C.
    Nothing,
    End,
    /// The input cannot be read, and why.
    Failed(String),
}

/// The input.
pub(super) enum Input {
    Terminal(Box<Terminal>),
    Lines,
}

pub(super) struct Terminal {
    editor: Editor<Lines, FileHistory>,
    history: Option<PathBuf>,
    /// Ctrl-C was the last key: another one ends.
    was_interrupted: bool,
}

/// Has the editor go on where an input has more lines.
#[derive(Completer, Helper, Highlighter, Hinter)]
pub(super) struct Lines;

impl Validator for Lines {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match command::is_open(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Input {
    /// `history` is the file of what was typed before.
    ///
    /// # Errors
    /// The terminal cannot be set up.
    pub(super) fn new(history: Option<PathBuf>) -> anyhow::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(Self::Lines);
        }
        let config = Config::builder().max_history_size(MAX_HISTORY)?.history_ignore_space(true).build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Lines));
        if let Some(history) = &history {
            // There is none at first.
            let _ = editor.load_history(history);
        }
        Ok(Self::Terminal(Box::new(Terminal { editor, history, was_interrupted: false })))
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// The next input, which may have many lines.
    pub(super) fn next(&mut self) -> Entered {
        match self {
            Self::Terminal(terminal) => terminal.next(),
            Self::Lines => lines(),
        }
    }
}

impl Terminal {
    fn next(&mut self) -> Entered {
        let read = self.editor.readline(PROMPT);
        let was_interrupted = std::mem::take(&mut self.was_interrupted);
        match read {
            Ok(text) => {
                let is_new = self.editor.add_history_entry(text.as_str()).unwrap_or_default();
                if let Some(history) = self.history.as_ref().filter(|_| is_new) {
                    // The chat goes on without it.
                    let _ = history.parent().map(platform::create_private_directory);
                    let _ = self.editor.append_history(history);
                }
                Entered::Text(text)
            }
            Err(ReadlineError::Interrupted) if was_interrupted => Entered::End,
            Err(ReadlineError::Interrupted) => {
                self.was_interrupted = true;
                super::output::note("Ctrl-C again, or Ctrl-D, ends.\n");
                Entered::Nothing
            }
            Err(ReadlineError::Eof) => Entered::End,
            Err(error) => Entered::Failed(format!("the terminal cannot be read: {error}")),
        }
    }
}

/// An input of a program: a line, or as many as are open.
fn lines() -> Entered {
    let mut text = String::new();
    loop {
        match io::stdin().read_line(&mut text) {
            Ok(0) if text.is_empty() => return Entered::End,
            Ok(0) => return Entered::Text(text),
            Ok(_) if text.len() > MAX_INPUT => {
                return Entered::Failed(format!("a prompt on stdin is longer than {} MB", MAX_INPUT >> 20));
            }
            Ok(_) if command::is_open(text.trim_end_matches(['\n', '\r'])) => {}
            Ok(_) => return Entered::Text(text),
            Err(error) => return Entered::Failed(format!("stdin cannot be read: {error}")),
        }
    }
}
