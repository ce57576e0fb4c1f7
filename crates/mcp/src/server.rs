//! The server: what it says of itself, and which part answers which method.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use tokio_util::sync::CancellationToken;

use super::confirm::Confirmations;
use super::instructions::instructions;
use super::subscriptions::{self, Subscriptions};
use super::tools::{self, ToolCall, ToolEntry};
use super::{failure, prompts, resources, suggest};
use service::{Caller, ServiceError, Services};
use settings::{CallDeadline, ToolSettings, Toolset};

/// What the server is, as clients show it: the description of the program's package.
const DESCRIPTION: &str = "The models of a local Ollama for any MCP host, over stdio";

/// Lists that change only with a new start: an hour.
pub(super) const STATIC_TTL_MS: u64 = 3_600_000;

/// What the server needs to know beside the service.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// New text goes out as progress at most this often; zero sends each piece by itself.
    pub progress_interval: Duration,
    /// When a call returns with what there is.
    pub call_deadline: CallDeadline,
    /// Which tools there are, and who confirms.
    pub tools: ToolSettings,
}

impl Default for ServerOptions {
    /// The defaults of the settings.
    fn default() -> Self {
        Self {
            progress_interval: Duration::from_millis(50),
            call_deadline: CallDeadline::Auto,
            tools: ToolSettings::default(),
        }
    }
}

/// The MCP server over one [`Services`].
#[derive(Clone)]
pub struct McpServer(Arc<State>);

struct State {
    services: Arc<Services>,
    caller: Caller,
    options: ServerOptions,
    tools: Vec<ToolEntry>,
    /// The names of the tools that are not there.
    left_out: Vec<Cow<'static, str>>,
    instructions: String,
    confirmations: Confirmations,
    subscriptions: Subscriptions,
    input_closed: CancellationToken,
}

impl std::fmt::Debug for McpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpServer").field("services", &self.0.services).finish_non_exhaustive()
    }
}

impl McpServer {
    /// A server over `services`.
    pub fn new(services: Arc<Services>, options: ServerOptions) -> Self {
        let (tools, left_out) = tools::available(&services, &options.tools);
        let instructions = instructions(|name| tools.iter().any(|entry| entry.definition.name == name));
        Self(Arc::new(State {
            services,
            caller: Caller::local(),
            options,
            tools,
            left_out,
            instructions,
            confirmations: Confirmations::new(),
            subscriptions: Subscriptions::default(),
            input_closed: CancellationToken::new(),
        }))
    }

    /// Who calls: over stdio, the user of this machine.
    pub(super) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    /// A failure as this server's callers are told of it: no next step names a tool that is not there.
    pub(super) fn told(&self, mut error: ServiceError) -> ServiceError {
        error.hint = error.hint.and_then(|hint| failure::without_tools(&hint, &self.0.left_out));
        error
    }

    pub(super) fn options(&self) -> &ServerOptions {
        &self.0.options
    }

    /// Whether there are conversations: their toolset is chosen.
    pub(super) fn stores(&self) -> bool {
        self.0.options.tools.toolsets.contains(&Toolset::Conversations)
    }

    /// Resolves when the input has ended: nobody can answer a question any more.
    pub(super) async fn input_closed(&self) {
        self.0.input_closed.cancelled().await;
    }

    /// The token that the connection cancels when its input has ended.
    pub(super) fn input_closed_token(&self) -> &CancellationToken {
        &self.0.input_closed
    }

    pub(super) fn confirmations(&self) -> &Confirmations {
        &self.0.confirmations
    }
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_prompts()
            .enable_completions()
            .build();
        let implementation = Implementation::new("ollama-mcp", env!("CARGO_PKG_VERSION"))
            .with_title("Ollama")
            .with_description(DESCRIPTION);
        ServerConfig::new(capabilities)
            .with_server_info(implementation)
            .with_instructions(self.0.instructions.as_str())
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let answer = self.negotiate_initialize(&request)?;
        // What was agreed on, not what was asked for: every later request is served by it.
        let mut client = request;
        client.protocol_version = answer.protocol_version.clone();
        context.peer.set_peer_info(client);
        Ok(answer)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut answer = DiscoverResult::from_server_info(versions, self.get_info());
        answer.ttl_ms = STATIC_TTL_MS;
        answer.cache_scope = CacheScope::Public;
        Ok(answer)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(request)?;
        let tools = self.0.tools.iter().map(|entry| entry.definition.clone()).collect();
        Ok(ListToolsResult::with_all_items(tools)
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(entry) = self.0.tools.iter().find(|entry| entry.definition.name == request.name) else {
            return Err(unknown_tool(&request.name, &self.0.tools));
        };
        let call = ToolCall {
            server: self,
            schema: &entry.definition.input_schema,
            arguments: request.arguments.unwrap_or_default(),
            context,
            input_responses: request.input_responses,
            request_state: request.request_state,
            fingerprint: Vec::new(),
        };
        Ok(tools::run(entry, call).await)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.tools.iter().find(|entry| entry.definition.name == name).map(|entry| entry.definition.clone())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        one_page(request)?;
        Ok(ListResourcesResult::with_all_items(resources::list(
            self.stores(),
            self.services().models.tells_loaded(),
        ))
        .with_ttl_ms(STATIC_TTL_MS)
        .with_cache_scope(CacheScope::Public))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(request)?;
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates(
            self.stores(),
            self.services().models.tells_loaded(),
        ))
        .with_ttl_ms(STATIC_TTL_MS)
        .with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(self, &request.uri).await.map(Into::into)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.0.subscriptions.initialized(self, context.peer);
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.subscriptions.subscribe(self, context.peer, request.uri)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.subscriptions.unsubscribe(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested, self.stores()))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        subscriptions::listen(self, &context).await;
        Ok(())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page(request)?;
        Ok(ListPromptsResult::with_all_items(prompts::list())
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(self.services(), &request.name, request.arguments.unwrap_or_default())
            .await
            .map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        suggest::complete(self.services(), self.caller(), &request, self.stores()).await
    }
}

/// Every list is one page, so no cursor was ever given out.
fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(cursor) => Err(ErrorData::invalid_params(format!("unknown cursor {cursor:?}"), None)),
        None => Ok(()),
    }
}

fn unknown_tool(name: &str, tools: &[ToolEntry]) -> ErrorData {
    let names: Vec<_> = tools.iter().map(|entry| entry.definition.name.as_ref()).collect();
    let problem = if tools::exists(name) {
        format!("the tool {name:?} is disabled by the settings (toolsets, read_only, provider)")
    } else {
        format!("unknown tool {name:?}")
    };
    ErrorData::invalid_params(format!("{problem}; the tools are {}", names.join(", ")), None)
}
