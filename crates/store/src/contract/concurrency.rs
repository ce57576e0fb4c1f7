//! Checks of what runs at the same time: turn locks, and turns that race.

use std::time::Instant;

use futures_util::future::join_all;

use super::*;
use crate::{TryLock, TurnLock};

/// The lock, or `None` while another turn holds it.
async fn try_lock(store: &Arc<dyn ConversationStore>, owner: &Owner, id: &str) -> Option<TurnLock> {
    match store.try_lock(owner, id).await.unwrap() {
        TryLock::Locked(lock) => Some(lock),
        TryLock::Held { .. } => None,
    }
}

/// The lock, as soon as it is free: a server learns of a release a moment later.
async fn lock_soon(store: &Arc<dyn ConversationStore>, owner: &Owner, id: &str) -> TurnLock {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match try_lock(store, owner, id).await {
            Some(lock) => return lock,
            None => assert!(Instant::now() < until, "the lock is never released"),
        }
    }
}

pub(super) async fn owners_share_no_turn_lock(handles: Handles) {
    let _mine = try_lock(&handles.here, &Owner::local(), "a").await.unwrap();
    assert!(try_lock(&handles.elsewhere, &ann(), "a").await.is_some());
    assert!(try_lock(&handles.elsewhere, &Owner::local(), "a").await.is_none());
}

pub(super) async fn turn_lock_excludes_other_turns_until_dropped(handles: Handles) {
    let owner = ann();
    let first = try_lock(&handles.here, &owner, "a").await.unwrap();
    for handle in [&handles.here, &handles.elsewhere] {
        assert!(try_lock(handle, &owner, "a").await.is_none());
        drop(lock_soon(handle, &owner, "b").await);
    }
    drop(first);
    let second = lock_soon(&handles.elsewhere, &owner, "a").await;
    assert!(try_lock(&handles.here, &owner, "a").await.is_none());
    drop(second);
    assert_eq!(handles.find(&owner, "a").await, None, "a lock makes no conversation");
}

/// Appends turns to one conversation concurrently, over both handles; how many were written.
async fn race(handles: &Handles, owner: &Owner, after: Option<i64>) -> usize {
    let both = [&handles.here, &handles.elsewhere].into_iter().cycle();
    let turns = both.zip(0..10).map(|(handle, number)| {
        // A task each, so that they really run at the same time.
        tokio::spawn(handle.append(owner, turn("a", after, &number.to_string(), 1)))
    });
    let results: Vec<_> = join_all(turns).await.into_iter().map(Result::unwrap).collect();
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Changed))), "{results:?}");
    results.iter().filter(|result| result.is_ok()).count()
}

pub(super) async fn one_of_many_concurrent_turns_is_written(handles: Handles) {
    let owner = ann();
    handles.append(&owner, turn("a", None, "first", 1)).await;
    let seen = handles.get(&owner, "a").await.revision;
    assert_eq!(race(&handles, &owner, Some(seen)).await, 1);
    assert_eq!(handles.get(&owner, "a").await.total, 4);
}

pub(super) async fn one_of_many_concurrent_new_conversations_is_written(handles: Handles) {
    assert_eq!(race(&handles, &ann(), None).await, 1);
    assert_eq!(handles.get(&ann(), "a").await.total, 2);
}

pub(super) async fn concurrent_turns_of_different_conversations_are_all_written(handles: Handles) {
    let (ann, local) = (ann(), Owner::local());
    let turns = (0..10).flat_map(|number| {
        let turn = turn(&format!("c{number}"), None, &number.to_string(), 1);
        [(&handles.here, &ann), (&handles.elsewhere, &local)]
            .map(|(handle, owner)| tokio::spawn(handle.append(owner, turn.clone())))
    });
    for written in join_all(turns).await {
        assert_eq!(written.unwrap(), Ok(()));
    }
    for owner in [&ann, &local] {
        assert_eq!(handles.ids(owner).await.len(), 10);
        assert_eq!(handles.get(owner, "c3").await.messages[1].content, "re: 3");
    }
}
