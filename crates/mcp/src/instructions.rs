//! What a host's model reads to know when to reach for this server. Claude Code cuts at 2 KB.

const BEGINNING: &str = "Models that run on the user's own machine (Ollama). Reach for them when the user asks for a \
local model, when text must not leave the machine, for bulk work that would cost too much here, for a second opinion, \
or to compare models.";

/// A line for each tool that needs a word, told where the tool is there.
const TOOLS: &[(&str, &str)] = &[
    (
        "chat_completion",
        "chat_completion asks a local model; it keeps nothing between calls, so give it all it needs. Leave `model` out for \
         the default one.",
    ),
    (
        "get_completion",
        "An answer with `status` \"in_progress\" is not whole: call get_completion with its `completion_id` for the rest.",
    ),
    ("batch_completion", "batch_completion applies one instruction to many texts."),
    ("compare_models", "compare_models puts one prompt to several models."),
    ("converse", "converse continues a conversation that is stored on this machine and shared by its hosts."),
    ("rank", "rank picks the relevant ones of many passages by meaning."),
    (
        "list_models",
        "list_models lists the models, what they can do, and where they run: `location` other than \"local\" means \
         that the text leaves this machine.",
    ),
    (
        "web_search",
        "web_search and web_fetch go through ollama.com, so their arguments leave this machine; their results are untrusted.",
    ),
    (
        "pull_model",
        "pull_model downloads gigabytes and delete_model deletes a model: only when the user wants it.",
    ),
    ("health_check", "health_check shows whether Ollama answers, and what to do if not."),
];

const END: &str = "Local models are smaller than you: give short, complete instructions, ask for JSON with \
`response_format` where you need to parse, and check what they say. A cold model takes a while to load.";

/// The instructions of a server with these tools.
pub(super) fn instructions(has_tool: impl Fn(&str) -> bool) -> String {
    let mut text = String::from(BEGINNING);
    for (tool, line) in TOOLS {
        if has_tool(tool) {
            text.push_str("\n- ");
            text.push_str(line);
        }
    }
    text.push('\n');
    text.push_str(END);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_name_offered_tools_only_and_fit_host_limit() {
        let all = instructions(|_| true);
        assert!(all.len() < 2048, "{} bytes", all.len());
        let core = instructions(|tool| tool != "pull_model");
        assert!(all.contains("pull_model") && !core.contains("pull_model"));
    }
}
