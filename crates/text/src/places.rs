//! Texts of other programs without the addresses and paths in them, for readers who may not learn those.

/// What stands for an address or a path.
const HIDDEN: &str = "[hidden]";

/// The text with each address and absolute path replaced. Other words stay, names of models among them.
pub fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let core = word.trim_matches(|c: char| c.is_whitespace() || "\"'`()<>{},;:.!?".contains(c));
        // A list of addresses in brackets is no IPv6 address.
        let core =
            if core.ends_with(']') && !core.starts_with('[') { core.trim_end_matches(']') } else { core };
        match is_place(core) {
            true => out.push_str(&word.replacen(core, HIDDEN, 1)),
            false => out.push_str(word),
        }
    }
    out
}

fn is_place(word: &str) -> bool {
    let value = word.rsplit_once('=').map_or(word, |(_, value)| value);
    is_address(value) || is_path(value)
}

fn is_address(word: &str) -> bool {
    let has_scheme = word.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
    let host = word.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let is_local = host.is_some_and(|(host, _)| host.eq_ignore_ascii_case("localhost"));
    // "::" is punctuation of programs, too.
    let is_ip = word.len() > 2 && word.parse::<std::net::IpAddr>().is_ok();
    has_scheme || is_local || is_ip || word.parse::<std::net::SocketAddr>().is_ok()
}

fn is_path(word: &str) -> bool {
    let drive = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(|letter| letter.is_ascii_alphabetic())
            && chars.next() == Some(':')
            && matches!(chars.next(), Some('\\' | '/'))
    };
    let is_absolute = word.len() > 1 && word.starts_with('/');
    is_absolute || word.starts_with("~/") || word.starts_with("\\\\") || drive(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_hidden_and_words_stay() {
        for (text, expected) in [
            ("Post \"http://10.0.0.5:11434/api/chat\": refused", "Post \"[hidden]\": refused"),
            ("dial tcp 127.0.0.1:39871: connect", "dial tcp [hidden]: connect"),
            ("dial tcp [::1]:39871: connect", "dial tcp [hidden]: connect"),
            ("lookup on localhost:53, then 10.1.2.3.", "lookup on [hidden], then [hidden]."),
            ("unable to open /root/.ollama/models/blobs/sha256-1 (key)", "unable to open [hidden] (key)"),
            ("open C:\\Users\\ann\\models: denied", "open [hidden]: denied"),
            ("file=~/models missing", "[hidden] missing"),
        ] {
            assert_eq!(without_places(text), expected);
        }
        for text in [
            "model 'hf.co/bartowski/Llama-3.2-1B:Q4_K_M' not found",
            "num_ctx 4096 / 8192; 20 tokens/s at 12:30 :: done.",
            "a  b\tc\n",
            "",
        ] {
            assert_eq!(without_places(text), text);
        }
    }
}
