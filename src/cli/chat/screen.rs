//! What is seen of an answer: what it waits for, the thinking, the text, and what it cost.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use service::tasks::reply::{Completion, Phase, Update};
use text::format::pulling;
use text::sanitize;

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
const TICK: Duration = Duration::from_millis(120);

/// One answer on the terminal. Without one, only its text is written, as it is.
pub(super) struct Screen {
    is_terminal: bool,
    /// What it waits for, until its text begins.
    waiting: ProgressBar,
    is_thinking: bool,
    /// The last character that was written ends a line.
    at_line_start: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let waiting =
            ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner());
        waiting.enable_steady_tick(TICK);
        Self { is_terminal, waiting, is_thinking: false, at_line_start: true }
    }

    pub(super) fn show(&mut self, update: &Update, model: Option<&str>) {
        let model = sanitize::name(model.unwrap_or("the model"));
        self.waiting.set_message(match update.phase {
            Phase::Pulling { done, total } => pulling(&model, done, total),
            Phase::Queued(0) => "next in the queue".to_owned(),
            Phase::Queued(ahead) => format!("behind {ahead} in the queue"),
            Phase::Retrying(time) => format!("the server is busy; again in {} s", time.as_secs().max(1)),
            _ => format!("waiting for {model}"),
        });
        if !update.thinking.is_empty() && self.is_terminal {
            if !self.is_thinking {
                self.start_of_text();
                output::raw(DIM);
                self.is_thinking = true;
            }
            self.write(&update.thinking);
        }
        if !update.content.is_empty() {
            self.end_of_thinking();
            self.start_of_text();
            self.write(&update.content);
        }
    }

    /// The answer is complete.
    pub(super) fn end(&mut self, completion: &Completion) {
        self.interrupted();
        if !self.is_terminal {
            return;
        }
        for call in &completion.tool_calls {
            output::note(&format!("It asks for the tool {}.\n", sanitize::name(&call.name)));
        }
        let summary = &completion.summary;
        for warning in &summary.warnings {
            output::note(&format!("Note: {}\n", sanitize::line(&warning.text)));
        }
        let mut facts = vec![sanitize::name(&summary.model)];
        facts.extend(summary.usage.completion_tokens.map(|tokens| format!("{tokens} tokens")));
        facts.push(format!("{:.1} s", completion.total.as_secs_f64()));
        if let types::Location::Remote(host) = &summary.location {
            facts.push(format!("on {}", sanitize::line(host)));
        }
        output::raw(&format!("{DIM}{}{PLAIN}\n", facts.join(", ")));
    }

    /// Ends the last line.
    pub(super) fn interrupted(&mut self) {
        self.waiting.finish_and_clear();
        self.end_of_thinking();
        if !self.at_line_start {
            self.write("\n");
        }
    }

    fn start_of_text(&self) {
        if !self.waiting.is_finished() {
            self.waiting.finish_and_clear();
        }
    }

    fn end_of_thinking(&mut self) {
        if std::mem::take(&mut self.is_thinking) {
            if !self.at_line_start {
                self.write("\n");
            }
            output::raw(PLAIN);
        }
    }

    fn write(&mut self, text: &str) {
        if self.is_terminal {
            output::print(text)
        } else {
            output::raw(text)
        }
        self.at_line_start = text.ends_with('\n');
    }
}
