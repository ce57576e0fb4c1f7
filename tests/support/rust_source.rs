//! A reader of Rust source that is good enough to tell who names whom.

/// A piece of source: a word, or one mark (`::` counts as one).
pub type Token = String;

/// The tokens of source, without comments and without the content of literals.
pub fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if let Some(end) = comment(&chars, at).or_else(|| literal(&chars, at)) {
            at = end;
        } else if is_word(chars[at]) {
            let end = run(&chars, at, is_word);
            tokens.push(chars[at..end].iter().collect());
            at = end;
        } else if chars[at..].starts_with(&[':', ':']) {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !chars[at].is_whitespace() {
                tokens.push(chars[at].to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The first words, seen from the crate's root, of all paths that lead there: through `crate`,
/// through the library's name, or out of a file `depth` modules deep through `super`.
pub fn names_from_root(tokens: &[Token], depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    // The brace depths at which modules inside the file end.
    let mut modules: Vec<usize> = Vec::new();
    let mut braces = 0;
    for at in 0..tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                if at >= 2 && tokens[at - 2] == "mod" {
                    modules.push(braces);
                }
                braces += 1;
            }
            "}" => {
                braces = braces.saturating_sub(1);
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
            }
            "crate" | "super" | "self" | "ollama_mcp" if starts_path(tokens, at) => {
                follow(tokens, at, depth + modules.len(), &mut names);
            }
            _ => {}
        }
    }
    names
}

/// Follows a path, or a group of paths, from a module `level` deep; returns where it stopped.
fn follow(tokens: &[Token], at: usize, level: usize, names: &mut Vec<String>) -> usize {
    let next_is_path = tokens.get(at + 1).is_some_and(|next| next == "::");
    let level_there = match tokens.get(at).map(String::as_str) {
        Some("{") => return follow_group(tokens, at + 1, level, names),
        Some("crate" | "ollama_mcp") => 0,
        Some("super") => level.saturating_sub(1),
        Some("self") => level,
        Some(name) => {
            if level == 0 {
                names.push(name.to_owned());
            }
            return at + 1;
        }
        None => return at,
    };
    if next_is_path {
        return follow(tokens, at + 2, level_there, names);
    }
    // The root itself, as in `use crate as all`: everything can be named through it.
    if level_there == 0 {
        names.push("the crate's root".to_owned());
    }
    at + 1
}

fn follow_group(tokens: &[Token], mut at: usize, level: usize, names: &mut Vec<String>) -> usize {
    while at < tokens.len() && tokens[at] != "}" {
        at = follow(tokens, at, level, names);
        // To the next member of this group, over what the last one leads into.
        let mut inner = 0;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => inner += 1,
                "}" if inner == 0 => break,
                "}" => inner -= 1,
                "," if inner == 0 => {
                    at += 1;
                    break;
                }
                _ => {}
            }
            at += 1;
        }
    }
    at + 1
}

/// Whether a path starts here, in code or in a `use`; `pub(super)` and a bare `self` name nothing.
fn starts_path(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
    let after = tokens.get(at + 1).map_or("", String::as_str);
    // Members of a group are followed with the group.
    before != "::" && (after == "::" || (after == "as" && tokens[at] != "self"))
}

/// The end of a comment that starts here; those of blocks nest.
fn comment(chars: &[char], at: usize) -> Option<usize> {
    if chars[at..].starts_with(&['/', '/']) {
        return Some(run(chars, at, |c| c != '\n'));
    }
    if !chars[at..].starts_with(&['/', '*']) {
        return None;
    }
    let (mut open, mut end) = (1, at + 2);
    while open > 0 && end < chars.len() {
        let step = match (chars[end], chars.get(end + 1)) {
            ('/', Some('*')) => {
                open += 1;
                2
            }
            ('*', Some('/')) => {
                open -= 1;
                2
            }
            _ => 1,
        };
        end += step;
    }
    Some(end)
}

/// The end of a string or character that starts here, with its prefix.
fn literal(chars: &[char], at: usize) -> Option<usize> {
    let prefixed = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let rest = &chars[at..];
        rest.iter().zip(prefix.chars()).filter(|(c, p)| *c == p).count() == prefix.len()
            && matches!(rest.get(prefix.len()), Some('"' | '#' | '\''))
    })?;
    let start = at + prefixed.len();
    if prefixed.ends_with('r') {
        let quote = run(chars, start, |c| c == '#');
        if chars.get(quote) != Some(&'"') {
            return None; // a raw identifier
        }
        let mut close = vec!['"'];
        close.resize(1 + quote - start, '#');
        let length = (quote + 1..chars.len()).find(|end| chars[*end..].starts_with(&close));
        return Some(length.map_or(chars.len(), |end| end + close.len()));
    }
    match chars[start] {
        '"' => Some(quoted(chars, start, '"')),
        // 'a' and '\n' are characters, 'a alone is a lifetime.
        '\'' if chars.get(start + 1) == Some(&'\\') || chars.get(start + 2) == Some(&'\'') => {
            Some(quoted(chars, start, '\''))
        }
        _ => None,
    }
}

fn quoted(chars: &[char], start: usize, mark: char) -> usize {
    let mut end = start + 1;
    while end < chars.len() && chars[end] != mark {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

fn run(chars: &[char], at: usize, belongs: impl Fn(char) -> bool) -> usize {
    chars[at..].iter().position(|c| !belongs(*c)).map_or(chars.len(), |length| at + length)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
