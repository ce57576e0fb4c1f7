//! The limits of the transport.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The limits of the transport.
#[derive(Debug, Clone)]
pub struct HttpTransportOptions {
    /// Maximum size of a message.
    pub max_message_bytes: usize,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// Maximum number of sessions.
    pub max_sessions: usize,
    /// A session ends when nothing ran in it and no stream was open for so long.
    pub session_idle: Duration,
    /// A silent stream sends a comment this often; `None`: never.
    pub comment_after: Option<Duration>,
    /// Ends all sessions and streams.
    pub shutdown: CancellationToken,
}

impl Default for HttpTransportOptions {
    fn default() -> Self {
        Self {
            max_message_bytes: 16 << 20,
            body_timeout: Duration::from_secs(60),
            max_sessions: 1000,
            session_idle: Duration::from_secs(1800),
            comment_after: Some(Duration::from_secs(15)),
            shutdown: CancellationToken::new(),
        }
    }
}
