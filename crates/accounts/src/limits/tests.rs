//! Windows of requests and tokens, over SQLite.

use std::sync::Arc;

use store::Store;
use types::Owner;

use super::*;
use crate::usage::Used;

const NOON: i64 = 20_000 * DAY_MS + DAY_MS / 2;

fn limits(store: &Store) -> RateLimits {
    RateLimits::new(store.usage(), Recorder::new(store.usage()))
}

fn of_requests(limit: u32) -> Limits {
    Limits { requests_per_minute: Some(limit), ..Limits::default() }
}

fn of_tokens(limit: u64) -> Limits {
    Limits { tokens_per_day: Some(limit), ..Limits::default() }
}

fn window(limit: u64, remaining: u64, seconds: u64) -> RateWindow {
    RateWindow { limit, remaining, resets_in: Duration::from_secs(seconds) }
}

#[tokio::test]
async fn requests_of_a_minute_are_counted_together_by_all_processes() {
    let home = tempfile::tempdir().unwrap();
    let [here, elsewhere] = [(); 2].map(|()| limits(&Store::sqlite(Some(home.path().to_path_buf()))));
    let now = NOON + 23_000;
    let two = of_requests(2);
    let first = here.admit_at("k", &two, now).await.unwrap();
    assert_eq!(first.requests, Some(window(2, 1, 37)));
    assert_eq!(elsewhere.admit_at("k", &two, now).await.unwrap().requests, Some(window(2, 0, 37)));
    let refused = here.admit_at("k", &two, now + 1000).await.unwrap_err();
    assert_eq!(refused, RateError::Requests(RateStatus { requests: Some(window(2, 0, 36)), tokens: None }));
    assert!(here.admit_at("other", &two, now).await.is_ok());
    assert!(elsewhere.admit_at("k", &two, NOON + 60_000).await.is_ok());
}

#[tokio::test]
async fn tokens_of_a_day_count_before_and_after_they_are_written() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::sqlite(Some(home.path().to_path_buf()));
    let limits = limits(&store);
    let hundred = of_tokens(100);
    assert_eq!(limits.admit_at("k", &hundred, NOON).await.unwrap().tokens, Some(window(100, 100, 43_200)));
    let used = Used {
        owner: Owner::local(),
        key: Some(Arc::from("k")),
        counts_tokens: true,
        model: "m".into(),
        prompt_tokens: 60,
        completion_tokens: 40,
        generation: Duration::ZERO,
    };
    limits.recorder.record_at(&used, NOON);
    for _ in 0..2 {
        let refused = limits.admit_at("k", &hundred, NOON).await.unwrap_err();
        let status = RateStatus { requests: None, tokens: Some(window(100, 0, 43_200)) };
        assert_eq!(refused, RateError::Tokens(status));
        limits.recorder.flush().await.unwrap();
    }
    assert!(limits.admit_at("k", &hundred, NOON + DAY_MS).await.is_ok());
}

#[tokio::test]
async fn request_without_tokens_left_is_not_counted() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::sqlite(Some(home.path().to_path_buf()));
    let limits = limits(&store);
    let both = Limits { tokens_per_day: Some(0), ..of_requests(1) };
    assert!(matches!(limits.admit_at("k", &both, NOON).await, Err(RateError::Tokens(_))));
    assert_eq!(store.usage().counted("k", Counter::Requests, NOON).await.unwrap(), 0);
}

#[tokio::test]
async fn database_that_is_away_admits_nothing_that_is_limited() {
    let limits = limits(&Store::sqlite(None));
    assert_eq!(limits.admit_at("k", &Limits::default(), NOON).await, Ok(RateStatus::default()));
    for limited in [of_requests(5), of_tokens(5)] {
        assert_eq!(
            limits.admit_at("k", &limited, NOON).await,
            Err(RateError::Store(StoreError::NoDirectory))
        );
    }
}
