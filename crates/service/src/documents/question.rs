//! A question over files: the passages that match, an answer with citations, and whether these hold.

use std::sync::Arc;

use super::budget::Budget;
use super::generation::Asking;
use super::prompts;
use super::search::{Library, Match, report};
use super::{Documents, FileSelection, check_model, check_text, failed};
use crate::error::ServiceError;
use crate::tasks::documents_report::FoundPlace;
use crate::tasks::job::Job;
use crate::tasks::reply::Completion;
use crate::{Caller, ErrorCode};
use passages::{Shown, label};

/// Most passages that a model is given: more of them confuse small models.
const MAX_PASSAGES: usize = 12;
/// Words of an answer.
const WORDS: u64 = 350;
/// Files that have so many passages in all are not searched: the model reads them whole if they fit.
const READ_WHOLE: usize = MAX_PASSAGES;
/// How often fewer passages are sent, where the context is smaller than it seemed.
const MAX_TRIES: u32 = 4;

/// A question over files.
#[derive(Debug, Clone)]
pub struct QuestionCall {
    pub files: FileSelection,
    pub question: String,
    pub model: Option<String>,
    pub embedding_model: Option<String>,
    /// Whether the caller wants the text of the cited passages.
    pub passages: bool,
    /// Whether the model puts the passages in order before it answers.
    pub rerank: bool,
}

impl QuestionCall {
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        self.files.check()?;
        check_text("question", &self.question)?;
        check_model("model", self.model.as_deref())?;
        check_model("embedding_model", self.embedding_model.as_deref())
    }
}

impl Documents {
    pub(super) async fn run_question(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        call: &QuestionCall,
    ) -> Result<(), ServiceError> {
        // Before the files are read: the model may be missing, or run elsewhere.
        let (model, budget) = self.budget(caller, job, call.model.as_deref()).await?;
        report(job, |report| report.model = Some(model.clone()));
        let library =
            self.library(caller, job, &call.files, call.embedding_model.clone(), &call.question).await?;
        let matches = self.matches(caller, job, &library, call, &model, &budget).await?;
        if matches.is_empty() {
            not_found(job, library.files.passages(), None);
            return Ok(());
        }
        job.advance(|state| state.status = format!("reading {} passages", matches.len()));
        let (completion, given) = self.answer(caller, job, call, &library, matches, model, budget).await?;
        self.conclude(job, call, &library, &given, &completion);
        Ok(())
    }

    /// The passages that the model reads: all of them where there are few, else those that match best.
    async fn matches(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        library: &Library,
        call: &QuestionCall,
        model: &str,
        budget: &Budget,
    ) -> Result<Vec<Match>, ServiceError> {
        if library.files.passages() <= READ_WHOLE {
            let mut all = Vec::new();
            for document in &library.files.documents {
                let passages = library.index.passages_of(&caller.owner, document.id, 0, READ_WHOLE);
                let passages = passages.await.map_err(failed)?;
                all.extend(passages.into_iter().map(|passage| Match { passage, score: 1.0 }));
            }
            return Ok(all);
        }
        if !call.rerank {
            return self.search(caller, job, library, &call.question, MAX_PASSAGES).await;
        }
        let candidates = self.search(caller, job, library, &call.question, super::rerank::CANDIDATES).await?;
        self.rerank(caller, job, library, &call.question, candidates, model, budget).await
    }

    /// Asks the model over as many of the passages as fit, the best ones. Where it refuses their length, over fewer.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a question, with all that the steps before have found"
    )]
    async fn answer(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        call: &QuestionCall,
        library: &Library,
        mut matches: Vec<Match>,
        model: String,
        budget: Budget,
    ) -> Result<(Arc<Completion>, Vec<Match>), ServiceError> {
        let reply_tokens = budget.reply_tokens(WORDS);
        let mut room = budget.text_bytes(reply_tokens, &call.question);
        for tried in 1.. {
            keep_fitting(&mut matches, room);
            let asking = Asking {
                model: model.clone(),
                system: prompts::ANSWER,
                texts: titled(library, &matches),
                question: prompts::question(&call.question),
                max_tokens: reply_tokens,
                thinks: budget.thinks,
                format: None,
            };
            let show = |text: &str| {
                job.advance(|state| state.status = "answering".to_owned());
                report(job, |report| report.text = text.to_owned());
            };
            match self.generate(caller, job, asking, show).await {
                Ok(completion) => return Ok((completion, matches)),
                Err(error)
                    if error.code == ErrorCode::ContextExceeded && tried < MAX_TRIES && matches.len() > 1 =>
                {
                    let sent: usize = matches.iter().map(|found| found.passage.text.len()).sum();
                    room = shrunk(sent, &error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(ServiceError::internal())
    }

    /// Checks what the model has replied, and reports it.
    fn conclude(
        &self,
        job: &Job,
        call: &QuestionCall,
        library: &Library,
        given: &[Match],
        completion: &Completion,
    ) {
        report(job, |report| {
            report.model = Some(completion.summary.model.clone());
            report.location = Some(completion.summary.location.clone());
            report.warnings.extend(super::generation::warnings(completion));
        });
        let shown: Vec<_> = given
            .iter()
            .map(|found| Shown {
                name: library.name_of(&found.passage),
                place: found.passage.place,
                text: &found.passage.text,
            })
            .collect();
        let checked = super::citing::check(&call.question, &completion.content, &shown);
        let Some(checked) = checked else {
            not_found(job, given.len(), Some(&completion.content));
            return;
        };
        let cited = checked.cited.iter().filter_map(|index| given.get(*index));
        let mut places: Vec<FoundPlace> = Vec::new();
        for found in cited {
            // A citation holds or it does not, so it has no score.
            let place = FoundPlace { score: None, ..library.place(found, call.passages) };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        report(job, |report| {
            report.text = checked.text;
            report.is_found = Some(true);
            report.places = places;
            report.struck = checked.struck;
            report.warnings.extend(checked.warnings);
        });
    }
}

/// Reports that the files do not hold the answer. `reply` is what the model has said instead.
fn not_found(job: &Job, read: usize, reply: Option<&str>) {
    report(job, |report| {
        report.is_found = Some(false);
        report.text = match reply {
            Some(_) => {
                format!("Not in these files: none of the {read} passages that match best holds the answer.")
            }
            None => format!(
                "Not in these files: none of their {read} passages has anything to do with the question."
            ),
        };
        if let Some(warning) = reply.and_then(super::citing::unsupported) {
            report.warnings.push(warning);
        }
    });
}

/// Keeps the best passages that fit together.
fn keep_fitting(matches: &mut Vec<Match>, room: usize) {
    let mut left = room;
    let mut kept = 0;
    for found in matches.iter() {
        let Some(rest) = left.checked_sub(found.passage.text.len()) else { break };
        left = rest;
        kept += 1;
    }
    matches.truncate(kept.clamp(1, MAX_PASSAGES));
}

/// The room that a refusal leaves, for texts of so many bytes that were too long.
pub(super) fn shrunk(sent: usize, refusal: &ServiceError) -> usize {
    let share = refusal.tokens.map_or(0.5, |tokens| {
        // Room for the reply, too.
        (tokens.context as f64 / tokens.prompt.max(1) as f64 * 0.7).min(0.8)
    });
    (sent as f64 * share) as usize
}

/// Passages under their numbers and places.
pub(super) fn titled(library: &Library, matches: &[Match]) -> Vec<(String, String)> {
    let titled = |(index, found): (usize, &Match)| {
        let place = label(library.name_of(&found.passage), found.passage.place);
        let place = place.trim_matches(['[', ']']);
        let heading = found.passage.heading.iter().map(|heading| format!(" ({heading})")).collect::<String>();
        (format!("Passage [{}], {place}{heading}", index + 1), found.passage.text.clone())
    };
    matches.iter().enumerate().map(titled).collect()
}
