//! The handler of one session: which part answers which method.

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};

use super::call::ToolCall;
use super::resources::subscriptions;
use super::server::McpServer;
use super::session::Session;
use super::tools::{self, OfferedTool};
use super::{argument_completion, prompts, resources};
use service::{Caller, HostFiles};
use types::Owner;

/// How long clients may cache lists that change only with a new start: an hour.
const STATIC_TTL_MS: u64 = 3_600_000;

/// Among the extensions of a `tools/list`: the transport adds the tools to the answer, as the text that the server keeps.
#[derive(Clone)]
pub(crate) struct ToolsFollow;

/// The handler of one session over the server that all sessions share.
pub struct SessionHandler {
    server: McpServer,
    session: Session,
}

impl McpServer {
    /// A new session of `owner`, who cannot name files of this machine.
    pub fn session(&self, owner: Owner) -> SessionHandler {
        self.session_of(Caller::new(owner))
    }

    /// A new session of a caller over the network.
    pub(crate) fn session_of(&self, caller: Caller) -> SessionHandler {
        SessionHandler { server: self.clone(), session: Session::new(caller, None) }
    }

    /// A new session of the user that started this process.
    pub(crate) fn local_session(&self) -> SessionHandler {
        let files = HostFiles::of_process_owner();
        SessionHandler { server: self.clone(), session: Session::new(Caller::local(), Some(files)) }
    }
}

impl SessionHandler {
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl ServerHandler for SessionHandler {
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
            .with_description(self.server.description());
        ServerConfig::new(capabilities)
            .with_server_info(implementation)
            .with_instructions(self.server.instructions())
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
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(request)?;
        let tools = match context.extensions.get::<ToolsFollow>() {
            Some(ToolsFollow) => Vec::new(),
            None => self.server.tools().iter().filter_map(OfferedTool::definition).collect(),
        };
        Ok(ListToolsResult::with_all_items(tools)
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.server.tool(&request.name) else {
            return Err(unknown_tool(&request.name, &self.server));
        };
        let (state, session) = (self.server.state(), &self.session);
        let mut call = ToolCall::new(state, session, tool.name, tool.arguments(), request, context);
        Ok(tools::run(tool, &mut call).await)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        one_page(request)?;
        Ok(ListResourcesResult::with_all_items(resources::list(
            self.server.state().stores(),
            self.server.state().services().models.reports_loaded(),
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
            self.server.state().stores(),
            self.server.state().services().models.reports_loaded(),
        ))
        .with_ttl_ms(STATIC_TTL_MS)
        .with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        // Boxed, as all but `call_tool`: the future of a request is as large as the largest of them, and thousands of calls may
        // be in flight.
        Box::pin(resources::read(self.server.state(), self.session.caller(), &request.uri))
            .await
            .map(Into::into)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.session.subscriptions().initialized(self.server.state(), self.session.caller(), context.peer);
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session.subscriptions().subscribe(
            self.server.state(),
            self.session.caller(),
            context.peer,
            request.uri,
        )
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session.subscriptions().unsubscribe(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested, self.server.state().stores()))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let (state, input_closed) = (self.server.state(), self.session.input_closed());
        Box::pin(subscriptions::listen(state, self.session.caller(), input_closed, &context)).await;
        Ok(())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page(request)?;
        Ok(ListPromptsResult::with_all_items(prompts::list(self.session.host_files().is_some()))
            .with_ttl_ms(STATIC_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let host_files = self.session.host_files().is_some();
        let services = self.server.state().services();
        Box::pin(prompts::get(services, self.session.caller(), &request.name, arguments, host_files))
            .await
            .map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let state = self.server.state();
        Box::pin(argument_completion::complete(
            state.services(),
            self.session.caller(),
            &request,
            state.stores(),
        ))
        .await
    }
}

/// Every list is one page, so no cursor was ever given out.
fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(cursor) => Err(ErrorData::invalid_params(format!("unknown cursor {cursor:?}"), None)),
        None => Ok(()),
    }
}

fn unknown_tool(name: &str, server: &McpServer) -> ErrorData {
    let names: Vec<_> = server.tools().iter().map(|tool| tool.name).collect();
    let problem = if server.state().leaves_out(name) {
        format!("the tool {name:?} is disabled by the settings (toolsets, read_only, provider)")
    } else {
        format!("unknown tool {name:?}")
    };
    ErrorData::invalid_params(format!("{problem}; the tools are {}", names.join(", ")), None)
}
