"""Responses: what the official SDK does with /v1/responses. `openai_check.py` calls it."""

import time

import openai
from openai import OpenAI

from http_server import PATIENCE

QUESTION = "What is the capital of France? Answer with one word."
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


def check_whole(client: OpenAI) -> None:
    response = client.responses.create(model="default", input=QUESTION, instructions="Be brief.", max_output_tokens=4)
    assert response.id.startswith("resp_") and response.object == "response", response
    assert response.status in ("completed", "incomplete"), response
    assert response.output_text, response
    assert 1 <= response.usage.output_tokens <= 4, response.usage
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.instructions == "Be brief." and response.temperature is None, response
    assert client.responses.retrieve(response.id).output_text == response.output_text

    following = client.responses.create(
        model="default", input="Say it again.", previous_response_id=response.id, max_output_tokens=4
    )
    assert following.usage.input_tokens > response.usage.input_tokens, following.usage
    items = list(client.responses.input_items.list(following.id, limit=1, order="asc"))
    # The reply is among them, and what the model thought.
    assert [item.role for item in items if item.type == "message"] == ["user", "assistant", "user"], items
    assert items[0].content[0].text == QUESTION, items
    client.responses.delete(response.id)
    for lost in (
        lambda: client.responses.retrieve(response.id),
        lambda: client.responses.delete(response.id),
    ):
        try:
            lost()
            raise AssertionError("a deleted response was found")
        except openai.NotFoundError as error:
            assert error.code == "response_not_found", error.body


def check_stream(client: OpenAI) -> None:
    with client.responses.stream(model="default", input=QUESTION, max_output_tokens=200) as stream:
        events = list(stream)
        final = stream.get_final_response() if events[-1].type == "response.completed" else events[-1].response
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text and final.output_text == text, events
    types = [event.type for event in events]
    assert types[:2] == ["response.created", "response.in_progress"], types
    assert types[-1] in ("response.completed", "response.incomplete"), types


def check_tools(client: OpenAI) -> None:
    """A small model need not call; a call that it makes can be answered."""
    try:
        response = client.responses.create(
            model="default", input="What is the weather in Paris?", tools=[WEATHER], max_output_tokens=64
        )
    except openai.BadRequestError as error:
        # Not every model takes tools.
        assert error.code == "unsupported", error.body
        return
    calls = [item for item in response.output if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls]
    if results:
        answer = client.responses.create(
            model="default", input=results, previous_response_id=response.id, tools=[WEATHER], max_output_tokens=8
        )
        assert answer.output, answer
    by_hand = client.responses.create(
        model="default",
        input=[
            {"role": "user", "content": "What is the weather in Paris?"},
            {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        ],
        tools=[WEATHER],
        max_output_tokens=8,
        store=False,
    )
    assert by_hand.output, by_hand
    try:
        client.responses.retrieve(by_hand.id)
        raise AssertionError("a response with store=False was found")
    except openai.NotFoundError:
        pass


def check_background(client: OpenAI) -> None:
    response = client.responses.create(model="default", input=QUESTION, max_output_tokens=8, background=True)
    assert response.background and response.status in ("queued", "in_progress"), response
    deadline = time.monotonic() + PATIENCE
    while response.status in ("queued", "in_progress"):
        assert time.monotonic() < deadline, response
        time.sleep(0.05)
        response = client.responses.retrieve(response.id)
    assert response.status in ("completed", "incomplete") and response.output_text, response

    # Cut in mid-stream, and read on after the last event that came.
    stream = client.responses.create(
        model="default", input="Count to twenty.", max_output_tokens=24, background=True, stream=True
    )
    read = []
    for event in stream:
        read.append(event)
        if len(read) == 6:
            break
    stream.close()
    id = read[0].response.id
    rest = list(client.responses.retrieve(id, stream=True, starting_after=read[-1].sequence_number))
    whole = list(client.responses.retrieve(id, stream=True))
    assert [event.to_dict() for event in read + rest] == [event.to_dict() for event in whole]

    endless = client.responses.create(model="default", input="Count to a million.", background=True)
    cancelled = client.responses.cancel(endless.id)
    # A small model may have ended before.
    assert cancelled.status in ("cancelled", "completed", "incomplete"), cancelled
    assert client.responses.cancel(endless.id).status == cancelled.status
    for done in (response.id, id, endless.id):
        client.responses.delete(done)


def check_errors(client: OpenAI) -> None:
    for wrong, code, param in [
        ({"temperature": 9}, "invalid_argument", "temperature"),
        ({"max_output_tokens": 0}, "invalid_argument", "max_output_tokens"),
        ({"tools": [{"type": "web_search"}]}, "unsupported_parameter", "tools[0].type"),
        ({"conversation": "conv_1"}, "unsupported_parameter", "conversation"),
        ({"previous_response_id": "resp_0"}, "previous_response_not_found", "previous_response_id"),
    ]:
        for stream in (False, True):
            try:
                client.responses.create(**{"model": "default", "input": QUESTION, "stream": stream, **wrong})
                raise AssertionError(f"{wrong} was answered")
            except openai.BadRequestError as error:
                assert (error.code, error.param) == (code, param), (wrong, error.body)


def check_responses(client: OpenAI) -> None:
    check_whole(client)
    check_stream(client)
    check_tools(client)
    check_background(client)
    check_errors(client)
