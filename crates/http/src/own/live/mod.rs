//! `/x/events`: the one stream of events that a page needs. It begins with the state now, so a page opens it anew whenever
//! it is shown, and needs no event of before.

mod event;
mod model_server;
mod pulls;
mod turn;

use std::collections::{BTreeSet, HashSet};
use std::future;
use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::select_all;
use futures_util::{FutureExt as _, stream};
use serde::Deserialize;
use tokio::time::sleep;

use self::event::Event;
use self::model_server::ModelServer;
use self::pulls::Pulls;
use self::turn::LiveTurn;
use crate::accounts::Me;
use crate::call::Call;
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use crate::sse;
use crate::state::App;
use service::Caller;
use service::changes::{Change, Follower};
use service::models::watch::Poll;
use types::Scope;

const DESCRIPTION: &str = "Events have the `type` `hello` (the version, and `me` as `/me` gives it), `server` (whether the model server answers), \
`changed` (what to fetch again: `models`, `conversations` by their ids, or `everything`), `jobs` (the caller's pulls), and of the turns of the \
conversation, each with the `id` of its completion: `turn` (one that runs, whoever began it, or the last one if it failed), `phase`, `reasoning` (text to \
append), `blocks` (the answer as safe HTML: replace or add these, drop those from `count` on), `end` (its `state`, and whether it is `stored`). The \
stream begins with the state now, and does not end by itself.";

#[derive(Debug, Deserialize)]
struct Query {
    conversation: Option<String>,
}

pub(super) fn route() -> Route {
    let example = "data: {\"type\":\"hello\",\"version\":\"0.2.0\",\"me\":{\"owner\":\"guest\"}}\n\ndata: {\"type\":\"server\",\"name\":\"Ollama\",\"up\":true}\n\n";
    Route::get("/x/events", |call| events(call).boxed())
        .about("getEvents", Tag::Own, "What a page shows, as it changes")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .parameter("query", "conversation", "The conversation whose turns are wanted")
        .answers(200, "The events", [Content::of("text/event-stream").example(example)])
}

async fn events(call: Call) -> Answer {
    let Query { conversation } = call.query()?;
    if conversation.is_some() && !call.identity.may(Scope::Conversations) {
        return Err(HttpError::forbidden("A stored conversation needs the scope conversations"));
    }
    let accept = call.header("accept")?.unwrap_or("*/*");
    if !["text/event-stream", "text/*", "*/*"].iter().any(|kind| accept.contains(kind)) {
        let error = HttpError::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            format!("Accept is {accept:?}, and this route answers with text/event-stream alone"),
        );
        return Err(error.with_hint("Leave the header Accept out."));
    }
    let services = &call.app.services;
    let has_credential = call.identity.has_credential();
    let live = Box::new(Live {
        changes: services.changes.follow(call.caller()),
        _poll: services.models.poll_changes(),
        server: ModelServer::watch(services, has_credential),
        pulls: Pulls::new(has_credential),
        turns: Vec::new(),
        told: HashSet::new(),
        conversation,
        has_begun: false,
        has_credential,
        caller: call.caller().clone(),
        app: Arc::clone(&call.app),
        me: Me::of(&call),
    });
    Ok(sse::response(stream::unfold(Some(live), |live| async move {
        let mut live = live?;
        let mut out = Vec::new();
        let goes_on = live.next(&mut out).await;
        Some((out, goes_on.then_some(live)))
    })))
}

/// The state of one stream.
struct Live {
    app: Arc<App>,
    caller: Caller,
    me: Me,
    /// Whether errors and warnings may name addresses and settings.
    has_credential: bool,
    has_begun: bool,
    conversation: Option<String>,
    changes: Follower,
    /// So that changes which others make to models are seen.
    _poll: Arc<Poll>,
    server: ModelServer,
    pulls: Pulls,
    turns: Vec<LiveTurn>,
    /// Ids of turns that were told, or need not be.
    told: HashSet<String>,
}

impl Live {
    /// Waits for something to tell, and writes it; `false`: it was the last.
    async fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.has_begun {
            self.has_begun = true;
            let hello = Event::Hello { version: env!("CARGO_PKG_VERSION"), me: &self.me };
            sse::write_event(out, None, &hello);
            self.pulls.write(&self.app.services, &self.caller, out);
            self.follow_turns(out).await;
            return true;
        }
        let shutdown = self.app.shutdown.clone();
        let comment_after = self.app.options.comment_after;
        let silence = async move {
            match comment_after {
                Some(time) => sleep(time).await,
                None => future::pending().await,
            }
        };
        tokio::pin!(silence);
        while out.is_empty() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    sse::write_event(out, None, &Event::Shutdown);
                    return false;
                }
                changes = self.changes.changed() => match changes {
                    Some(changes) => self.tell(&changes, out).await,
                    None => return false,
                },
                () = self.server.changed() => self.server.write(self.app.services.models.server_name(), out),
                () = self.pulls.changed() => self.pulls.write(&self.app.services, &self.caller, out),
                index = ready(&mut self.turns) => self.write_turn(index, out).await,
                () = &mut silence => out.extend_from_slice(sse::COMMENT),
            }
        }
        true
    }

    async fn tell(&mut self, changes: &BTreeSet<Change>, out: &mut Vec<u8>) {
        let (mut models, mut everything, mut conversations) = (false, false, Vec::new());
        let (mut has_turn, mut has_pull) = (false, false);
        for change in changes {
            match change {
                Change::Installed(_) | Change::Loaded(_) | Change::KeepAliveChanged(_) => models = true,
                Change::Conversation { id, .. } => conversations.push(id.as_str()),
                Change::Turn { id, .. } => has_turn |= self.conversation.as_ref() == Some(id),
                Change::Pull { .. } => has_pull = true,
                Change::Anything => everything = true,
            }
        }
        if models || everything || !conversations.is_empty() {
            sse::write_event(out, None, &Event::Changed { models, conversations, everything });
        }
        if has_pull || everything {
            self.pulls.write(&self.app.services, &self.caller, out);
        }
        if has_turn || everything {
            self.follow_turns(out).await;
        }
    }

    async fn write_turn(&mut self, index: usize, out: &mut Vec<u8>) {
        let Some(turn) = self.turns.get_mut(index) else { return };
        turn.write(self.has_credential, out).await;
        if turn.has_ended() {
            // Its text is not held for as long as the page is open.
            self.turns.remove(index);
        }
    }

    /// Follows the turns of the conversation that are not followed yet.
    async fn follow_turns(&mut self, out: &mut Vec<u8>) {
        let Some(conversation) = &self.conversation else { return };
        let services = &self.app.services;
        let found = services.tasks.turns(&self.caller, conversation);
        let newest = found.last().map(|task| task.id.clone());
        for task in found {
            if !self.told.insert(task.id.clone()) {
                continue;
            }
            let is_newest = newest.as_ref() == Some(&task.id);
            let Some(turn) = LiveTurn::of(task) else { continue };
            let is_shown = match turn.has_failed() {
                None => true,
                Some(failed) => {
                    failed && is_newest && !turn.is_older_than_stored(services, &self.caller).await
                }
            };
            if is_shown {
                turn.write_question(out);
                self.turns.push(turn);
            }
        }
    }
}

/// Waits for a turn that has something to tell; its index.
async fn ready(turns: &mut [LiveTurn]) -> usize {
    if turns.is_empty() {
        return future::pending().await;
    }
    select_all(turns.iter_mut().map(|turn| Box::pin(turn.changed()))).await.1
}
