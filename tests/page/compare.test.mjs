//! One question to several models.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, scene } from "./harness.mjs";

const answer = (page, model) => page.getByRole("article", { name: `Answer of ${model}` });

/** Asks the first two models. */
async function ask(person, question) {
  await person.launch();
  await person.open("#/compare");
  await person.page.getByLabel("Question").fill(question);
  await person.page.getByLabel("Model 1").selectOption("qwen3:8b");
  await person.page.getByLabel("Model 2").selectOption("gemma3:4b");
  await person.page.getByRole("button", { name: "Compare" }).click();
}

test("two models answer one after another, with their times", scene(async ({ visit, ollama }) => {
  const [first, second] = [ollama.hold(), ollama.hold()];
  const ann = await visit();
  await ask(ann, "Why is the sky blue?");
  assert.equal((await first.asked).model, "qwen3:8b");
  await answer(ann.page, "gemma3:4b").getByText("Waits for its turn").waitFor();
  first.write("It **scatters** ");
  await answer(ann.page, "qwen3:8b").getByText("It **scatters**").waitFor();
  assert.equal(ollama.chats.length, 1, "the second one waits");
  first.write("light.");
  first.end();
  await answer(ann.page, "qwen3:8b").getByText("scatters", { exact: true }).and(ann.page.locator("strong")).waitFor();
  await second.asked;
  await answer(ann.page, "gemma3:4b").getByText("Waiting for the model").waitFor();
  second.write("Because.");
  second.end();
  for (const model of ["qwen3:8b", "gemma3:4b"]) {
    await answer(ann.page, model).getByText("first token").waitFor();
    await answer(ann.page, model).getByText("tokens a second").waitFor();
  }
  await ann.page.getByRole("button", { name: "Compare" }).waitFor();
  await ann.shot("compare");
  await ann.audit("a comparison");
}));

test("all at the same time", scene(async ({ visit, ollama }) => {
  const [first, second] = [ollama.hold(), ollama.hold()];
  const ann = await visit();
  await ann.launch();
  await ann.open("#/compare");
  await ann.page.getByLabel("All at the same time").check();
  await ann.page.getByLabel("Question").fill("hi");
  await ann.page.keyboard.press("Control+Enter");
  await Promise.all([first.asked, second.asked]);
  for (const held of [first, second]) {
    held.write("Hello.");
    held.end();
  }
  await ann.page.getByText("first token").nth(1).waitFor();
}, { env: { OLLAMA_MCP_MAX_CONCURRENT: "2" } }));

test("stopping keeps what has come", scene(async ({ visit, ollama }) => {
  const held = ollama.hold();
  const ann = await visit();
  await ask(ann, "Tell me a story");
  await held.asked;
  held.write("Once upon a time");
  await answer(ann.page, "qwen3:8b").getByText("Once upon a time").waitFor();
  await ann.page.getByRole("button", { name: "Stop" }).click();
  await held.closed;
  await answer(ann.page, "qwen3:8b").getByText("Stopped").waitFor();
  await answer(ann.page, "qwen3:8b").getByText("Once upon a time").waitFor();
  assert.equal(ollama.chats.length, 1, "the second model was not asked");
}));

test("one that fails does not keep the other from answering", scene(async ({ visit, ollama }) => {
  ollama.answer({ status: 500, error: "llama runner process has terminated: exit status 2" });
  ollama.answer({ status: 500, error: "llama runner process has terminated: exit status 2" });
  const ann = await visit();
  await ask(ann, "hi");
  await answer(ann.page, "qwen3:8b").getByRole("alert").waitFor();
  await answer(ann.page, "gemma3:4b").getByText("first token").waitFor();
  await ann.shot("compare-failed");
  await ann.audit("a comparison with a failure");
}));

test("comparison goes on while another screen is shown, and the question outlives a reload", scene(async ({ visit, ollama }) => {
  const held = ollama.hold();
  const ann = await visit();
  await ask(ann, "A question that took a while");
  await held.asked;
  await ann.page.getByRole("link", { name: "Files" }).click();
  await ann.page.getByRole("heading", { name: "Files", exact: true }).waitFor();
  held.write("Patience.");
  held.end();
  await ann.page.goBack();
  await answer(ann.page, "qwen3:8b").getByText("Patience.").waitFor();
  await ann.page.reload();
  await ann.ready();
  assert.equal(await ann.page.getByLabel("Question").inputValue(), "A question that took a while");
}));

test("four models stand side by side, and below each other on a phone", scene(async ({ visit, ollama }) => {
  ollama.install({ tag: { ...ollama.model("gemma3:4b").tag, name: "second:4b", model: "second:4b" }, vram: 1, loaded: null });
  for (const viewport of [undefined, PHONE]) {
    const ann = await visit(viewport && { viewport });
    await ann.launch();
    await ann.open("#/compare");
    const add = ann.page.getByRole("button", { name: "Add a model" });
    await add.click();
    await add.click();
    assert.equal(await add.count(), 0, "four at most");
    await ann.page.getByLabel("Question").fill("hi");
    await ann.page.getByRole("button", { name: "Compare" }).click();
    await ann.page.getByText("first token").nth(3).waitFor();
    const boxes = await Promise.all((await ann.page.getByRole("article").all()).map((one) => one.boundingBox()));
    const lefts = new Set(boxes.map((box) => Math.round(box.x)));
    assert.equal(lefts.size > 1, !viewport, JSON.stringify(boxes));
    await ann.shot("compare-four");
    await ann.audit("four answers");
    await ann.page.getByRole("button", { name: /^Without/ }).first().click();
    await add.waitFor();
  }
}));

test("one model alone cannot be compared, and the page says so", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/compare");
  await ann.page.getByText("Comparing takes two models").waitFor();
  await ann.shot("compare-none");
  await ann.audit("nothing to compare");
  await ann.page.getByRole("link", { name: "Get another one" }).click();
  await ann.page.getByRole("heading", { name: "Models", exact: true }).waitFor();
}, { models: [] }));

test("times do not count the wait for the other model", scene(async ({ visit, ollama }) => {
  ollama.load = 600;
  const ann = await visit();
  await ask(ann, "hi");
  await ann.page.getByText("in all").nth(1).waitFor();
  const texts = await ann.page.locator("[data-figure=total_ms] dd").allInnerTexts();
  const times = texts.map((text) => Number.parseFloat(text) * (text.endsWith(" ms") ? 1 : 1000));
  const asked = await ann.page.evaluate(() => performance.getEntriesByName(`${location.origin}/x/compare`)[0]?.duration);
  assert.ok(times[0] + times[1] < asked + 150, `${texts} in ${asked} ms`);
}));
