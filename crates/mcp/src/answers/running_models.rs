//! Loaded models, of `list_running_models`, `ollama://running` and `ollama://running/{model}`.

use schemars::JsonSchema;
use serde::Serialize;

use text::format::human_size;
use text::sanitize;
use types::RunningModel;

/// The loaded models.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunningAnswer {
    models: Vec<RunningModelAnswer>,
}

/// One of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunningModelAnswer {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vram_bytes: Option<u64>,
    /// Part of it on a GPU, 0 to 100
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_percent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    /// When it is unloaded; absent: never
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl From<Vec<RunningModel>> for RunningAnswer {
    fn from(models: Vec<RunningModel>) -> Self {
        Self { models: models.into_iter().map(RunningModelAnswer::from).collect() }
    }
}

impl From<RunningModel> for RunningModelAnswer {
    fn from(model: RunningModel) -> Self {
        Self {
            gpu_percent: model.size.zip(model.size_vram).and_then(|(size, vram)| percent(vram, size)),
            name: model.name,
            size_bytes: model.size,
            vram_bytes: model.size_vram,
            context_length: model.context_length,
            expires_at: model.expires_at,
        }
    }
}

/// The percentage of `part` in `whole`, at most 100; `None`: `whole` is 0.
fn percent(part: u64, whole: u64) -> Option<u64> {
    let percent = u128::from(part).saturating_mul(100).checked_div(u128::from(whole))?;
    u64::try_from(percent.min(100)).ok()
}

impl RunningAnswer {
    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        if self.models.is_empty() {
            return "No model is loaded.".to_owned();
        }
        self.models.iter().map(RunningModelAnswer::line).collect::<Vec<_>>().join("\n")
    }
}

impl RunningModelAnswer {
    fn line(&self) -> String {
        let mut facts = Vec::new();
        facts.extend(self.size_bytes.map(human_size));
        facts.extend(self.gpu_percent.map(|percent| format!("{percent}% on GPU")));
        facts.extend(self.context_length.map(|tokens| format!("context {tokens}")));
        facts.push(match &self.expires_at {
            Some(at) => format!("unloaded at {}", sanitize::name(at)),
            None => "stays loaded".to_owned(),
        });
        format!("{}: {}", sanitize::name(&self.name), facts.join(", "))
    }
}
