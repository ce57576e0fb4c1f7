//! `POST /v1/completions`: bare prompts.

mod stream;

use std::sync::Arc;

use futures_util::FutureExt as _;
use openai::completion::Usage;
use openai::completions::{CompletionsRequest, TextChoice, TextCompletion};
use openai::logprobs::LegacyLogprobs;
use serde::Serialize;

use super::answer::{finish_reason, usage_of};
use super::chat::unsupported;
use crate::call::{Call, EVENTS, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::extras::Extras;
use crate::follow::Follower;
use crate::idempotency;
use crate::json;
use crate::route::{Answer, Content, Route, Tag};
use service::chat::request::{ChatCall, GenerateCall};
use service::chat::truncation::Truncation;
use service::chat::validate::keep_alive;
use service::tasks::registry::Task;
use types::Sampling;
use types::Scope;

/// Most completions of one request: prompts times `n`.
const MAX_CHOICES: u64 = 128;

const REQUEST: &str =
    r#"{"model":"qwen2.5-coder:1.5b","prompt":"def fib(n):","suffix":"\nprint(fib(10))","max_tokens":64}"#;
const RESPONSE: &str = r#"{"id":"chatcmpl-1","object":"text_completion","created":1795227982,"model":"qwen2.5-coder:1.5b","choices":[{"text":"\n    ...","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":6,"total_tokens":18}}"#;
const DESCRIPTION: &str = "`prompt` is a text or an array of texts; each is completed `n` times, and is a choice of its own. Without `max_tokens` the \
model's own limit holds, not the 16 tokens of OpenAI's API. The prompt goes through the model's template, and with `suffix` through that for \
filling a gap; `raw: true` sends it as it is. Token arrays are refused, and `best_of` beyond `n`. `Idempotency-Key` works as in \
`/v1/chat/completions`.";

pub(super) fn route() -> Route {
    Route::post("/v1/completions", |call| create(call).boxed())
        .about("createCompletion", Tag::OpenAi, "Complete bare prompts")
        .described(DESCRIPTION)
        .needs(Scope::Chat)
        .counted()
        .parameter("header", "Idempotency-Key", "The same request with the same key is answered once")
        .parameter("header", EVENTS, "`queue`: the stream tells the place in the queue")
        .takes(Content::any_json().example(REQUEST))
        .answers(
            200,
            "The completions, or their chunks",
            [Content::any_json().example(RESPONSE), Content::of("text/event-stream")],
        )
}

async fn create(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let mut ignored = Vec::new();
    let request: CompletionsRequest = json::parse(&body, &mut ignored)?;
    if let Some(field) = request.unsupported_field() {
        return Err(unsupported(field));
    }
    let asked = Asked::new(&call, request)?;
    let choices = idempotency::start(&call, "completions", &body, false, || asked.start(&call))?;
    let mut response = match asked.include_usage {
        Some(include_usage) => {
            let shows_queue = call.wants_queue_events()?;
            stream::streamed(asked.into_choices(choices), include_usage, shows_queue).await?
        }
        None => whole(asked.into_choices(choices)).await?,
    };
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// A request that was read and checked.
struct Asked {
    prompts: Vec<String>,
    /// Completions of each prompt.
    n: u64,
    echo: bool,
    settings: ChatCall,
    suffix: Option<String>,
    raw: bool,
    /// For a stream: whether it ends with the usage.
    include_usage: Option<bool>,
}

/// One choice of an answer.
struct Choice {
    follower: Follower,
    index: u32,
    /// Which prompt it completes.
    prompt: usize,
    /// The prompt, where the answer begins with it.
    echo: String,
}

impl Asked {
    fn new(call: &Call, mut request: CompletionsRequest) -> Result<Self, HttpError> {
        let prompts = request.take_prompts()?;
        let n = request.n.unwrap_or(1);
        let choices = n.saturating_mul(prompts.len() as u64);
        if n == 0 || choices > MAX_CHOICES {
            let reason = format!(
                "is {n}, for {} prompts; n must be at least 1, and at most {MAX_CHOICES} completions are made by one request",
                prompts.len()
            );
            return Err(HttpError::bad_request("n", reason));
        }
        for (index, prompt) in prompts.iter().enumerate() {
            if prompt.is_empty() {
                let path = if prompts.len() == 1 { "prompt".to_owned() } else { format!("prompt[{index}]") };
                return Err(HttpError::bad_request(&path, "is empty; it must have text"));
            }
        }
        let is_streamed = request.stream == Some(true);
        if request.stream_options.is_some() && !is_streamed {
            return Err(HttpError::bad_request("stream_options", "is for streams; set stream to true"));
        }
        let include_usage = request.stream_options.and_then(|options| options.include_usage) == Some(true);
        let truncation = request.truncation.as_deref().map(Truncation::parse).transpose();
        let keep_alive = keep_alive(request.keep_alive.take()).map_err(|error| call.error(&error))?;
        let settings = ChatCall {
            model: call.app.options.model_meant_by(request.model.take()),
            sampling: request.take_sampling(),
            options: request.take_options(),
            logprobs: request.logprobs()?,
            keep_alive,
            truncation: truncation.map_err(|error| call.error(&error))?.unwrap_or_default(),
            ..ChatCall::default()
        };
        Ok(Self {
            prompts,
            n,
            echo: request.echo == Some(true),
            settings,
            suffix: request.suffix.take().filter(|suffix| !suffix.is_empty()),
            raw: request.raw == Some(true),
            include_usage: is_streamed.then_some(include_usage),
        })
    }

    /// Starts a completion for each choice. With a seed each has another one: those of one prompt would be the same otherwise.
    fn start(&self, call: &Call) -> Result<Vec<Arc<Task>>, HttpError> {
        let mut started: Vec<Arc<Task>> = Vec::new();
        for prompt in &self.prompts {
            for choice in 0..self.n {
                let sampling = &self.settings.sampling;
                let seed = sampling.seed.map(|seed| seed.wrapping_add_unsigned(choice));
                let settings =
                    ChatCall { sampling: Sampling { seed, ..sampling.clone() }, ..self.settings.clone() };
                let generate = GenerateCall {
                    settings,
                    prompt: prompt.clone(),
                    suffix: self.suffix.clone(),
                    raw: self.raw,
                    ..GenerateCall::default()
                };
                match call.app.services.chat.start_generate(call.caller(), generate) {
                    Ok(task) => started.push(task),
                    Err(error) => {
                        started.iter().for_each(|task| task.cancel());
                        return Err(call.error(&error));
                    }
                }
            }
        }
        Ok(started)
    }

    fn into_choices(self, followers: Vec<Follower>) -> Vec<Choice> {
        let (n, echo) = (usize::try_from(self.n).unwrap_or(usize::MAX).max(1), self.echo);
        let choices = followers.into_iter().enumerate().zip(0..);
        choices
            .map(|((place, follower), index)| {
                let prompt = place / n;
                let echo = self.prompts.get(prompt).filter(|_| echo).cloned().unwrap_or_default();
                Choice { follower, index, prompt, echo }
            })
            .collect()
    }
}

/// OpenAI's object, with what it has no field for.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    completion: TextCompletion<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ollama_mcp: Option<Extras<'a>>,
}

async fn whole(mut choices: Vec<Choice>) -> Answer {
    let mut ended = Vec::with_capacity(choices.len());
    for choice in &mut choices {
        let completion = choice.follower.completion().await?;
        ended.push(completion);
    }
    let pairs = || choices.iter().zip(&ended);
    let (first, completion) = pairs().next().ok_or_else(HttpError::internal)?;
    let usage = usage_of_prompts(pairs().map(|(choice, ended)| (choice.prompt, ended.summary.usage)));
    let written = pairs().map(|(choice, ended)| TextChoice {
        text: format!("{}{}", choice.echo, ended.content).into(),
        index: choice.index,
        logprobs: LegacyLogprobs::new(&ended.logprobs, choice.echo.chars().count()),
        finish_reason: Some(finish_reason(ended).into()),
    });
    let task = first.follower.task();
    json_answer(&Object {
        completion: TextCompletion {
            id: task.id.as_str().into(),
            created: task.created,
            model: completion.summary.model.as_str().into(),
            choices: written.collect(),
            usage: Some(usage),
            ..TextCompletion::default()
        },
        ollama_mcp: Some(Extras::of(task, completion, first.follower.has_credential())),
    })
}

/// The prompt of several choices is counted once.
fn usage_of_prompts(usages: impl Iterator<Item = (usize, types::Usage)>) -> Usage {
    let mut by_prompt: Vec<(usize, Vec<types::Usage>)> = Vec::new();
    for (prompt, usage) in usages {
        match by_prompt.iter_mut().find(|(of, _)| *of == prompt) {
            Some((_, usages)) => usages.push(usage),
            None => by_prompt.push((prompt, vec![usage])),
        }
    }
    let mut whole = Usage::default();
    let mut counted = by_prompt.into_iter().map(|(_, usages)| usage_of(usages.into_iter()));
    if let Some(first) = counted.next() {
        whole = first;
    }
    for usage in counted {
        let sum =
            |a: Option<u64>, b: Option<u64>| a.zip(b).map_or(a.or(b), |(a, b)| Some(a.saturating_add(b)));
        whole.prompt_tokens = sum(whole.prompt_tokens, usage.prompt_tokens);
        whole.completion_tokens = sum(whole.completion_tokens, usage.completion_tokens);
        whole.total_tokens = sum(whole.total_tokens, usage.total_tokens);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_of_several_choices_is_counted_once() {
        let usage = |prompt, completion| types::Usage {
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            ..types::Usage::default()
        };
        let counted = usage_of_prompts([(0, usage(5, 1)), (0, usage(5, 2)), (1, usage(7, 3))].into_iter());
        assert_eq!(
            (counted.prompt_tokens, counted.completion_tokens, counted.total_tokens),
            (Some(12), Some(6), Some(18))
        );
    }
}
