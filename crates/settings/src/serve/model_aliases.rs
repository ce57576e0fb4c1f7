//! Other names of models.

use std::collections::BTreeMap;

use super::items;
use crate::parse::Problem;

/// Pairs `alias=model`, separated by commas.
pub(crate) fn model_aliases(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut aliases = BTreeMap::new();
    for item in items(text) {
        let pair = item.split_once('=').map(|(alias, model)| (alias.trim(), model.trim()));
        let is_name = |name: &str| {
            !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control())
        };
        let Some((alias, model)) = pair.filter(|(alias, model)| is_name(alias) && is_name(model)) else {
            return Err(Problem::new(format!(
                "must list pairs such as gpt-4o=qwen3:8b, separated by commas; {item:?} is none"
            )));
        };
        match aliases.insert(alias.to_owned(), model.to_owned()) {
            Some(other) if other != model => {
                return Err(Problem::new(format!("{alias} means {other} and {model}; keep one of them")));
            }
            _ => {}
        }
    }
    Ok(aliases)
}
