//! Every screen with much on it, in both themes and at both widths: a screenshot, axe, and no scrolling sideways.
import { test } from "node:test";
import { MODELS, TEAM, VIEWS, model, scene } from "./harness.mjs";

const PASSWORD = "correct horse battery";
const LONG = model("hf.co/bartowski/Llama-3.2-3B-Instruct-uncensored-GGUF:Q4_K_M", { size: 2e9, parameters: "3.2B", context: 131072, capabilities: ["completion", "tools"] });
const MANY = [...MODELS.slice(0, 2), LONG, ...MODELS.slice(2)];

/** A server that has been used for some time. */
async function furnish(server) {
  const owner = { authorization: `Bearer ${await server.localKey()}` };
  await server.addUser("ann@example.org", PASSWORD, true);
  await server.addUser("bartholomew.cubbins.the.younger@department-of-hats.example.org", PASSWORD);
  await server.addUser("carol@example.org", PASSWORD);
  await server.api("PATCH", "/x/users/carol@example.org", { disabled: true });
  const limited = { name: "Ann's editor", user: "ann@example.org", requests_per_minute: 60, tokens_per_day: 100_000, models: ["qwen3:8b", "gemma3:4b"], expires_in: 2_592_000 };
  const { key } = await server.api("POST", "/x/keys", limited);
  await server.api("POST", "/x/keys", { name: "Continuous integration of the large repository with the long name" });
  for (const [name, type, text] of [
    ["notes.txt", "text/plain", "The meeting is on Monday."],
    ["A very long name of a file that somebody downloaded from somewhere (final, really final).md", "text/markdown", "x".repeat(300_000)],
    ["dot.png", "image/png", Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64")],
  ]) {
    const form = new FormData();
    form.append("file", new Blob([text], { type }), name);
    await fetch(`${server.url}/upload`, { method: "POST", headers: owner, body: form });
  }
  for (const headers of [owner, owner, { authorization: `Bearer ${key}` }]) {
    await server.api("POST", "/v1/chat/completions", { model: "qwen3:8b", messages: [{ role: "user", content: "hi" }] }, headers);
  }
  for (const message of ["Why is the sky blue?", "Show me code that counts words", "How do I boil an egg? In a table, please", "Explain to me, in some detail, how a sewing machine makes a stitch"]) {
    await server.api("POST", "/x/conversations", { message, model: "qwen3:8b", stream: false });
  }
}

for (const [index, view] of VIEWS.entries()) {
  const { theme, viewport } = view;
  test(`screens in ${theme} at ${viewport.width} px`, scene(async ({ visit, server, ollama }) => {
    await furnish(server);
    const ann = await visit(view);
    await ann.launch();
    const look = async (name, fragment, until) => {
      if (fragment !== undefined) await ann.open(fragment);
      await until.waitFor();
      await ann.shot(name);
      await ann.audit(`${name} in ${theme} at ${viewport.width} px`);
    };
    const { page } = ann;
    await look("chat-new", "", page.getByRole("textbox", { name: /message/i }));
    await server.api("POST", "/api/generate", { model: "qwen3:8b" });
    const pull = ollama.holdPull();
    await server.api("POST", "/x/models/pull", { model: "qwen3:30b" });
    await pull.asked;
    pull.progress(2_100_000_000, 18_600_000_000);
    await look("models", "#/models", page.getByText("2.1 GB of 19 GB"));
    await look("files", "#/files", page.getByText("notes.txt"));
    await look("connect", "#/connect", page.getByRole("button", { name: "Cursor" }));
    await page.getByRole("button", { name: "Cursor" }).click();
    await look("connect-open", undefined, page.getByRole("button", { name: "Copy the text for Cursor" }));
    await look("compare-empty", "#/compare", page.getByLabel("Model 2"));
    await look("users", "#/admin", page.getByText("ann@example.org"));
    await look("keys", "#/admin/keys", page.getByText("Ann's editor"));
    await page.getByRole("button", { name: "Make a key" }).click();
    await look("key-dialog", undefined, page.getByRole("dialog").getByLabel("Name"));
    await page.keyboard.press("Escape");
    await look("queue", "#/admin/queue", page.getByText("running now"));
    await look("usage", "#/admin/usage", page.getByRole("heading", { name: "Models" }));
    for (const [name, title] of [["answer", "Why is the sky blue?"], ["code", "Show me code"], ["table", "How do I boil"]]) {
      const { conversations } = await server.api("GET", `/x/conversations?query=${encodeURIComponent(title)}`);
      await look(`chat-${name}`, `#/c/${conversations[0].id}`, page.getByRole("log").getByText(title).first());
    }
    if (index > 1) {
      await page.getByRole("button", { name: /sidebar|conversations|menu/i }).first().click();
      await look("drawer", undefined, page.getByRole("link", { name: "Administration" }));
    }
  }, { models: MANY }));
}

for (const view of VIEWS) {
  const { theme, viewport } = view;
  test(`sign-in in ${theme} at ${viewport.width} px`, scene(async ({ visit, server }) => {
    const ann = await visit(view);
    ann.allow(/status of 401/);
    await ann.page.goto(server.url);
    await ann.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await ann.shot("login");
    await ann.audit(`signing in, ${theme} at ${viewport.width} px`);
  }, TEAM));
}
