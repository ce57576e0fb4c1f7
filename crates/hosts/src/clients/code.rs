//! The texts for clients without a file that is edited: programs, commands, and files in other formats.

use serde_json::{Value, json};

use super::table::NO_KEY;
use super::{ClientKey, Connection, ENTRY};

const PROMPT: &str = "Say hello.";

/// A word of a shell's command line.
pub(super) fn sh(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text in Python, JavaScript, JSON and YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The key as a word of a shell's command line.
fn sh_key(connection: &Connection) -> String {
    match &connection.key {
        Some(ClientKey::Variable(name)) => format!("\"${name}\""),
        Some(ClientKey::File(path)) => format!("\"$(cat {})\"", sh(&path.display().to_string())),
        None => NO_KEY.to_owned(),
    }
}

/// The line that imports what [`python_key`] needs, if it needs it.
fn python_import(connection: &Connection) -> &'static str {
    if matches!(connection.key, Some(ClientKey::Variable(_))) { "import os\n\n" } else { "" }
}

fn python_key(connection: &Connection) -> String {
    match &connection.key {
        Some(ClientKey::Variable(name)) => format!("os.environ[{}]", quoted(name)),
        Some(ClientKey::File(path)) => {
            format!("open({}).read().strip()", quoted(&path.display().to_string()))
        }
        None => quoted(NO_KEY),
    }
}

/// The line that imports what [`js_key`] needs, if it needs it.
fn js_import(connection: &Connection) -> &'static str {
    if matches!(connection.key, Some(ClientKey::File(_))) {
        "import { readFileSync } from \"node:fs\";\n"
    } else {
        ""
    }
}

fn js_key(connection: &Connection) -> String {
    match &connection.key {
        Some(ClientKey::Variable(name)) => format!("process.env.{name}"),
        Some(ClientKey::File(path)) => {
            format!("readFileSync({}, \"utf8\").trim()", quoted(&path.display().to_string()))
        }
        None => quoted(NO_KEY),
    }
}

pub(super) fn openai_python(connection: &Connection) -> String {
    format!(
        "{import}from openai import OpenAI

client = OpenAI(base_url={url}, api_key={key})
answer = client.chat.completions.create(
    model={model},
    messages=[{{\"role\": \"user\", \"content\": \"{PROMPT}\"}}],
)
print(answer.choices[0].message.content)
",
        import = python_import(connection),
        url = quoted(&connection.v1()),
        key = python_key(connection),
        model = quoted(&connection.model),
    )
}

pub(super) fn openai_node(connection: &Connection) -> String {
    format!(
        "{import}import OpenAI from \"openai\";

const client = new OpenAI({{ baseURL: {url}, apiKey: {key} }});
const answer = await client.chat.completions.create({{
  model: {model},
  messages: [{{ role: \"user\", content: \"{PROMPT}\" }}],
}});
console.log(answer.choices[0].message.content);
",
        import = js_import(connection),
        url = quoted(&connection.v1()),
        key = js_key(connection),
        model = quoted(&connection.model),
    )
}

pub(super) fn anthropic_python(connection: &Connection) -> String {
    format!(
        "{import}from anthropic import Anthropic

client = Anthropic(base_url={url}, api_key={key})
message = client.messages.create(
    model={model},
    max_tokens=200,
    messages=[{{\"role\": \"user\", \"content\": \"{PROMPT}\"}}],
)
print(message.content[0].text)
",
        import = python_import(connection),
        url = quoted(&connection.base),
        key = python_key(connection),
        model = quoted(&connection.model),
    )
}

pub(super) fn anthropic_node(connection: &Connection) -> String {
    format!(
        "{import}import Anthropic from \"@anthropic-ai/sdk\";

const client = new Anthropic({{ baseURL: {url}, apiKey: {key} }});
const message = await client.messages.create({{
  model: {model},
  max_tokens: 200,
  messages: [{{ role: \"user\", content: \"{PROMPT}\" }}],
}});
console.log(message.content[0].text);
",
        import = js_import(connection),
        url = quoted(&connection.base),
        key = js_key(connection),
        model = quoted(&connection.model),
    )
}

pub(super) fn ollama_python(connection: &Connection) -> String {
    let headers = match connection.key {
        Some(_) => format!(", headers={{\"Authorization\": \"Bearer \" + {}}}", python_key(connection)),
        None => String::new(),
    };
    format!(
        "{import}from ollama import Client

client = Client(host={url}{headers})
answer = client.chat(model={model}, messages=[{{\"role\": \"user\", \"content\": \"{PROMPT}\"}}])
print(answer.message.content)
",
        import = python_import(connection),
        url = quoted(&connection.base),
        model = quoted(&connection.model),
    )
}

pub(super) fn ollama_js(connection: &Connection) -> String {
    let headers = match connection.key {
        Some(_) => format!(", headers: {{ Authorization: \"Bearer \" + {} }}", js_key(connection)),
        None => String::new(),
    };
    format!(
        "{import}import {{ Ollama }} from \"ollama\";

const client = new Ollama({{ host: {url}{headers} }});
const answer = await client.chat({{ model: {model}, messages: [{{ role: \"user\", content: \"{PROMPT}\" }}] }});
console.log(answer.message.content);
",
        import = js_import(connection),
        url = quoted(&connection.base),
        model = quoted(&connection.model),
    )
}

pub(super) fn curl(connection: &Connection) -> String {
    let key = match connection.key {
        Some(_) => format!(" -H \"Authorization: Bearer {}\"", sh_key(connection).trim_matches('"')),
        None => String::new(),
    };
    let messages = json!([{ "role": "user", "content": PROMPT }]);
    let body = json!({ "model": connection.model, "messages": messages }).to_string();
    format!("curl -sS {}/chat/completions{key} -d {}\n", sh(&connection.v1()), sh(&body))
}

pub(super) fn aider(connection: &Connection) -> String {
    format!(
        "export OPENAI_API_BASE={url}\nexport OPENAI_API_KEY={key}\naider --model {model}\n",
        url = sh(&connection.v1()),
        key = sh_key(connection),
        model = sh(&format!("openai/{}", connection.model)),
    )
}

pub(super) fn open_webui(connection: &Connection) -> String {
    format!(
        "export OPENAI_API_BASE_URL={url}\nexport OPENAI_API_KEY={key}\nexport ENABLE_OLLAMA_API=false\nopen-webui serve\n",
        url = sh(&connection.v1()),
        key = sh_key(connection),
    )
}

pub(super) fn continue_dev(connection: &Connection) -> String {
    let key = match &connection.key {
        Some(ClientKey::Variable(name)) => format!("    apiKey: ${{{{ secrets.{name} }}}}\n"),
        Some(ClientKey::File(_)) => "    apiKey: ${{ secrets.OMK_KEY }}\n".to_owned(),
        None => String::new(),
    };
    let head = "name: Local models\nversion: 0.0.1\nschema: v1\nmodels:\n";
    let model = quoted(&connection.model);
    let base = quoted(&connection.base);
    format!(
        "{head}  - name: {model}\n    provider: ollama\n    model: {model}\n    apiBase: {base}\n{key}    roles: [chat, edit, apply]\n"
    )
}

pub(super) fn vscode(connection: &Connection) -> String {
    let url = format!("{}/chat/completions", connection.v1());
    let models: Vec<_> = connection
        .models
        .iter()
        .map(|name| {
            json!({
                "id": name, "name": name, "url": url, "toolCalling": true, "vision": false,
                "maxInputTokens": 24_576, "maxOutputTokens": 8192,
            })
        })
        .collect();
    let key = if connection.key.is_some() { "${input:ollama-mcp-key}" } else { NO_KEY };
    let entry = json!([{
        "name": ENTRY, "vendor": "customendpoint", "apiKey": key, "apiType": "chat-completions", "models": models,
    }]);
    // A value of texts and lists cannot fail.
    serde_json::to_string_pretty(&entry).map(|text| format!("{text}\n")).unwrap_or_default()
}
