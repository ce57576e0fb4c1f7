//! All that is known of clients: the API that each speaks, its file and its settings, and where these are documented.

use serde_json::{Map, Value, json};

use super::settings_file::{Keys, Owned, Setting, SettingsFile, owned, setting};
use super::{Client, ClientKey, Connection, Dialect, ENTRY, Form, KeyUse, code};
use crate::host::{ConfigPath, Format};

/// Sent in place of a key: clients want one, and the server takes what is no key of its own for none.
pub(super) const NO_KEY: &str = "ollama-mcp";

/// The same path on every system.
const fn everywhere(path: &'static str) -> ConfigPath {
    ConfigPath { linux: path, macos: path, windows: path }
}

/// Every client, in the order of the documentation.
pub static CLIENTS: &[Client] = &[
    Client {
        id: "codex",
        title: "Codex",
        aliases: &["codexcli", "chatgpt"],
        dialect: Dialect::Responses,
        form: Form::File(SettingsFile {
            format: Format::Toml,
            user: &[everywhere("~/.codex/config.toml")],
            variable: Some("CODEX_HOME"),
            address: CODEX_URL,
            entry: Some(&["model_providers", ENTRY]),
            settings: codex,
            choice: |connection| {
                vec![setting(&["model"], connection.model.as_str()), setting(&["model_provider"], ENTRY)]
            },
            next_if_chosen: Some("Start Codex again; it uses {model} now."),
            owned: &[
                owned(&["model_providers", ENTRY, "name"]),
                owned(CODEX_URL),
                owned(&["model_providers", ENTRY, "wire_api"]),
                owned(CODEX_ENV_KEY),
                owned(CODEX_AUTH),
                Owned { path: &["model"], is_ours: is_codex_default },
                Owned { path: &["model_provider"], is_ours: is_codex_default },
            ],
        }),
        key: KeyUse::Named,
        next: "Start Codex with: codex -c model_provider=ollama-mcp -m {model}",
        note: "Codex speaks the Responses API alone. The entry adds a provider; your default stays what it is unless `--default` is given. Codex \
               reads providers from your own file and never from a project's. It warns that it has no metadata for a local model and goes on.",
        source: "developers.openai.com/codex/config-advanced; openai/codex codex-rs/model-provider-info/src/lib.rs",
    },
    Client {
        id: "claude-code",
        title: "Claude Code",
        aliases: &["claude", "claudecli"],
        dialect: Dialect::Messages,
        form: Form::File(SettingsFile {
            format: Format::Json,
            user: &[everywhere("~/.claude/settings.json")],
            variable: Some("CLAUDE_CONFIG_DIR"),
            address: &["env", "ANTHROPIC_BASE_URL"],
            entry: None,
            settings: claude_code,
            choice: |_| Vec::new(),
            next_if_chosen: None,
            owned: &[
                owned(&["env", "ANTHROPIC_BASE_URL"]),
                Owned { path: CLAUDE_TOKEN, is_ours: is_our_token },
                Owned { path: CLAUDE_HELPER, is_ours: is_our_helper },
                owned(&["env", "ANTHROPIC_MODEL"]),
                owned(&["env", "ANTHROPIC_DEFAULT_OPUS_MODEL"]),
                owned(&["env", "ANTHROPIC_DEFAULT_SONNET_MODEL"]),
                owned(&["env", "ANTHROPIC_DEFAULT_HAIKU_MODEL"]),
            ],
        }),
        key: KeyUse::Named,
        next: "Start a new session of Claude Code and run /status in it: it shows this address and {model}.",
        note: "Claude Code has one model server, so all its sessions use this one until `--remove`. A key is read by a command (`apiKeyHelper`), so \
               it stands in no file of Claude Code; unset `ANTHROPIC_API_KEY`, which would come first. A model needs tools and a context of 32,000 tokens \
               or more for it.",
        source: "code.claude.com/docs/en/llm-gateway, code.claude.com/docs/en/env-vars, code.claude.com/docs/en/settings (apiKeyHelper)",
    },
    Client {
        id: "opencode",
        title: "opencode",
        aliases: &["opencodeai", "sst"],
        dialect: Dialect::ChatCompletions,
        form: Form::File(SettingsFile {
            format: Format::Json,
            user: &[
                everywhere("$config/opencode/opencode.jsonc"),
                everywhere("$config/opencode/opencode.json"),
            ],
            variable: None,
            address: OPENCODE_URL,
            entry: Some(&["provider", ENTRY]),
            settings: opencode,
            choice: |connection| vec![setting(&["model"], format!("{ENTRY}/{}", connection.model))],
            next_if_chosen: Some("Start opencode again; it uses {model} now."),
            owned: &[
                owned(&["provider", ENTRY, "npm"]),
                owned(&["provider", ENTRY, "name"]),
                owned(OPENCODE_URL),
                owned(OPENCODE_ENV),
                owned(OPENCODE_KEY),
                owned(&["provider", ENTRY, "models"]),
                Owned {
                    path: &["model"],
                    is_ours: |root| text_at(root, &["model"]).starts_with("ollama-mcp/"),
                },
            ],
        }),
        key: KeyUse::Named,
        next: "Start opencode again, run /models and choose {model}.",
        note: "The entry is a provider beside the others; `--default` makes its model the default. It lists the models that the server has now: run the \
               command again after a pull. opencode 2 reads this form, too.",
        source: "opencode.ai/docs/providers, opencode.ai/docs/config; version 2: opencode.ai/docs/migrate-v1",
    },
    Client {
        id: "zed",
        title: "Zed",
        aliases: &["zededitor"],
        dialect: Dialect::Ollama,
        form: Form::File(SettingsFile {
            format: Format::Json,
            user: &[ConfigPath {
                linux: "$config/zed/settings.json",
                macos: "~/.config/zed/settings.json",
                windows: "$appdata/Zed/settings.json",
            }],
            variable: None,
            address: ZED_URL,
            entry: None,
            settings: |connection| vec![setting(ZED_URL, connection.base.as_str())],
            choice: |connection| {
                vec![setting(ZED_DEFAULT, json!({ "provider": "ollama", "model": connection.model }))]
            },
            next_if_chosen: Some("Open Zed's agent panel; it uses {model} now."),
            owned: &[
                owned(ZED_URL),
                Owned {
                    path: ZED_DEFAULT,
                    is_ours: |root| text_at(root, &["agent", "default_model", "provider"]) == "ollama",
                },
            ],
        }),
        key: KeyUse::Kept {
            how: "Zed keeps the key itself: enter it under Settings > AI > LLM Providers > Ollama.",
        },
        next: "Choose {model} in the model menu of Zed's agent panel, under Ollama.",
        note: "Zed's Ollama provider asks this server in place of Ollama and finds its models by itself.",
        source: "zed.dev/docs/ai/use-a-local-model, zed.dev/docs/ai/use-api-access; the file: zed-industries/zed crates/paths",
    },
    Client {
        id: "vscode",
        title: "VS Code",
        aliases: &["code", "visualstudiocode", "copilot", "vscodeinsiders"],
        dialect: Dialect::ChatCompletions,
        form: Form::Text {
            language: "json",
            place: "the file that \"Chat: Open Language Models (JSON)\" opens, chatLanguageModels.json; an entry of its list",
            text: code::vscode,
        },
        key: KeyUse::Kept {
            how: "VS Code keeps keys in its secret storage: add the entry with \"Chat: Manage Language Models\" > Add Models > Custom \
                  Endpoint, which asks for the key, and paste the models.",
        },
        next: "Choose {model} in the model picker of VS Code's chat; restart VS Code if it is not there.",
        note: "A **Custom Endpoint** of VS Code 1.122 or later; it needs no Copilot plan and no GitHub account. The built-in Ollama provider is \
               deprecated there. Set the token numbers to the context that the server gives the model (`num_ctx`).",
        source: "code.visualstudio.com/docs/agent-customization/language-models; microsoft/vscode issue 316916",
    },
    Client {
        id: "continue",
        title: "Continue",
        aliases: &["continuedev"],
        dialect: Dialect::Ollama,
        form: Form::Text {
            language: "yaml",
            place: "~/.continue/config.yaml; in a file that has models already, the entry alone",
            text: code::continue_dev,
        },
        key: KeyUse::Named,
        next: "Choose {model} in the model menu of Continue's chat.",
        note: "Continue reads a secret from its own `.env` file, `~/.continue/.env`.",
        source: "docs.continue.dev/reference; continuedev/continue docs/customize/model-providers/top-level/ollama.mdx",
    },
    Client {
        id: "aider",
        title: "aider",
        aliases: &["aiderchat"],
        dialect: Dialect::ChatCompletions,
        form: Form::Text { language: "sh", place: "a shell", text: code::aider },
        key: KeyUse::Named,
        next: "Run aider in your project; it shows openai/{model} as its main model.",
        note: "To keep it, put `openai-api-base` and `model` with the same values into `~/.aider.conf.yml`. The warning about an unknown model is \
               harmless.",
        source: "aider.chat/docs/llms/openai-compat.html, aider.chat/docs/config/aider_conf.html",
    },
    Client {
        id: "open-webui",
        title: "Open WebUI",
        aliases: &["openwebui", "webui"],
        dialect: Dialect::ChatCompletions,
        form: Form::Text { language: "sh", place: "a shell", text: code::open_webui },
        key: KeyUse::Named,
        next: "Open http://localhost:8080 and choose {model}.",
        note: "Open WebUI keeps these settings after its first start; later change them under **Admin Panel > Settings > Connections > OpenAI API**. For a \
               container, 127.0.0.1 is the container itself: let the server listen on an address that the container reaches, which needs a key \
               ([accounts](accounts.md)).",
        source: "docs.openwebui.com/reference/env-configuration, docs.openwebui.com/getting-started/quick-start/connect-a-provider",
    },
    sdk(
        "openai-python",
        "OpenAI's SDK for Python",
        &["openai", "python", "openaisdk"],
        Dialect::ChatCompletions,
        "python",
        code::openai_python,
        "`client.responses` works, too.",
        "openai/openai-python README.md",
    ),
    sdk(
        "openai-node",
        "OpenAI's SDK for TypeScript",
        &["openaijs", "openaitypescript", "node"],
        Dialect::ChatCompletions,
        "js",
        code::openai_node,
        "`client.responses` works, too.",
        "openai/openai-node README.md",
    ),
    sdk(
        "anthropic-python",
        "Anthropic's SDK for Python",
        &["anthropic", "anthropicsdk"],
        Dialect::Messages,
        "python",
        code::anthropic_python,
        "The address has no `/v1`.",
        "anthropics/anthropic-sdk-python README.md",
    ),
    sdk(
        "anthropic-node",
        "Anthropic's SDK for TypeScript",
        &["anthropicjs", "anthropictypescript"],
        Dialect::Messages,
        "js",
        code::anthropic_node,
        "The address has no `/v1`.",
        "anthropics/anthropic-sdk-typescript README.md",
    ),
    sdk(
        "ollama-python",
        "Ollama's library for Python",
        &["ollama"],
        Dialect::Ollama,
        "python",
        code::ollama_python,
        "Without `host` it reads `OLLAMA_HOST`.",
        "ollama/ollama-python README.md: custom client",
    ),
    sdk(
        "ollama-js",
        "Ollama's library for JavaScript",
        &["ollamanode", "ollamatypescript"],
        Dialect::Ollama,
        "js",
        code::ollama_js,
        "",
        "ollama/ollama-js README.md: custom client",
    ),
    Client {
        id: "curl",
        title: "curl",
        aliases: &["http", "shell"],
        dialect: Dialect::ChatCompletions,
        form: Form::Text { language: "sh", place: "a shell", text: code::curl },
        key: KeyUse::Named,
        next: "",
        note: "[http.md](http.md) has more.",
        source: "http-api.md",
    },
];

#[expect(clippy::too_many_arguments, reason = "a row of the table")]
const fn sdk(
    id: &'static str,
    title: &'static str,
    aliases: &'static [&'static str],
    dialect: Dialect,
    language: &'static str,
    text: fn(&Connection) -> String,
    note: &'static str,
    source: &'static str,
) -> Client {
    let form = Form::Text { language, place: "your program", text };
    Client { id, title, aliases, dialect, form, key: KeyUse::Named, next: "", note, source }
}

const CODEX_URL: Keys = &["model_providers", ENTRY, "base_url"];
const CODEX_ENV_KEY: Keys = &["model_providers", ENTRY, "env_key"];
const CODEX_AUTH: Keys = &["model_providers", ENTRY, "auth"];

fn codex(connection: &Connection) -> Vec<Setting> {
    let (variable, auth) = match &connection.key {
        Some(ClientKey::Variable(name)) => (Some(name.as_str().into()), None),
        Some(ClientKey::File(path)) => {
            (None, Some(json!({ "command": "cat", "args": [path.display().to_string()] })))
        }
        None => (None, None),
    };
    vec![
        setting(&["model_providers", ENTRY, "name"], ENTRY),
        setting(CODEX_URL, connection.v1()),
        setting(&["model_providers", ENTRY, "wire_api"], "responses"),
        Setting { path: CODEX_ENV_KEY, value: variable },
        Setting { path: CODEX_AUTH, value: auth },
    ]
}

fn is_codex_default(root: &Value) -> bool {
    text_at(root, &["model_provider"]) == ENTRY
}

const CLAUDE_TOKEN: Keys = &["env", "ANTHROPIC_AUTH_TOKEN"];
const CLAUDE_HELPER: Keys = &["apiKeyHelper"];
const PRINTS_VARIABLE: &str = "printenv ";
const PRINTS_FILE: &str = "cat ";

fn claude_code(connection: &Connection) -> Vec<Setting> {
    let helper = connection.key.as_ref().map(|key| match key {
        ClientKey::Variable(name) => format!("{PRINTS_VARIABLE}{name}"),
        ClientKey::File(path) => format!("{PRINTS_FILE}{}", code::sh(&path.display().to_string())),
    });
    let mut settings = vec![setting(&["env", "ANTHROPIC_BASE_URL"], connection.base.as_str())];
    match helper {
        // A token would come before the helper.
        Some(helper) => {
            settings.extend([Setting { path: CLAUDE_TOKEN, value: None }, setting(CLAUDE_HELPER, helper)]);
        }
        None => settings.push(setting(CLAUDE_TOKEN, NO_KEY)),
    }
    let models: [Keys; 4] = [
        &["env", "ANTHROPIC_MODEL"],
        // The names that it uses for tasks in the background, and in its menu.
        &["env", "ANTHROPIC_DEFAULT_OPUS_MODEL"],
        &["env", "ANTHROPIC_DEFAULT_SONNET_MODEL"],
        &["env", "ANTHROPIC_DEFAULT_HAIKU_MODEL"],
    ];
    settings.extend(models.map(|path| setting(path, connection.model.as_str())));
    settings
}

/// A key of this server must not be sent to another one later.
fn is_our_token(root: &Value) -> bool {
    let token = text_at(root, CLAUDE_TOKEN);
    token == NO_KEY || token.starts_with("omk_")
}

fn is_our_helper(root: &Value) -> bool {
    let helper = text_at(root, CLAUDE_HELPER);
    helper.starts_with(PRINTS_VARIABLE) || helper.starts_with(PRINTS_FILE)
}

const OPENCODE_URL: Keys = &["provider", ENTRY, "options", "baseURL"];
const OPENCODE_ENV: Keys = &["provider", ENTRY, "env"];
const OPENCODE_KEY: Keys = &["provider", ENTRY, "options", "apiKey"];

fn opencode(connection: &Connection) -> Vec<Setting> {
    let (env, key) = match &connection.key {
        // Both versions read a variable of `env`; version 2 does not replace `{env:NAME}` everywhere.
        Some(ClientKey::Variable(name)) => (Some(json!([name])), None),
        Some(ClientKey::File(path)) => (None, Some(format!("{{file:{}}}", path.display()).into())),
        None => (None, None),
    };
    let models: Map<_, _> =
        connection.models.iter().map(|name| (name.clone(), json!({ "name": name }))).collect();
    vec![
        setting(&["provider", ENTRY, "npm"], "@ai-sdk/openai-compatible"),
        setting(&["provider", ENTRY, "name"], ENTRY),
        setting(OPENCODE_URL, connection.v1()),
        Setting { path: OPENCODE_ENV, value: env },
        Setting { path: OPENCODE_KEY, value: key },
        setting(&["provider", ENTRY, "models"], models),
    ]
}

const ZED_URL: Keys = &["language_models", "ollama", "api_url"];
const ZED_DEFAULT: Keys = &["agent", "default_model"];

fn text_at<'a>(root: &'a Value, path: &[&str]) -> &'a str {
    let found = path.iter().try_fold(root, |value, key| value.get(*key));
    found.and_then(Value::as_str).unwrap_or_default()
}
