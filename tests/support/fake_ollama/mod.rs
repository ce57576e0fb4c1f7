//! A fake Ollama: it replays recorded traffic over real TCP and injects any fault a network has.
//!
//! It parses requests and writes raw bytes, so an answer can stop, split or break anywhere, and it
//! reads while it answers, so it sees at once that a client has gone. Self-contained: a bench
//! includes it with `#[path = "../tests/support/fake_ollama/mod.rs"]`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "support of tests: each uses a part of it, and they assert by panicking"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

mod answer;
mod connection;
mod defaults;
mod gate;
mod received;
mod recording;
mod request;

pub use answer::Answer;
pub use gate::Gate;
pub use recording::Recording;
pub use request::Request;

use received::Received;

/// How long a wait lasts before it fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a free port of loopback; it stops when dropped.
pub struct FakeOllama {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: JoinHandle<()>,
}

/// What the acceptor and all connections share.
struct State {
    rules: Mutex<Vec<Rule>>,
    received: Received,
    connections: AtomicUsize,
    answering: AtomicUsize,
    peak: AtomicUsize,
}

/// What is answered to one method on one path.
struct Rule {
    method: String,
    path: String,
    next: VecDeque<Answer>,
    always: Option<Answer>,
}

impl FakeOllama {
    /// Starts with no rules: every request gets Ollama's plain-text 404.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts at an address, such as that of a server that was stopped before.
    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = listen(address);
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            rules: Mutex::default(),
            received: Received::default(),
            connections: AtomicUsize::new(0),
            answering: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        });
        let acceptor = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, acceptor }
    }

    /// Stops and returns once the port is closed and every connection dropped.
    pub async fn stop(mut self) {
        self.acceptor.abort();
        let ended = (&mut self.acceptor).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "the fake Ollama had died before");
    }

    /// An address of loopback where nobody listens.
    pub fn closed_address() -> SocketAddr {
        std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
    }

    /// The base address, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers every matching request so, once the queue of `on_next` is used up.
    pub fn on(&self, method: &str, path: &str, answer: Answer) -> &Self {
        self.state.rule(method, path, |rule| rule.always = Some(answer));
        self
    }

    /// Answers one matching request so; calls queue up in order.
    pub fn on_next(&self, method: &str, path: &str, answer: Answer) -> &Self {
        self.state.rule(method, path, |rule| rule.next.push_back(answer));
        self
    }

    /// Answers every request to the route of a recording as it was recorded.
    pub fn replay(&self, case: &str) -> &Self {
        let recording = Recording::load(case);
        self.on(&recording.method, &recording.path, recording.answer())
    }

    /// Answers one request to the route of a recording as it was recorded.
    pub fn replay_next(&self, case: &str) -> &Self {
        let recording = Recording::load(case);
        self.on_next(&recording.method, &recording.path, recording.answer())
    }

    /// Serves a small world of recordings: five models, one loaded, and chat on both APIs.
    pub fn with_defaults(self) -> Self {
        defaults::install(&self);
        self
    }

    /// Makes waits fail sooner, or later, than after ten seconds.
    pub fn with_patience(self, patience: Duration) -> Self {
        self.state.received.set_patience(patience);
        self
    }

    /// All requests so far, in the order in which they were complete.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.state.received.matching(|_| true)
    }

    /// The requests so far to one route.
    pub fn requests_to(&self, method: &str, path: &str) -> Vec<Arc<Request>> {
        self.state.received.matching(|request| request.is(method, path))
    }

    /// Forgets the requests so far, so that a long measurement does not grow. Indexes start anew.
    pub fn clear_requests(&self) {
        self.state.received.clear();
    }

    /// Waits for `n` requests in all, and returns all that came.
    pub async fn wait_for_requests(&self, n: usize) -> Vec<Arc<Request>> {
        self.state.received.wait_for(n, &format!("{n} requests"), |_| true).await
    }

    /// Waits for `n` requests to one route, and returns all that came to it.
    pub async fn wait_for_requests_to(&self, method: &str, path: &str, n: usize) -> Vec<Arc<Request>> {
        let what = format!("{n} requests {method} {path}");
        self.state.received.wait_for(n, &what, |request| request.is(method, path)).await
    }

    /// Waits for a request to a route, and returns the first.
    pub async fn wait_for(&self, method: &str, path: &str) -> Arc<Request> {
        self.wait_for_requests_to(method, path, 1).await.swap_remove(0)
    }

    /// Waits until the client has closed the connection of the request with this index.
    ///
    /// Half a close counts. What the fake itself resets cannot be closed by the client: that panics.
    pub async fn closed(&self, index: usize) {
        self.state.received.closed(index).await;
    }

    /// Whether the client closes the connection of the request with this index in time.
    pub async fn closed_within(&self, index: usize, time: Duration) -> bool {
        self.state.received.closed_within(index, time).await
    }

    /// The connections accepted so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at one time.
    pub fn peak_in_flight(&self) -> usize {
        self.state.peak.load(Ordering::SeqCst)
    }
}

impl Drop for FakeOllama {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl State {
    /// Changes the rule of a route, made where there is none.
    fn rule(&self, method: &str, path: &str, change: impl FnOnce(&mut Rule)) {
        let mut rules = self.rules.lock().unwrap();
        let place = rules.iter().position(|rule| rule.method == method && rule.path == path);
        let place = place.unwrap_or_else(|| {
            let (method, path) = (method.to_owned(), path.to_owned());
            rules.push(Rule { method, path, next: VecDeque::new(), always: None });
            rules.len() - 1
        });
        change(&mut rules[place]);
    }

    /// The answer to a request: queued, else the route's own, else what Ollama says to a stranger.
    fn answer(&self, request: &Request) -> Answer {
        let mut rules = self.rules.lock().unwrap();
        let mut known_path = None;
        for rule in rules.iter_mut().filter(|rule| rule.path == request.path) {
            if rule.method == request.method {
                if let Some(answer) = rule.next.pop_front().or_else(|| rule.always.clone()) {
                    return answer;
                }
            } else if known_path.is_none() {
                known_path = Some(rule.method.clone());
            }
        }
        match known_path {
            Some(allowed) => {
                Answer::text(405, "text/plain", "405 method not allowed").header("Allow", &allowed)
            }
            None => Answer::text(404, "text/plain", "404 page not found"),
        }
    }

    /// Counts a request in until the guard is dropped.
    fn enter(self: &Arc<Self>) -> Answering {
        let now = self.answering.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        Answering(Arc::clone(self))
    }
}

/// One request that is being answered.
struct Answering(Arc<State>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::SeqCst);
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
    // A thousand clients may connect at once, before the first is accepted.
    socket.listen(4096).unwrap()
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections belong to this task, so that ending it ends them all.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("accepting a connection");
                state.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(connection::serve(stream, Arc::clone(&state)));
            }
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended { std::panic::resume_unwind(error.into_panic()); }
            }
        }
    }
}
