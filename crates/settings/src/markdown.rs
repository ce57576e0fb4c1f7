//! Generates `docs/settings.md` from the registry.

use std::fmt::Write as _;

use super::registry::{SERVE_SETTINGS, SETTINGS};
use super::setting::SettingInfo;

/// The whole text of `docs/settings.md`.
pub fn settings_markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    add_table(&mut page, SETTINGS);
    page.push_str(SERVE);
    add_table(&mut page, SERVE_SETTINGS);
    page.push_str(VALUES);
    page.push_str("\n```toml\n");
    page.push_str(EXAMPLE);
    page.push_str("```\n");
    page
}

fn add_table(page: &mut String, settings: &[&SettingInfo]) {
    page.push_str("| variable | flag | `config.toml` | default | meaning |\n|---|---|---|---|---|\n");
    for setting in settings {
        let code = |text: Option<String>| text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
        let secret = if setting.is_secret() { " Secret." } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {}{secret} |",
            setting.env,
            code(setting.flag().map(|flag| format!("--{flag} {}", setting.value_name))),
            code(setting.key.map(str::to_owned)),
            code(setting.default().map(str::to_owned)),
            setting.help,
        );
    }
}

/// A `config.toml` that uses most of the keys.
pub(super) const EXAMPLE: &str = r#"ollama_host = "http://192.168.1.20:11434"
model = "llama3.2:3b"
idle_timeout = "10m"
connect_timeout = 3
progress_interval = "100ms"
max_message_bytes = "32MiB"
log = "warn,ollama_mcp=debug"
auth_token = "token-of-your-proxy"
headers = """
X-Team: research
CF-Access-Client-Id: abc.access
"""
serve_listen = "localhost:4891"
serve_origins = ["https://app.example.com"]

[serve_model_aliases]
gpt-4o = "qwen3:8b"
"gpt-3.5-turbo" = "llama3.2:3b"
"#;

const INTRODUCTION: &str = "# Settings

<!-- Generated from crates/settings/src/registry.rs; do not edit. -->

A flag wins over the environment, the environment over `config.toml`, and that over the default. An empty value
counts as unset. A wrong value, an unknown `OLLAMA_MCP_*` variable, an unknown key, and settings that contradict
each other are errors: the program does not start, writes one line to stderr, and exits with 2. `ollama-mcp doctor`
shows every setting and where it came from.

`OLLAMA_URL` is a name that other programs use too. It counts only where neither `OLLAMA_HOST` nor `OLLAMA_BASE_URL`
sets the address, in whatever source.

";

const SERVE: &str = "
## Settings of `ollama-mcp serve`

The server of MCP over stdio does not read these, so that a wrong one cannot keep a host from starting it. Their flags
belong after `serve`.

`MCP_SERVER_PORT` and `PORT` are read by `serve` alone, as the environment of an editor may contain them. They are a
port of this machine, and count only where no flag, no variable and no key sets `OLLAMA_MCP_SERVE_LISTEN`.

";

const VALUES: &str = "
## Values

**Durations** are a whole number and `ms`, `s`, `m` or `h`; times to live also take `d`. A plain number is seconds, except for the
progress interval, where it is milliseconds.

**Sizes** are a whole number and `KiB`, `MiB`, `GiB` (powers of 1024) or `KB`, `MB`, `GB` (powers of 1000). A plain
number is bytes.

**`OLLAMA_HOST`** is read as Ollama reads it. Without a scheme it is http on port 11434; `http://HOST` is port 80 and
`https://HOST` port 443. `0.0.0.0` and `[::]`, the addresses of a server that listens on all interfaces, mean this
machine. A path is kept, and `/api` is added to it. Credentials in the address are refused. `ollama.com` alone is
`https://ollama.com`.

**Lists and pairs** with commas may be arrays and tables in `config.toml`, and their flags may be repeated.

**Headers** are `Name: value`, one per line; in JSON write `\\n` between them. `Host`, `Content-Type` and
other headers that the HTTP client sets itself are refused.

**Secrets** have no flag, since any user of a machine can read command lines. No log, error or `doctor` shows them.
They are sent only to the model server, and `OLLAMA_API_KEY` only to ollama.com over https.

## config.toml

All keys are at the top level; only `serve_model_aliases` may be a table, after all other keys. The file is optional.
";
