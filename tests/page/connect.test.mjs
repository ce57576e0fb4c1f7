//! The texts for hosts and programs, and the key that is made for them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEAM, scene } from "./harness.mjs";

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

test("text of a host is found by search and copied", scene(async ({ visit, server }) => {
  const guest = await visit();
  await guest.open("#/connect");
  const programs = guest.page.getByRole("group", { name: /MCP hosts|Programs/ }).getByRole("button");
  assert.ok((await programs.count()) > 20);
  await guest.page.getByLabel("Search programs").fill("cursor");
  assert.deepEqual(await programs.allInnerTexts(), ["Cursor"]);
  await guest.page.getByRole("button", { name: "Cursor" }).click();
  await guest.page.getByRole("button", { name: "Copy the text for Cursor" }).click();
  const text = JSON.parse(await clipboard(guest.page));
  assert.equal(text.mcpServers.ollama.url, `${server.url}/mcp`);
  await guest.page.getByLabel("Search programs").fill("zzz");
  await guest.page.getByText("No program of that name").waitFor();
  assert.equal(await guest.page.getByRole("button", { name: "Make a key" }).count(), 0, "guests make no keys");
}));

test("key made on the spot stands in the texts, works, and can be revoked", scene(async ({ visit, server }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/connect");
  await ann.page.getByRole("button", { name: "Cursor" }).click();
  await ann.page.getByText("omk_YOUR_KEY").waitFor();
  await ann.page.getByRole("button", { name: "Make a key" }).click();
  await ann.page.getByText("The key is shown only now").waitFor();
  assert.equal(await ann.page.getByText("omk_YOUR_KEY").count(), 0);
  await ann.page.getByRole("button", { name: "Copy the text for Cursor" }).click();
  const { Authorization: authorization } = JSON.parse(await clipboard(ann.page)).mcpServers.ollama.headers;
  const me = () => fetch(`${server.url}/me`, { headers: { authorization } });
  assert.equal((await (await me()).json()).kind, "key");
  await ann.page.getByRole("button", { name: "Copy the key" }).click();
  assert.equal(`Bearer ${await clipboard(ann.page)}`, authorization);
  await ann.shot("connect-key");
  await ann.audit("a new key");

  await ann.page.reload();
  await ann.ready();
  await ann.page.getByRole("heading", { name: "Your keys" }).waitFor();
  assert.equal(await ann.page.getByText(authorization.slice("Bearer ".length)).count(), 0, "it is shown once");
  await ann.page.getByRole("button", { name: /^Revoke/ }).click();
  await ann.page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await ann.page.getByRole("heading", { name: "Your keys" }).waitFor({ state: "detached" });
  assert.equal((await me()).status, 401);
}, TEAM));

test("program that reads a key from its environment gets the variable to copy", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/connect");
  await ann.page.getByRole("button", { name: "Make a key" }).click();
  await ann.page.getByText("The key is shown only now").waitFor();
  await ann.page.getByRole("button", { name: "OpenAI's SDK for Python" }).click();
  await ann.page.getByRole("button", { name: "Copy the variable for OpenAI's SDK for Python" }).click();
  assert.match(await clipboard(ann.page), /^OMK_KEY=omk_[0-9a-f]{32,}$/);
  await ann.shot("connect-variable");
  await ann.audit("a program's text");
}, TEAM));

test("user makes keys of one's own and sees no others", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", "correct horse battery");
  await server.api("POST", "/x/keys", { name: "of the owner" });
  const ann = await visit();
  ann.allow(/status of 401/);
  await ann.page.goto(`${server.url}/#/connect`);
  await ann.page.getByLabel("Email").fill("ann@example.org");
  await ann.page.getByLabel("Password").fill("correct horse battery");
  await ann.page.keyboard.press("Enter");
  const answer = ann.page.waitForResponse((response) => response.url().endsWith("/x/keys") && response.request().method() === "POST");
  await ann.page.getByRole("button", { name: "Make a key" }).click();
  const { key } = await (await answer).json();
  await ann.page.getByRole("heading", { name: "Your keys" }).waitFor();
  assert.equal(await ann.page.getByRole("button", { name: /^Revoke/ }).count(), 1);
  assert.equal(await ann.page.getByText("of the owner").count(), 0);
  const me = await (await fetch(`${server.url}/me`, { headers: { authorization: `Bearer ${key}` } })).json();
  assert.equal(me.email, "ann@example.org");
}, TEAM));
