"""Holds `ollama-mcp serve` against the official Anthropic SDK for Python.

    python anthropic_check.py BINARY

The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.
"""

import sys

import anthropic
from anthropic import Anthropic

from http_server import PATIENCE, serving

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
TOOL = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def text(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def check_models(client: Anthropic) -> None:
    models = list(client.models.list(limit=1))
    assert models and all(model.type == "model" and model.display_name for model in models), models
    assert models[0].created_at.year >= 1970 and models[0].lifecycle == "active", models[0]
    assert client.models.retrieve(models[0].id) == models[0]
    try:
        client.models.retrieve("no-such-model")
        raise AssertionError("an unknown model was found")
    except anthropic.NotFoundError as error:
        assert error.body["error"]["type"] == "not_found_error", error.body


def check_create(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(model="default", max_tokens=3, messages=QUESTION)
    assert raw.headers["request-id"].startswith("req_"), raw.headers
    message = raw.parse()
    assert message._request_id == raw.headers["request-id"], message._request_id
    assert (message.type, message.role) == ("message", "assistant") and message.id.startswith("msg_"), message
    assert text(message) and message.stop_reason in ("end_turn", "max_tokens"), message
    assert message.usage.input_tokens > 5 and 1 <= message.usage.output_tokens <= 3, message.usage
    assert message.model_extra["ollama_mcp"]["timings"]["total_ms"] >= 0, message.model_extra
    off = client.messages.create(
        model="default", max_tokens=3, messages=QUESTION, system="Be brief.", thinking={"type": "disabled"}
    )
    assert all(block.type == "text" for block in off.content), off


def check_stream(client: Anthropic) -> None:
    with client.messages.stream(model="default", max_tokens=8, messages=QUESTION) as stream:
        pieces = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert pieces and text(message) == pieces, (pieces, message)
    assert message.stop_reason in ("end_turn", "max_tokens") and message.usage.output_tokens >= 1, message
    kinds = [event.type for event in client.messages.create(model="default", max_tokens=4, messages=QUESTION, stream=True)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"], kinds


def check_stop_sequences(client: Anthropic) -> None:
    asked = {"model": "default", "max_tokens": 12, "messages": QUESTION}
    # Every model writes one of these soon.
    message = client.messages.create(**asked, stop_sequences=list("aeiou"))
    assert message.stop_reason in ("stop_sequence", "end_turn", "max_tokens"), message
    if message.stop_reason == "stop_sequence":
        assert message.stop_sequence in "aeiou" and message.stop_sequence not in text(message), message
    with client.messages.stream(**asked, stop_sequences=list("aeiou")) as stream:
        final = stream.get_final_message()
    assert (final.stop_reason == "stop_sequence") == (final.stop_sequence is not None), final


def check_tools(client: Anthropic) -> None:
    question = [{"role": "user", "content": "What is the weather in Paris? Use the tool."}]
    try:
        asked = client.messages.create(
            model="default", max_tokens=64, messages=question, tools=[TOOL], tool_choice={"type": "auto"}
        )
    except anthropic.BadRequestError as error:
        # A model without tools says so.
        assert "tools" in error.body["error"]["message"], error.body
        return
    call = next((block for block in asked.content if block.type == "tool_use"), None)
    if call is not None:
        assert asked.stop_reason == "tool_use" and isinstance(call.input, dict), asked
    call_id = call.id if call else "toolu_1"
    answer = client.messages.create(
        model="default",
        max_tokens=8,
        tools=[TOOL],
        messages=[
            *question,
            {"role": "assistant", "content": [{"type": "tool_use", "id": call_id, "name": "get_weather", "input": {"city": "Paris"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": "Sunny, 20 degrees"}]},
        ],
    )
    assert answer.usage.output_tokens >= 1 and answer.stop_reason, answer


def check_count(client: Anthropic) -> None:
    counted = client.messages.count_tokens(model="default", messages=QUESTION)
    longer = client.messages.count_tokens(model="default", messages=QUESTION, system="word " * 200, tools=[TOOL])
    assert 5 < counted.input_tokens < longer.input_tokens, (counted, longer)
    assert counted.model_extra["ollama_mcp"]["is_estimate"] is True, counted


def check_errors(client: Anthropic) -> None:
    asked = {"model": "default", "max_tokens": 3, "messages": QUESTION}
    for wrong, start in [
        ({"messages": []}, "messages is empty"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ]:
        for stream in (False, True):
            try:
                client.messages.create(**{**asked, **wrong}, stream=stream)
                raise AssertionError(f"{wrong} was answered")
            except anthropic.BadRequestError as error:
                body = error.body["error"]
                assert body["type"] == "invalid_request_error" and body["message"].startswith(start), (wrong, error.body)
    try:
        # Some model servers answer to any name.
        client.models.retrieve("no-such-model")
        raise AssertionError("an unknown model was found")
    except anthropic.NotFoundError as error:
        assert error.body["error"]["type"] == "not_found_error", error.body
    try:
        client.with_options(api_key="omk_unknown").messages.create(**asked)
        raise AssertionError("a key that is none was accepted")
    except anthropic.AuthenticationError as error:
        assert error.body["error"]["type"] == "authentication_error", error.body


def main() -> None:
    with serving(sys.argv[1]) as url:
        client = Anthropic(base_url=url, api_key="none", timeout=PATIENCE, max_retries=0)
        check_models(client)
        check_create(client)
        check_stream(client)
        check_stop_sequences(client)
        check_tools(client)
        check_count(client)
        check_errors(client)
    print("the Anthropic SDK for Python agrees")


main()
