//! What a line of input is: a prompt, or a command.

use text::similar::nearest_word;

pub(super) const HELP: &str = "\
  /model [NAME]    use another model from now on; without a name: list them
  /system [TEXT]   replace the system prompt; without a text: none
  /file [PATH]     send a file with the next question; without a path: none
  /save [FILE]     write the conversation to a file, as Markdown (or JSON, where the name ends with .json)
  /new             begin another conversation; this one stays stored
  /help, /quit
  \"\"\"              a prompt of many lines begins and ends with three quotes; or end a line with \\
  Ctrl-C stops an answer. Ctrl-D ends. The arrow keys bring back what was typed.
";

const NAMES: [&str; 7] = ["model", "system", "file", "save", "new", "help", "quit"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    /// `None` lists the models.
    Model(Option<String>),
    System(String),
    File(String),
    NoFiles,
    /// `None`: a file with the name of the conversation.
    Save(Option<String>),
    New,
    Quit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Prompt(String),
    Command(Command),
    /// No command; what is wrong, and the next step.
    Unknown(String),
}

/// Reads a whole input. A path such as `/etc/hosts is what?` is a prompt: commands are one word of letters.
pub(super) fn parse(input: &str) -> Line {
    let input = input.trim();
    if input.is_empty() {
        return Line::Blank;
    }
    let Some(rest) = input.strip_prefix('/') else { return prompt(input) };
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    if !name.chars().all(|c| c.is_ascii_alphabetic()) || name.is_empty() {
        return prompt(input);
    }
    let given = (!argument.is_empty()).then(|| argument.to_owned());
    Line::Command(match (name, given) {
        ("help" | "h", None) => Command::Help,
        ("model" | "models", given) => Command::Model(given),
        ("system", given) => {
            Command::System(given.map(|text| unquoted(&text).to_owned()).unwrap_or_default())
        }
        ("file", Some(path)) => Command::File(unquoted(&path).to_owned()),
        ("file", None) => Command::NoFiles,
        ("save", path) => Command::Save(path.map(|path| unquoted(&path).to_owned())),
        ("new", None) => Command::New,
        ("quit" | "exit" | "bye" | "q", None) => Command::Quit,
        _ => {
            let near = nearest_word(name, NAMES).filter(|near| *near != name);
            let meant = near.map(|near| format!(" Did you mean /{near}?")).unwrap_or_default();
            return Line::Unknown(format!(
                "there is no command /{name} of this form.{meant} /help lists them. A prompt that begins with / goes between \"\"\"."
            ));
        }
    })
}

/// A prompt without the quotes around many lines.
fn prompt(input: &str) -> Line {
    let inner = input.strip_prefix(QUOTES).map(|rest| rest.strip_suffix(QUOTES).unwrap_or(rest));
    let text = inner.unwrap_or(input).replace("\\\n", "\n");
    match text.trim() {
        "" => Line::Blank,
        text => Line::Prompt(text.to_owned()),
    }
}

const QUOTES: &str = "\"\"\"";

/// Whether more lines belong to an input: its quotes are open, or it ends with a backslash.
pub(super) fn is_open(input: &str) -> bool {
    match input.trim_start().strip_prefix(QUOTES) {
        Some(rest) => !rest.trim_end().ends_with(QUOTES),
        None => input.ends_with('\\'),
    }
}

/// Without the quotes that a shell would take away.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_prompts_and_commands() {
        let prompt = |text: &str| Line::Prompt(text.to_owned());
        for (input, line) in [
            ("  \n", Line::Blank),
            ("\"\"\"\n\"\"\"", Line::Blank),
            ("Why?", prompt("Why?")),
            ("/etc/hosts is what?", prompt("/etc/hosts is what?")),
            ("\"\"\"one\n\n/two\n\"\"\"", prompt("one\n\n/two")),
            ("one \\\ntwo", prompt("one \ntwo")),
            ("/model", Line::Command(Command::Model(None))),
            ("/model  qwen3:8b ", Line::Command(Command::Model(Some("qwen3:8b".into())))),
            ("/system", Line::Command(Command::System(String::new()))),
            ("/system \"Be brief.\"", Line::Command(Command::System("Be brief.".into()))),
            ("/file 'my notes.md'", Line::Command(Command::File("my notes.md".into()))),
            ("/file", Line::Command(Command::NoFiles)),
            ("/save", Line::Command(Command::Save(None))),
            ("/save 'a b.md'", Line::Command(Command::Save(Some("a b.md".into())))),
            ("/bye", Line::Command(Command::Quit)),
        ] {
            assert_eq!(parse(input), line, "{input}");
        }
        let Line::Unknown(text) = parse("/modle x") else { panic!("a command") };
        assert!(text.contains("Did you mean /model?"), "{text}");
        assert!(matches!(parse("/new one"), Line::Unknown(_)));
    }

    #[test]
    fn quotes_and_backslashes_ask_for_more() {
        for (input, open) in [
            ("one", false),
            ("one \\", true),
            ("\"\"\"one", true),
            ("\"\"\"one\ntwo\"\"\"", false),
            ("\"\"\"", true),
        ] {
            assert_eq!(is_open(input), open, "{input}");
        }
    }
}
