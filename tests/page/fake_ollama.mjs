//! A model server that speaks Ollama's API as the recorded traffic in tests/fixtures/ollama does. A test decides what is answered and when.
//
//   const ollama = await FakeOllama.start();
//   ollama.answer({ content: "Hello" });          // the next chat
//   const reply = ollama.hold();                  // the next chat, by hand: await reply.asked; reply.write("He"); reply.end();
//   const pull = ollama.holdPull();               // the next pull: await pull.asked; pull.progress(5, 10); pull.succeed();
//   await ollama.stop(); await ollama.resume();   // on the same port
//
// By itself, `node fake_ollama.mjs [PORT]` serves samples, chosen by words of the prompt: think, code, table, long, fail.
import http from "node:http";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { samples } from "./samples.mjs";

const VERSION = "0.33.0";
const FOREVER = "2319-03-03T02:13:09.089540201Z";

/** The installed models where a test says nothing else. */
export const MODELS = [
  model("qwen3:8b", { size: 5_225_388_164, family: "qwen3", parameters: "8.2B", context: 40960, capabilities: ["completion", "tools", "thinking"] }),
  model("gemma3:4b", { size: 3_338_801_804, family: "gemma3", parameters: "4.3B", context: 131072, capabilities: ["completion", "vision"] }),
  model("qwen2.5-coder:1.5b", { size: 986_062_089, family: "qwen2", parameters: "1.5B", context: 32768, capabilities: ["completion", "tools", "insert"] }),
  model("nomic-embed-text:latest", { size: 274_302_450, family: "nomic-bert", parameters: "137M", context: 2048, quantization: "F16", capabilities: ["embedding"] }),
];

/** A model as `/api/tags` lists it, and what only this server knows of it. */
export function model(name, { size = 1_000_000_000, family = "llama", parameters = "1B", quantization = "Q4_K_M", context = 8192, capabilities = ["completion"], days = 1, vram = 1 } = {}) {
  return {
    tag: {
      name,
      model: name,
      modified_at: new Date(Date.now() - days * 86_400_000).toISOString(),
      size,
      digest: digest(name),
      details: { parent_model: "", format: "gguf", family, families: [family], parameter_size: parameters, quantization_level: quantization, context_length: context },
      capabilities,
    },
    /** The share of it that the GPU takes. */
    vram,
    loaded: /** @type {null | {until: string, context: number}} */ (null),
  };
}

export class FakeOllama {
  /** Every request: `{method, path, body}`. */
  requests = [];
  /** Milliseconds between two tokens of what is not held. */
  pace = 0;
  /** Milliseconds that loading a model takes; a promise: until it resolves. */
  load = 0;
  #script = [];
  #pulls = [];
  #server;
  #port = 0;
  #models = new Map();

  static async start({ models = MODELS, port = 0 } = {}) {
    const fake = new FakeOllama();
    for (const { tag, vram, loaded } of models) fake.install({ tag: { ...tag }, vram, loaded });
    fake.#port = port;
    await fake.resume();
    return fake;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Stops listening and breaks what is open, as when Ollama is killed. */
  async stop() {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  async resume() {
    const server = http.createServer((request, response) => this.#serve(request, response));
    // Node closes a connection that was idle for 5 s, in the face of a request that is on its way.
    server.keepAliveTimeout = 600_000;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = /** @type {any} */ (server.address()).port;
    this.#server = server;
  }

  install(entry) {
    this.#models.set(entry.tag.name, entry);
  }

  model(name) {
    return this.#models.get(name) ?? this.#models.get(`${name}:latest`);
  }

  /** The next chat is answered with this: `{content, thinking, error, status, done_reason, pace}`. */
  answer(reply) {
    this.#script.push({ reply });
  }

  /** The next chat waits for the test: see Held. */
  hold() {
    const held = new Held();
    this.#script.push({ held });
    return held;
  }

  /** The next pull waits for the test: see HeldPull. */
  holdPull() {
    const held = new HeldPull();
    this.#pulls.push(held);
    return held;
  }

  /** Chats that were asked. */
  get chats() {
    return this.requests.filter(({ path }) => path === "/api/chat").map(({ body }) => body);
  }

  async #serve(request, response) {
    let text = "";
    for await (const part of request) text += part;
    let body;
    try {
      body = text ? JSON.parse(text) : {};
    } catch {
      return json(response, 400, { error: "invalid character in body" });
    }
    const path = new URL(request.url ?? "/", "http://x").pathname;
    this.requests.push({ method: request.method, path, body });
    const name = body.model ?? body.name;
    switch (`${request.method} ${path}`) {
      case "GET /":
      case "HEAD /":
        return response.end("Ollama is running");
      case "GET /api/version":
        return json(response, 200, { version: VERSION });
      case "GET /api/tags":
        return json(response, 200, { models: [...this.#models.values()].map(({ tag }) => tag) });
      case "GET /api/ps":
        return json(response, 200, { models: [...this.#models.values()].filter(({ loaded }) => loaded).map(running) });
      case "POST /api/show":
        return this.#show(response, name);
      case "POST /api/chat":
        return this.#chat(response, name, body);
      case "POST /api/generate":
        return this.#generate(response, name, body);
      case "DELETE /api/delete":
        return this.#delete(response, name);
      case "POST /api/pull":
        return this.#pull(response, name);
      default:
        return json(response, 404, { error: "404 page not found" });
    }
  }

  #missing(response, name) {
    json(response, 404, { error: `model '${name}' not found` });
  }

  #show(response, name) {
    const found = this.model(name);
    if (!found) return this.#missing(response, name);
    const { details, capabilities, modified_at } = found.tag;
    const family = details.family;
    json(response, 200, {
      modelfile: `FROM ${name}\n`,
      parameters: "",
      template: "{{ .Prompt }}",
      details,
      model_info: { "general.architecture": family, [`${family}.context_length`]: details.context_length },
      capabilities,
      modified_at,
    });
  }

  #delete(response, name) {
    const found = this.model(name);
    if (!found) return this.#missing(response, name);
    this.#models.delete(found.tag.name);
    response.end();
  }

  async #load(found, body) {
    if (!found.loaded) {
      if (typeof this.load === "number") await delay(this.load);
      else await this.load;
    }
    found.loaded = { until: until(body.keep_alive), context: body.options?.num_ctx ?? 4096 };
  }

  async #generate(response, name, body) {
    const found = this.model(name);
    if (!found) return this.#missing(response, name);
    if (body.keep_alive === 0) found.loaded = null;
    else await this.#load(found, body);
    const done_reason = body.keep_alive === 0 ? "unload" : "load";
    json(response, 200, { model: name, created_at: new Date().toISOString(), response: "", done: true, done_reason });
  }

  async #chat(response, name, body) {
    const found = this.model(name);
    if (!found) return this.#missing(response, name);
    if (!body.messages?.length) return this.#generate(response, name, body);
    if (body.think && !found.tag.capabilities.includes("thinking")) {
      return json(response, 400, { error: `"${name}" does not support thinking` });
    }
    const { held, reply } = this.#script.shift() ?? { reply: samples(body) };
    const begun = performance.now();
    const perToken = 5 + (2 * found.tag.size) / 1e9;
    if (held) return held.attach({ response, body, name, loaded: () => this.#load(found, body), begun, perToken });
    if (reply.status) return json(response, reply.status, { error: reply.error });
    await this.#load(found, body);
    const writer = new Held();
    const loading = performance.now() - begun;
    writer.attach({ response, body, name, loaded: async () => {}, begun, perToken, loading });
    const pace = reply.pace ?? this.pace;
    for (const [kind, text] of [["thinking", reply.thinking], ["content", reply.content]]) {
      for (const piece of pieces(text ?? "")) {
        if (response.destroyed) return;
        if (pace) await delay(pace);
        writer.send(kind, piece);
      }
    }
    if (reply.error) writer.fail(reply.error);
    else writer.end(reply);
  }

  async #pull(response, name) {
    const held = this.#pulls.shift();
    const found = () => this.install(model(/:/.test(name) ? name : `${name}:latest`));
    if (held) return held.attach(response, name, found);
    const pull = new HeldPull();
    pull.attach(response, name, found);
    if (name.startsWith("no-")) return pull.fail("pull model manifest: file does not exist");
    const step = this.pace * 5;
    for (let done = 0; done <= 100 && !response.destroyed; done += 5) {
      if (step) await delay(step);
      pull.progress(done * 5_000_000, 500_000_000);
    }
    if (!response.destroyed) pull.succeed();
  }
}

/** A chat whose answer the test writes. Writing waits for nothing: await `asked` first. */
export class Held {
  tokens = 0;
  #resolve = () => {};
  /** @type {Promise<any>} the body of the request */
  asked = new Promise((resolve) => (this.#resolve = resolve));
  /** Resolves when the connection is gone, as it is when the answer is stopped. */
  closed = new Promise((resolve) => (this.ended = resolve));

  attach({ response, body, name, loaded, begun, perToken, loading = 4 }) {
    Object.assign(this, { response, name, begun, perToken, loading });
    response.on("close", this.ended);
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    void loaded();
    this.#resolve(body);
  }

  send(kind, text) {
    this.tokens += 1;
    this.line({ message: { role: "assistant", content: "", [kind]: text }, done: false });
  }
  write(text) {
    this.send("content", text);
  }
  think(text) {
    this.send("thinking", text);
  }
  end({ done_reason = "stop" } = {}) {
    const total = Math.round((performance.now() - this.begun) * 1e6);
    const counts = { total_duration: total, load_duration: Math.round(this.loading * 1e6), prompt_eval_count: 33, prompt_eval_duration: 26_436_000, eval_count: this.tokens, eval_duration: Math.max(Math.round(this.tokens * this.perToken * 1e6), 1) };
    this.line({ message: { role: "assistant", content: "" }, done: true, done_reason, ...counts });
    this.response.end();
  }
  fail(error) {
    this.response.end(`${JSON.stringify({ error })}\n`);
  }
  line(value) {
    this.response.write(`${JSON.stringify({ model: this.name, created_at: new Date().toISOString(), ...value })}\n`);
  }
}

/** A pull that the test steps. */
export class HeldPull {
  #resolve = () => {};
  /** @type {Promise<string>} the name of the model */
  asked = new Promise((resolve) => (this.#resolve = resolve));
  closed = new Promise((resolve) => (this.ended = resolve));

  attach(response, name, install) {
    Object.assign(this, { response, install, digest: digest(name) });
    response.on("close", this.ended);
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    this.line({ status: "pulling manifest" });
    this.#resolve(name);
  }
  progress(completed, total) {
    this.line({ status: `pulling ${this.digest.slice(0, 12)}`, digest: `sha256:${this.digest}`, total, completed });
  }
  succeed() {
    for (const status of ["verifying sha256 digest", "writing manifest"]) this.line({ status });
    this.install();
    this.line({ status: "success" });
    this.response.end();
  }
  fail(error) {
    this.line({ error });
    this.response.end();
  }
  line(value) {
    this.response.write(`${JSON.stringify(value)}\n`);
  }
}

function running({ tag, vram, loaded }) {
  const size = Math.round(tag.size * 1.15);
  const { name, model, digest, details } = tag;
  return { name, model, size, digest, details, expires_at: loaded.until, size_vram: Math.round(size * vram), context_length: loaded.context };
}

function until(keepAlive) {
  if (typeof keepAlive === "number" && keepAlive < 0) return FOREVER;
  const seconds = typeof keepAlive === "number" ? keepAlive : 300;
  return new Date(Date.now() + seconds * 1000).toISOString();
}

function digest(name) {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0").repeat(8);
}

/** A text in pieces, about as a model's tokens. */
function pieces(text) {
  return text.match(/\s*\S{1,8}|\s+/g) ?? [];
}

function json(response, status, value) {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

if (import.meta.filename === process.argv[1]) {
  const fake = await FakeOllama.start({ port: Number(process.argv[2] ?? 0) });
  fake.pace = 25;
  fake.load = 1500;
  console.log(fake.url);
}
