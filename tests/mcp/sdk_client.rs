//! The official SDK's own client, in both lifecycles.

use rmcp::model::{
    ArgumentInfo, CallToolRequestParams, CompleteRequestParams, GetPromptRequestParams, ProtocolVersion,
    ReadResourceRequestParams, Reference,
};
use rmcp::service::ClientLifecycleMode;
use serde_json::json;

use super::{MODEL, REPLY};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{rmcp_client, server};

#[tokio::test]
async fn sdk_client_works_in_both_lifecycles() {
    let modern = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for (lifecycle, version) in [(ClientLifecycleMode::Initialize, "2025-11-25"), (modern, "2026-07-28")] {
        let fake = FakeOllama::start().await.with_defaults();
        let data = tempfile::tempdir().unwrap();
        let environment =
            [("OLLAMA_HOST", &*fake.url()), ("OLLAMA_MCP_DATA_DIR", data.path().to_str().unwrap())];
        let client = rmcp_client(server(&environment), lifecycle).await;
        assert_eq!(client.peer_info().unwrap().protocol_version.to_string(), version);
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.iter().any(|tool| tool.name == "chat_completion" && tool.output_schema.is_some()));
        let arguments = json!({ "model": MODEL, "prompt": "x" });
        let call = CallToolRequestParams::new("chat_completion")
            .with_arguments(arguments.as_object().unwrap().clone());
        let answer = client.call_tool(call).await.unwrap();
        assert_eq!(answer.content[0].as_text().unwrap().text, REPLY);
        assert_eq!(answer.structured_content.unwrap()["status"], "completed");
        let unknown = client.call_tool(CallToolRequestParams::new("nope")).await;
        assert!(unknown.unwrap_err().to_string().contains("unknown tool"));
        let resources = client.list_all_resources().await.unwrap();
        for resource in resources {
            let read =
                client.read_resource(ReadResourceRequestParams::new(resource.uri.clone())).await.unwrap();
            assert_eq!(read.contents.len(), 1, "{}", resource.uri);
        }
        assert_eq!(client.list_all_resource_templates().await.unwrap().len(), 3);
        for prompt in client.list_all_prompts().await.unwrap() {
            let wanted = prompt.arguments.clone().unwrap_or_default();
            let given = wanted.iter().map(|argument| (argument.name.clone(), json!("something"))).collect();
            let params = GetPromptRequestParams::new(prompt.name.clone()).with_arguments(given);
            let filled = client.get_prompt(params).await.unwrap();
            assert_eq!(filled.messages.len(), 1, "{}", prompt.name);
        }
        let reference = Reference::for_prompt("ask_local_model");
        let params = CompleteRequestParams::new(reference, ArgumentInfo::new("model", "smol"));
        assert_eq!(client.complete(params).await.unwrap().completion.values, ["smollm2:135m"]);
        client.cancel().await.unwrap();
    }
}
