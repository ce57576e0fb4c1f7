// Responses: what the official SDK does with /v1/responses. `openai_check.ts` calls it.

import assert from "node:assert/strict";

import OpenAI from "openai";

type ApiError = InstanceType<typeof OpenAI.APIError>;

const input = "What is the capital of France? Answer with one word.";

export async function checkResponses(client: OpenAI): Promise<void> {
  const response = await client.responses.create({ model: "default", input, max_output_tokens: 4 });
  assert.match(response.id, /^resp_/);
  assert.ok(response.output_text);
  assert.equal((await client.responses.retrieve(response.id)).output_text, response.output_text);
  const following = await client.responses.create({
    model: "default",
    input: "Say it again.",
    previous_response_id: response.id,
    max_output_tokens: 4,
  });
  const roles = [];
  for await (const item of client.responses.inputItems.list(following.id, { order: "asc" })) {
    if (item.type === "message") roles.push(item.role);
  }
  assert.deepEqual(roles, ["user", "assistant", "user"]);
  await client.responses.delete(response.id);
  await assert.rejects(client.responses.retrieve(response.id), (error: ApiError) => error.status === 404);

  // The SDK's own collector checks the order of the events, and what they have.
  const stream = client.responses.stream({ model: "default", input, max_output_tokens: 200, reasoning: { effort: null } });
  let text = "";
  stream.on("response.output_text.delta", (event) => {
    text += event.delta;
    assert.equal(event.snapshot, text);
  });
  const final = await stream.finalResponse();
  assert.ok(text);
  assert.equal(final.output_text, text);

  // Cut in mid-stream, and read on.
  const first = await client.responses.create({ model: "default", input: "Count to twenty.", max_output_tokens: 24, background: true, stream: true });
  const read = [];
  for await (const event of first) if (read.push(event) === 6) break;
  const created = read[0];
  assert.equal(created?.type, "response.created");
  const id = created?.type === "response.created" ? created.response.id : "";
  const after = read.at(-1)?.sequence_number ?? 0;
  const rest = [];
  for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: after })) rest.push(event);
  const whole = [];
  for await (const event of await client.responses.retrieve(id, { stream: true })) whole.push(event);
  assert.deepEqual([...read, ...rest], whole);
  const again = client.responses.stream({ response_id: id, starting_after: after, model: "default" });
  assert.equal((await again.finalResponse()).id, id);

  const endless = await client.responses.create({ model: "default", input: "Count to a million.", background: true });
  assert.ok(["cancelled", "completed", "incomplete"].includes((await client.responses.cancel(endless.id)).status ?? ""));
  await assert.rejects(
    client.responses.create({ model: "default", input, tools: [{ type: "web_search" }], stream: true }),
    (error: ApiError) => error.status === 400 && error.code === "unsupported_parameter" && error.param === "tools[0].type",
  );
}
