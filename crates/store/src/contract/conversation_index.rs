//! Checks of lists with titles, searches, pages of messages, copies and deletions.

use types::Owner;

use super::{Handles, Stores, ann, at, turn};
use crate::{Fork, Search, StoreError, Turn};

async fn found(stores: &Stores, owner: &Owner, words: &str) -> Vec<String> {
    let page =
        stores.elsewhere.conversation_index().list(owner, &Search::new(words), None, 100).await.unwrap();
    page.items.into_iter().map(|item| item.summary.id).collect()
}

async fn append(stores: &Stores, owner: &Owner, turn: Turn) {
    stores.here.conversations().append(owner, turn).await.unwrap();
}

pub(super) async fn titles_are_given_changed_and_taken_away(stores: Stores) {
    let (owner, index) = (ann(), stores.here.conversation_index());
    assert_eq!(index.set_title(&owner, "a", Some("x")).await, Ok(false));
    append(&stores, &owner, turn("a", None, "first words", 5)).await;
    for title in [None, Some("Trip to 東京"), Some("other"), None] {
        assert_eq!(index.set_title(&owner, "a", title).await, Ok(true));
        let listed = stores.elsewhere.conversation_index().list(&owner, &Search::default(), None, 9).await;
        let listed = listed.unwrap().items.remove(0);
        assert_eq!(listed.title.as_deref(), title);
        let summary = &listed.summary;
        assert_eq!((summary.first_words.as_str(), summary.updated), ("first words", at(6)));
    }
    // A turn keeps the title.
    index.set_title(&owner, "a", Some("kept")).await.unwrap();
    let seen = stores.here.conversations().get(&owner, "a", None).await.unwrap().unwrap().revision;
    append(&stores, &owner, turn("a", Some(seen), "second", 7)).await;
    let page = index.page(&owner, "a", None, 1).await.unwrap().unwrap();
    assert_eq!(page.head.title.as_deref(), Some("kept"));
}

pub(super) async fn search_finds_words_of_titles_and_messages_in_either_case(stores: Stores) {
    let owner = ann();
    for (id, text, ms) in [
        ("sky", "Why is the SKY blue? 100%", 1),
        ("food", "Die Größe der ÄPFEL, ёлка", 2),
        ("trip", "Plans for 東京_x", 3),
        ("other", "nothing", 4),
    ] {
        append(&stores, &owner, turn(id, None, text, ms)).await;
    }
    stores.here.conversation_index().set_title(&owner, "other", Some("Blue It's Ярко")).await.unwrap();
    for (words, expected) in [
        ("sky", &["sky"][..]),
        ("SKY bLuE", &["sky"]),
        ("blue", &["other", "sky"]),
        ("blue nothing", &["other"]),
        ("re:", &["other", "trip", "food", "sky"]),
        ("größe äpfel", &["food"]),
        ("GRÖßE", &["food"]),
        ("ЁЛКА", &["food"]),
        ("ярко", &["other"]),
        ("東京", &["trip"]),
        ("100%", &["sky"]),
        ("京_x", &["trip"]),
        ("_", &["trip"]),
        ("it's", &["other"]),
        ("%", &["sky"]),
        ("' OR 1=1 --", &[]),
        ("missing", &[]),
    ] {
        assert_eq!(found(&stores, &owner, words).await, expected, "{words}");
    }
    assert_eq!(found(&stores, &owner, " ").await.len(), 4);
}

pub(super) async fn search_goes_over_pages(stores: Stores) {
    let (owner, index) = (ann(), stores.here.conversation_index());
    for number in 0..7 {
        let text = if number % 2 == 0 { "even" } else { "odd" };
        append(&stores, &owner, turn(&format!("c{number}"), None, text, number / 2)).await;
    }
    let (mut pages, mut from) = (Vec::new(), None);
    loop {
        let page = index.list(&owner, &Search::new("even"), from, 2).await.unwrap();
        pages.push(page.items.into_iter().map(|item| item.summary.id).collect::<Vec<_>>());
        from = page.next.map(|next| next.to_string().parse().unwrap());
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["c6", "c4"], vec!["c2", "c0"]]);
}

pub(super) async fn page_of_messages_ends_before_a_position(stores: Stores) {
    let (owner, index) = (ann(), stores.here.conversation_index());
    assert_eq!(index.page(&owner, "a", None, 5).await, Ok(None));
    let mut revision = None;
    for number in 0..4 {
        let mut turn = turn("a", revision, &number.to_string(), number * 10);
        turn.system = Some("Be brief.".into());
        append(&stores, &owner, turn).await;
        revision =
            Some(stores.here.conversations().get(&owner, "a", Some(0)).await.unwrap().unwrap().revision);
    }
    for (before, limit, start, texts) in [
        (None, 3, 5, &["re: 2", "3", "re: 3"][..]),
        (Some(5), 3, 2, &["1", "re: 1", "2"]),
        (Some(2), 3, 0, &["0", "re: 0"]),
        (Some(0), 3, 0, &[]),
        (Some(99), 1, 7, &["re: 3"]),
        (None, 0, 8, &[]),
    ] {
        let page = index.page(&owner, "a", before, limit).await.unwrap().unwrap();
        let found: Vec<_> = page.messages.iter().map(|message| message.content.as_str()).collect();
        assert_eq!((page.start, found.as_slice()), (start, texts), "{before:?} {limit}");
        assert_eq!((page.head.summary.total, page.system.as_deref()), (8, Some("Be brief.")));
    }
}

pub(super) async fn fork_has_the_first_messages_and_lives_alone(stores: Stores) {
    let (owner, index) = (ann(), stores.here.conversation_index());
    let conversations = stores.elsewhere.conversations();
    let fork = |id: &str, messages, title: Option<&str>| Fork {
        from: "a".into(),
        id: id.into(),
        messages,
        title: title.map(str::to_owned),
        created: at(9000),
    };
    assert_eq!(index.fork(&owner, fork("b", 2, None)).await, Ok(false));
    let mut first = turn("a", None, "one", 1);
    first.system = Some("Be brief.".into());
    first.messages[0].attachments = vec!["a.txt".into()];
    first.messages[1].thinking = Some("hm".into());
    append(&stores, &owner, first.clone()).await;
    let seen = conversations.get(&owner, "a", None).await.unwrap().unwrap().revision;
    append(&stores, &owner, turn("a", Some(seen), "two", 5)).await;
    index.set_title(&owner, "a", Some("title")).await.unwrap();
    assert_eq!(index.fork(&owner, fork("b", 2, None)).await, Ok(true));
    assert_eq!(index.fork(&owner, fork("b", 2, None)).await, Err(StoreError::Changed), "the id is taken");
    let copy = conversations.get(&owner, "b", None).await.unwrap().unwrap();
    assert_eq!((copy.messages, copy.created, copy.updated), (first.messages, at(9000), at(9000)));
    assert_eq!(index.page(&owner, "b", None, 0).await.unwrap().unwrap().head.title.as_deref(), Some("title"));
    // It goes on by itself, and so does the original.
    let last = turn("b", Some(copy.revision), "else", 9001);
    append(&stores, &owner, last).await;
    let texts = |id: &'static str| {
        let found = conversations.get(&owner, id, None);
        async move {
            let messages = found.await.unwrap().unwrap().messages;
            messages.into_iter().map(|message| message.content).collect::<Vec<_>>()
        }
    };
    assert_eq!(texts("b").await, ["one", "re: one", "else", "re: else"]);
    assert_eq!(texts("a").await.len(), 4);
    assert_eq!(conversations.delete(&owner, "a").await, Ok(true));
    assert_eq!(texts("b").await.len(), 4);
    // A copy without messages takes a turn like any other.
    assert_eq!(index.fork(&owner, Fork { from: "b".into(), ..fork("c", 0, Some("new")) }).await, Ok(true));
    append(&stores, &owner, turn("c", Some(0), "first", 9100)).await;
    assert_eq!(texts("c").await, ["first", "re: first"]);
}

pub(super) async fn titles_and_searches_are_of_one_owner(stores: Stores) {
    let (ann, bob, index) = (ann(), Owner::new("bob").unwrap(), stores.here.conversation_index());
    append(&stores, &ann, turn("a", None, "mango", 1)).await;
    assert_eq!(found(&stores, &bob, "mango").await, Vec::<String>::new());
    assert_eq!(index.set_title(&bob, "a", Some("his")).await, Ok(false));
    assert_eq!(index.page(&bob, "a", None, 9).await, Ok(None));
    let fork = Fork { from: "a".into(), id: "b".into(), messages: 9, title: None, created: at(1) };
    assert_eq!(index.fork(&bob, fork).await, Ok(false));
    // The same id of another owner is another conversation.
    append(&stores, &bob, turn("a", None, "apple", 1)).await;
    assert_eq!(index.set_title(&bob, "a", Some("his mango")).await, Ok(true));
    assert_eq!(found(&stores, &bob, "mango").await, ["a"]);
    assert_eq!(found(&stores, &ann, "his").await, Vec::<String>::new());
}

pub(super) async fn turn_replaces_newest_messages(stores: Stores) {
    let (owner, conversations) = (ann(), stores.here.conversations());
    append(&stores, &owner, turn("a", None, "one", 1)).await;
    let seen = conversations.get(&owner, "a", None).await.unwrap().unwrap().revision;
    append(&stores, &owner, turn("a", Some(seen), "two", 5)).await;
    let again = |after| Turn { replaces: 2, ..turn("a", after, "two, again", 9) };
    assert_eq!(conversations.append(&owner, again(Some(seen))).await, Err(StoreError::Changed));
    let seen = conversations.get(&owner, "a", None).await.unwrap().unwrap().revision;
    append(&stores, &owner, again(Some(seen))).await;
    let found = conversations.get(&owner, "a", None).await.unwrap().unwrap();
    let texts: Vec<_> = found.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(texts, ["one", "re: one", "two, again", "re: two, again"]);
    assert!(found.revision > seen, "the number is a new one");
}

pub(super) async fn deleted_conversation_is_gone_alone(handles: Handles) {
    let owner = ann();
    handles.append(&owner, turn("a", None, "one", 1)).await;
    handles.append(&owner, turn("b", None, "two", 2)).await;
    assert_eq!(handles.here.delete(&owner, "a").await, Ok(true));
    assert_eq!(handles.here.delete(&owner, "a").await, Ok(false));
    assert_eq!(handles.find(&owner, "a").await, None);
    assert_eq!((handles.ids(&owner).await, handles.get(&owner, "b").await.total), (vec!["b".to_owned()], 2));
}
