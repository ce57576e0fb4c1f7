//! `rank`: orders texts by their likeness to a query.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use crate::arguments::whole_number;
use crate::progress::while_pulling;
use service::ServiceError;
use service::embeddings::Ranking;
use settings::Toolset;
use text::sanitize;

const DESCRIPTION: &str = "Order texts by meaning against a query with a local embedding model, best first, to pick the relevant ones.";

const ADVICE: &str = "rank picks the relevant ones of many passages by meaning.";

/// Maximum length of each text in the text of the answer.
const MAX_SHOWN: usize = 80;

#[derive(Debug, Deserialize, JsonSchema)]
struct RankArguments {
    query: String,
    texts: Vec<String>,
    #[serde(default, deserialize_with = "whole_number")]
    top_n: Option<u64>,
    /// By default the first that embeds
    model: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RankAnswer {
    model: String,
    results: Vec<RankedAnswer>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[String; 1]>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RankedAnswer {
    /// Place in texts, from 0
    index: usize,
    /// Cosine: 1 is the same meaning, 0 unrelated
    score: f64,
    text: String,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("rank", definition, |call| run(call).boxed())
        .pulling()
        .counted()
        .in_toolset(Toolset::Embeddings)
        .advised(6, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<RankArguments>())
        .with_raw_output_schema(output_schema::<RankAnswer>())
        .with_annotations(read_only("Rank texts by meaning", true))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: RankArguments = call.arguments()?;
    if arguments.top_n == Some(0) {
        return Err(ServiceError::invalid("top_n", "is 0; it must be at least 1"));
    }
    let most = arguments.top_n.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let services = call.server.services();
    let ranking = while_pulling(call.notifier(), call.deadline(), |pull| {
        services.embeddings.rank(
            call.caller(),
            arguments.model,
            &arguments.query,
            arguments.texts.clone(),
            move |now| {
                drop(pull.send_replace(Some(now)));
            },
        )
    });
    let Ranking { model, ranked, warning } = ranking.await?;
    let results = ranked
        .into_iter()
        .take(most)
        .map(|ranked| RankedAnswer {
            text: arguments.texts.get(ranked.index).cloned().unwrap_or_default(),
            index: ranked.index,
            score: (ranked.score * 10_000.0).round() / 10_000.0,
        })
        .collect();
    let answer = RankAnswer { model, results, warnings: warning.map(|warning| [warning]) };
    let lines = answer.results.iter().map(|result| {
        let start = sanitize::line_of(&result.text, MAX_SHOWN);
        format!("{:.3} [{}] {start}", result.score, result.index)
    });
    let warning =
        answer.warnings.iter().flatten().map(|warning| format!("Warning: {}", sanitize::line(warning)));
    text_and_data(lines.chain(warning).collect::<Vec<_>>().join("\n"), &answer)
}
