//! `models pull`: with a progress bar on a terminal, a line for each step elsewhere.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use service::models::name::ModelName;
use service::tasks::job::{Job, JobOutput, TransferReport};
use service::tasks::registry::TaskKind;
use service::{Caller, ServiceError, Services};
use text::sanitize;

const BAR: &str = "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const SPINNER: &str = "{spinner} {msg}";
/// How often the bar is drawn without news, so that it is seen to be alive.
const TICK: Duration = Duration::from_millis(200);
/// After Ctrl-C.
const INTERRUPTED: u8 = 130;

pub(super) async fn run(
    services: &Arc<Services>,
    model: &str,
    insecure: bool,
) -> Result<ExitCode, ServiceError> {
    let name = ModelName::parse("model", model.to_owned())?;
    let shown = sanitize::name(&name);
    let reserved = services.models.reserve_pull(&name)?;
    let task = services.transfers.start_pull(&Caller::local(), &name, insecure, reserved)?;
    let TaskKind::Job(job) = &task.kind else { return Err(ServiceError::internal()) };
    tokio::select! {
        done = follow(job, &shown) => done?,
        () = platform::stop_signal() => {
            task.cancel();
            task.ended().await;
            output::note(&format!(
                "\nStopped. What was downloaded stays; \"ollama-mcp models pull {shown}\" goes on from there.\n"
            ));
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    let is_there =
        matches!(job.state().report, JobOutput::Transfer(TransferReport { already_present: true, .. }));
    let done = if is_there { "was up to date already" } else { "is installed" };
    let next = match services.models.capabilities(&Caller::local(), &name).await {
        Ok(Some(words)) if words.iter().all(|word| word != "completion") => String::new(),
        // What cannot be said of the model is no failure of the pull.
        _ => format!(" Ask it with: ollama-mcp chat --model {shown}"),
    };
    output::note(&format!("{shown} {done}.{next}\n"));
    Ok(ExitCode::SUCCESS)
}

async fn follow(job: &Arc<Job>, model: &str) -> Result<(), ServiceError> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.enable_steady_tick(TICK);
    let mut changes = job.watch();
    let mut step = String::new();
    loop {
        let state = changes.borrow_and_update().clone();
        if let JobOutput::Transfer(report) = &state.report {
            show(&bar, report, model);
            if bar.is_hidden() && step != report.status && !report.status.is_empty() {
                step.clone_from(&report.status);
                output::note(&format!("{}\n", sanitize::line(&step)));
            }
        }
        if let Some(outcome) = state.outcome {
            bar.finish_and_clear();
            return outcome;
        }
        // The job holds the sender.
        if changes.changed().await.is_err() {
            return Err(ServiceError::internal());
        }
    }
}

fn show(bar: &ProgressBar, report: &TransferReport, model: &str) {
    match (report.completed_bytes, report.total_bytes) {
        (Some(done), Some(total)) if total > 0 => {
            if bar.length() != Some(total) {
                bar.set_style(style(BAR).progress_chars("=> "));
                bar.set_length(total);
            }
            bar.set_message(format!("pulling {model}"));
            bar.set_position(done);
        }
        _ => {
            bar.set_style(style(SPINNER));
            bar.set_message(format!("{model}: {}", sanitize::line(&report.status)));
        }
    }
}

/// The templates are ours, and valid.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
