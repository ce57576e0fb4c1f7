//! The findings of `doctor`, and how they are shown.

use serde_json::{Map, Value};

use super::super::output;
use text::sanitize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Ok,
    /// It works, perhaps not as intended.
    Warning,
    /// It does not work.
    Error,
}

#[derive(Debug)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) text: String,
    pub(super) next_step: Option<String>,
}

/// Findings that belong together, as text and as JSON.
#[derive(Debug)]
pub(super) struct Section {
    title: &'static str,
    pub(super) findings: Vec<Finding>,
    pub(super) json: Map<String, Value>,
}

impl Section {
    pub(super) fn new(title: &'static str) -> Self {
        Self { title, findings: Vec::new(), json: Map::new() }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.level != Level::Error)
    }

    pub(super) fn info(&mut self, text: impl Into<String>) {
        self.add(Level::Info, text, None);
    }

    pub(super) fn ok(&mut self, text: impl Into<String>) {
        self.add(Level::Ok, text, None);
    }

    pub(super) fn warning(&mut self, text: impl Into<String>, next_step: Option<String>) {
        self.add(Level::Warning, text, next_step);
    }

    pub(super) fn error(&mut self, text: impl Into<String>, next_step: Option<String>) {
        self.add(Level::Error, text, next_step);
    }

    /// Adds a field to the JSON report.
    pub(super) fn field(&mut self, name: &str, value: impl Into<Value>) {
        self.json.insert(name.to_owned(), value.into());
    }

    fn add(&mut self, level: Level, text: impl Into<String>, next_step: Option<String>) {
        let next_step = next_step.as_deref().map(sanitize::line);
        self.findings.push(Finding { level, text: sanitize::line(&text.into()), next_step });
    }
}

/// Prints sections as text.
pub(super) struct Page {
    pub(super) colour: bool,
}

impl Page {
    pub(super) fn write(&self, section: &Section) {
        output::line(&format!("\n{}", section.title));
        for finding in &section.findings {
            let (mark, colour) = match finding.level {
                Level::Info => (' ', ""),
                Level::Ok => ('✓', "32"),
                Level::Warning => ('!', "33"),
                Level::Error => ('✗', "31"),
            };
            if self.colour && !colour.is_empty() {
                output::raw(&format!("\u{1b}[{colour}m{mark}\u{1b}[0m "));
                output::line(&finding.text);
            } else {
                output::line(&format!("{mark} {}", finding.text));
            }
            if let Some(step) = &finding.next_step {
                output::line(&format!("    -> {step}"));
            }
        }
    }
}
