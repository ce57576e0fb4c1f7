// Holds ollama-mcp against the official TypeScript SDK: tools, progress, cancellation, completion, resources, prompts;
// over stdio and over HTTP.
//
//     node check.ts BINARY          (Node 22.18 or newer strips the types by itself)
//
// The model server is the one that the environment (OLLAMA_*) names. Any disagreement ends with an AssertionError.

import assert from "node:assert/strict";
import { spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { argv, env } from "node:process";
import { createInterface } from "node:readline";

import { Client, StreamableHTTPClientTransport, type CallToolResult, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";

// Arguments that a small model serves soon. Tools that are not here are called without any: that is an error where they
// demand some, and must be a harmless question where they do not.
const ARGUMENTS: Record<string, Record<string, unknown>> = {
  chat_completion: { prompt: "What is the capital of France?", max_tokens: 20 },
  batch_completion: { instruction: "Repeat the word.", inputs: ["red", "blue"], max_tokens: 8 },
  generate: { prompt: "The sky is", max_tokens: 8 },
  embed: { input: ["red", "blue"] },
  rank: { query: "colour", texts: ["red", "seven"] },
};
// The longest that one request may take.
const PATIENCE = { timeout: 120_000 };

// biome-ignore lint/suspicious/noExplicitAny: what a tool answers is what is checked here
type Answer = any;

const answerOf = (result: CallToolResult): Answer => result.structuredContent;

/**
 * What came as progress. The notifications themselves are watched: the SDK hands them on later than it takes an answer, and with
 * the answer it forgets the call's `onprogress`, so that this one never sees pieces that were read together with the answer.
 */
class Stream {
  content = "";
  steps: number[] = [];
  #changed = (): void => {};

  constructor(client: Client) {
    client.setNotificationHandler("notifications/progress", ({ params }) => {
      this.steps.push(params.progress);
      const meta = params._meta ?? {};
      if (meta["ollama-mcp/channel"] === "content") this.content += meta["ollama-mcp/delta"];
      this.#changed();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE.timeout);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        late.onabort = () => reject(new Error(`what was waited for did not come; there is: ${this.content}`));
      });
    }
  }
}

/** A callback makes the SDK send a progress token. */
const ignore = (): void => {};

async function checkTools(client: Client): Promise<void> {
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  for (const core of ["chat_completion", "health_check", "list_models"]) assert(names.includes(core), `${core} is missing`);
  for (const tool of tools) {
    assert(tool.title && tool.description && tool.annotations && tool.outputSchema, tool.name);
    const demands = (tool.inputSchema.required ?? []).length > 0;
    const given = ARGUMENTS[tool.name];
    assert(given || demands || tool.annotations.readOnlyHint, `${tool.name} needs a line in ARGUMENTS`);
    const result = await client.callTool({ name: tool.name, arguments: given ?? {} }, PATIENCE);
    const valid = new AjvJsonSchemaValidator().getValidator(tool.outputSchema as Answer)(result.structuredContent);
    assert(valid.valid, `${tool.name}: ${valid.errorMessage}`);
    const code = result.isError ? answerOf(result).error.code : undefined;
    if (!given && demands) assert.equal(code, "invalid_argument", tool.name);
    console.log(`  ${tool.name}: ${code ? `error ${code}` : "answered"}, as its output schema says`);
  }
}

async function checkProgress(client: Client): Promise<void> {
  const stream = new Stream(client);
  const call = { name: "chat_completion", arguments: { prompt: "Count from one to ten.", max_tokens: 30 } };
  const result = await client.callTool(call, { ...PATIENCE, onprogress: ignore });
  const completion = answerOf(result);
  assert(!result.isError && completion.status === "completed", JSON.stringify(completion));
  const [first] = result.content; // warnings stand in parts of their own
  assert(first?.type === "text" && first.text.trim());
  assert.equal(first.text, completion.choices[0].message.content);
  assert(completion.usage.completion_tokens > 0);
  await stream.until(() => stream.content.length >= first.text.length);
  assert.equal(stream.content, first.text);
  assert.deepEqual(stream.steps, [...new Set(stream.steps)].sort((a, b) => a - b));
  console.log(`  progress: ${stream.steps.length} steps, together the reply`);
}

async function checkCancel(client: Client): Promise<void> {
  const abort = new AbortController();
  const call = { name: "chat_completion", arguments: { prompt: "Count from one to a thousand, in words.", max_tokens: 4000 } };
  const stream = new Stream(client);
  const called = assert.rejects(client.callTool(call, { ...PATIENCE, signal: abort.signal, onprogress: ignore }));
  await stream.until(() => stream.content !== "");
  abort.abort("enough");
  await called;
  // One completion at a time is allowed: the next one has its turn only when the cancelled one has ended.
  const next = await client.callTool({ name: "chat_completion", arguments: { prompt: "Say hello.", max_tokens: 8 } }, PATIENCE);
  assert(!next.isError && answerOf(next).status === "completed", JSON.stringify(next));
  console.log("  cancel: the model is free again");
}

async function checkTheRest(client: Client): Promise<void> {
  const result = await client.callTool({ name: "list_models", arguments: {} });
  assert(!result.isError, JSON.stringify(result));
  const listed = answerOf(result);
  const models: string[] = listed.models.map((model: Answer) => model.name);
  for (const ref of [
    { type: "ref/prompt", name: "ask_local_model" },
    { type: "ref/resource", uri: "ollama://models/{model}" },
  ] as const) {
    const suggest = async (value: string) => (await client.complete({ ref, argument: { name: "model", value } })).completion.values;
    const suggested = await suggest("");
    assert(suggested.length > 0 && suggested.every((name) => models.includes(name)), JSON.stringify(suggested));
    assert.deepEqual(await suggest("no-such-model"), []);
  }
  console.log("  completion: model names of prompts and resources");

  const { resources } = await client.listResources();
  const { resourceTemplates } = await client.listResourceTemplates();
  assert(resourceTemplates.some((template) => template.uriTemplate === "ollama://models/{model}"));
  for (const uri of [...resources.map((resource) => resource.uri), `ollama://models/${models[0]}`]) {
    try {
      const [content] = (await client.readResource({ uri })).contents;
      assert(content && "text" in content, uri);
      JSON.parse(content.text);
    } catch (error) {
      // Only Ollama can tell what runs.
      assert(uri === "ollama://running" && env.OLLAMA_MCP_PROVIDER === "openai", `${uri}: ${error}`);
    }
  }
  console.log(`  resources: ${resources.length}, ${resourceTemplates.length} templates`);

  const { prompts } = await client.listPrompts();
  for (const prompt of prompts) {
    // What it demands, and a text where it demands either that or paths.
    const wanted = (prompt.arguments ?? []).filter(({ name, required }) => required || name === "text" || name === "code");
    const given = Object.fromEntries(wanted.map((argument) => [argument.name, "sesame"]));
    const last = (await client.getPrompt({ name: prompt.name, arguments: given })).messages.at(-1);
    assert(last?.content.type === "text", prompt.name);
    if (wanted.length > 0) assert(last.content.text.includes("sesame"), prompt.name);
  }
  console.log(`  prompts: ${prompts.length}`);
}

async function checkOver(name: string, transport: () => Transport): Promise<void> {
  for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
    const client = new Client({ name: "client-check", version: "1.0.0" }, { versionNegotiation: { mode } });
    await client.connect(transport());
    console.log(`typescript: ${name}, ${client.getProtocolEra()}, revision ${client.getNegotiatedProtocolVersion()}`);
    await checkTools(client);
    await checkProgress(client);
    await checkCancel(client);
    await checkTheRest(client);
    await client.close();
  }
}

const command = argv[2];
assert(command, "usage: node check.ts BINARY");
const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
const environment = { ...Object.fromEntries(given), OLLAMA_MCP_MAX_CONCURRENT: "1" };
await checkOver("stdio", () => new StdioClientTransport({ command, env: environment }));

const stdio: StdioOptions = ["ignore", "pipe", "inherit"];
const server = spawn(command, ["serve", "--listen", "127.0.0.1:0"], { stdio, env: environment });
try {
  assert(server.stdout);
  const [first] = (await once(createInterface(server.stdout), "line")) as [string];
  const url = new URL(`${first.split(" on ")[1]}/mcp`);
  await checkOver("HTTP", () => new StreamableHTTPClientTransport(url));
} finally {
  server.kill();
}
console.log("typescript: ok");
