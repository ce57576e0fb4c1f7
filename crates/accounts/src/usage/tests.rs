//! Collecting, writing, and adding up.

use store::{NamedUsage, Store};

use super::*;

fn used(owner: &str, key: Option<&str>, model: &str) -> Used {
    Used {
        owner: Owner::new(owner).unwrap(),
        key: key.map(Arc::from),
        counts_tokens: false,
        model: model.into(),
        prompt_tokens: 7,
        completion_tokens: 3,
        generation: Duration::from_millis(1500),
    }
}

async fn all(store: &Store) -> Vec<NamedUsage> {
    store.usage().list("0000-01-01".into()..="9999-12-31".into(), None).await.unwrap()
}

#[tokio::test]
async fn usage_is_written_once() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::sqlite(Some(home.path().to_path_buf()));
    let recorder = Recorder::new(store.usage());
    recorder.record(&used("ann", Some("k"), "m"));
    recorder.record(&used("ann", Some("k"), "m"));
    recorder.record(&used("ann", None, "m"));
    for _ in 0..2 {
        recorder.flush().await.unwrap();
        let requests: Vec<_> = all(&store).await.iter().map(|usage| usage.record.used.requests).collect();
        assert_eq!(requests, [1, 2]);
    }
    let of_key = all(&store).await.remove(1).record;
    assert_eq!((of_key.key.as_str(), of_key.day), ("k", day_of_today()));
    assert_eq!(of_key.used.generation_ms, 3000);
}

#[tokio::test]
async fn usage_is_kept_while_the_database_is_away() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("data");
    std::fs::write(&file, "not a directory").unwrap();
    let store = Store::sqlite(Some(file.clone()));
    let recorder = Recorder::new(store.usage());
    recorder.record(&used("ann", None, "m"));
    assert!(recorder.flush().await.is_err());
    recorder.record(&used("ann", None, "m"));
    std::fs::remove_file(&file).unwrap();
    recorder.flush().await.unwrap();
    assert_eq!(all(&store).await[0].record.used.requests, 2);
}

#[tokio::test]
async fn usage_that_is_kept_is_bounded_and_its_sum_is_right() {
    let recorder = Recorder::new(Store::sqlite(None).usage());
    for number in 0..MAX_UNWRITTEN + 5 {
        recorder.record(&used("ann", None, &number.to_string()));
    }
    assert!(recorder.flush().await.is_err());
    let collected = lock(&recorder.0.collected);
    assert!(collected.waiting.used.len() <= MAX_UNWRITTEN + 1);
    let sum: u64 = collected.waiting.used.values().map(|counts| counts.requests).sum();
    assert_eq!(sum, MAX_UNWRITTEN as u64 + 5);
}

#[test]
fn reports_add_up_and_name_those_that_exist() {
    let record = |day: &str, owner: &str, key: &str, model: &str, requests| NamedUsage {
        record: UsageRecord {
            day: day.into(),
            owner: Owner::new(owner).unwrap(),
            key: key.into(),
            model: model.into(),
            used: UsageCounts { requests, completion_tokens: requests * 10, ..UsageCounts::default() },
        },
        key_name: (key == "k1").then(|| "editor".to_owned()),
        email: (owner == "user-1").then(|| "ann@example.org".to_owned()),
    };
    let records = vec![
        record("2026-11-20", "user-1", "k1", "a", 1),
        record("2026-11-21", "user-1", "k1", "b", 2),
        record("2026-11-21", "guest", "", "a", 4),
    ];
    let lines = |by| -> Vec<_> {
        let lines = report(records.clone(), by).into_iter();
        lines.map(|line| (line.id, line.name, line.used.requests)).collect()
    };
    let named = |id: &str, name: Option<&str>, requests| (id.to_owned(), name.map(str::to_owned), requests);
    assert_eq!(lines(UsageBy::Key), [named("", None, 4), named("k1", Some("editor"), 3)]);
    assert_eq!(lines(UsageBy::User), [named("guest", None, 4), named("user-1", Some("ann@example.org"), 3)]);
    assert_eq!(lines(UsageBy::Model), [named("a", None, 5), named("b", None, 2)]);
    assert_eq!(lines(UsageBy::Day), [named("2026-11-20", None, 1), named("2026-11-21", None, 6)]);
}
