//! The tools, one file each; this one is the list of them.

mod ask_files;
mod batch_completion;
mod cancel_completion;
mod chat_completion;
mod compare_models;
mod converse;
mod copy_model;
mod create_model;
mod definitions;
mod delete_conversation;
mod delete_model;
mod embed;
mod entry;
mod find_in_files;
mod generate;
mod get_completion;
mod get_conversation;
mod health_check;
mod list_conversations;
mod list_models;
mod list_running_models;
mod load_model;
mod pull_model;
mod push_model;
mod rank;
mod show_model;
mod summarize_files;
mod unload_model;
mod web_fetch;
mod web_search;

use entry::{OfferedFiles, Offering, ToolEntry};
pub(super) use entry::{OfferedTool, run};
use service::Services;
use settings::{ToolSettings, Toolset};

/// Every tool, in the order in which hosts see them.
fn all() -> Vec<ToolEntry> {
    vec![
        chat_completion::entry(),
        get_completion::entry(),
        cancel_completion::entry(),
        health_check::entry(),
        list_models::entry(),
        generate::entry(),
        batch_completion::entry(),
        compare_models::entry(),
        summarize_files::entry(),
        ask_files::entry(),
        find_in_files::entry(),
        converse::entry(),
        list_conversations::entry(),
        get_conversation::entry(),
        delete_conversation::entry(),
        show_model::entry(),
        list_running_models::entry(),
        pull_model::entry(),
        load_model::entry(),
        unload_model::entry(),
        copy_model::entry(),
        create_model::entry(),
        push_model::entry(),
        delete_model::entry(),
        embed::entry(),
        rank::entry(),
        web_search::entry(),
        web_fetch::entry(),
    ]
}

/// The tools of a server.
pub(super) struct Offer {
    /// In the order in which hosts see them.
    pub(super) tools: Vec<OfferedTool>,
    /// The names of the others.
    pub(super) left_out: Vec<&'static str>,
    /// What the server's instructions say of the tools, in their order.
    pub(super) advice: Vec<&'static str>,
}

impl Offer {
    /// The tools that the settings choose and the provider can serve. `host_files`: the callers may name files of this
    /// machine.
    pub(super) fn new(services: &Services, settings: &ToolSettings, host_files: bool) -> Self {
        let has_files = match host_files {
            true => services.documents.has_files_of_host(),
            false => services.uploads.are_accepted(),
        };
        let is_offered = |entry: &ToolEntry| {
            settings.toolsets.contains(&entry.toolset)
                && !(settings.read_only && entry.changes)
                && (!entry.needs_ollama || services.models.features().manages_models)
                && (entry.toolset != Toolset::Web || services.web.is_available())
                && (entry.toolset != Toolset::Files || has_files)
        };
        let files = match host_files {
            true => OfferedFiles::Paths,
            false if services.uploads.are_accepted() => OfferedFiles::Uploads,
            false => OfferedFiles::None,
        };
        let mut offer = Self { tools: Vec::new(), left_out: Vec::new(), advice: Vec::new() };
        let mut advice = Vec::new();
        for entry in all() {
            let (name, line) = (entry.name, entry.advice);
            if !is_offered(&entry) {
                offer.left_out.push(name);
                continue;
            }
            let installs_models = entry.pulls && services.transfers.pulls_missing();
            match OfferedTool::new(entry, Offering { installs_models, files }) {
                Ok(tool) => {
                    offer.tools.push(tool);
                    advice.extend(line);
                }
                Err(error) => {
                    tracing::error!(tool = name, %error, "the definition of a tool cannot be read");
                    offer.left_out.push(name);
                }
            }
        }
        advice.sort_by_key(|(position, _)| *position);
        offer.advice = advice.into_iter().map(|(_, text)| text).collect();
        offer
    }
}

/// The names of all tools, whatever the settings choose.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().into_iter().map(|entry| entry.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_of_all_tools_fit_in_what_hosts_read() {
        let mut advice: Vec<_> = all().into_iter().filter_map(|entry| entry.advice).collect();
        advice.sort_by_key(|(position, _)| *position);
        let positions: Vec<_> = advice.iter().map(|(position, _)| *position).collect();
        assert!(positions.is_sorted_by(|a, b| a < b), "two lines have one position: {positions:?}");
        let lines: Vec<_> = advice.into_iter().map(|(_, text)| text).collect();
        let text = crate::instructions::instructions(&lines, false);
        assert!(text.len() < 2048, "Claude Code cuts at 2 KB; {} bytes", text.len());
    }

    fn over_network(entry: ToolEntry) -> OfferedTool {
        over_network_with(OfferedFiles::None, entry)
    }

    fn over_network_with(files: OfferedFiles, entry: ToolEntry) -> OfferedTool {
        OfferedTool::new(entry, Offering { installs_models: false, files }).unwrap()
    }

    #[test]
    fn callers_over_network_name_uploads_by_ids() {
        let mut described = 0;
        for entry in all() {
            let (name, files, paths) = (entry.name, entry.files, entry.paths);
            let offered = over_network_with(OfferedFiles::Uploads, entry);
            let definition: serde_json::Value = serde_json::from_str(offered.json.get()).unwrap();
            let properties = &definition["inputSchema"]["properties"];
            for argument in files {
                let description = properties[argument]["description"].as_str().unwrap();
                assert!(description.starts_with("Ids of uploaded files"), "{name} {argument}: {description}");
                described += 1;
            }
            assert!(paths.iter().all(|argument| properties[argument].is_null()), "{name}");
            assert!(!properties.to_string().to_lowercase().contains("path"), "{name}: {properties}");
        }
        assert_eq!(described, 8);
    }

    #[test]
    fn callers_over_network_are_offered_no_path() {
        let mut hidden = Vec::new();
        for entry in all() {
            let name = entry.name;
            let arguments = entry.files.iter().chain(entry.paths);
            hidden.extend(arguments.map(|argument| format!("{name} {argument}")));
            let offered = over_network(entry);
            let shown = offered.json.get().to_lowercase();
            // `output schemas` may report the names of files.
            let shown = shown.split("\"outputschema\"").next().unwrap();
            for word in ["path", "gguf", "attachment", "\"files\""] {
                assert!(!shown.contains(word), "{name} has {word}: {shown}");
            }
        }
        let expected = [
            "chat_completion attachments",
            "generate attachments",
            "batch_completion files",
            "compare_models attachments",
            "summarize_files files",
            "ask_files files",
            "find_in_files files",
            "converse attachments",
            "create_model gguf",
        ];
        assert_eq!(hidden, expected, "an argument for files is declared by naming_files or naming_paths");
    }

    #[test]
    fn hidden_arguments_are_known() {
        for entry in all() {
            let hidden = [entry.files, entry.paths].concat();
            let offered = over_network(entry);
            assert!(hidden.iter().all(|name| offered.arguments().iter().any(|known| known == name)));
        }
    }
}
