//! The program under test, over a data directory of its own on a free port.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** The program: the last argument of `.ci/page.sh`, or OLLAMA_MCP_BIN. */
const BINARY = resolve(process.env.OLLAMA_MCP_BIN ?? "target/debug/ollama-mcp");

export class Server {
  /** @type {string[]} what it wrote to stderr */
  log = [];

  /**
   * Starts `serve` over the fake Ollama.
   * @param {import("./fake_ollama.mjs").FakeOllama} ollama
   * @param {{args?: string[], env?: Record<string, string>}} [options]
   */
  static async start(ollama, { args = [], env = {} } = {}) {
    const server = new Server();
    server.directory = await mkdtemp(join(tmpdir(), "ollama-mcp-page-"));
    // Only what a program needs: no setting of the user may reach it.
    const { PATH = "", HOME = "" } = process.env;
    server.env = { PATH, HOME, OLLAMA_HOST: ollama.url, OLLAMA_MCP_DATA_DIR: server.directory, ...env };
    server.args = args;
    await server.listen("127.0.0.1:0");
    return server;
  }

  /** @param {string} address */
  async listen(address) {
    const child = spawn(BINARY, ["serve", "--listen", address, ...this.args], { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    createInterface({ input: child.stderr }).on("line", (line) => this.log.push(line));
    const lines = createInterface({ input: child.stdout });
    this.url = await new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const address = / on (http:\S+)/.exec(line)?.[1];
        if (address) resolve(address);
      });
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`serve ended with ${code}: ${this.log.join("\n")}`)));
    });
  }

  /** Ends the process, and begins another one at the same address. */
  async restart() {
    await this.kill();
    await this.listen(new URL(this.url).host);
  }

  async kill() {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }

  async stop() {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A command of the program, over the same data. */
  async command(...args) {
    return promisify(execFile)(BINARY, args, { env: this.env });
  }

  /** A request as the local owner, or with another credential. */
  async api(method, path, body, headers) {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(headers ?? { authorization: `Bearer ${await this.localKey()}` }), "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async localKey() {
    return (await readFile(join(this.directory, "local.key"), "utf8")).trim();
  }

  /** A link that opens the page of the local owner, once. */
  async launchLink() {
    const { code } = await this.api("POST", "/x/launch/codes");
    return `${this.url}/#launch=${code}`;
  }

  async addUser(email, password, admin = false) {
    return this.api("POST", "/x/users", { email, password, admin });
  }
}
