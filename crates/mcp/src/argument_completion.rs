//! Completion of arguments: model names and ids of conversations, for prompts and for the resource templates.
//!
//! MCP 2025-11-25, server/utilities/completion.

use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, Reference};

use super::prompts::{self, MODEL_ARGUMENT};
use super::resources::uri::{CONVERSATION_ARGUMENT, CONVERSATION_TEMPLATE, MODEL_TEMPLATE, RUNNING_TEMPLATE};
use service::conversations::MAX_PAGE;
use service::{Caller, Services};

/// Suggests values for an argument; free text has no suggestions. `stored`: conversations are stored.
///
/// # Errors
/// Invalid params: an unknown prompt or template, or an argument that it does not have.
pub(super) async fn complete(
    services: &Services,
    caller: &Caller,
    request: &CompleteRequestParams,
    stored: bool,
) -> Result<CompleteResult, ErrorData> {
    let argument = request.argument.name.as_str();
    let known = match &request.r#ref {
        Reference::Prompt(prompt) => prompts::has_argument(&prompt.name, argument)
            .ok_or_else(|| invalid(format!("unknown prompt {:?}", prompt.name)))?,
        Reference::Resource(resource) if stored && resource.uri == CONVERSATION_TEMPLATE => {
            argument == CONVERSATION_ARGUMENT
        }
        Reference::Resource(resource)
            if [MODEL_TEMPLATE, RUNNING_TEMPLATE].contains(&resource.uri.as_str()) =>
        {
            argument == MODEL_ARGUMENT
        }
        Reference::Resource(resource) => {
            return Err(invalid(format!("unknown resource template {:?}", resource.uri)));
        }
        _ => return Err(invalid("unknown kind of reference".to_owned())),
    };
    if !known {
        return Err(invalid(format!("unknown argument {argument:?}")));
    }
    let typed = request.argument.value.as_str();
    let names = match argument {
        MODEL_ARGUMENT => {
            let loaded =
                matches!(&request.r#ref, Reference::Resource(resource) if resource.uri == RUNNING_TEMPLATE);
            matching(model_names(services, caller, loaded).await, typed)
        }
        // A prompt has no argument of this name.
        CONVERSATION_ARGUMENT => conversation_ids(services, caller, typed).await,
        _ => Vec::new(),
    };
    Ok(CompleteResult::new(suggestions(names)))
}

/// The installed models, or the loaded ones. None while the server is down: an error does not help a user who types.
async fn model_names(services: &Services, caller: &Caller, loaded: bool) -> Vec<String> {
    if loaded {
        let running = services.models.running_models(caller).await.unwrap_or_default();
        return running.into_iter().map(|model| model.name).collect();
    }
    let models = services.models.list_models(caller).await.unwrap_or_default();
    models.into_iter().map(|listed| listed.model.name).collect()
}

/// The names that hold `typed`, those that begin with it first.
fn matching(mut names: Vec<String>, typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    names.retain(|name| name.to_lowercase().contains(&typed));
    names.sort_by_key(|name| !name.to_lowercase().starts_with(&typed));
    names
}

/// Ids of the newest conversations that begin with `typed`; none while they cannot be read.
async fn conversation_ids(services: &Services, caller: &Caller, typed: &str) -> Vec<String> {
    let newest = services.conversations.list(caller, None, Some(MAX_PAGE)).await.unwrap_or_default();
    newest.items.into_iter().map(|summary| summary.id).filter(|id| id.starts_with(typed)).collect()
}

fn suggestions(mut names: Vec<String>) -> CompletionInfo {
    let total = names.len();
    names.truncate(CompletionInfo::MAX_VALUES);
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(total).ok();
    info.has_more = Some(total > names.len());
    info.values = names;
    info
}

fn invalid(message: String) -> ErrorData {
    ErrorData::invalid_params(message, None)
}
