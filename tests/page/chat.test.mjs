//! The chat as a person uses it: ask, stop, ask again, edit, reload, two tabs, faults.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scene } from "./harness.mjs";

/** The conversation; what is announced to screen readers has the same text once more. */
const log = (page) => page.getByRole("log");
const message = (page) => page.getByRole("textbox", { name: "Message" });
const answers = (page) => page.locator(".answer");
const facts = (page) => answers(page).last().locator(".facts");

/** Asks, and waits until the model server has been asked. */
async function ask(page, text) {
  await message(page).fill(text);
  await message(page).press("Enter");
}

/** Asks, and waits for the end of the answer. */
async function askAndWait(page, text) {
  const before = await page.locator(".answer .facts").count();
  await ask(page, text);
  await page.locator(".answer .facts").nth(before).waitFor({ state: "attached" });
}

test("question is answered, with code, its copy button, and what it took", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "Here it is:\n\n```rust\nfn main() {}\n```\n\nThat is **all**." });
  await askAndWait(page, "Show me code");
  await page.locator(".answer .code .bar").getByText("rust").waitFor();
  await page.locator(".answer strong").getByText("all").waitFor();
  await page.getByRole("button", { name: "Copy the code" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "fn main() {}\n");
  await page.getByRole("button", { name: "Copy the answer" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /```rust\nfn main/);
  assert.match((await facts(page).textContent()) ?? "", /tokens/);
  assert.match(page.url(), /#\/c\//);
  assert.equal(await message(page).inputValue(), "");
  await page.locator("#list a[aria-current]").getByText("Show me code").waitFor();
  await ann.audit("a conversation");
}));

test("answer grows block by block, and finished blocks stay as they are", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await ask(page, "Two paragraphs");
  await reply.asked;
  reply.write("The first one.\n\nThe second");
  await page.locator(".answer .md").getByText("The first one.").waitFor();
  await log(page).getByText("The second").waitFor();
  const first = page.locator(".answer .md p").first();
  await first.evaluate((element) => (element.dataset.same = "yes"));
  reply.write(" goes on.\n\nAnd a third.");
  await log(page).getByText("And a third.").waitFor();
  assert.equal(await first.getAttribute("data-same"), "yes");
  reply.end();
  await facts(page).waitFor({ state: "attached" });
  assert.equal(await first.getAttribute("data-same"), "yes");
  await page.locator("#announce").getByText("The first one.").waitFor({ state: "attached" });
}));

test("code is named by its language, and its frame stays while it grows", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await ask(page, "Some code");
  await reply.asked;
  const bar = page.locator(".answer .code .bar");
  reply.write("```pytho");
  await bar.waitFor();
  await bar.evaluate((element) => (element.dataset.same = "yes"));
  reply.write("n\nprint(1)");
  await bar.getByText("python", { exact: true }).waitFor();
  reply.write("\n```\n");
  reply.end();
  await facts(page).waitFor({ state: "attached" });
  assert.equal(await bar.getAttribute("data-same"), "yes");
  assert.equal(await page.getByRole("group", { name: "Code, python" }).count(), 1);
}));

test("stop keeps what was generated, by button and by Esc", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  for (const stop of [() => page.getByRole("button", { name: "Stop" }).click(), () => page.keyboard.press("Escape")]) {
    const reply = ollama.hold();
    const before = await page.locator(".answer .facts").count();
    await ask(page, `Go on for ever ${before}`);
    await reply.asked;
    reply.write(`Once upon a time ${before}`);
    await log(page).getByText(`Once upon a time ${before}`).waitFor();
    await stop();
    await page.locator(".answer .facts").nth(before).waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Send" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "TEXTAREA", "focus is in the field again");
  }
  await page.reload();
  await log(page).getByText("Once upon a time 0").waitFor();
  await log(page).getByText("Once upon a time 1").waitFor();
}));

test("asking again replaces the last answer", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "A first try." });
  await askAndWait(page, "Try");
  ollama.answer({ content: "A second try." });
  await page.getByRole("button", { name: "Ask again" }).click();
  await log(page).getByText("A second try.").waitFor();
  await facts(page).waitFor({ state: "attached" });
  assert.equal(await log(page).getByText("A first try.").count(), 0);
  assert.equal(await answers(page).count(), 1);
  await page.reload();
  await log(page).getByText("A second try.").waitFor();
  assert.equal(await answers(page).count(), 1);
}));

test("failed regeneration shows the error and gives the earlier answer back", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "A good answer." });
  await askAndWait(page, "Try");
  ollama.answer({ error: "out of memory", status: 500 });
  await page.getByRole("button", { name: "Ask again" }).click();
  await page.locator(".notice.bad").getByText(/out of memory/).waitFor();
  await ann.shot("chat-error");
  await page.getByRole("button", { name: "Back to the earlier answer" }).click();
  await log(page).getByText("A good answer.").waitFor();
  assert.equal(await page.locator(".notice.bad").count(), 0);
}));

test("edited question is asked in a copy, and the original stays", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "One." });
  await askAndWait(page, "First question");
  ollama.answer({ content: "Two." });
  await askAndWait(page, "Second question");
  const original = page.url();
  await message(page).press("ArrowUp");
  const field = page.getByRole("textbox", { name: "Edited question" });
  assert.equal(await field.inputValue(), "Second question");
  ollama.answer({ content: "Three." });
  await field.fill("Another question");
  await field.press("Enter");
  await log(page).getByText("Three.").waitFor();
  assert.notEqual(page.url(), original);
  assert.equal(await log(page).getByText("One.", { exact: true }).count(), 1);
  assert.equal(await log(page).getByText("Two.", { exact: true }).count(), 0);
  await page.getByRole("button", { name: "To the original" }).click();
  await log(page).getByText("Two.", { exact: true }).waitFor();
}));

test("first question is edited too, and an answer is gone on from in a copy", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "One." });
  await askAndWait(page, "First question");
  await page.locator(".question").hover();
  await page.getByRole("button", { name: "Edit the question" }).click();
  ollama.answer({ content: "Other." });
  await page.getByRole("textbox", { name: "Edited question" }).fill("Edited");
  await page.getByRole("button", { name: "Ask in a copy" }).click();
  await log(page).getByText("Other.").waitFor();
  await facts(page).waitFor({ state: "attached" });
  const edited = page.url();
  await page.locator(".answer").hover();
  await page.getByRole("button", { name: "Go on from here" }).click();
  await page.waitForURL((url) => url.href !== edited);
  await log(page).getByText("Other.").waitFor();
}));

test("reload and a second tab go on with the answer where it is", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await ask(page, "A long story");
  await reply.asked;
  reply.write("Chapter one.\n\n");
  await log(page).getByText("Chapter one.").waitFor();
  await page.reload();
  await log(page).getByText("A long story", { exact: true }).last().waitFor();
  await log(page).getByText("Chapter one.").waitFor();
  const tab = await ann.context.newPage();
  await tab.goto(page.url());
  await log(tab).getByText("Chapter one.").waitFor();
  reply.write("Chapter two.");
  await log(page).getByText("Chapter two.").waitFor();
  await log(tab).getByText("Chapter two.").waitFor();
  reply.end();
  await facts(page).waitFor({ state: "attached" });
  await facts(tab).waitFor({ state: "attached" });
  ollama.answer({ content: "Asked in the other tab." });
  await askAndWait(tab, "And then?");
  await log(page).getByText("Asked in the other tab.").waitFor();
  assert.equal(await page.locator(".question").count(), 2);
}));

test("answer goes on after a look at another screen and another conversation", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: "Short." });
  await askAndWait(page, "A short one");
  await page.getByRole("button", { name: "New chat" }).click();
  const reply = ollama.hold();
  await ask(page, "A long one");
  await reply.asked;
  reply.write("It begins.\n\n");
  await log(page).getByText("It begins.").waitFor();
  await page.getByRole("link", { name: "Models" }).click();
  await page.getByRole("heading", { name: "Models" }).first().waitFor();
  await page.goBack();
  await log(page).getByText("It begins.").waitFor();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await page.locator("#list a").filter({ hasText: "A short one" }).click();
  await log(page).getByText("Short.").waitFor();
  await page.getByRole("button", { name: "Send" }).waitFor();
  await page.locator("#list a").filter({ hasText: "A long one" }).click();
  await log(page).getByText("It begins.").waitFor();
  reply.write("It ends.");
  reply.end();
  await log(page).getByText("It ends.").waitFor();
  await facts(page).waitFor({ state: "attached" });
  assert.equal(await answers(page).count(), 1);
}));

test("sleeping tab catches up with an answer that ended meanwhile", scene(async ({ visit, ollama, server }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await ask(page, "A riddle");
  await reply.asked;
  reply.write("It begins");
  await log(page).getByText("It begins").waitFor();
  const hide = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  const closed = page.waitForEvent("requestfailed", (request) => request.url().includes("/x/events"));
  await hide(true);
  await closed;
  reply.write(" and ends.");
  reply.end();
  // It is stored before the tab wakes.
  while (!(await server.api("GET", "/x/conversations")).conversations.length) await new Promise((next) => setImmediate(next));
  await hide(false);
  await log(page).getByText("It begins and ends.").waitFor();
  await facts(page).waitFor({ state: "attached" });
  assert.equal(await answers(page).count(), 1);
  await page.getByRole("button", { name: "Send" }).waitFor();
}));

test("thinking is folded away with its time, and can be read", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await ask(page, "Think");
  await reply.asked;
  reply.think("First I wonder.");
  const summary = page.locator(".thinking summary");
  await summary.getByText("Thinking…").waitFor();
  assert.equal(await log(page).getByText("First I wonder.").isVisible(), false);
  await summary.click();
  await log(page).getByText("First I wonder.").waitFor();
  await summary.click();
  reply.write("Done.");
  await log(page).getByText(/Thought for \d+ s/).waitFor();
  reply.end();
  await facts(page).waitFor({ state: "attached" });
  await page.reload();
  await log(page).getByText("Thoughts").click();
  await log(page).getByText("First I wonder.").waitFor();
}));

test("page without a model offers one, and goes on when it is there", scene(
  async ({ visit, ollama }) => {
    const ann = await visit();
    await ann.launch();
    const { page } = ann;
    await page.getByText("There is no model yet").waitFor();
    await ann.shot("no-model");
    await ann.audit("a page without a model");
    const pull = ollama.holdPull();
    await page.getByRole("button", { name: /^Get gemma3:4b/ }).click();
    assert.equal(await pull.asked, "gemma3:4b");
    pull.progress(1_000_000_000, 3_300_000_000);
    await page.getByRole("progressbar", { name: "Download of gemma3:4b" }).waitFor();
    await page.getByText("1 GB of 3.3 GB").waitFor();
    await page.getByRole("link", { name: /Models.*30 %/ }).waitFor();
    await ann.shot("no-model-pulling");
    pull.succeed();
    await page.getByText("What can I help you with?").waitFor();
  },
  { models: [] },
));
