// Holds `ollama-mcp serve` against the official Anthropic SDK for Node.
//
//     node anthropic_check.ts BINARY          (Node 22.18 or newer strips the types by itself)
//
// The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { argv } from "node:process";
import { createInterface } from "node:readline";

import Anthropic from "@anthropic-ai/sdk";

const messages = [{ role: "user" as const, content: "What is the capital of France? Answer with one word." }];
const asked = { model: "default", max_tokens: 8, messages };

const server = spawn(argv[2], ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const [first] = (await once(createInterface(server.stdout), "line")) as [string];
const url = first.split(" on ")[1];
const client = new Anthropic({ baseURL: url, apiKey: "none", timeout: 120_000, maxRetries: 0 });

try {
  const message = await client.messages.create({ ...asked, thinking: { type: "disabled" } });
  assert.deepEqual([message.type, message.role], ["message", "assistant"]);
  assert.match(message.id, /^msg_/);
  assert.match(message._request_id ?? "", /^req_/);
  assert.equal(message.content[0]?.type, "text");
  assert.ok(message.usage.input_tokens > 5 && message.usage.output_tokens >= 1);

  // The SDK's own collector checks the order of the events.
  const stream = client.messages.stream(asked);
  let text = "";
  stream.on("text", (delta) => {
    text += delta;
  });
  const final = await stream.finalMessage();
  const block = final.content.find((block) => block.type === "text");
  assert.equal(block?.type === "text" ? block.text : "", text);
  assert.ok(final.stop_reason === "end_turn" || final.stop_reason === "max_tokens");

  const stopped = await client.messages.create({ ...asked, stop_sequences: [..."aeiou"] });
  assert.equal(stopped.stop_reason === "stop_sequence", stopped.stop_sequence !== null);

  // A caller that goes stops the model: the next one is served at once.
  const gone = await client.messages.create({ ...asked, max_tokens: 512, stream: true });
  for await (const _ of gone) break;
  gone.controller.abort();

  const tool = { name: "get_weather", input_schema: { type: "object" as const, properties: { city: { type: "string" } } } };
  const call = { type: "tool_use" as const, id: "toolu_1", name: "get_weather", input: { city: "Paris" } };
  const result = { type: "tool_result" as const, tool_use_id: "toolu_1", content: "Sunny" };
  const turns = [...messages, { role: "assistant" as const, content: [call] }, { role: "user" as const, content: [result] }];
  const told = await client.messages.create({ ...asked, messages: turns });
  assert.ok(told.stop_reason);

  const counted = await client.messages.countTokens({ model: "default", messages, tools: [tool] });
  assert.ok(counted.input_tokens > 10);

  const ids: string[] = [];
  for await (const model of client.models.list({ limit: 1 })) ids.push(model.id);
  assert.ok(ids.length > 0 && new Set(ids).size === ids.length);
  assert.equal((await client.models.retrieve(ids[0])).id, ids[0]);

  const fails = (asking: PromiseLike<unknown>, status: number, type: string) =>
    assert.rejects(
      async () => asking,
      (error: InstanceType<typeof Anthropic.APIError>) =>
        error.status === status && (error.error as { error: { type: string } }).error.type === type,
    );
  const create = (body: object) => client.messages.create({ ...asked, ...body });
  await fails(create({ messages: [] }), 400, "invalid_request_error");
  await fails(create({ stream: true, stop_sequences: [""] }), 400, "invalid_request_error");
  // Some model servers answer to any name.
  await fails(client.models.retrieve("no-such-model"), 404, "not_found_error");
} finally {
  server.kill("SIGTERM");
}
const [code] = (await once(server, "exit")) as [number];
assert.equal(code, 0);
console.log("the Anthropic SDK for Node agrees");
