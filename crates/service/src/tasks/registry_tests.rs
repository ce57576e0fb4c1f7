//! What the registry finds, keeps and drops.

use tokio::sync::mpsc;

use super::*;
use crate::Caller;
use crate::tasks::reply::testing::ended_with;

fn local() -> Owner {
    Owner::local()
}

fn ended(text: &str) -> TaskKind {
    TaskKind::Reply(ended_with(text))
}

#[test]
fn newest_unseen_is_found_without_id() {
    let registry = Registry::default();
    let first = registry.add(&local(), ended("first"));
    let second = registry.add(&local(), ended("second"));
    assert_eq!(registry.find(&local(), None).unwrap().id, second.id);
    second.mark_seen();
    assert_eq!(registry.find(&local(), None).unwrap().id, first.id);
    first.mark_seen();
    assert_eq!(registry.find(&local(), None).unwrap_err().code, ErrorCode::CompletionNotFound);
    assert_eq!(registry.find(&local(), Some(&first.id)).unwrap().id, first.id);
}

#[test]
fn old_excess_and_large_entries_are_swept_and_reported_gone() {
    let registry = Registry::default();
    let first = registry.add(&local(), ended("x"));
    for _ in 0..MAX_RETAINED {
        registry.add(&local(), ended("x"));
    }
    registry.lock().sweep_at(Instant::now(), MAX_BYTES);
    let gone = registry.find(&local(), Some(&first.id)).unwrap_err();
    assert!(gone.text().contains("no longer available"), "{}", gone.text());
    assert!(
        registry
            .find(&local(), Some("chatcmpl-other"))
            .unwrap_err()
            .text()
            .starts_with("There is no completion")
    );

    let mut table = registry.lock();
    let size = ended_with("x").size();
    table.sweep_at(Instant::now(), size * 10);
    assert_eq!(table.entries.len(), 10);
    table.sweep_at(Instant::now() + RETENTION_TIME + Duration::from_secs(1), MAX_BYTES);
    assert_eq!(table.entries.len(), 0);
}

#[test]
fn forgotten_entry_is_gone_for_its_owner_alone() {
    let registry = Registry::default();
    let (first, second) = (registry.add(&local(), ended("x")), registry.add(&local(), ended("y")));
    registry.forget(&Owner::guest(), &first.id);
    assert!(registry.find(&local(), Some(&first.id)).is_ok(), "another owner drops nothing");
    registry.forget(&local(), &id::in_form(&first.id, "resp_"));
    let gone = registry.find(&local(), Some(&first.id)).unwrap_err();
    assert!(gone.text().contains("no longer available"), "{}", gone.text());
    assert!(registry.find(&local(), Some(&second.id)).is_ok());
    registry.forget(&local(), &first.id);
}

#[test]
fn promised_entries_outlive_seen_ones() {
    let registry = Registry::default();
    let promised = registry.add(&local(), ended("promised"));
    promised.state().detach();
    let cancelled = registry.add(&local(), ended("cancelled"));
    for _ in 0..3 * MAX_RETAINED {
        registry.add(&local(), ended("quick")).mark_seen();
        registry.lock().ended(1);
    }
    assert!(registry.find(&local(), Some(&cancelled.id)).is_ok());
    for _ in 0..3 * MAX_RETAINED {
        registry.add(&local(), ended("cancelled too"));
        registry.lock().ended(1);
    }
    assert!(registry.find(&local(), Some(&promised.id)).is_ok());
    assert!(registry.find(&local(), Some(&cancelled.id)).is_err());
    promised.mark_seen();
    let mut table = registry.lock();
    table.sweep_at(Instant::now(), MAX_BYTES);
    assert_eq!(table.entries.len(), 2 * MAX_RETAINED);
}

#[test]
fn running_entries_are_never_swept() {
    let registry = Registry::default();
    let running = registry.add(&local(), TaskKind::Reply(ReplyBuffer::new(&Caller::local())));
    for _ in 0..2 * MAX_RETAINED {
        registry.add(&local(), ended("x"));
    }
    registry.lock().sweep_at(Instant::now(), MAX_BYTES);
    assert!(registry.find(&local(), Some(&running.id)).is_ok());
}

#[test]
fn nothing_of_another_owner_is_found_by_id_or_as_the_newest() {
    let registry = Registry::default();
    let other = Owner::new("other").unwrap();
    let of_other = registry.add(&other, ended("theirs"));
    for id in [Some(of_other.id.as_str()), None] {
        assert_eq!(registry.find(&local(), id).unwrap_err().code, ErrorCode::CompletionNotFound);
        assert_eq!(registry.find(&other, id).unwrap().id, of_other.id);
    }
    let own = registry.add(&local(), ended("ours"));
    registry.add(&other, ended("theirs too"));
    assert_eq!(registry.find(&local(), None).unwrap().id, own.id);
    registry.lock().sweep_at(Instant::now() + RETENTION_TIME + Duration::from_secs(1), MAX_BYTES);
    let text = |owner: &Owner| registry.find(owner, Some(&of_other.id)).unwrap_err().text();
    assert!(text(&other).contains("no longer available"), "{}", text(&other));
    let own = local();
    assert!(text(&own).starts_with("There is no completion"), "{}", text(&own));
}

#[test]
fn limits_count_for_each_owner() {
    let registry = Registry::default();
    let other = Owner::new("other").unwrap();
    let own = registry.add(&local(), ended("ours"));
    for _ in 0..2 * MAX_RETAINED {
        registry.add(&other, ended("theirs"));
        registry.lock().ended(1);
    }
    assert!(registry.find(&local(), Some(&own.id)).is_ok());
    for _ in 0..MAX_BACKGROUND {
        registry.add(&other, TaskKind::Reply(ReplyBuffer::new(&Caller::local()))).state().detach();
    }
    assert_eq!(registry.allow_background(&other).unwrap_err().code, ErrorCode::Overloaded);
    assert_eq!(registry.allow_background(&local()), Ok(()));
}

#[test]
fn table_is_swept_only_when_something_may_be_dropped() {
    let mut table = Table::default();
    for _ in 0..MAX_RETAINED {
        table.ended(1);
    }
    table.sweep_if_due();
    assert_eq!(table.unswept, MAX_RETAINED);
    table.ended(1);
    table.sweep_if_due();
    assert_eq!((table.unswept, table.next_expiry), (0, None));
    table.ended(SWEEP_AFTER_BYTES);
    assert_eq!(table.unswept, 0);
    table.ended(1);
    table.next_expiry = Some(Instant::now());
    table.sweep_if_due();
    assert_eq!(table.unswept, 0);
}

#[test]
fn one_sweep_drops_what_several_tasks_have_left() {
    let registry = Registry::default();
    let (mut sweeps, mut before) = (0, 0);
    for _ in 0..3 * MAX_RETAINED {
        registry.add(&local(), ended("x")).mark_seen();
        let mut table = registry.lock();
        table.ended(1);
        sweeps += usize::from(table.entries.len() <= before);
        before = table.entries.len();
        assert!(before <= MAX_RETAINED + SWEEP_AFTER);
    }
    assert_eq!(sweeps, 2 * MAX_RETAINED / SWEEP_AFTER);
}

#[test]
fn errors_of_unknown_completions_name_no_front() {
    let gone = VecDeque::from([(local(), "chatcmpl-gone".to_owned())]);
    for id in [None, Some("chatcmpl-gone"), Some("chatcmpl-other")] {
        crate::error::tests::assert_names_no_front(&not_found(&local(), id, &VecDeque::new()));
        crate::error::tests::assert_names_no_front(&not_found(&local(), id, &gone));
    }
}

#[test]
fn sweep_counts_what_is_left_and_when_it_expires() {
    let registry = Registry::default();
    let tasks: Vec<_> = (0..MAX_RETAINED + 3).map(|_| registry.add(&local(), ended("x"))).collect();
    let mut table = registry.lock();
    table.sweep_at(Instant::now(), MAX_BYTES);
    assert_eq!(table.ended, MAX_RETAINED);
    // The three oldest are gone.
    let oldest = tasks[3].state().ended_at().unwrap();
    assert_eq!(table.next_expiry, Some(oldest + RETENTION_TIME));
    assert!(table.entries.iter().any(|entry| entry.id == tasks[3].id));
    assert!(!table.entries.iter().any(|entry| entry.id == tasks[2].id));
}

#[test]
fn only_running_tasks_count_as_background() {
    let registry = Registry::default();
    for _ in 0..2 * MAX_BACKGROUND {
        // One that has ended, and one that a call waits for.
        registry.add(&local(), ended("x")).state().detach();
        registry.add(&local(), TaskKind::Reply(ReplyBuffer::new(&Caller::local())));
    }
    assert!(registry.allow_background(&local()).is_ok());
    for _ in 0..MAX_BACKGROUND {
        registry.add(&local(), TaskKind::Reply(ReplyBuffer::new(&Caller::local()))).state().detach();
    }
    assert_eq!(registry.allow_background(&local()).unwrap_err().code, ErrorCode::Overloaded);
    assert!(registry.allow_background(&Owner::new("ann").unwrap()).is_ok());
}

#[tokio::test]
async fn observer_gets_figures_of_each_end() {
    let registry = Arc::new(Registry::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&seen);
    registry.observers.add(Arc::new(move |ended| {
        lock(&into).push((ended.error, ended.first_chunk.is_some(), ended.chunks))
    }));
    let reply = ReplyBuffer::new(&Caller::local());
    registry.spawn(&reply, {
        let reply = Arc::clone(&reply);
        async move {
            reply.push_content("x");
            Err(ServiceError::internal())
        }
    });
    reply.ended().await;
    assert_eq!(*lock(&seen), [(Some(ErrorCode::Internal), true, 1)]);
    let silent = ReplyBuffer::new(&Caller::local());
    silent.task_state.cancel();
    registry.spawn(&silent, std::future::pending());
    silent.ended().await;
    assert_eq!(lock(&seen).last(), Some(&(Some(ErrorCode::Cancelled), false, 0)));
}

#[tokio::test]
async fn task_that_fails_at_its_last_step_announces_its_end_before_it_leaves() {
    struct Place(Arc<ReplyBuffer>, mpsc::UnboundedSender<bool>);
    impl Drop for Place {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.outcome().is_some());
        }
    }
    let (registry, reply) = (Arc::new(Registry::default()), ReplyBuffer::new(&Caller::local()));
    let (announced, mut was_announced) = mpsc::unbounded_channel();
    let place = Place(Arc::clone(&reply), announced);
    registry
        .spawn_then(&reply, async { Ok(place) }, |place| async { (Err(ServiceError::internal()), place) });
    assert_eq!(was_announced.recv().await, Some(true));
    assert!(reply.outcome().unwrap().is_err());
}

#[test]
fn text_of_one_owner_evicts_little_of_another() {
    let registry = Registry::default();
    let other = Owner::new("other").unwrap();
    let own = registry.add(&local(), ended("ours"));
    for _ in 0..20 {
        registry.add(&other, ended("theirs"));
    }
    let size = ended_with("theirs").size();
    let mut table = registry.lock();
    table.sweep_at(Instant::now(), size * 10);
    assert!(table.entries.iter().any(|entry| entry.id == own.id));
    assert_eq!(table.entries.iter().filter(|entry| entry.owner == other).count(), 10);
}

#[test]
fn expired_ids_of_one_owner_evict_none_of_another() {
    let other = Owner::new("other").unwrap();
    let mut gone = VecDeque::from([(local(), "ours".to_owned())]);
    gone.extend((0..2 * MAX_EXPIRED_IDS).map(|id| (other.clone(), id.to_string())));
    forget(&mut gone);
    assert_eq!(gone.len(), MAX_EXPIRED_IDS);
    assert_eq!(gone.front(), Some(&(local(), "ours".to_owned())));
    assert_eq!(gone.back(), Some(&(other, (2 * MAX_EXPIRED_IDS - 1).to_string())));
}
