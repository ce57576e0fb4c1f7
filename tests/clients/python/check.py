"""Holds ollama-mcp against the official Python SDK: tools, progress, cancellation, completion, resources, prompts;
over stdio and over HTTP.

    python check.py BINARY

The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.
"""

import asyncio
import json
import os
import sys

import jsonschema
from http_server import serving
from mcp import Client, StdioServerParameters
from mcp.client.session import IncomingMessage
from mcp_types import PromptReference, ProgressNotification, ResourceTemplateReference

# Arguments that a small model serves soon. Tools that are not here are called without any: that is an error where they
# demand some, and must be a harmless question where they do not.
ARGUMENTS = {
    "chat_completion": {"prompt": "What is the capital of France?", "max_tokens": 20},
    "batch_completion": {"instruction": "Repeat the word.", "inputs": ["red", "blue"], "max_tokens": 8},
    "generate": {"prompt": "The sky is", "max_tokens": 8},
    "embed": {"input": ["red", "blue"]},
    "rank": {"query": "colour", "texts": ["red", "seven"]},
}
# The longest that anything here may take, in seconds.
PATIENCE = 120


class Stream:
    """What came as progress."""

    def __init__(self) -> None:
        self.content = ""
        self.steps: list[float] = []
        self.changed = asyncio.Event()

    async def on_message(self, message: IncomingMessage) -> None:
        if not isinstance(message, ProgressNotification):
            return
        self.steps.append(message.params.progress)
        meta = message.params.meta or {}
        if meta.get("ollama-mcp/channel") == "content":
            self.content += meta["ollama-mcp/delta"]
        self.changed.set()

    async def until(self, condition) -> None:
        """Waits for a condition on what has come: the SDK hands notifications on beside the answers."""
        while not condition():
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), PATIENCE)


async def ignore(progress: float, total: float | None, message: str | None) -> None:
    """A callback makes the SDK send a progress token."""


async def check_tools(client: Client) -> None:
    tools = (await client.list_tools()).tools
    assert {"chat_completion", "health_check", "list_models"} <= {tool.name for tool in tools}, tools
    for tool in tools:
        assert tool.title and tool.description and tool.annotations, tool.name
        validator = jsonschema.Draft202012Validator(tool.output_schema)
        validator.check_schema(tool.output_schema)
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        demands = bool(tool.input_schema.get("required"))
        arguments = ARGUMENTS.get(tool.name)
        if arguments is None:
            assert demands or tool.annotations.read_only_hint, f"{tool.name} needs a line in ARGUMENTS"
        result = await client.call_tool(tool.name, arguments or {})
        validator.validate(result.structured_content)
        if result.is_error:
            code = result.structured_content["error"]["code"]
            assert arguments is not None or code == "invalid_argument" or not demands, (tool.name, code)
            outcome = f"error {code}"
        else:
            outcome = "answered"
        print(f"  {tool.name}: {outcome}, as its output schema says")


async def check_progress(client: Client, stream: Stream) -> None:
    stream.content, stream.steps = "", []
    arguments = {"prompt": "Count from one to ten.", "max_tokens": 30}
    result = await client.call_tool("chat_completion", arguments, progress_callback=ignore)
    completion = result.structured_content
    assert not result.is_error and completion["status"] == "completed", completion
    reply = result.content[0].text  # warnings stand in parts of their own
    assert reply.strip() and reply == completion["choices"][0]["message"]["content"], completion
    assert completion["usage"]["completion_tokens"] > 0, completion
    await stream.until(lambda: len(stream.content) >= len(reply))
    assert stream.content == reply, (stream.content, reply)
    assert stream.steps == sorted(set(stream.steps)), stream.steps
    print(f"  progress: {len(stream.steps)} steps, together the reply")


async def check_cancel(client: Client, stream: Stream) -> None:
    stream.content = ""
    arguments = {"prompt": "Count from one to a thousand, in words.", "max_tokens": 4000}
    call = asyncio.create_task(client.call_tool("chat_completion", arguments, progress_callback=ignore))
    await stream.until(lambda: stream.content or call.done())
    assert not call.done(), "the long answer ended at once"
    call.cancel()
    try:
        await call
        raise AssertionError("the cancelled call came back")
    except asyncio.CancelledError:
        pass
    # One completion at a time is allowed: the next one has its turn only when the cancelled one has ended.
    short = client.call_tool("chat_completion", {"prompt": "Say hello.", "max_tokens": 8})
    result = await asyncio.wait_for(short, PATIENCE)
    assert not result.is_error and result.structured_content["status"] == "completed", result
    print("  cancel: the model is free again")


async def check_the_rest(client: Client) -> None:
    listed = await client.call_tool("list_models")
    models = [model["name"] for model in listed.structured_content["models"]]
    references = [
        (PromptReference(name="ask_local_model"), models),
        (ResourceTemplateReference(uri="ollama://models/{model}"), models),
    ]
    for reference, expected in references:
        suggested = (await client.complete(reference, {"name": "model", "value": ""})).completion.values
        assert suggested and set(suggested) <= set(expected), (suggested, expected)
        none = (await client.complete(reference, {"name": "model", "value": "no-such-model"})).completion.values
        assert none == [], none
    print(f"  completion: {suggested}")

    resources = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    assert "ollama://models/{model}" in [template.uri_template for template in templates], templates
    for uri in [str(resource.uri) for resource in resources] + [f"ollama://models/{models[0]}"]:
        try:
            contents = (await client.read_resource(uri)).contents
        except Exception as error:  # only Ollama can tell what runs
            assert uri == "ollama://running" and os.environ.get("OLLAMA_MCP_PROVIDER") == "openai", (uri, error)
            continue
        json.loads(contents[0].text)
    print(f"  resources: {len(resources)}, {len(templates)} templates")

    prompts = (await client.list_prompts()).prompts
    for prompt in prompts:
        # What it demands, and a text where it demands either that or paths.
        wanted = [argument.name for argument in prompt.arguments or [] if argument.required or argument.name in ("text", "code")]
        given = dict.fromkeys(wanted, "sesame")
        messages = (await client.get_prompt(prompt.name, given)).messages
        assert messages and all(value in messages[-1].content.text for value in given.values()), prompt.name
    print(f"  prompts: {len(prompts)}")


async def check_over(transport: str, server: StdioServerParameters | str) -> None:
    for mode in ["legacy", "2026-07-28"]:
        stream = Stream()
        async with Client(server, message_handler=stream.on_message, mode=mode) as client:
            print(f"python: {transport}, mode {mode}, revision {client.protocol_version}")
            await check_tools(client)
            await check_progress(client, stream)
            await check_cancel(client, stream)
            await check_the_rest(client)


def main(binary: str) -> None:
    os.environ["OLLAMA_MCP_MAX_CONCURRENT"] = "1"
    asyncio.run(check_over("stdio", StdioServerParameters(command=binary, env=dict(os.environ))))
    with serving(binary) as url:
        asyncio.run(check_over("HTTP", f"{url}/mcp"))


if __name__ == "__main__":
    main(sys.argv[1])
    print("python: ok")
