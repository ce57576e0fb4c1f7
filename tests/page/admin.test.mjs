//! Administration: users, keys, the queue and usage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scene } from "./harness.mjs";

const PASSWORD = "correct horse battery";
const line = (page, name) => page.getByRole("listitem").filter({ hasText: name });
const login = (server, email, password) =>
  fetch(`${server.url}/login`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password }) });

async function choose(page, email, item) {
  await page.getByRole("button", { name: `More for ${email}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("user is added, disabled, enabled, given a password and removed", scene(async ({ visit, server }) => {
  const ann = await visit();
  ann.allow(/status of (409|400)/);
  await ann.launch();
  await ann.open("#/admin");
  await ann.page.getByText("No users yet").waitFor();
  const fill = async (email, password) => {
    const dialog = ann.page.getByRole("dialog", { name: "Add a user" });
    await dialog.getByLabel("Email").fill(email);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    return dialog;
  };
  await ann.page.getByRole("button", { name: "Add a user" }).click();
  await ann.shot("admin-add-user");
  await ann.audit("adding a user");
  await fill("bob@example.org", PASSWORD);
  await line(ann.page, "bob@example.org").waitFor();
  assert.equal((await login(server, "bob@example.org", PASSWORD)).status, 200);

  await ann.page.getByRole("button", { name: "Add a user" }).click();
  const dialog = await fill("bob@example.org", "another password");
  await dialog.getByRole("alert").waitFor();
  assert.equal(await dialog.getByLabel("Email").inputValue(), "bob@example.org", "what was typed stays");
  await ann.page.keyboard.press("Escape");

  await choose(ann.page, "bob@example.org", "Disable");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await line(ann.page, "bob@example.org").getByText("disabled").waitFor();
  assert.equal((await login(server, "bob@example.org", PASSWORD)).status, 401);
  await choose(ann.page, "bob@example.org", "Enable");
  await line(ann.page, "bob@example.org").getByText("disabled").waitFor({ state: "detached" });

  await choose(ann.page, "bob@example.org", "Set a password");
  await ann.page.getByRole("dialog").getByLabel("Password").fill("staple correct horse");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await ann.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await login(server, "bob@example.org", "staple correct horse")).status, 200);

  await choose(ann.page, "bob@example.org", "Remove");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await ann.page.getByText("No users yet").waitFor();
}));

test("key is made with limits, shown once, works and is revoked after a question", scene(async ({ visit, server }) => {
  await server.addUser("bob@example.org", PASSWORD);
  const ann = await visit();
  await ann.launch();
  await ann.open("#/admin/keys");
  await ann.page.getByText("No keys").waitFor();
  await ann.page.getByRole("button", { name: "Make a key" }).click();
  const dialog = ann.page.getByRole("dialog", { name: "Make a key" });
  await dialog.getByLabel("Name").fill("Bob's editor");
  await dialog.getByLabel("For", { exact: true }).selectOption("bob@example.org");
  await dialog.getByLabel("Expires").selectOption("in 30 days");
  await dialog.getByLabel("Upload and read files").uncheck();
  await dialog.getByText("Limits").click();
  await dialog.getByLabel("Requests a minute").fill("60");
  await dialog.getByLabel("Models", { exact: true }).fill("qwen3:8b, gemma3:4b");
  await ann.audit("making a key");
  await dialog.getByRole("button", { name: "Make the key" }).click();
  await ann.page.getByText("The key is shown only now").waitFor();
  const key = await ann.page.locator("code", { hasText: /^omk_[0-9a-f]{32,}$/ }).innerText();
  const me = () => fetch(`${server.url}/me`, { headers: { authorization: `Bearer ${key}` } });
  const { scopes, limits } = await (await me()).json();
  assert.deepEqual(limits, { models: ["qwen3:8b", "gemma3:4b"], requests_per_minute: 60, priority: 0 });
  assert.ok(scopes.includes("chat") && !scopes.includes("files") && !scopes.includes("admin"), scopes.join());
  const made = line(ann.page, "Bob's editor");
  await made.getByText(/bob@example\.org .* expires in (29|30) days/).waitFor();
  await made.getByText("60 requests a minute · only qwen3:8b, gemma3:4b").waitFor();
  await ann.shot("admin-key");
  await ann.audit("a key that was made");

  await ann.page.getByRole("button", { name: "Revoke Bob's editor" }).click();
  await ann.page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal((await me()).status, 200);
  await ann.page.getByRole("button", { name: "Revoke Bob's editor" }).click();
  await ann.page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await made.waitFor({ state: "detached" });
  assert.equal((await me()).status, 401);
  await ann.page.getByLabel("Show revoked keys").check();
  await made.getByText("revoked").waitFor();
}));

test("queue is shown as it changes", scene(async ({ visit, ollama, server }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/admin/queue");
  await ann.page.getByText("0 of 1").waitFor();
  const [first, second] = [ollama.hold(), ollama.hold()];
  const ask = () => server.api("POST", "/v1/chat/completions", { model: "qwen3:8b", messages: [{ role: "user", content: "hi" }] });
  const answers = [ask()];
  await first.asked;
  answers.push(ask());
  await ann.page.getByText("1 of 1").waitFor();
  await ann.page.getByText("Yours that wait").waitFor();
  await ann.shot("admin-queue");
  await ann.audit("the queue");
  for (const held of [first, second]) {
    await held.asked;
    held.write("Hello");
    held.end();
  }
  await Promise.all(answers);
  await ann.page.getByText("0 of 1").waitFor();
}, { env: { OLLAMA_MCP_MAX_CONCURRENT: "1" } }));

test("usage is a chart, and a table for who does not see it", scene(async ({ visit, server }) => {
  await server.addUser("bob@example.org", PASSWORD);
  const { key } = await server.api("POST", "/x/keys", { name: "nightly", user: "bob@example.org" });
  for (const model of ["qwen3:8b", "qwen3:8b", "gemma3:4b"]) {
    await server.api("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "hi" }] }, { authorization: `Bearer ${key}` });
  }
  // What was used is written now and then.
  let counted = 0;
  while (counted < 3) counted = (await server.api("GET", "/x/usage")).usage[0]?.requests ?? 0;
  const ann = await visit();
  await ann.launch();
  await ann.open("#/admin/usage");
  await ann.page.getByLabel("Measure").selectOption("Requests");
  await ann.page.getByRole("img", { name: /^Requests by day, .*: 3 in all/ }).waitFor();
  await ann.page.getByText("As a table").click();
  await ann.page.getByRole("cell", { name: "3", exact: true }).first().waitFor();
  for (const [name, count] of [["qwen3:8b", "2"], ["gemma3:4b", "1"], ["bob@example.org", "3"], ["nightly", "3"]]) {
    await ann.page.getByRole("row", { name: `${name} ${count}` }).waitFor();
  }
  await ann.audit("usage");
}));

test("who is no administrator is told so", scene(async ({ visit }) => {
  const guest = await visit();
  await guest.open("#/admin");
  await guest.page.getByText("Only administrators").waitFor();
  await guest.shot("admin-guest");
  await guest.audit("administration of a guest");
}));
