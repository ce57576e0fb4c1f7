//! Checks of uploads that run over any database: owners, quotas, expiry, pages.
#![cfg(any(test, feature = "contract"))]
#![allow(clippy::unwrap_used, reason = "a test suite: a check that fails panics")]

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::contract::Stores;

const LIMIT: UploadCount = UploadCount { files: 3, bytes: 100 };

fn owner(name: &str) -> Owner {
    Owner::new(name).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn upload(id: &str, of: &str, bytes: u64) -> Upload {
    Upload {
        id: id.to_owned(),
        owner: owner(of),
        name: format!("{id}.txt"),
        filename: format!("0123_{id}.txt"),
        media_type: "text/plain".to_owned(),
        purpose: "user_data".to_owned(),
        bytes,
        created: at(10),
        expires: Some(at(100)),
    }
}

async fn empty(stores: &Stores) -> Uploads {
    let uploads = stores.here.uploads();
    assert!(uploads.claim_directory("here").await.unwrap());
    uploads
}

pub(crate) async fn file_is_found_by_its_owner_until_it_expires(stores: Stores) {
    let uploads = empty(&stores).await;
    let file = upload("a", "ann", 7);
    assert!(uploads.add(&file, LIMIT, "here").await.unwrap());
    assert_eq!(uploads.get(&owner("ann"), "a", at(99)).await.unwrap(), Some(file.clone()));
    assert_eq!(uploads.by_filename(&owner("ann"), "0123_a.txt", at(99)).await.unwrap(), Some(file));
    assert_eq!(uploads.get(&owner("ann"), "a", at(100)).await.unwrap(), None);
    assert_eq!(uploads.get(&owner("bob"), "a", at(20)).await.unwrap(), None);
    assert_eq!(uploads.by_filename(&owner("bob"), "0123_a.txt", at(20)).await.unwrap(), None);
    assert_eq!(uploads.by_filename(&owner("ann"), "0123_a.txt", at(100)).await.unwrap(), None);
    assert!(!uploads.delete(&owner("bob"), "a").await.unwrap());
    assert!(uploads.delete(&owner("ann"), "a").await.unwrap());
    assert!(!uploads.delete(&owner("ann"), "a").await.unwrap());
}

pub(crate) async fn quota_is_of_each_owner_and_expired_files_do_not_count(stores: Stores) {
    let uploads = empty(&stores).await;
    assert!(uploads.add(&upload("a", "ann", 60), LIMIT, "here").await.unwrap());
    assert!(!uploads.add(&upload("b", "ann", 41), LIMIT, "here").await.unwrap(), "too many bytes");
    assert!(uploads.add(&upload("c", "ann", 40), LIMIT, "here").await.unwrap());
    assert!(uploads.add(&upload("d", "bob", 100), LIMIT, "here").await.unwrap());
    assert_eq!(uploads.count(&owner("ann"), at(20)).await.unwrap(), UploadCount { files: 2, bytes: 100 });
    assert!(uploads.add(&upload("e", "ann", 0), LIMIT, "here").await.unwrap());
    assert!(!uploads.add(&upload("f", "ann", 0), LIMIT, "here").await.unwrap(), "too many files");
    let later = Upload { created: at(100), ..upload("g", "ann", 100) };
    assert!(uploads.add(&later, LIMIT, "here").await.unwrap(), "the others have expired");
}

pub(crate) async fn concurrent_uploads_do_not_share_last_room(stores: Stores) {
    let uploads = empty(&stores).await;
    let other = stores.elsewhere.uploads();
    for round in 0..20 {
        let owner = format!("owner-{round}");
        let (one, two) = (upload(&format!("a{round}"), &owner, 60), upload(&format!("b{round}"), &owner, 60));
        let added = tokio::join!(uploads.add(&one, LIMIT, "here"), other.add(&two, LIMIT, "here"));
        assert!(added.0.unwrap() ^ added.1.unwrap(), "one of two has room");
    }
}

pub(crate) async fn directory_changes_only_while_there_are_no_files(stores: Stores) {
    let uploads = empty(&stores).await;
    assert!(uploads.claim_directory("there").await.unwrap());
    assert!(!uploads.add(&upload("a", "ann", 1), LIMIT, "here").await.unwrap());
    assert!(uploads.add(&upload("a", "ann", 1), LIMIT, "there").await.unwrap());
    assert!(!uploads.claim_directory("here").await.unwrap());
    assert!(uploads.claim_directory("there").await.unwrap());
}

pub(crate) async fn pages_hold_each_file_once_in_both_orders(stores: Stores) {
    let uploads = empty(&stores).await;
    let limit = UploadCount { files: 100, bytes: 100 };
    for number in 0..7_u64 {
        let purpose = if number == 3 { "vision" } else { "user_data" };
        // Two of the same time each.
        let file = Upload {
            created: at(10 + number / 2),
            purpose: purpose.to_owned(),
            ..upload(&format!("f{number}"), "ann", 1)
        };
        assert!(uploads.add(&file, limit, "here").await.unwrap());
    }
    uploads.add(&upload("other", "bob", 1), limit, "here").await.unwrap();
    let mut newest_first = Vec::new();
    for oldest_first in [false, true] {
        let mut filter = UploadFilter { oldest_first, ..UploadFilter::default() };
        let mut ids = Vec::new();
        loop {
            let page = uploads.list(&owner("ann"), filter.clone(), 3, at(20)).await.unwrap();
            ids.extend(page.items.into_iter().map(|file| file.id));
            filter.after = page.next;
            if filter.after.is_none() {
                break;
            }
        }
        if oldest_first {
            ids.reverse();
            assert_eq!(ids, newest_first);
        }
        newest_first = ids;
    }
    assert_eq!(newest_first, ["f6", "f5", "f4", "f3", "f2", "f1", "f0"]);
    let vision = UploadFilter { purpose: Some("vision".to_owned()), ..UploadFilter::default() };
    let page = uploads.list(&owner("ann"), vision, 3, at(20)).await.unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
}

pub(crate) async fn expired_rows_are_deleted_and_named(stores: Stores) {
    let uploads = empty(&stores).await;
    for (id, expires) in [("a", Some(at(50))), ("b", Some(at(51))), ("c", None)] {
        let file = Upload { expires, ..upload(id, "ann", 1) };
        assert!(uploads.add(&file, LIMIT, "here").await.unwrap());
    }
    assert_eq!(uploads.delete_expired(at(50)).await.unwrap(), ["a"]);
    assert_eq!(uploads.ids("", 9).await.unwrap(), [("b".to_owned(), at(10)), ("c".to_owned(), at(10))]);
    assert_eq!(uploads.ids("b", 9).await.unwrap(), [("c".to_owned(), at(10))]);
    assert!(uploads.forget("c").await.unwrap());
    assert!(!uploads.forget("c").await.unwrap());
}
