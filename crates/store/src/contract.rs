//! The contract of a database and its tables, as checks that SQLite and PostgreSQL run.
//!
//! A test of a database calls [`check_all_stores`]. A table adds its checks to `STORE_CHECKS`. What only one database can
//! do (kills, damage, a full disk, migrations) is tested beside that database.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test suite: a check that fails panics"
)]

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use types::{Owner, Role, ToolCall};

use super::{Conversation, ConversationStore, Store, StoreError, StoredMessage, Summary, Turn};
use crate::tables::{ACCOUNT_CHECKS, upload_checks::*};
use answers::*;
use concurrency::*;
use conversation_index::*;
use database::*;
use owners::*;
use usage::usage_adds_up_and_counts;

macro_rules! checks {
    ($(#[doc = $about:literal])+ $list:ident: $handles:ty; $($name:ident,)*) => {
        $(#[doc = $about])+
        pub const $list: &[Check<$handles>] =
            &[$(Check { name: stringify!($name), run: |handles| $name(handles).boxed() }),*];
    };
}

mod answers;
mod concurrency;
mod conversation_index;
mod database;
pub(crate) mod index;
mod owners;
mod usage;

pub use index::{INDEX_CHECKS, Indexes, check_all_indexes};

/// Two handles on one empty database, as two processes have them.
#[derive(Debug, Clone)]
pub struct Handles {
    pub here: Arc<dyn ConversationStore>,
    pub elsewhere: Arc<dyn ConversationStore>,
}

/// The same with all tables.
#[derive(Debug, Clone)]
pub struct Stores {
    pub here: Store,
    pub elsewhere: Store,
}

impl From<Stores> for Handles {
    fn from(stores: Stores) -> Self {
        Self { here: stores.here.conversations(), elsewhere: stores.elsewhere.conversations() }
    }
}

/// A rule that holds for every store.
pub struct Check<T> {
    pub name: &'static str,
    pub run: fn(T) -> BoxFuture<'static, ()>,
}

checks! {
    /// The checks of databases and their tables.
    STORE_CHECKS: Stores;
    values_come_back_as_written,
    computed_values_are_integers,
    unmet_count_of_changes_writes_nothing,
    broken_key_writes_nothing,
    returned_rows_are_those_that_changed,
    many_statements_are_one_transaction,
    concurrent_increments_are_all_counted,
    what_a_statement_reads_holds_until_the_commit,
    deleted_user_takes_keys_and_sessions_along,
    dropped_write_is_whole,
    usage_adds_up_and_counts,
    answer_belongs_to_its_owner,
    answers_over_the_limit_of_bytes_are_not_stored,
    replaced_answer_keeps_its_request_and_the_limit,
    pages_of_answers_hold_each_once,
    what_is_older_than_a_time_is_deleted,
    file_is_found_by_its_owner_until_it_expires,
    quota_is_of_each_owner_and_expired_files_do_not_count,
    concurrent_uploads_do_not_share_last_room,
    directory_changes_only_while_there_are_no_files,
    pages_hold_each_file_once_in_both_orders,
    expired_rows_are_deleted_and_named,
    titles_are_given_changed_and_taken_away,
    search_finds_words_of_titles_and_messages_in_either_case,
    search_goes_over_pages,
    page_of_messages_ends_before_a_position,
    fork_has_the_first_messages_and_lives_alone,
    titles_and_searches_are_of_one_owner,
    turn_replaces_newest_messages,
}

checks! {
    /// The checks of conversations.
    CHECKS: Handles;
    message_comes_back_as_written,
    times_are_cut_to_milliseconds,
    text_of_any_script_is_kept,
    large_and_empty_values_are_kept,
    newest_messages_are_read_oldest_first,
    text_read_is_bounded_and_has_one_message,
    turn_for_other_revision_is_refused,
    revision_is_never_used_twice,
    earlier_time_does_not_move_conversation_back,
    system_prompt_is_replaced_by_each_turn,
    list_is_ordered_by_update_then_id,
    pages_hold_each_conversation_once,
    list_tells_model_count_and_first_words,
    deleted_conversation_is_gone_alone,
    owners_share_no_conversation,
    owners_share_no_list,
    owners_share_no_turn_lock,
    turn_lock_excludes_other_turns_until_dropped,
    one_of_many_concurrent_turns_is_written,
    one_of_many_concurrent_new_conversations_is_written,
    concurrent_turns_of_different_conversations_are_all_written,
}

/// Runs every check on stores that `open` makes for it, each in a database of its own, and panics with the names of those
/// that failed.
///
/// # Panics
/// A check failed.
pub async fn check_all_stores(open: impl AsyncFn(&'static str) -> Stores) {
    let mut failed = Vec::new();
    for check in CHECKS {
        let handles = open(check.name).await.into();
        failed.extend(fails(check, handles).await);
    }
    for check in STORE_CHECKS {
        let stores = open(check.name).await;
        failed.extend(fails(check, stores).await);
    }
    for check in ACCOUNT_CHECKS {
        let Stores { here, elsewhere } = open(check.name).await;
        let failure = tokio::spawn((check.run)(here, elsewhere)).await;
        failed.extend(failure.is_err().then_some(check.name));
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

/// The name of a check that failed. It runs in a task of its own, so that it does not keep the others from running.
async fn fails<T>(check: &Check<T>, handles: T) -> Option<&'static str> {
    tokio::spawn((check.run)(handles)).await.is_err().then_some(check.name)
}

fn ann() -> Owner {
    Owner::new("ann@example.org").unwrap()
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

/// A question and its reply, which come back as "re: " and the question.
fn turn(id: &str, after: Option<i64>, text: &str, ms: u64) -> Turn {
    let mut reply = StoredMessage::text(Role::Assistant, format!("re: {text}"), at(ms + 1));
    reply.model = Some("m".into());
    Turn {
        id: id.into(),
        after,
        replaces: 0,
        system: None,
        messages: vec![StoredMessage::text(Role::User, text, at(ms)), reply],
    }
}

impl Handles {
    async fn append(&self, owner: &Owner, turn: Turn) {
        self.here.append(owner, turn).await.unwrap();
    }

    /// A conversation, as the other handle reads it.
    async fn find(&self, owner: &Owner, id: &str) -> Option<Conversation> {
        self.elsewhere.get(owner, id, None).await.unwrap()
    }

    async fn get(&self, owner: &Owner, id: &str) -> Conversation {
        self.find(owner, id).await.unwrap()
    }

    async fn list(&self, owner: &Owner) -> Vec<Summary> {
        let page = self.elsewhere.list(owner, None, 1000).await.unwrap();
        assert_eq!(page.next, None);
        page.items
    }

    async fn ids(&self, owner: &Owner) -> Vec<String> {
        self.list(owner).await.into_iter().map(|summary| summary.id).collect()
    }
}

async fn message_comes_back_as_written(handles: Handles) {
    let owner = ann();
    assert_eq!(handles.find(&owner, "a").await, None);
    let mut written = turn("a", None, "one", 1000);
    written.system = Some("Be brief.".into());
    written.messages[0].attachments = vec!["a.txt".into(), "b \"c\".pdf".into()];
    let reply = &mut written.messages[1];
    reply.thinking = Some("hm".into());
    reply.tool_calls =
        vec![ToolCall { id: "call_1".into(), name: "add".into(), arguments: r#"{"a":[1,"\""]}"#.into() }];
    reply.prompt_tokens = Some(40);
    reply.completion_tokens = Some(0);
    handles.append(&owner, written.clone()).await;
    let found = handles.get(&owner, "a").await;
    assert_eq!(found.messages, written.messages);
    assert_eq!((found.id.as_str(), found.system.as_deref()), ("a", Some("Be brief.")));
    assert_eq!((found.created, found.updated), (at(1000), at(1001)));
    assert_eq!((found.total, found.model.as_deref()), (2, Some("m")));
}

async fn times_are_cut_to_milliseconds(handles: Handles) {
    let owner = ann();
    let mut written = turn("a", None, "one", 0);
    written.messages[0].created = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_999_999);
    handles.append(&owner, written).await;
    assert_eq!(handles.get(&owner, "a").await.messages[0].created, at(1_700_000_000_123));
}

async fn text_of_any_script_is_kept(handles: Handles) {
    let owner = ann();
    let text = "Grüße, 日本語, עברית, 👩‍👩‍👧, e\u{301}, \u{202e}x, \"'; DROP TABLE messages; --\\\r\n\t\u{1}";
    let mut written = turn("a", None, text, 1);
    written.system = Some(text.into());
    written.messages[1].thinking = Some(text.into());
    written.messages[0].attachments = vec![text.into()];
    let call = ToolCall { id: text.into(), name: text.into(), arguments: text.into() };
    written.messages[1].tool_calls = vec![call];
    handles.append(&owner, written.clone()).await;
    let found = handles.get(&owner, "a").await;
    assert_eq!((found.messages, found.system.as_deref()), (written.messages, Some(text)));
    // Characters, not bytes.
    handles.append(&owner, turn("b", None, &"日".repeat(150), 2)).await;
    assert_eq!(handles.list(&owner).await[0].first_words, "日".repeat(100));
}

async fn large_and_empty_values_are_kept(handles: Handles) {
    let owner = ann();
    let mut written = turn(&"x".repeat(64), None, &"y".repeat(2 << 20), 253_402_300_799_000);
    written.system = Some(String::new());
    written.messages[1].content = String::new();
    written.messages[1].completion_tokens = Some(i64::MAX.unsigned_abs());
    handles.append(&owner, written.clone()).await;
    let found = handles.get(&owner, &written.id).await;
    assert_eq!((found.messages, found.system), (written.messages, Some(String::new())));
}

/// A conversation of five turns, with the numbers 0 to 4 before 1000 bytes each.
async fn five_turns(handles: &Handles, owner: &Owner) {
    let mut revision = None;
    for number in 0..5 {
        let text = format!("{number}{}", "x".repeat(999));
        handles.append(owner, turn("a", revision, &text, number * 10)).await;
        revision = Some(handles.get(owner, "a").await.revision);
    }
}

async fn newest_messages_are_read_oldest_first(handles: Handles) {
    let owner = ann();
    five_turns(&handles, &owner).await;
    let found = handles.here.get(&owner, "a", Some(3)).await.unwrap().unwrap();
    let texts: Vec<_> = found.messages.iter().map(|message| message.content.trim_end_matches('x')).collect();
    assert_eq!((texts, found.total), (vec!["re: 3", "4", "re: 4"], 10));
    assert_eq!(handles.here.get(&owner, "a", Some(99)).await.unwrap().unwrap().messages.len(), 10);
}

async fn text_read_is_bounded_and_has_one_message(handles: Handles) {
    let owner = ann();
    five_turns(&handles, &owner).await;
    for (last, max_bytes, count) in
        [(None, 2004, 2), (None, 2003, 1), (Some(1), 2004, 1), (None, 1, 1), (None, usize::MAX, 10)]
    {
        let found = handles.here.get_end(&owner, "a", last, max_bytes).await.unwrap().unwrap();
        assert_eq!((found.messages.len(), found.total), (count, 10), "{last:?} {max_bytes}");
        assert!(found.messages.last().unwrap().content.starts_with("re: 4"));
    }
}

async fn turn_for_other_revision_is_refused(handles: Handles) {
    let owner = ann();
    let append = |after, text| handles.here.append(&owner, turn("a", after, text, 1));
    assert_eq!(append(Some(0), "not there").await, Err(StoreError::Changed));
    assert_eq!(append(None, "one").await, Ok(()));
    let seen = handles.get(&owner, "a").await.revision;
    assert_eq!(append(None, "new?").await, Err(StoreError::Changed));
    assert_eq!(append(Some(seen), "two").await, Ok(()));
    assert_eq!(append(Some(seen), "late").await, Err(StoreError::Changed));
    let found = handles.get(&owner, "a").await;
    assert_eq!(
        found.messages.iter().map(|message| &message.content).collect::<Vec<_>>(),
        ["one", "re: one", "two", "re: two"]
    );
}

async fn revision_is_never_used_twice(handles: Handles) {
    let owner = ann();
    handles.append(&owner, turn("a", None, "one", 1)).await;
    let seen = handles.get(&owner, "a").await.revision;
    assert_eq!(handles.here.delete(&owner, "a").await, Ok(true));
    let late = || handles.here.append(&owner, turn("a", Some(seen), "late", 2));
    assert_eq!(late().await, Err(StoreError::Changed));
    // A new conversation of the same id and length.
    handles.append(&owner, turn("a", None, "again", 3)).await;
    assert_eq!(late().await, Err(StoreError::Changed));
    assert_eq!(handles.get(&owner, "a").await.total, 2);
}

async fn earlier_time_does_not_move_conversation_back(handles: Handles) {
    let owner = ann();
    handles.append(&owner, turn("a", None, "one", 5000)).await;
    let seen = handles.get(&owner, "a").await.revision;
    handles.append(&owner, turn("a", Some(seen), "two", 1000)).await;
    let found = handles.get(&owner, "a").await;
    assert_eq!((found.created, found.updated), (at(5000), at(5001)));
    assert_eq!(found.messages[2].content, "two", "messages are in the order of their turns");
}

async fn system_prompt_is_replaced_by_each_turn(handles: Handles) {
    let owner = ann();
    let mut revision = None;
    for system in [None, Some("x".to_owned()), Some(String::new()), None] {
        let turn = Turn { system: system.clone(), ..turn("a", revision, "t", 1) };
        handles.append(&owner, turn).await;
        let found = handles.get(&owner, "a").await;
        assert_eq!(found.system, system);
        revision = Some(found.revision);
    }
}

async fn list_is_ordered_by_update_then_id(handles: Handles) {
    let owner = ann();
    // At one time, the greater id in the order of bytes comes first.
    for (id, ms) in [("old", 1), ("b", 5), ("a", 5), ("B", 5), ("_", 5), ("-", 5), ("1", 5), ("new", 9)] {
        handles.append(&owner, turn(id, None, "x", ms)).await;
    }
    assert_eq!(handles.ids(&owner).await, ["new", "b", "a", "_", "B", "1", "-", "old"]);
    let seen = handles.get(&owner, "old").await.revision;
    handles.append(&owner, turn("old", Some(seen), "x", 20)).await;
    assert_eq!(handles.ids(&owner).await[0], "old");
}

async fn pages_hold_each_conversation_once(handles: Handles) {
    let owner = ann();
    for number in 0..7 {
        // Some at the same time.
        handles.append(&owner, turn(&format!("c{number}"), None, "x", number / 2)).await;
    }
    let (mut pages, mut from) = (Vec::new(), None);
    loop {
        let page = handles.here.list(&owner, from, 3).await.unwrap();
        pages.push(page.items.into_iter().map(|summary| summary.id).collect::<Vec<_>>());
        // As a caller has it: as text.
        from = page.next.map(|next| next.to_string().parse().unwrap());
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["c6", "c5", "c4"], vec!["c3", "c2", "c1"], vec!["c0"]]);
    // A last page that is full has no next one.
    assert_eq!(handles.here.list(&owner, None, 7).await.unwrap().next, None);
}

async fn list_tells_model_count_and_first_words(handles: Handles) {
    let owner = ann();
    handles.append(&owner, turn("a", None, "first", 1)).await;
    let seen = handles.get(&owner, "a").await.revision;
    let mut second = turn("a", Some(seen), "second", 10);
    second.messages[1].model = Some("other".into());
    second.system = Some("Be brief.".into());
    handles.append(&owner, second).await;
    let listed = Summary {
        id: "a".into(),
        created: at(1),
        updated: at(11),
        total: 4,
        model: Some("other".into()),
        has_system: true,
        first_words: "first".into(),
    };
    assert_eq!(handles.list(&owner).await, [listed]);
    assert_eq!(handles.get(&owner, "a").await.model.as_deref(), Some("other"));
}
