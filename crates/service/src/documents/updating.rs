//! Brings the index up to date with the files of a call: what is new or changed is read and cut, what is gone is removed.

use std::collections::HashMap;
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::selection::{FileText, Selected, SelectedFile};
use super::{Documents, failed};
use crate::tasks::job::Job;
use crate::{Caller, ServiceError};
use passages::{Limits, split, terms};
use store::{IndexedDocument, NewDocument, NewPassage, PassageIndex};

/// How passages of the index are cut. Measured by the quality bench.
const PASSAGE: Limits = Limits { max_bytes: 1200, overlap: 150 };
/// Counts up when the same text is cut otherwise than before, or has other terms.
const CUT: u32 = 1;
/// A file that was changed so shortly before it was indexed may have changed again within the same tick of its clock.
const SAME_TICK: Duration = Duration::from_secs(2);
/// Files that are read at the same time.
const AT_ONCE: usize = 2;

/// The files of a call in the index.
#[derive(Debug, Default)]
pub(super) struct UpToDate {
    pub(super) documents: Vec<IndexedDocument>,
    pub(super) skipped: Vec<(String, String)>,
}

impl UpToDate {
    pub(super) fn ids(&self) -> Vec<i64> {
        self.documents.iter().map(|document| document.id).collect()
    }

    pub(super) fn passages(&self) -> usize {
        self.documents.iter().map(|document| document.passages).sum()
    }
}

impl Documents {
    /// Reads what the index does not have, or not as it is now.
    ///
    /// # Errors
    /// `storage_failed`. A file that cannot be read is told, and not in the index any more.
    pub(super) async fn update(
        &self,
        caller: &Caller,
        job: &Job,
        index: &Arc<dyn PassageIndex>,
        selected: &Selected,
    ) -> Result<UpToDate, ServiceError> {
        let owner = &caller.owner;
        let keys = selected.files.iter().map(|file| file.key.clone()).collect();
        let known = index.documents(owner, keys).await.map_err(failed)?;
        let mut known: HashMap<String, IndexedDocument> =
            known.into_iter().map(|document| (document.key.clone(), document)).collect();
        let mut found = UpToDate::default();
        let mut stale = Vec::new();
        for file in &selected.files {
            match known.remove(&file.key) {
                Some(document) if is_unchanged(file, &document) => found.documents.push(document),
                before => stale.push((file.clone(), before)),
            }
        }
        let total = stale.len();
        let reading = stale.into_iter().map(|(file, before)| async move {
            let read = match self.read(&file).await {
                Ok(text) => self.index_file(caller, index, &file, before, text).await?,
                Err(reason) => Err(reason),
            };
            Ok::<_, ServiceError>((file, read))
        });
        let mut reading = stream::iter(reading).buffered(AT_ONCE);
        let mut done = 0;
        while let Some(outcome) = reading.next().await {
            let (file, read) = outcome?;
            done += 1;
            job.advance(|state| {
                state.status = format!("indexing: {done} of {total} files");
                (state.done, state.total) = (f64::from(done), Some(total as f64));
            });
            match read {
                Ok((document, unread)) => {
                    found.documents.push(document);
                    if unread > 0 {
                        found
                            .skipped
                            .push((format!("{unread} pages of {}", file.name), "cannot be read".to_owned()));
                    }
                }
                Err(reason) => {
                    index.remove(Some(owner), vec![file.key.clone()]).await.map_err(failed)?;
                    found.skipped.push((file.name.clone(), reason));
                }
            }
        }
        self.remove_gone(caller, index, selected).await?;
        Ok(found)
    }

    /// Puts the text of a file into the index, unless it is there. The number is of pages that cannot be read.
    async fn index_file(
        &self,
        caller: &Caller,
        index: &Arc<dyn PassageIndex>,
        file: &SelectedFile,
        before: Option<IndexedDocument>,
        text: FileText,
    ) -> Result<Result<(IndexedDocument, usize), String>, ServiceError> {
        let unread = text.unread_pages();
        let file_name = file.name.clone();
        let cut = tokio::task::spawn_blocking(move || {
            let hash = text.hash();
            (hash, cut(&file_name, &text))
        });
        let Ok((hash, passages)) = cut.await else {
            return Ok(Err("cannot be cut into passages".to_owned()));
        };
        if let Some(before) = before.filter(|before| before.hash == hash && before.cut == CUT) {
            let touched = index.touch(&caller.owner, before.id, &file.name, file.size, file.modified_ns);
            touched.await.map_err(failed)?;
            return Ok(Ok((before, unread)));
        }
        let count = passages.len();
        let document = NewDocument {
            key: file.key.clone(),
            name: file.name.clone(),
            hash: hash.clone(),
            size: file.size,
            modified_ns: file.modified_ns,
            cut: CUT,
            passages,
        };
        let id = index.put(&caller.owner, document).await.map_err(failed)?;
        let document = IndexedDocument {
            id,
            key: file.key.clone(),
            name: file.name.clone(),
            hash,
            size: file.size,
            modified_ns: file.modified_ns,
            cut: CUT,
            passages: count,
            indexed: SystemTime::now(),
        };
        Ok(Ok((document, unread)))
    }

    /// Removes what is indexed below the folders of a call and is no file any more, or none that may be read.
    async fn remove_gone(
        &self,
        caller: &Caller,
        index: &Arc<dyn PassageIndex>,
        selected: &Selected,
    ) -> Result<(), ServiceError> {
        if selected.is_cut {
            return Ok(());
        }
        for folder in &selected.folders {
            let prefix = as_prefix(folder);
            let below = index.documents_below(&caller.owner, &prefix).await.map_err(failed)?;
            let there: std::collections::HashSet<&str> =
                selected.files.iter().map(|file| file.key.as_str()).collect();
            let missing = below.into_iter().map(|document| document.key);
            let missing: Vec<_> = missing.filter(|key| !there.contains(key.as_str())).collect();
            self.remove_unreadable(caller, index, missing).await?;
        }
        Ok(())
    }

    /// Removes those of these files that may not be read any more.
    pub(super) async fn remove_unreadable(
        &self,
        caller: &Caller,
        index: &Arc<dyn PassageIndex>,
        keys: Vec<String>,
    ) -> Result<(), ServiceError> {
        if keys.is_empty() {
            return Ok(());
        }
        let checked = self.may_still_be_read(keys).await;
        let gone: Vec<_> = checked.into_iter().filter(|(_, may)| !may).map(|(key, _)| key).collect();
        if !gone.is_empty() {
            index.remove(Some(&caller.owner), gone).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// What the keys of all files below a folder begin with.
fn as_prefix(folder: &Path) -> String {
    let mut prefix = folder.to_string_lossy().into_owned();
    if !prefix.ends_with(MAIN_SEPARATOR) {
        prefix.push(MAIN_SEPARATOR);
    }
    prefix
}

/// Whether a file is as it was when it was indexed, by its size and its time.
fn is_unchanged(file: &SelectedFile, document: &IndexedDocument) -> bool {
    let indexed = document.indexed.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Duration::from_nanos(u64::try_from(file.modified_ns).unwrap_or_default());
    file.name == document.name
        && file.size == document.size
        && file.modified_ns == document.modified_ns
        && document.cut == CUT
        && (file.modified_ns == 0 || modified + SAME_TICK <= indexed)
}

fn cut(name: &str, text: &FileText) -> Vec<NewPassage> {
    split(text.source(name), PASSAGE)
        .into_iter()
        .map(|passage| {
            let words = match &passage.heading {
                // The name tells what a file is about, too.
                Some(heading) => format!("{name}\n{heading}\n{}", passage.text),
                None => format!("{name}\n{}", passage.text),
            };
            NewPassage {
                place: passage.place,
                heading: passage.heading,
                terms: terms(&words),
                text: passage.text,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of an index that was made so many milliseconds after the file was changed.
    fn is_fresh(after_ms: i64) -> bool {
        let modified_ns = 1_700_000_000_000_000_000;
        let file = SelectedFile::named("a", 7, modified_ns);
        let indexed = UNIX_EPOCH + Duration::from_nanos(modified_ns as u64);
        let indexed = match after_ms {
            after if after < 0 => indexed - Duration::from_millis(after.unsigned_abs()),
            after => indexed + Duration::from_millis(after as u64),
        };
        let document = IndexedDocument {
            id: 1,
            key: "a".to_owned(),
            name: "a".to_owned(),
            hash: Vec::new(),
            size: 7,
            modified_ns,
            cut: CUT,
            passages: 1,
            indexed,
        };
        is_unchanged(&file, &document)
    }

    #[test]
    fn file_that_was_changed_right_before_it_was_indexed_is_read_again() {
        assert!(is_fresh(3000));
        assert!(!is_fresh(500), "it may have changed again within the same tick");
        assert!(!is_fresh(-500));
    }
}
