//! Checks of stored answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use types::Owner;

use super::Stores;
use crate::{AnswersPage, StoredAnswer};

const KIND: &str = "chat.completion";
const ROOM: usize = 1000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn answer(id: &str, seconds: u64) -> StoredAnswer {
    StoredAnswer {
        id: id.to_owned(),
        kind: KIND.to_owned(),
        model: if id == "other" { "b:1b" } else { "a:1b" }.to_owned(),
        request: r#"[{"role":"user"}]"#.to_owned(),
        answer: "{}".to_owned(),
        metadata: None,
        created: at(seconds),
    }
}

fn page(after: Option<(SystemTime, String)>, newest_first: bool, limit: usize) -> AnswersPage {
    AnswersPage { kind: KIND, model: None, after, newest_first, limit }
}

pub(super) async fn answer_belongs_to_its_owner(stores: Stores) {
    let (ann, bob) = (Owner::local(), Owner::new("bob").unwrap());
    let (here, elsewhere) = (stores.here.answers(), stores.elsewhere.answers());
    let first = answer("a", 1);
    assert!(here.put(&ann, first.clone(), ROOM).await.unwrap());
    // The same again changes nothing.
    let changed = StoredAnswer { answer: "[]".to_owned(), ..first.clone() };
    here.put(&ann, changed, ROOM).await.unwrap();
    assert_eq!(elsewhere.get(&ann, KIND, "a").await.unwrap(), Some(first.clone()));
    assert_eq!(elsewhere.get(&ann, "response", "a").await.unwrap(), None);
    let labels = Some(r#"{"a":"b"}"#.to_owned());
    assert!(elsewhere.set_metadata(&ann, KIND, "a", labels.clone()).await.unwrap());
    assert_eq!(here.get(&ann, KIND, "a").await.unwrap().unwrap().metadata, labels);
    assert_eq!(here.get(&bob, KIND, "a").await.unwrap(), None);
    assert!(!here.set_metadata(&bob, KIND, "a", None).await.unwrap());
    assert!(!here.delete(&bob, KIND, "a").await.unwrap());
    assert_eq!(here.list(&bob, page(None, true, 9)).await.unwrap(), []);
    assert!(here.delete(&ann, KIND, "a").await.unwrap());
    assert_eq!(elsewhere.get(&ann, KIND, "a").await.unwrap(), None);
}

pub(super) async fn answers_over_the_limit_of_bytes_are_not_stored(stores: Stores) {
    let (ann, bob) = (Owner::local(), Owner::new("bob").unwrap());
    let answers = stores.here.answers();
    let bytes = answer("a", 1).request.len() + answer("a", 1).answer.len();
    assert!(!answers.put(&ann, answer("a", 1), bytes - 1).await.unwrap());
    assert!(answers.put(&ann, answer("a", 1), bytes).await.unwrap());
    assert!(!answers.put(&ann, answer("b", 1), 2 * bytes - 1).await.unwrap());
    assert!(answers.put(&bob, answer("c", 1), bytes).await.unwrap());
    assert!(answers.put(&ann, answer("b", 1), 2 * bytes).await.unwrap());
}

pub(super) async fn replaced_answer_keeps_its_request_and_the_limit(stores: Stores) {
    let (ann, bob) = (Owner::local(), Owner::new("bob").unwrap());
    let (here, elsewhere) = (stores.here.answers(), stores.elsewhere.answers());
    let first = answer("a", 1);
    let request = first.request.len();
    here.put(&ann, first.clone(), ROOM).await.unwrap();
    here.put(&ann, answer("b", 1), ROOM).await.unwrap();
    let others = answer("b", 1).request.len() + answer("b", 1).answer.len();
    let longer = r#"{"status":"completed"}"#;
    let replace = |owner: &Owner, kind: &'static str, id: &'static str, max: usize| {
        elsewhere.replace(owner, kind, id, "c:1b".to_owned(), longer.to_owned(), max)
    };
    let whole = request + longer.len() + others;
    assert!(!replace(&ann, KIND, "a", whole - 1).await.unwrap(), "over the limit");
    assert!(!replace(&bob, KIND, "a", ROOM).await.unwrap(), "another owner");
    assert!(!replace(&ann, "response", "a", ROOM).await.unwrap(), "another kind");
    assert!(!replace(&ann, KIND, "c", ROOM).await.unwrap(), "nothing is made");
    assert_eq!(here.get(&ann, KIND, "a").await.unwrap(), Some(first.clone()));
    assert!(replace(&ann, KIND, "a", whole).await.unwrap());
    let replaced = StoredAnswer { model: "c:1b".to_owned(), answer: longer.to_owned(), ..first };
    assert_eq!(here.get(&ann, KIND, "a").await.unwrap(), Some(replaced));
}

pub(super) async fn pages_of_answers_hold_each_once(stores: Stores) {
    let ann = Owner::local();
    let answers = stores.here.answers();
    // Two of one time are in the order of their ids.
    for (id, seconds) in [("c", 2), ("a", 1), ("d", 3), ("b", 2), ("other", 4)] {
        answers.put(&ann, answer(id, seconds), ROOM).await.unwrap();
    }
    for (newest_first, expected) in [(false, "a b c d other"), (true, "other d c b a")] {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let found = answers.list(&ann, page(after, newest_first, 2)).await.unwrap();
            after = found.last().map(|last| (last.created, last.id.clone()));
            ids.extend(found.into_iter().map(|answer| answer.id));
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids.join(" "), expected);
    }
    let of_model = AnswersPage { model: Some("b:1b".to_owned()), ..page(None, false, 9) };
    let found = answers.list(&ann, of_model).await.unwrap();
    assert_eq!(found.iter().map(|answer| answer.id.as_str()).collect::<Vec<_>>(), ["other"]);
}

pub(super) async fn what_is_older_than_a_time_is_deleted(stores: Stores) {
    let ann = Owner::local();
    let answers = stores.here.answers();
    for (id, seconds) in [("a", 1), ("b", 2), ("c", 3)] {
        answers.put(&ann, answer(id, seconds), ROOM).await.unwrap();
    }
    let conversations = stores.here.conversations();
    for (id, ms) in [("old", 1000), ("new", 9000)] {
        conversations.append(&ann, super::turn(id, None, "hi", ms)).await.unwrap();
    }
    assert_eq!(answers.delete_older(at(2)).await.unwrap(), 1);
    assert_eq!(answers.get(&ann, KIND, "a").await.unwrap(), None);
    assert!(answers.get(&ann, KIND, "b").await.unwrap().is_some());
    assert_eq!(answers.delete_conversations_older(at(5)).await.unwrap(), 1);
    assert!(conversations.get(&ann, "old", None).await.unwrap().is_none());
    assert_eq!(conversations.get(&ann, "new", None).await.unwrap().unwrap().total, 2);
}
