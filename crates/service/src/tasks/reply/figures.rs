//! The figures of a reply that has ended.

use super::{CompletionSummary, ReplyBuffer};
use crate::ServiceError;
use crate::tasks::observer::EndedCompletion;

impl ReplyBuffer {
    /// The figures of an end that is about to be announced.
    pub(crate) fn figures(&self, summary: &Result<CompletionSummary, ServiceError>) -> EndedCompletion {
        let buffer = self.lock();
        let ended = summary.as_ref().ok();
        let timings = ended.map(|summary| summary.timings).unwrap_or_default();
        let written = || buffer.first_chunk.map(|at| at.elapsed()).unwrap_or_default();
        EndedCompletion {
            kind: self.kind,
            caller: self.caller.clone(),
            model: ended
                .map_or_else(|| self.model().unwrap_or_default(), |summary| &summary.model)
                .to_owned(),
            chunks: buffer.chunks,
            generation: match (timings.prompt_eval, timings.eval) {
                (None, None) => written(),
                (prompt, reply) => prompt.unwrap_or_default() + reply.unwrap_or_default(),
            },
            error: summary.as_ref().err().map(|error| error.code),
            usage: summary.as_ref().map(|summary| summary.usage).unwrap_or_default(),
            queued: buffer.queued,
            first_chunk: buffer.first_chunk.map(|at| at.duration_since(self.task_state.started())),
        }
    }
}
