//! Conversations in the sidebar: search, rename, delete with undo, save; and the page by keyboard and on a phone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { PHONE, scene } from "./harness.mjs";

const log = (page) => page.getByRole("log");
const message = (page) => page.getByRole("textbox", { name: "Message" });
const entry = (page, title) => page.locator("#list a").filter({ hasText: title });

/** A conversation, made by the API. */
async function converse(page, text) {
  await page.evaluate(async (message) => {
    const headers = { "content-type": "application/json", "x-ollama-mcp-session": localStorage.getItem("ollama-mcp-session") ?? "" };
    const response = await fetch("/x/conversations", { method: "POST", headers, body: JSON.stringify({ message, stream: false }) });
    if (!response.ok) throw new Error(await response.text());
  }, text);
}

async function menu(page, title, item) {
  await entry(page, title).hover();
  await page.getByRole("button", { name: `More for “${title}”` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("conversations are searched, renamed and saved", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "Moss grows on the north side." });
  await converse(page, "Trip to Kyoto");
  ollama.answer({ content: "Salt." });
  await converse(page, "Soup recipe");
  await entry(page, "Trip to Kyoto").waitFor();
  await page.getByRole("searchbox").fill("moss");
  await entry(page, "Soup recipe").waitFor({ state: "detached" });
  assert.equal(await page.locator("#list a").count(), 1);
  await page.getByRole("searchbox").press("Escape");
  await entry(page, "Soup recipe").waitFor();
  await menu(page, "Soup recipe", "Rename");
  await page.getByRole("textbox", { name: "New title" }).fill("Dinner");
  await page.keyboard.press("Enter");
  await entry(page, "Dinner").waitFor();
  await page.reload();
  await entry(page, "Dinner").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), menu(page, "Trip to Kyoto", "Save as Markdown")]);
  assert.equal(download.suggestedFilename(), "Trip to Kyoto.md");
  assert.match(await readFile(await download.path(), "utf8"), /Moss grows/);
}));

test("deleted conversation comes back with undo, and is gone without", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  await converse(page, "Keep me");
  await converse(page, "Lose me");
  await entry(page, "Lose me").waitFor();
  await menu(page, "Keep me", "Delete");
  await entry(page, "Keep me").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await entry(page, "Keep me").waitFor();
  await entry(page, "Lose me").click();
  await log(page).waitFor();
  await menu(page, "Lose me", "Delete");
  await entry(page, "Lose me").waitFor({ state: "detached" });
  await page.waitForURL(/#\/$/);
  // Leaving the page sends what could still be undone.
  await page.reload();
  await entry(page, "Keep me").waitFor();
  await page.waitForFunction(() => document.querySelectorAll("#list a").length === 1);
}));

test("everything is reached by keyboard", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  await converse(page, "Old talk");
  await entry(page, "Old talk").waitFor();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("combobox", { name: "Commands" });
  await palette.waitFor();
  await ann.shot("palette");
  await ann.audit("the palette");
  await page.keyboard.type("old");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/c\//);
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Message");
  await page.keyboard.press("Control+k");
  await palette.waitFor();
  await page.keyboard.press("Escape");
  await palette.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Message", "focus is given back");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("qwen3");
  await page.getByRole("option", { name: /qwen3:8b/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /Model: qwen3:8b/ }).waitFor();
  await message(page).focus();
  await page.keyboard.type("Line one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("Line two");
  ollama.answer({ content: "Read." });
  await page.keyboard.press("Enter");
  await log(page).getByText("Read.").waitFor();
  assert.equal(ollama.chats.at(-1).model, "qwen3:8b");
  assert.equal(ollama.chats.at(-1).messages.at(-1).content, "Line one\nLine two");
  // Rename and delete without a mouse.
  await entry(page, "Old talk").focus();
  await page.keyboard.press("F2");
  await page.keyboard.type("New name");
  await page.keyboard.press("Enter");
  await entry(page, "New name").waitFor();
  await page.keyboard.press("Delete");
  await entry(page, "New name").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await entry(page, "New name").waitFor();
}));

test("parameters are kept for each chat and are sent", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  await page.getByRole("button", { name: "Parameters" }).click();
  await page.getByLabel("System prompt").fill("You are a pirate.");
  await page.getByLabel("Temperature").fill("0.2");
  await page.getByLabel("Context length").fill("2048");
  await ann.shot("parameters");
  await ann.audit("the parameters");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Parameters, 3 changed" }).waitFor();
  ollama.answer({ content: "Arr." });
  await message(page).fill("Hello");
  await message(page).press("Enter");
  await log(page).getByText("Arr.").waitFor();
  const asked = ollama.chats.at(-1);
  assert.deepEqual(asked.messages[0], { role: "system", content: "You are a pirate." });
  assert.equal(asked.options.temperature, 0.2);
  assert.equal(asked.options.num_ctx, 2048);
  await page.reload();
  await page.getByRole("button", { name: "Parameters, 3 changed" }).waitFor();
  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("button", { name: "Parameters", exact: true }).waitFor();
}));

test("phone has a drawer, and focus goes into it and back", scene(async ({ visit }) => {
  const ann = await visit({ viewport: PHONE });
  await ann.launch();
  const { page } = ann;
  await converse(page, "A conversation with a very long title that does not fit on a phone");
  const show = page.getByRole("button", { name: "Show the sidebar" });
  await show.click();
  await page.getByRole("searchbox").waitFor();
  await ann.shot("drawer");
  await ann.audit("the drawer");
  assert.ok(await page.evaluate(() => document.querySelector("#side")?.contains(document.activeElement)));
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox").waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Show the sidebar");
  await show.click();
  await entry(page, "A conversation").click();
  await log(page).locator(".answer").waitFor();
  await page.getByRole("searchbox").waitFor({ state: "hidden" });
  await ann.audit("a conversation on a phone");
}));
