//! The instructions: when a host's model should use this server. Claude Code cuts them at 2 KB.

const BEGINNING: &str = "Models that run on the user's own machine (Ollama). Reach for them when the user asks for a \
local model, when text must not leave the machine, for bulk work that would cost too much here, for a second opinion, \
or to compare models.";

/// The same for callers over the network, whose machine need not be that of the models.
const BEGINNING_OVER_NETWORK: &str = "Models that run on a server of the user's own (Ollama). Reach for them when the user asks for a \
local model, when text must not go to a provider outside, for bulk work that would cost too much here, for a second opinion, \
or to compare models.";

const END: &str = "Local models are smaller than you: give short, complete instructions, ask for JSON with \
`response_format` where you need to parse, and check what they say. A cold model takes a while to load.";

/// The instructions of a server, with a line of advice for each tool that needs one.
pub(super) fn instructions(advice: &[&str], over_network: bool) -> String {
    let mut text = String::from(if over_network { BEGINNING_OVER_NETWORK } else { BEGINNING });
    for line in advice {
        text.push_str("\n- ");
        text.push_str(line);
    }
    text.push('\n');
    text.push_str(END);
    text
}
