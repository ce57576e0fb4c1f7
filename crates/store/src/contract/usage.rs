//! The checks of [`Usage`](crate::Usage), over any database.

use types::Owner;

use super::Stores;
use crate::{Count, Counter, Store, UsageCounts, UsageRecord};

fn record(day: &str, owner: &str, key: &str, model: &str, requests: u64) -> UsageRecord {
    let used = UsageCounts { requests, prompt_tokens: 10, completion_tokens: 5, generation_ms: 20 };
    let owner = Owner::new(owner).unwrap();
    UsageRecord { day: day.into(), owner, key: key.into(), model: model.into(), used }
}

pub(super) async fn usage_adds_up_and_counts(stores: Stores) {
    let store = &stores.here;
    usage_adds_up_by_day_caller_and_model(store).await;
    usage_is_listed_by_days_and_owner(store).await;
    counters_count_in_windows(store).await;
    concurrent_counts_are_all_counted(store).await;
}

async fn usage_adds_up_by_day_caller_and_model(store: &Store) {
    let usage = store.usage();
    let first = record("2026-11-21", "ann", "k1", "m", 1);
    usage.add(vec![first.clone(), record("2026-11-21", "ann", "k1", "m2", 1)], Vec::new()).await.unwrap();
    usage.add(vec![first], Vec::new()).await.unwrap();
    let listed = usage.list("2026-11-21".into()..="2026-11-21".into(), None).await.unwrap();
    let added = UsageCounts { requests: 2, prompt_tokens: 20, completion_tokens: 10, generation_ms: 40 };
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].record, UsageRecord { used: added, ..record("2026-11-21", "ann", "k1", "m", 0) });
    assert_eq!((listed[0].key_name.as_ref(), listed[0].email.as_ref()), (None, None));
    usage.add(Vec::new(), Vec::new()).await.unwrap();
}

async fn usage_is_listed_by_days_and_owner(store: &Store) {
    let usage = store.usage();
    let records = [("2026-10-01", "ann"), ("2026-10-02", "bob"), ("2026-10-03", "ann")];
    let records = records.map(|(day, owner)| record(day, owner, "", "m", 1));
    usage.add(records.to_vec(), Vec::new()).await.unwrap();
    let days = |listed: Vec<crate::NamedUsage>| -> Vec<String> {
        listed.into_iter().map(|usage| usage.record.day).collect()
    };
    let range = || "2026-10-01".to_owned()..="2026-10-02".to_owned();
    assert_eq!(days(usage.list(range(), None).await.unwrap()), ["2026-10-01", "2026-10-02"]);
    let ann = Owner::new("ann").unwrap();
    assert_eq!(days(usage.list(range(), Some(&ann)).await.unwrap()), ["2026-10-01"]);
}

async fn counters_count_in_windows(store: &Store) {
    let usage = store.usage();
    let count = |window_ms, used| {
        usage.count(Count { key: "k2".into(), counter: Counter::Requests, window_ms, used })
    };
    assert_eq!(usage.counted("k2", Counter::Requests, 60_000).await.unwrap(), 0);
    assert_eq!(count(60_000, 1).await.unwrap(), 1);
    assert_eq!(count(60_000, 2).await.unwrap(), 3);
    assert_eq!(usage.counted("k2", Counter::Requests, 60_000).await.unwrap(), 3);
    assert_eq!(usage.counted("k2", Counter::Tokens, 60_000).await.unwrap(), 0);
    assert_eq!(count(120_000, 1).await.unwrap(), 1);
    // The clock of another process is behind: it does not get the limit anew.
    assert_eq!(count(60_000, 1).await.unwrap(), 2);
    assert_eq!(usage.counted("k2", Counter::Requests, 180_000).await.unwrap(), 0);
    let tokens = Count { key: "k2".into(), counter: Counter::Tokens, window_ms: 0, used: 7 };
    usage.add(Vec::new(), vec![tokens.clone(), tokens]).await.unwrap();
    assert_eq!(usage.counted("k2", Counter::Tokens, 0).await.unwrap(), 14);
}

async fn concurrent_counts_are_all_counted(store: &Store) {
    let count = || {
        let count = Count { key: "k3".into(), counter: Counter::Requests, window_ms: 0, used: 1 };
        tokio::spawn(store.usage().count(count))
    };
    let mut seen = Vec::new();
    for counting in (0..20).map(|_| count()).collect::<Vec<_>>() {
        seen.push(counting.await.unwrap().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
}
