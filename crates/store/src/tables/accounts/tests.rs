//! The checks over SQLite.

use super::ACCOUNT_CHECKS;
use crate::Store;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_rules_for_accounts() {
    let home = tempfile::tempdir().unwrap();
    for check in ACCOUNT_CHECKS {
        let open = || Store::sqlite(Some(home.path().join(check.name)));
        (check.run)(open(), open()).await;
    }
}
