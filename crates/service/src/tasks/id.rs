//! Ids of tasks. APIs write the id of the same task in different forms: the prefix differs, what follows does not.

/// The form in which tasks have their ids.
const OWN: &str = "chatcmpl-";
/// The forms of other APIs: OpenAI's responses, Anthropic's messages.
const OTHERS: [&str; 2] = ["resp_", "msg_"];

pub(crate) fn new() -> String {
    format!("{OWN}{}", uuid::Uuid::new_v4().simple())
}

/// An id, of whatever form, in the one that begins with `prefix`.
pub fn in_form(id: &str, prefix: &str) -> String {
    let mut forms = std::iter::once(OWN).chain(OTHERS);
    let rest = forms.find_map(|form| id.strip_prefix(form)).unwrap_or(id);
    format!("{prefix}{rest}")
}

/// Whether both are the id of one task, in whatever forms.
pub(crate) fn is_same(own: &str, any: &str) -> bool {
    if own == any {
        return true;
    }
    let rest = OTHERS.iter().find_map(|form| any.strip_prefix(form));
    rest.is_some_and(|rest| own.strip_prefix(OWN) == Some(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_is_found_by_each_form_of_its_id() {
        let id = new();
        for form in OTHERS {
            assert!(is_same(&id, &in_form(&id, form)), "{form}");
        }
        assert!(is_same(&id, &id));
        assert_eq!(in_form(&in_form(&id, "msg_"), "resp_"), in_form(&id, "resp_"));
        assert!(!is_same(&id, &in_form(&new(), "resp_")));
        assert!(!is_same(&id, id.strip_prefix(OWN).unwrap()), "an id without a form");
    }
}
