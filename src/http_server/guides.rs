//! The texts of `/x/connect`: entries for hosts of MCP, and settings of clients, for the server that runs here.

use hosts::{
    CLIENTS, Client, ClientKey, Connection, DEFAULT_NAME, Entry, Form, HOSTS, Host, Key, KeyUse, RemoteEntry,
    ServerEntry,
};
use http::{Guide, GuideGroup, GuideTarget, KEY_PLACEHOLDER};

/// The variable that texts name where a client reads its key from one.
const KEY_VARIABLE: &str = "OMK_KEY";
/// The name of this program.
const PROGRAM: &str = "ollama-mcp";
/// The name for the server's own default model.
const DEFAULT_MODEL: &str = "default";

/// The texts for a server.
pub(super) fn guides(target: &GuideTarget) -> Vec<GuideGroup> {
    let hosts =
        HOSTS.iter().filter_map(|host| host_guide(host, target).or_else(|| program_guide(host))).collect();
    let clients = CLIENTS.iter().map(|client| client_guide(client, target)).collect();
    vec![
        GuideGroup { title: "MCP hosts", entries: hosts },
        GuideGroup { title: "Programs and SDKs", entries: clients },
    ]
}

/// `None` for a host that takes no address.
fn host_guide(host: &'static Host, target: &GuideTarget) -> Option<Guide> {
    let url = format!("{}/mcp", target.base_url);
    let entry =
        |key| hosts::snippet(host, DEFAULT_NAME, &Entry::Remote(RemoteEntry { url: url.clone(), key }));
    let keys = match target.needs_key {
        false => vec![None],
        // Some read the key from a variable alone.
        true => {
            vec![Some(Key::Literal(KEY_PLACEHOLDER.to_owned())), Some(Key::Variable(KEY_VARIABLE.to_owned()))]
        }
    };
    let named = |key: &Option<Key>| matches!(key, Some(Key::Variable(_)));
    let (text, is_named) = keys.into_iter().find_map(|key| {
        let is_named = named(&key);
        Some((entry(key).ok()?, is_named))
    })?;
    Some(Guide {
        id: host.id,
        title: host.title,
        file: host.user.first().map(hosts::ConfigPath::everywhere),
        text,
        note: is_named.then(|| set_variable(host.title)),
    })
}

/// For a host that starts programs alone; `None` for one whose entry has another form.
fn program_guide(host: &'static Host) -> Option<Guide> {
    let program = ServerEntry { command: PROGRAM.to_owned(), args: Vec::new(), env: Vec::new() };
    Some(Guide {
        id: host.id,
        title: host.title,
        file: host.user.first().map(hosts::ConfigPath::everywhere),
        text: hosts::snippet(host, DEFAULT_NAME, &Entry::Program(program)).ok()?,
        note: Some(format!(
            "{} takes no address: it starts the program by itself, which must be installed on that machine (\"{PROGRAM} install --host {}\" \
             writes this entry with its path).",
            host.title, host.id
        )),
    })
}

fn client_guide(client: &'static Client, target: &GuideTarget) -> Guide {
    let model = target.default_model.clone().unwrap_or_else(|| DEFAULT_MODEL.to_owned());
    let mut models = target.models.clone();
    if !models.contains(&model) {
        models.insert(0, model.clone());
    }
    let key = target.needs_key.then(|| ClientKey::Variable(KEY_VARIABLE.to_owned()));
    let connection = Connection { base: target.base_url.clone(), model, models, key };
    let named = target.needs_key && client.key == KeyUse::Named;
    let how = match client.key {
        KeyUse::Kept { how } if target.needs_key => how.to_owned(),
        _ if named => set_variable(client.title),
        _ => String::new(),
    };
    let next = client.next(&connection, false);
    let note = [how, next].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    let file = match &client.form {
        Form::Text { place, .. } => Some((*place).to_owned()),
        Form::File(_) => client.path().map(hosts::ConfigPath::everywhere),
    };
    Guide {
        id: client.id,
        title: client.title,
        file,
        text: client.text(&connection, false),
        note: Some(note).filter(|note| !note.is_empty()),
    }
}

fn set_variable(title: &str) -> String {
    format!("{title} reads the key from its environment: {KEY_VARIABLE}={KEY_PLACEHOLDER}")
}
