//! Checks of what owners do not share.

use super::*;

pub(super) async fn owners_share_no_conversation(handles: Handles) {
    let (ann, local) = (ann(), Owner::local());
    handles.append(&ann, turn("notes", None, "ann's", 1)).await;
    assert_eq!(handles.find(&local, "notes").await, None);
    assert_eq!(handles.here.delete(&local, "notes").await, Ok(false));
    // The id is free for another owner, and each continues their own.
    handles.append(&local, turn("notes", None, "mine", 2)).await;
    let (hers, mine) = (handles.get(&ann, "notes").await, handles.get(&local, "notes").await);
    assert_eq!((hers.messages[0].content.as_str(), mine.messages[0].content.as_str()), ("ann's", "mine"));
    assert_eq!((hers.total, mine.total), (2, 2));
    let crossed = turn("notes", Some(hers.revision), "crossed", 3);
    assert_eq!(handles.here.append(&local, crossed).await, Err(StoreError::Changed));
    handles.append(&local, turn("notes", Some(mine.revision), "more", 3)).await;
    assert_eq!(handles.here.delete(&local, "notes").await, Ok(true));
    assert_eq!(handles.get(&ann, "notes").await, hers);
}

pub(super) async fn owners_share_no_list(handles: Handles) {
    let (ann, local) = (ann(), Owner::local());
    for number in 0..3 {
        handles.append(&ann, turn(&format!("a{number}"), None, "x", number)).await;
        handles.append(&local, turn(&format!("l{number}"), None, "x", number)).await;
    }
    assert_eq!(handles.ids(&ann).await, ["a2", "a1", "a0"]);
    let page = handles.here.list(&local, None, 2).await.unwrap();
    // Also from a position that another owner's page gave.
    let rest = handles.here.list(&ann, page.next, 9).await.unwrap();
    assert!(rest.items.iter().all(|summary| summary.id.starts_with('a')), "{rest:?}");
    assert_eq!(handles.ids(&Owner::new("nobody").unwrap()).await, Vec::<String>::new());
}
