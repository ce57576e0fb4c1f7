// Holds `ollama-mcp serve` against the official Ollama SDK for Node.
//
//     node ollama_check.ts BINARY          (Node 22.18 or newer strips the types by itself)
//
// The model server is the one that the environment (OLLAMA_*) names: an Ollama, or another one, over which Ollama's API is
// answered as far as it can be. Any disagreement ends with an AssertionError.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { argv } from "node:process";
import { createInterface } from "node:readline";

import { Ollama } from "ollama";

const messages = [{ role: "user", content: "What is the capital of France? Answer with one word." }];
const options = { num_predict: 4, temperature: 0 };

const server = spawn(argv[2], ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const [first] = (await once(createInterface(server.stdout), "line")) as [string];
const host = first.split(" on ")[1];
const client = new Ollama({ host });

/** Whether a request is refused with this status, or with a text that has these words. */
const refused = (words: RegExp | number) => (error: Error & { status_code?: number }) =>
  typeof words === "number" ? error.status_code === words : words.test(error.message);

try {
  const { models } = await client.list();
  assert.ok(models.length > 0 && models.every((model) => model.model));
  const shown = await client.show({ model: models[0]!.model });
  assert.ok(shown.details && shown.capabilities.length > 0);
  assert.ok(Array.isArray((await client.ps()).models));

  const answer = await client.chat({ model: "default", messages, options });
  assert.ok(answer.message.content && answer.done && answer.eval_count > 0);

  let text = "";
  let ends = 0;
  for await (const part of await client.chat({ model: "default", messages, options, stream: true })) {
    text += part.message.content;
    ends += part.done ? 1 : 0;
  }
  assert.ok(text);
  assert.equal(ends, 1);

  // A caller that goes stops the model: the next one is served at once.
  const gone = await client.chat({ model: "default", messages, stream: true });
  for await (const _ of gone) break;
  gone.abort();

  const generated = await client.generate({ model: "default", prompt: "The capital of France is", options });
  assert.ok(generated.response && generated.done);
  let response = "";
  for await (const part of await client.generate({ model: "default", prompt: "One, two,", options, stream: true })) {
    response += part.response;
  }
  assert.ok(response);

  // The small model may make no embeddings, and may not call tools.
  const embedded = await client.embed({ model: models[0]!.model, input: ["red", "blue"] }).catch((error: Error) => error);
  assert.ok(embedded instanceof Error ? embedded.message : embedded.embeddings.length === 2);
  const tool = {
    type: "function",
    function: { name: "weather", description: "The weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
  };
  const called = { function: { name: "weather", arguments: { city: "Paris" } } };
  const trip = [
    { role: "user", content: "What is the weather in Paris?" },
    { role: "assistant", content: "", tool_calls: [called] },
    { role: "tool", content: "It is sunny.", tool_name: "weather" },
  ];
  const told = await client.chat({ model: "default", messages: trip, tools: [tool], options }).catch((error: Error) => error);
  assert.ok(told instanceof Error ? /tools/.test(told.message) : told.done);

  await assert.rejects(client.show({ model: "no-such-model" }), refused(404));
  await assert.rejects(client.delete({ model: "no-such-model" }), refused(/models:write/));
  const key = execFileSync(argv[2], ["keys", "add", `ollama-check-${Date.now()}`], { encoding: "utf8" }).trim();
  const withKey = new Ollama({ host, headers: { Authorization: `Bearer ${key}` } });
  // Some model servers say that a model was made just now: its name is what stays.
  const names = (list: { name: string }[]) => list.map((model) => model.name);
  assert.deepEqual(names((await withKey.list()).models), names(models));
  const wrong = new Ollama({ host, headers: { Authorization: "Bearer omk_unknown" } });
  await assert.rejects(wrong.list(), refused(401));
} finally {
  server.kill("SIGTERM");
}
const [code] = (await once(server, "exit")) as [number];
assert.equal(code, 0);
console.log("the Ollama SDK for Node agrees");
