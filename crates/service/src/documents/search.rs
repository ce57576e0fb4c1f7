//! Searches the files of a call: by words and by meaning, their ranks fused.

use std::collections::HashMap;
use std::sync::Arc;

use super::embedding::{key_of, words_alone};
use super::selection::{Selected, told};
use super::updating::UpToDate;
use super::{Documents, FileSelection, failed};
use crate::hint::Warning;
use crate::tasks::documents_report::{DocumentsReport, FoundPlace};
use crate::tasks::job::{Job, JobOutput};
use crate::{Caller, ErrorCode, ServiceError};
use passages::terms;
use store::{Hit, IndexedPassage, PassageIndex};

/// How many hits of each search are fused.
const CANDIDATES: usize = 100;
/// How little the first ranks count beside later ones (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009, with 60). With 60,
/// a passage in the middle of both lists comes before the first of one, and finds less than words alone: `cargo bench --bench quality`.
const RANK_OFFSET: f64 = 3.0;
/// How much a rank of the words counts, and one of the embeddings: words find more where the embedding model is small.
const WEIGHTS: [f64; 2] = [1.5, 1.0];
/// The longest query, in bytes.
pub(super) const MAX_QUERY: usize = 10_000;
/// Places of a search.
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;

/// A search over files.
#[derive(Debug, Clone)]
pub struct SearchCall {
    pub files: FileSelection,
    pub query: String,
    /// Places at most.
    pub limit: Option<u64>,
    pub embedding_model: Option<String>,
}

/// Files that are in the index, and how they are searched.
pub(super) struct Library {
    pub(super) index: Arc<dyn PassageIndex>,
    pub(super) files: UpToDate,
    /// The embedding model; `None`: by words alone.
    pub(super) embedder: Option<String>,
}

/// A passage that was found, and how well it matches: 1 is the best in every respect.
pub(super) struct Match {
    pub(super) passage: IndexedPassage,
    pub(super) score: f64,
}

impl SearchCall {
    pub(super) fn limit(&self) -> Result<usize, ServiceError> {
        let limit = self.limit.map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        match limit {
            1..=MAX_LIMIT => Ok(limit),
            _ => Err(ServiceError::invalid(
                "limit",
                format!("is {limit}; it must be between 1 and {MAX_LIMIT}"),
            )),
        }
    }
}

impl Documents {
    /// Finds the places of a query. No model writes anything.
    pub(super) async fn run_search(
        &self,
        caller: &Caller,
        job: &Job,
        call: &SearchCall,
    ) -> Result<(), ServiceError> {
        let limit = call.limit()?;
        let library =
            self.library(caller, job, &call.files, call.embedding_model.clone(), &call.query).await?;
        let matches = self.search(caller, job, &library, &call.query, limit).await?;
        let places = matches.iter().map(|found| library.place(found, false)).collect();
        report(job, |report| report.places = places);
        Ok(())
    }

    /// The files of a call in the index, with their embeddings.
    pub(super) async fn library(
        &self,
        caller: &Caller,
        job: &Job,
        selection: &FileSelection,
        embedding_model: Option<String>,
        query: &str,
    ) -> Result<Library, ServiceError> {
        job.advance(|state| state.status = "looking for the files".to_owned());
        let Selected { files, folders, is_cut, skipped } = self.select(caller, selection).await?;
        let selected = Selected { files, folders, is_cut, skipped: Vec::new() };
        let embedder = self.embedding_model(caller, embedding_model).await?;
        let index = self.index(caller, selection, job).await;
        let files = self.update(caller, job, &index, &selected).await?;
        self.check_readable(&files, skipped.first())?;
        let left_out = told(skipped.into_iter().chain(files.skipped.iter().cloned()).collect());
        report(job, |report| {
            report.files = files.documents.len();
            report.passages = files.passages();
            report.skipped = left_out;
        });
        let embedder = self.embedded(caller, job, &index, &files, embedder, query).await?;
        Ok(Library { index, files, embedder })
    }

    /// The model by whose embeddings the files can be searched. Where it fails, words alone must do.
    async fn embedded(
        &self,
        caller: &Caller,
        job: &Job,
        index: &Arc<dyn PassageIndex>,
        files: &UpToDate,
        embedder: Result<String, Warning>,
        query: &str,
    ) -> Result<Option<String>, ServiceError> {
        let warning = match embedder {
            Err(warning) => warning,
            Ok(model) if query.trim().is_empty() => return Ok(Some(model)),
            Ok(model) => match self.embed_missing(caller, job, index, &files.ids(), &model).await {
                Ok(()) => {
                    report(job, |report| report.embedding_model = Some(model.clone()));
                    return Ok(Some(model));
                }
                Err(error) if error.code == ErrorCode::StorageFailed => return Err(error),
                Err(error) => words_alone(caller, &error),
            },
        };
        report(job, |report| report.warnings.push(warning));
        Ok(None)
    }

    /// The passages that match a query best, the best first.
    pub(super) async fn search(
        &self,
        caller: &Caller,
        job: &Job,
        library: &Library,
        query: &str,
        limit: usize,
    ) -> Result<Vec<Match>, ServiceError> {
        job.advance(|state| state.status = "searching".to_owned());
        let (index, ids) = (&library.index, library.files.ids());
        let wanted = CANDIDATES.max(limit);
        let by_words = index.search_words(&caller.owner, ids.clone(), &terms(query), wanted);
        let by_meaning = async {
            let Some(model) = &library.embedder else { return Ok(Vec::new()) };
            match self.embed_query(caller, model, query).await {
                Ok(vector) => {
                    let found =
                        index.search_vectors(&caller.owner, ids.clone(), &key_of(model), vector, wanted);
                    found.await.map_err(failed)
                }
                Err(error) => {
                    report(job, |report| report.warnings.push(words_alone(caller, &error)));
                    Ok(Vec::new())
                }
            }
        };
        let (by_words, by_meaning) = tokio::join!(by_words, by_meaning);
        let lists = [by_words.map_err(failed)?, by_meaning?];
        let mut fused = fuse(&lists);
        fused.truncate(limit);
        let passages = index.passages(&caller.owner, fused.iter().map(|hit| hit.passage).collect());
        let scores: HashMap<i64, f64> = fused.iter().map(|hit| (hit.passage, hit.score)).collect();
        let passages = passages.await.map_err(failed)?;
        let matched = |passage: IndexedPassage| {
            let score = scores.get(&passage.id).copied().unwrap_or_default();
            Match { passage, score }
        };
        Ok(passages.into_iter().map(matched).collect())
    }

    /// Checks that there is anything to be searched.
    fn check_readable(
        &self,
        files: &UpToDate,
        skipped: Option<&(String, String)>,
    ) -> Result<(), ServiceError> {
        if !files.documents.is_empty() {
            return Ok(());
        }
        let reason = match files.skipped.first().or(skipped) {
            Some((name, reason)) => format!("no file of them can be read: {name:?} {reason}"),
            None => "name no file with text".to_owned(),
        };
        let error = ServiceError::new(ErrorCode::AttachmentUnreadable, format!("files: {reason}"));
        Err(error.about_argument("files"))
    }
}

impl Library {
    pub(super) fn name_of(&self, passage: &IndexedPassage) -> &str {
        let document = self.files.documents.iter().find(|document| document.id == passage.document);
        document.map_or("", |document| document.name.as_str())
    }

    pub(super) fn place(&self, found: &Match, with_text: bool) -> FoundPlace {
        FoundPlace {
            file: self.name_of(&found.passage).to_owned(),
            place: found.passage.place,
            score: Some((found.score * 1000.0).round() / 1000.0),
            text: with_text.then(|| found.passage.text.clone()),
        }
    }
}

/// Changes what the job reports.
pub(super) fn report(job: &Job, change: impl FnOnce(&mut DocumentsReport)) {
    job.advance(|state| {
        if let JobOutput::Documents(report) = &mut state.report {
            change(report);
        }
    });
}

/// The hits of the words and of the embeddings as one list: what is high in both comes first. A score of 1 is the first of
/// every list that has any hits.
fn fuse(lists: &[Vec<Hit>; 2]) -> Vec<Hit> {
    let weighted = || lists.iter().zip(WEIGHTS);
    let searched: f64 = weighted().filter(|(list, _)| !list.is_empty()).map(|(_, weight)| weight).sum();
    let best = searched / (RANK_OFFSET + 1.0);
    let mut scores: HashMap<i64, f64> = HashMap::new();
    for (list, weight) in weighted() {
        for (rank, hit) in list.iter().enumerate() {
            *scores.entry(hit.passage).or_default() += weight / (RANK_OFFSET + rank as f64 + 1.0);
        }
    }
    let mut fused: Vec<_> =
        scores.into_iter().map(|(passage, score)| Hit { passage, score: score / best }).collect();
    // Equal scores keep one order.
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(passages: &[i64]) -> Vec<Hit> {
        passages.iter().map(|passage| Hit { passage: *passage, score: 0.0 }).collect()
    }

    #[test]
    fn what_both_searches_find_comes_first() {
        let fused = fuse(&[hits(&[1, 2, 3]), hits(&[4, 3])]);
        let order: Vec<_> = fused.iter().map(|hit| hit.passage).collect();
        assert_eq!(order, [3, 1, 2, 4]);
        assert!(fused[0].score < 1.0);
    }

    #[test]
    fn first_of_every_search_has_score_1() {
        for lists in [[hits(&[7, 8]), hits(&[7, 9])], [hits(&[7, 8]), Vec::new()]] {
            let fused = fuse(&lists);
            assert_eq!(fused[0].passage, 7);
            assert!((fused[0].score - 1.0).abs() < 1e-9);
        }
        assert!(fuse(&[Vec::new(), Vec::new()]).is_empty());
    }
}
