//! Lists of models, without those that a caller may not use. The others stay as the server wrote them.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Models<'a> {
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Model {
    name: Option<String>,
    model: Option<String>,
}

/// The list with the models that `may_use` allows; `None` for what is no list of models.
pub(super) fn keep_models(body: &[u8], may_use: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    let list: Models<'_> = serde_json::from_slice(body).ok()?;
    let may_see = |model: &&&RawValue| {
        let model: Option<Model> = serde_json::from_str(model.get()).ok();
        // One without a name is hidden: nothing tells whether it is allowed.
        let names = model.map(|model| [model.name, model.model]).into_iter().flatten().flatten();
        let mut names = names.peekable();
        names.peek().is_some() && names.all(|name| may_use(&name))
    };
    let kept: Vec<&str> = list.models.iter().filter(may_see).map(|model| model.get()).collect();
    Some(format!("{{\"models\":[{}]}}", kept.join(",")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_stay_keep_their_bytes() {
        let list =
            br#"{"models":[{"name":"a:1","size": 1.50},{"name":"b:1"},{"model":"a:2","x":{}},{"size":1}]}"#;
        let kept = keep_models(list, |name| name.starts_with('a')).unwrap();
        assert_eq!(kept, br#"{"models":[{"name":"a:1","size": 1.50},{"model":"a:2","x":{}}]}"#);
        assert_eq!(keep_models(br#"{"models":[]}"#, |_| true).unwrap(), br#"{"models":[]}"#);
        assert_eq!(keep_models(b"<html>", |_| true), None);
        let hidden = keep_models(br#"{"models":[{"name":"a:1","model":"b:1"}]}"#, |name| name == "a:1");
        assert_eq!(hidden.unwrap(), br#"{"models":[]}"#);
    }
}
