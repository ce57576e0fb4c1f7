//! `docs/connect.md`, from the table.

use super::settings_file::SettingsFile;
use super::{CLIENTS, Client, ClientKey, Connection, Form, KeyUse};
use crate::host::Format;
use crate::markdown::{paragraph, path_rows};

const HEAD: &str = "\
# Use the server as a model

<!-- Generated from crates/hosts/src/clients/table.rs by `cargo test`. -->

`ollama-mcp serve` gives its models to everything that speaks OpenAI's, Anthropic's or Ollama's API. `ollama-mcp connect CLIENT` prints what a
client needs for that, with the address of the running server and one of its models:

```sh
ollama-mcp connect codex
ollama-mcp connect codex --write
ollama-mcp connect codex --remove
ollama-mcp connect --list
```

* **Nothing is written without `--write`**, which edits the user's file of clients that have one: our settings alone, with a backup beside the
  file. `--dry-run` shows the change. `--remove` takes the settings out and puts back what they had replaced. `--default` makes the server
  the client's default, where a client has several. Settings that lead to another server stay, unless `--force` is given.
* **The server** is the one at the address of the settings (`http://127.0.0.1:4891`), or at `--url`. It is asked for its models; `--model`
  chooses one. Where it does not answer, the text has `default`, the name for the server's own default model.
* **A key** is needed where the server has no guests: `ollama-mcp keys add NAME` makes one ([accounts](accounts.md)). `--key-env NAME` names the
  variable that holds it, `--key-file PATH` its file. The key itself is never written and never shown.

";

/// The whole page.
pub fn connect_markdown() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| client | API | |\n|---|---|---|\n");
    for client in CLIENTS {
        let how = if matches!(client.form, Form::File(_)) { "writes its file" } else { "prints a text" };
        let (id, title, api) = (client.id, client.title, client.dialect.describe());
        page.push_str(&format!("| [{title}](#{id}) | {api} | `ollama-mcp connect {id}` {how} |\n"));
    }
    page.push('\n');
    page.extend(CLIENTS.iter().map(section));
    // Not two line breaks at the end.
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// The server of the examples.
fn example(key: Option<ClientKey>) -> Connection {
    let model = "qwen3:8b".to_owned();
    Connection { base: "http://127.0.0.1:4891".to_owned(), models: vec![model.clone()], model, key }
}

fn section(client: &Client) -> String {
    let mut section = format!("## {}\n\n", client.id);
    let language = match &client.form {
        Form::File(settings) => {
            section.push_str("| | file |\n|---|---|\n");
            section.push_str(&path_rows(settings.user));
            section.push('\n');
            language(settings)
        }
        Form::Text { language, place, .. } => {
            paragraph(&mut section, &format!("{}. The text is for {place}.", client.title));
            language
        }
    };
    let block =
        |connection: &Connection, chooses| format!("```{language}\n{}```", client.text(connection, chooses));
    paragraph(&mut section, &block(&example(None), false));
    if client.key == KeyUse::Named {
        let with_key = example(Some(ClientKey::Variable("OMK_KEY".to_owned())));
        paragraph(&mut section, "With a key (`--key-env OMK_KEY`):");
        paragraph(&mut section, &block(&with_key, false));
    }
    if let KeyUse::Kept { how } = client.key {
        paragraph(&mut section, how);
    }
    if client.has_default() {
        let next = client.next(&example(None), true);
        paragraph(&mut section, &format!("`--default` writes the choice of the model, too. {next}"));
    }
    let next = client.next(&example(None), false);
    if !next.is_empty() {
        paragraph(&mut section, &format!("**Then**: {next}"));
    }
    paragraph(&mut section, client.note);
    paragraph(&mut section, &format!("Source: {}.", client.source));
    section
}

fn language(settings: &SettingsFile) -> &'static str {
    match settings.format {
        Format::Json => "json",
        Format::Toml => "toml",
    }
}
