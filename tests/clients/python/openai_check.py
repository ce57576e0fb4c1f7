"""Holds `ollama-mcp serve` against the official OpenAI SDK for Python.

    python openai_check.py BINARY

The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.
"""

import json
import sys
import urllib.request
import uuid

import openai
from openai import OpenAI
from openapi_spec_validator import validate

from http_server import PATIENCE, serving
from responses_check import check_responses

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]


def check_models(client: OpenAI) -> None:
    models = client.models.list().data
    assert models and all(model.object == "model" and model.id for model in models), models
    name = models[0].id
    assert client.models.retrieve(name).id == name
    try:
        client.models.retrieve("no-such-model")
        raise AssertionError("an unknown model was found")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found", error.body


def check_chat(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="default", messages=QUESTION, max_completion_tokens=3)
    assert raw.headers["x-request-id"].startswith("req_"), raw.headers
    answer = raw.parse()
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content, answer
    assert choice.finish_reason in ("stop", "length"), answer
    assert 1 <= answer.usage.completion_tokens <= 3, answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model_extra["ollama_mcp"]["timings"]["total_ms"] >= 0, answer.model_extra

    two = client.chat.completions.create(model="default", messages=QUESTION, n=2, max_tokens=3)
    assert [choice.index for choice in two.choices] == [0, 1], two


def check_stream(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="default", messages=QUESTION, max_tokens=8, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text, chunks
    ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert len(ends) == 1, ends
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens >= 1, chunks[-1]
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


def check_idempotency(client: OpenAI) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    ask = lambda words: client.chat.completions.create(  # noqa: E731
        model="default", messages=words, max_tokens=4, extra_headers=key
    )
    assert ask(QUESTION).id == ask(QUESTION).id
    try:
        ask([{"role": "user", "content": "Something else."}])
        raise AssertionError("another body was answered")
    except openai.ConflictError as error:
        assert error.code == "idempotency_conflict", error.body


def check_stored(client: OpenAI) -> None:
    ask = {"model": "default", "messages": QUESTION, "max_tokens": 3, "store": True}
    answer = client.chat.completions.create(**ask, metadata={"topic": "capitals"})
    other = client.chat.completions.create(**ask, metadata={"topic": "rivers"})
    stored = client.chat.completions.retrieve(answer.id)
    assert stored.choices[0].message.content == answer.choices[0].message.content, stored
    assert stored.metadata == {"topic": "capitals"}, stored
    listed = client.chat.completions.list(metadata={"topic": "capitals"}, limit=1)
    assert [entry.id for entry in listed] == [answer.id], listed
    assert {entry.id for entry in client.chat.completions.list(limit=1)} >= {answer.id, other.id}
    messages = list(client.chat.completions.messages.list(answer.id))
    assert [message.content for message in messages] == [QUESTION[0]["content"]], messages
    assert client.chat.completions.update(answer.id, metadata={"topic": "cities"}).metadata == {"topic": "cities"}
    assert client.chat.completions.delete(answer.id).deleted and client.chat.completions.delete(other.id).deleted
    try:
        client.chat.completions.retrieve(answer.id)
        raise AssertionError("a deleted answer was found")
    except openai.NotFoundError as error:
        assert error.code == "completion_not_found", error.body


def check_schema(client: OpenAI) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    answer = client.chat.completions.create(
        model="default",
        messages=QUESTION,
        max_tokens=64,
        response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}},
    )
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content)["city"], str), answer


def check_errors(client: OpenAI) -> None:
    for wrong, status, code, param in [
        ({"temperature": 9}, 400, "invalid_argument", "temperature"),
        ({"messages": []}, 400, "invalid_argument", "messages"),
        ({"n": 0}, 400, "invalid_argument", "n"),
        ({"logit_bias": {"5": 1}}, 400, "unsupported_parameter", "logit_bias"),
    ]:
        for stream in (False, True):
            arguments = {"model": "default", "messages": QUESTION, "stream": stream, **wrong}
            try:
                client.chat.completions.create(**arguments)
                raise AssertionError(f"{wrong} was answered")
            except openai.APIStatusError as error:
                assert (error.status_code, error.code, error.param) == (status, code, param), (wrong, error.body)
    try:
        client.with_options(api_key="omk_unknown").models.list()
        raise AssertionError("a key that is none was accepted")
    except openai.AuthenticationError as error:
        assert error.code == "invalid_api_key", error.body


def check_completions(client: OpenAI) -> None:
    answer = client.completions.create(model="default", prompt="The capital of France is", max_tokens=4)
    assert answer.object == "text_completion" and answer.choices[0].text, answer
    both = client.completions.create(model="default", prompt=["One, two,", "Red, green,"], max_tokens=3)
    assert [choice.index for choice in both.choices] == [0, 1], both
    text = "".join(
        chunk.choices[0].text for chunk in client.completions.create(model="default", prompt="One, two,", max_tokens=4, stream=True) if chunk.choices
    )
    assert text


def check_files(client: OpenAI) -> None:
    notes = b"The meeting is on Tuesday at ten."
    file = client.files.create(file=("notes.txt", notes), purpose="user_data")
    assert (file.object, file.bytes, file.filename, file.purpose) == ("file", len(notes), "notes.txt", "user_data"), file
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == notes
    assert file.id in [listed.id for listed in client.files.list(limit=1)], "the list is read page by page"
    part = {"type": "file", "file": {"file_id": file.id}}
    question = [{"role": "user", "content": [{"type": "text", "text": "When is the meeting?"}, part]}]
    answer = client.chat.completions.create(model="default", messages=question, max_tokens=8)
    assert answer.choices[0].message.content, answer
    assert answer.usage.prompt_tokens > 15, answer.usage
    assert client.files.delete(file.id).deleted
    try:
        client.chat.completions.create(model="default", messages=question)
        raise AssertionError("a file that was deleted was read")
    except openai.NotFoundError as error:
        assert (error.code, error.param) == ("file_not_found", "messages[0].content[1].file.file_id"), error.body


def check_document(url: str) -> None:
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=PATIENCE) as answer:
        validate(json.load(answer))


def main() -> None:
    with serving(sys.argv[1]) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="none", timeout=PATIENCE, max_retries=0)
        check_models(client)
        check_chat(client)
        check_stream(client)
        check_idempotency(client)
        check_stored(client)
        check_schema(client)
        check_errors(client)
        check_completions(client)
        check_files(client)
        check_responses(client)
        check_document(url)
    print("the OpenAI SDK for Python agrees")


main()
