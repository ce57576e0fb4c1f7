// Holds `ollama-mcp serve` against the official OpenAI SDK for Node.
//
//     node openai_check.ts BINARY          (Node 22.18 or newer strips the types by itself)
//
// The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { argv } from "node:process";
import { createInterface } from "node:readline";

import OpenAI, { toFile } from "openai";

import { checkResponses } from "./responses_check.ts";

const messages = [{ role: "user" as const, content: "What is the capital of France? Answer with one word." }];

const server = spawn(argv[2], ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const [first] = (await once(createInterface(server.stdout), "line")) as [string];
const url = first.split(" on ")[1];
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", timeout: 120_000, maxRetries: 0 });

try {
  const answer = await client.chat.completions.create({ model: "default", messages, max_completion_tokens: 3 });
  assert.ok(answer.choices[0]?.message.content);
  assert.ok((answer.usage?.completion_tokens ?? 99) <= 3);
  assert.match(answer._request_id ?? "", /^req_/);

  // The SDK's own collector checks the order of the chunks.
  const stream = client.chat.completions.stream({ model: "default", messages, max_tokens: 8 });
  let text = "";
  stream.on("content", (delta) => {
    text += delta;
  });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0]?.message.content, text);

  // A caller that goes stops the model: the next one is served at once.
  const gone = await client.chat.completions.create({ model: "default", messages, stream: true });
  for await (const _ of gone) break;
  gone.controller.abort();

  const file = await client.files.create({ file: await toFile(Buffer.from("On Tuesday at ten."), "notes.txt"), purpose: "user_data" });
  assert.deepEqual([file.object, file.bytes, file.filename], ["file", 18, "notes.txt"]);
  assert.equal(await (await client.files.content(file.id)).text(), "On Tuesday at ten.");
  const part = { type: "file" as const, file: { file_id: file.id } };
  const read = [{ role: "user" as const, content: [{ type: "text" as const, text: "When is the meeting?" }, part] }];
  const told = await client.chat.completions.create({ model: "default", messages: read, max_completion_tokens: 8 });
  assert.ok(told.choices[0]?.message.content);
  assert.ok((await client.files.delete(file.id)).deleted);
  await assert.rejects(client.files.retrieve(file.id), (error: InstanceType<typeof OpenAI.APIError>) => error.status === 404);

  await checkResponses(client);

  const models = await client.models.list();
  assert.ok(models.data.length > 0);

  await assert.rejects(
    client.chat.completions.create({ model: "default", messages, temperature: 9, stream: true }),
    (error: InstanceType<typeof OpenAI.APIError>) => error.status === 400 && error.code === "invalid_argument" && error.param === "temperature",
  );
} finally {
  server.kill("SIGTERM");
}
const [code] = (await once(server, "exit")) as [number];
assert.equal(code, 0);
console.log("the OpenAI SDK for Node agrees");
