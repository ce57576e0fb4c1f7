//! Files that callers sent; the bytes are on disk.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use types::Owner;

use crate::columns::{ms, time};
use crate::database::{Database, Row, Statement, Value};
use crate::{Cursor, Page, StoreError, Stored};

/// A file that a caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Under which its bytes are on disk.
    pub id: String,
    pub owner: Owner,
    /// The name that the sender gave, made safe.
    pub name: String,
    /// The name under which it is fetched; no two files share one.
    pub filename: String,
    /// By its content.
    pub media_type: String,
    /// In OpenAI's words.
    pub purpose: String,
    pub bytes: u64,
    pub created: SystemTime,
    /// When it is deleted; `None`: never.
    pub expires: Option<SystemTime>,
}

impl Upload {
    /// Its position in a list.
    pub fn position(&self) -> Cursor {
        Cursor { updated_ms: ms(self.created), id: self.id.clone() }
    }
}

/// What an owner may have, or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadCount {
    pub files: u64,
    pub bytes: u64,
}

/// Which files a list has, and in which order.
#[derive(Debug, Clone, Default)]
pub struct UploadFilter {
    /// Those after this position.
    pub after: Option<Cursor>,
    /// Those of one purpose.
    pub purpose: Option<String>,
    pub oldest_first: bool,
}

/// Files that callers sent; the bytes are on disk. What has expired is not found.
#[derive(Debug, Clone)]
pub struct Uploads(Arc<dyn Database>);

/// The columns in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, owner, name, filename, media_type, purpose, bytes, created_ms, expires_ms"
    };
}

/// So that two inserts of one owner do not both find room: PostgreSQL would run them concurrently.
const TAKE_TURNS: &str = "
    INSERT INTO revisions (name, revision) VALUES ('uploads', 1)
    ON CONFLICT (name) DO UPDATE SET revision = revisions.revision + 1";

/// Of the columns in their order, then now, the most bytes and files, and the directory. The sum of integers is no integer
/// in PostgreSQL.
const ADD: &str = concat!(
    "INSERT INTO uploads (",
    columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
    WHERE (SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM uploads
           WHERE owner = $2 AND (expires_ms IS NULL OR expires_ms > $10)) + $7 <= $11
      AND (SELECT count(*) FROM uploads WHERE owner = $2 AND (expires_ms IS NULL OR expires_ms > $10)) < $12
      AND EXISTS (SELECT 1 FROM secrets WHERE name = 'uploads.directory' AND value = $13)"
);

const COUNT: &str = "
    SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM uploads
    WHERE owner = $1 AND (expires_ms IS NULL OR expires_ms > $2)";

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM uploads WHERE owner = $1 AND id = $2 AND (expires_ms IS NULL OR expires_ms > $3)"
);

const BY_FILENAME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM uploads WHERE owner = $1 AND filename = $2 AND (expires_ms IS NULL OR expires_ms > $3)"
);

const NEWEST_FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM uploads WHERE owner = $1 AND (created_ms, id) < ($2, $3)
      AND (expires_ms IS NULL OR expires_ms > $4) AND ($5 = '' OR purpose = $5)
    ORDER BY created_ms DESC, id DESC LIMIT $6"
);

const OLDEST_FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM uploads WHERE owner = $1 AND (created_ms, id) > ($2, $3)
      AND (expires_ms IS NULL OR expires_ms > $4) AND ($5 = '' OR purpose = $5)
    ORDER BY created_ms, id LIMIT $6"
);

/// Of the id of a directory: it becomes the one that the files are in, unless there are files.
const CLAIM_DIRECTORY: &str = "
    INSERT INTO secrets (name, value) VALUES ('uploads.directory', $1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE NOT EXISTS (SELECT 1 FROM uploads)";

const DIRECTORY: &str = "SELECT value FROM secrets WHERE name = 'uploads.directory'";

impl Uploads {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// Whether the files of this database are in the directory of this id. A directory becomes that one while there are no
    /// files.
    pub fn claim_directory(&self, id: &str) -> Stored<bool> {
        let id = id.as_bytes().to_vec();
        let statements =
            vec![Statement::new(CLAIM_DIRECTORY, [id.clone().into()]), Statement::new(DIRECTORY, [])];
        let written = self.0.write(statements);
        async move {
            let found = written.await?.pop().and_then(|done| done.rows.into_iter().next());
            Ok(found.map(|row| row.bytes(0)).transpose()?.is_some_and(|found| found == id))
        }
        .boxed()
    }

    /// Adds a file, unless its owner would have more than `limit`, or the files are in another directory: then `false`.
    pub fn add(&self, upload: &Upload, limit: UploadCount, directory: &str) -> Stored<bool> {
        let parameters = [
            upload.id.as_str().into(),
            upload.owner.as_str().into(),
            upload.name.as_str().into(),
            upload.filename.as_str().into(),
            upload.media_type.as_str().into(),
            upload.purpose.as_str().into(),
            int(upload.bytes),
            ms(upload.created).into(),
            upload.expires.map(ms).into(),
            ms(upload.created).into(),
            int(limit.bytes),
            int(limit.files),
            directory.as_bytes().to_vec().into(),
        ];
        let written = self.0.write(vec![Statement::new(TAKE_TURNS, []), Statement::new(ADD, parameters)]);
        async move { Ok(written.await?.last().is_some_and(|done| done.changed == 1)) }.boxed()
    }

    /// What an owner has.
    pub fn count(&self, owner: &Owner, now: SystemTime) -> Stored<UploadCount> {
        let rows = self.0.query(Statement::new(COUNT, [owner.as_str().into(), ms(now).into()]));
        async move {
            let rows = rows.await?;
            let row = rows.first().ok_or(StoreError::Unreadable)?;
            Ok(UploadCount { files: unsigned(row.int(0)?), bytes: unsigned(row.int(1)?) })
        }
        .boxed()
    }

    pub fn get(&self, owner: &Owner, id: &str, now: SystemTime) -> Stored<Option<Upload>> {
        self.one(GET, owner, id, now)
    }

    /// A file by the name under which it is fetched.
    pub fn by_filename(&self, owner: &Owner, filename: &str, now: SystemTime) -> Stored<Option<Upload>> {
        self.one(BY_FILENAME, owner, filename, now)
    }

    /// A page of an owner's files.
    pub fn list(
        &self,
        owner: &Owner,
        filter: UploadFilter,
        limit: usize,
        now: SystemTime,
    ) -> Stored<Page<Upload>> {
        let UploadFilter { after, purpose, oldest_first } = filter;
        let (sql, first) = if oldest_first { (OLDEST_FIRST, i64::MIN) } else { (NEWEST_FIRST, i64::MAX) };
        let (created_ms, id) = after.map_or((first, String::new()), |after| (after.updated_ms, after.id));
        // One more than the page holds tells whether there is another page.
        let with_next = int(limit as u64 + 1);
        let purpose = purpose.unwrap_or_default();
        let parameters =
            [owner.as_str().into(), created_ms.into(), id.into(), ms(now).into(), purpose.into(), with_next];
        let rows = self.0.query(Statement::new(sql, parameters));
        async move {
            let mut items = rows.await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let has_next = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| has_next).map(Upload::position);
            Ok(Page { items, next })
        }
        .boxed()
    }

    /// Deletes a file; `false` if there was none.
    pub fn delete(&self, owner: &Owner, id: &str) -> Stored<bool> {
        const DELETE: &str = "DELETE FROM uploads WHERE owner = $1 AND id = $2";
        self.deleted(Statement::new(DELETE, [owner.as_str().into(), id.into()]))
    }

    /// Deletes the row of a file whose bytes are gone, whoever owns it; `false` if there was none.
    pub fn forget(&self, id: &str) -> Stored<bool> {
        self.deleted(Statement::new("DELETE FROM uploads WHERE id = $1", [id.into()]))
    }

    /// Deletes the rows of all files that have expired; their ids.
    pub fn delete_expired(&self, now: SystemTime) -> Stored<Vec<String>> {
        const DELETE: &str =
            "DELETE FROM uploads WHERE expires_ms IS NOT NULL AND expires_ms <= $1 RETURNING id";
        let written = self.0.write(vec![Statement::new(DELETE, [ms(now).into()])]);
        async move {
            let done = written.await?;
            let rows = done.iter().flat_map(|done| &done.rows);
            rows.map(|row| Ok(row.text(0)?)).collect()
        }
        .boxed()
    }

    /// A page of the ids of all owners with the times of the uploads, in the order of the ids, after one of them.
    pub fn ids(&self, after: &str, limit: usize) -> Stored<Vec<(String, SystemTime)>> {
        const IDS: &str = "SELECT id, created_ms FROM uploads WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.0.query(Statement::new(IDS, [after.into(), int(limit as u64)]));
        async move { rows.await?.iter().map(|row| Ok((row.text(0)?, time(row.int(1)?)))).collect() }.boxed()
    }

    fn one(&self, sql: &'static str, owner: &Owner, name: &str, now: SystemTime) -> Stored<Option<Upload>> {
        let parameters = [owner.as_str().into(), name.into(), ms(now).into()];
        let rows = self.0.query(Statement::new(sql, parameters));
        async move { rows.await?.first().map(read).transpose() }.boxed()
    }

    fn deleted(&self, statement: Statement) -> Stored<bool> {
        let written = self.0.write(vec![statement]);
        async move { Ok(written.await?.iter().any(|done| done.changed > 0)) }.boxed()
    }
}

fn read(row: &Row) -> Result<Upload, StoreError> {
    Ok(Upload {
        id: row.text(0)?,
        owner: Owner::new(&row.text(1)?).ok_or(StoreError::Unreadable)?,
        name: row.text(2)?,
        filename: row.text(3)?,
        media_type: row.text(4)?,
        purpose: row.text(5)?,
        bytes: unsigned(row.int(6)?),
        created: time(row.int(7)?),
        expires: row.optional_int(8)?.map(time),
    })
}

fn int(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(any(test, feature = "contract"))]
pub(crate) mod checks;
