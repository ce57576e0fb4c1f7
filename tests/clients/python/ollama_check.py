"""Holds `ollama-mcp serve` against the official Ollama SDK for Python.

    python ollama_check.py BINARY

The model server is the one that the environment (OLLAMA_*) names: an Ollama, or another one, over which Ollama's API is
answered as far as it can be. Any disagreement ends with an AssertionError.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile

from ollama import AsyncClient, Client, ResponseError

from http_server import PATIENCE, serving

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
FEW = {"num_predict": 4, "temperature": 0}


def weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: Its name

    Returns:
        str: The weather
    """
    return f"It is sunny in {city}."


def refused(status: int, call) -> str:
    try:
        call()
    except ResponseError as error:
        assert error.status_code == status, (error.status_code, error.error)
        return error.error
    raise AssertionError("what is to be refused was answered")


def check_models(client: Client) -> str:
    models = client.list().models
    assert models and all(model.model for model in models), models
    name = models[0].model
    shown = client.show(name)
    assert "completion" in shown.capabilities or "embedding" in shown.capabilities, shown
    assert shown.details is not None
    assert all(model.model for model in client.ps().models)
    assert "no-such-model" in refused(404, lambda: client.show("no-such-model"))
    return name


def check_chat(client: Client) -> None:
    answer = client.chat(model="default", messages=QUESTION, options=FEW)
    assert answer.message.role == "assistant" and answer.message.content, answer
    assert answer.done and answer.done_reason in ("stop", "length"), answer
    assert answer.model and answer.prompt_eval_count and answer.eval_count, answer


def check_stream(client: Client) -> None:
    parts = list(client.chat(model="default", messages=QUESTION, options=FEW, stream=True))
    assert "".join(part.message.content or "" for part in parts), parts
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True], parts
    assert parts[-1].eval_count, parts[-1]
    # A caller that goes stops the model: the next one is served.
    for part in client.chat(model="default", messages=QUESTION, stream=True):
        assert part.message.role == "assistant"
        break


async def check_async(url: str) -> None:
    client = AsyncClient(host=url, timeout=PATIENCE)
    stream = await client.chat(model="default", messages=QUESTION, options=FEW, stream=True)
    parts = [part async for part in stream]
    assert parts[-1].done, parts


def check_generate(client: Client) -> None:
    answer = client.generate(model="default", prompt="The capital of France is", options=FEW)
    assert answer.response and answer.done, answer
    parts = list(client.generate(model="default", prompt="One, two,", options=FEW, stream=True))
    assert "".join(part.response for part in parts) and parts[-1].done, parts


def check_embed(client: Client, name: str) -> None:
    try:
        made = client.embed(model=name, input=["red", "blue"])
    except ResponseError as error:
        # The small model may not be one that makes embeddings.
        assert error.status_code in (400, 500, 501, 502) and error.error, error
        return
    assert len(made.embeddings) == 2 and len(made.embeddings[0]) == len(made.embeddings[1]) > 0
    assert len(client.embeddings(model=name, prompt="red").embedding) > 0


def check_tools(client: Client) -> None:
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    try:
        answer = client.chat(model="default", messages=messages, tools=[weather], options={"num_predict": 48, "temperature": 0})
    except ResponseError as error:
        # The small model may not call tools.
        assert error.status_code == 400 and "tools" in error.error, error
        return
    calls = answer.message.tool_calls or []
    assert all(call.function.name and isinstance(call.function.arguments, dict) for call in calls), answer
    # The round trip has the same form whether or not the small model has called it.
    called = {"function": {"name": "weather", "arguments": {"city": "Paris"}}}
    messages += [
        {"role": "assistant", "content": "", "tool_calls": [called]},
        {"role": "tool", "content": weather("Paris"), "tool_name": "weather"},
    ]
    assert client.chat(model="default", messages=messages, tools=[weather], options=FEW).done


def check_format(client: Client) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    answer = client.chat(model="default", messages=QUESTION, format=schema, options={"num_predict": 64})
    if answer.done_reason == "stop":
        assert isinstance(json.loads(answer.message.content)["city"], str), answer


def check_errors(client: Client, url: str, binary: str) -> None:
    # What changes models needs a key with the scope models:write.
    assert "models:write" in refused(403, lambda: client.pull("no-such-model"))
    assert "models:write" in refused(403, lambda: client.delete("no-such-model"))
    wrong = Client(host=url, headers={"Authorization": "Bearer omk_unknown"}, timeout=PATIENCE)
    refused(401, lambda: wrong.list())
    made = subprocess.run([binary, "keys", "add", "ollama-check"], capture_output=True, text=True, check=True)
    with_key = Client(host=url, headers={"Authorization": f"Bearer {made.stdout.strip()}"}, timeout=PATIENCE)
    # Some model servers say that a model was made just now: its name is what stays.
    names = [[model.model for model in caller.list().models] for caller in (with_key, client)]
    assert names[0] == names[1]


def main() -> None:
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as data:
        os.environ["OLLAMA_MCP_DATA_DIR"] = data
        with serving(binary) as url:
            client = Client(host=url, timeout=PATIENCE)
            name = check_models(client)
            check_chat(client)
            check_stream(client)
            asyncio.run(check_async(url))
            check_generate(client)
            check_embed(client, name)
            check_tools(client)
            check_format(client)
            check_errors(client, url, binary)
    print("the Ollama SDK for Python agrees")


main()
