//! Faults as a person meets them: the model server stops, this server stops, a question fails. Nothing that was typed is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scene } from "./harness.mjs";

const log = (page) => page.getByRole("log");
const message = (page) => page.getByRole("textbox", { name: "Message" });
const banner = (page) => page.locator("#banner");
/** What Chromium writes about a request that found nobody. */
const NO_ANSWER = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|status of 50\d/;

async function ask(page, text) {
  await message(page).fill(text);
  await message(page).press("Enter");
}

test("banner appears while the model server is down, and goes when it is back", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ann.allow(NO_ANSWER);
  await ollama.stop();
  await banner(page).filter({ hasText: /./ }).waitFor();
  await message(page).fill("A draft");
  await ann.shot("chat-server-down");
  await ann.audit("the chat while the model server is down");
  await ollama.resume();
  await banner(page).filter({ hasText: /^$/ }).waitFor({ state: "attached" });
  assert.equal(await message(page).inputValue(), "A draft");
}));

test("failed question is shown with the next step, and asked again", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ status: 500, error: "model requires more system memory (8.0 GiB) than is available (2.1 GiB)" });
  await ask(page, "What is two and two?");
  await page.locator(".notice.bad").getByText(/more system memory/).waitFor();
  await log(page).getByText("What is two and two?").waitFor();
  await page.reload();
  await page.locator(".notice.bad").getByText(/more system memory/).waitFor();
  ollama.answer({ content: "Four." });
  await page.getByRole("button", { name: "Try again" }).click();
  await log(page).getByText("Four.").waitFor();
  await page.locator(".answer .facts").waitFor({ state: "attached" });
  assert.equal(await page.locator(".question").count(), 1);
  assert.equal(await page.locator(".notice.bad").count(), 0);
  await page.reload();
  await log(page).getByText("Four.").waitFor();
}));

test("failure of a later question keeps the conversation and the question", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "One." });
  await ask(page, "First");
  await log(page).getByText("One.").waitFor();
  await page.locator(".answer .facts").waitFor({ state: "attached" });
  ollama.answer({ content: "It brea", error: "an error was encountered while running the model" });
  await ask(page, "Second");
  await page.locator(".notice.bad").waitFor();
  await log(page).getByText("Second").waitFor();
  ollama.answer({ content: "Two." });
  await page.getByRole("button", { name: "Try again" }).click();
  await log(page).getByText("Two.").waitFor();
  await page.locator(".answer .facts").nth(1).waitFor({ state: "attached" });
  await page.reload();
  await log(page).getByText("Two.").waitFor();
  assert.deepEqual(await page.locator(".bubble").allTextContents(), ["First", "Second"]);
}));

test("question that cannot be sent goes back into the field", scene(async ({ visit, server }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ann.allow(NO_ANSWER);
  await message(page).waitFor();
  await server.kill();
  await banner(page).getByText(/connection is lost/).waitFor();
  await ask(page, "Is anybody there?");
  await page.locator(".composer .notice").getByText(/does not answer/).waitFor();
  assert.equal(await message(page).inputValue(), "Is anybody there?");
  assert.equal(await page.locator(".question").count(), 0);
  await ann.shot("chat-not-sent");
  await server.restart();
  await banner(page).filter({ hasText: /^$/ }).waitFor({ state: "attached", timeout: 20_000 });
  await message(page).press("Enter");
  await page.locator(".answer .facts").waitFor({ state: "attached" });
}));

test("draft survives a reload and a look at another screen", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  await message(page).fill("Half a thought");
  await page.reload();
  await message(page).waitFor();
  assert.equal(await message(page).inputValue(), "Half a thought");
  await page.getByRole("link", { name: "Models" }).click();
  await page.getByRole("heading", { name: "Models" }).first().waitFor();
  await page.getByRole("button", { name: "New chat" }).first().click();
  await message(page).waitFor();
  assert.equal(await message(page).inputValue(), "Half a thought");
}));

test("loading of the model is shown, and a place in the queue", scene(
  async ({ visit, ollama }) => {
    const ann = await visit();
    await ann.launch();
    const { page } = ann;
    const first = ollama.hold();
    const second = ollama.hold();
    await ask(page, "First");
    await first.asked;
    await page.locator(".status").getByText(/Loading|Waiting for/).waitFor();
    await ann.shot("chat-loading");
    const tab = await ann.context.newPage();
    await tab.goto(`${new URL(page.url()).origin}/#/`);
    await ask(tab, "Second");
    await tab.locator(".status").getByText(/queue/).waitFor();
    first.write("Done.");
    first.end();
    await second.asked;
    second.write("Done, too.");
    second.end();
    await log(tab).getByText("Done, too.").waitFor();
  },
  { env: { OLLAMA_MCP_MAX_CONCURRENT: "1" } },
));

test("conversation that does not exist says so", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  ann.allow(/status of 404/);
  await ann.open("#/c/no-such-conversation");
  await ann.page.getByText("This conversation does not exist").waitFor();
  await ann.audit("a conversation that does not exist");
}));

test("answer that was cut short says why and what to do", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "The first of many words", done_reason: "length" });
  await ask(page, "Many words, please");
  await page.locator(".answer .notice").getByText(/stopped at the model's limit.*“Context length”/).waitFor();
  await ann.shot("chat-warning");
  await ann.audit("a warning");
  await page.locator(".answer .notice").getByRole("button", { name: "Parameters" }).click();
  await page.getByLabel("Context length").waitFor();
}));

test("model that is fetched first shows its download", scene(
  async ({ visit, ollama }) => {
    const ann = await visit();
    await ann.launch();
    const { page } = ann;
    // The model of this chat was deleted meanwhile.
    await page.evaluate(() => localStorage.setItem("chat:new", JSON.stringify({ model: "tiny:1b" })));
    await page.reload();
    await page.getByRole("button", { name: /tiny:1b/ }).waitFor();
    const pull = ollama.holdPull();
    await ask(page, "Hello");
    await pull.asked;
    pull.progress(250_000_000, 1_000_000_000);
    await page.locator(".status").getByText("Downloading tiny:1b: 250 MB of 1 GB").waitFor();
    await page.locator(".status").getByRole("progressbar").waitFor();
    await ann.shot("chat-pulling");
    await ann.audit("a download before an answer");
    ollama.answer({ content: "Here I am." });
    pull.succeed();
    await log(page).getByText("Here I am.").waitFor();
  },
  { env: { OLLAMA_MCP_AUTO_PULL: "true" } },
));
