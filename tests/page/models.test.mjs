//! The models: what a person sees of them and does with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MODELS, model, scene } from "./harness.mjs";

const line = (page, name) => page.getByRole("listitem").filter({ hasText: name });

test("models show size, abilities and context, and can be loaded and unloaded", scene(async ({ visit, ollama }) => {
  ollama.install({ ...model("half:7b", { size: 4e9, capabilities: ["completion", "vision"] }), vram: 0.5 });
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await line(ann.page, "qwen3:8b").getByText("8.2B · Q4_K_M · 5.2 GB · context of 40,960 tokens").waitFor();
  await line(ann.page, "half:7b").getByText("sees images").waitFor();
  await ann.page.getByRole("button", { name: "Load half:7b" }).click();
  await line(ann.page, "half:7b").getByText(/In memory · 4\.6 GB 50% on the GPU .* unloads in/).waitFor();
  await ann.page.getByRole("button", { name: "Unload half:7b" }).click();
  await ann.page.getByRole("button", { name: "Load half:7b" }).waitFor();
  // The button and the list are two answers.
  await ann.page.getByText("In memory").first().waitFor({ state: "detached" });
}));

test("slow load is shown while it lasts", scene(async ({ visit, ollama }) => {
  let loaded = () => {};
  ollama.load = new Promise((resolve) => (loaded = resolve));
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByRole("button", { name: "Load gemma3:4b" }).click();
  await line(ann.page, "gemma3:4b").getByText("Loading…").waitFor();
  await ann.shot("models-loading");
  loaded();
  await line(ann.page, "gemma3:4b").getByText("In memory").waitFor();
}));

test("deleting asks first", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  const remove = async () => {
    await ann.page.getByRole("button", { name: "More for gemma3:4b" }).click();
    await ann.page.getByRole("menuitem", { name: "Delete" }).click();
    return ann.page.getByRole("dialog", { name: "Delete gemma3:4b?" });
  };
  const question = await remove();
  await question.getByText("3.3 GB").waitFor();
  await ann.shot("models-delete");
  await ann.audit("the question before deleting");
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.ok(ollama.model("gemma3:4b"), "it stays");
  await (await remove()).getByRole("button", { name: "Delete" }).click();
  await line(ann.page, "gemma3:4b").waitFor({ state: "detached" });
  assert.equal(ollama.model("gemma3:4b"), undefined);
}));

test("download shows its progress and ends in the list", scene(async ({ visit, ollama }) => {
  const pull = ollama.holdPull();
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByLabel("Get a model").fill("mistral:7b");
  await ann.page.keyboard.press("Enter");
  assert.equal(await pull.asked, "mistral:7b");
  pull.progress(1_000_000_000, 4_000_000_000);
  await ann.page.getByText("1 GB of 4 GB").waitFor();
  pull.progress(3_000_000_000, 4_000_000_000);
  await ann.page.getByText("3 GB of 4 GB").waitFor();
  assert.equal(await ann.page.getByRole("progressbar", { name: "Download of mistral:7b" }).getAttribute("value"), "3000000000");
  await ann.shot("models-download");
  await ann.audit("a download");
  // It goes on without the page, and another visit shows it.
  await ann.page.reload();
  await ann.page.getByText("3 GB of 4 GB").waitFor();
  pull.succeed();
  await ann.page.getByRole("button", { name: "Load mistral:7b" }).waitFor();
  await ann.page.getByRole("progressbar").waitFor({ state: "detached" });
}));

test("download can be cancelled", scene(async ({ visit, ollama }) => {
  const pull = ollama.holdPull();
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByLabel("Get a model").fill("mistral:7b");
  await ann.page.getByRole("button", { name: "Download", exact: true }).click();
  await pull.asked;
  pull.progress(1_000_000_000, 4_000_000_000);
  await ann.page.getByRole("button", { name: "Cancel the download of mistral:7b" }).click();
  await pull.closed;
  await ann.page.getByRole("progressbar").waitFor({ state: "detached" });
}));

test("failed download says what to do and can be tried again", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByLabel("Get a model").fill("no-such-model");
  await ann.page.keyboard.press("Enter");
  const failure = ann.page.getByRole("alert").filter({ hasText: "no-such-model" });
  await failure.waitFor();
  await ann.shot("models-failed");
  await ann.audit("a failed download");
  const pull = ollama.holdPull();
  await failure.getByRole("button", { name: "Try again" }).click();
  await pull.asked;
  pull.succeed();
  await ann.page.getByRole("button", { name: "Load no-such-model" }).waitFor();
}));

test("whoever has no model is offered some", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByText("No models yet").waitFor();
  await ann.shot("models-none");
  await ann.audit("no models");
  const pull = ollama.holdPull();
  await ann.page.getByRole("button", { name: "Download gemma3:1b" }).click();
  assert.equal(await pull.asked, "gemma3:1b");
  pull.succeed();
  await ann.page.getByRole("button", { name: "Load gemma3:1b" }).waitFor();
}, { models: [] }));

test("guest sees the models and changes none", scene(async ({ visit }) => {
  const guest = await visit();
  await guest.open("#/models");
  await line(guest.page, "qwen3:8b").waitFor();
  for (const name of [/^Load/, /^More for/, /^Download/]) assert.equal(await guest.page.getByRole("button", { name }).count(), 0);
}));

test("model that is pulled elsewhere appears by itself", scene(async ({ visit, ollama, server }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/models");
  await line(ann.page, MODELS[0].tag.name).waitFor();
  const pull = ollama.holdPull();
  const headers = { authorization: `Bearer ${await server.localKey()}` };
  const answer = fetch(`${server.url}/api/pull`, { method: "POST", headers, body: JSON.stringify({ model: "mistral:7b" }) });
  await pull.asked;
  pull.succeed();
  await (await answer).text();
  await line(ann.page, "mistral:7b").waitFor();
}));

test("models appear by themselves when the model server is back", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  ann.allow(/status of 50[23]/);
  await ollama.stop();
  await ann.launch();
  await ann.open("#/models");
  await ann.page.getByRole("alert").getByText(/does not answer|cannot reach/i).waitFor();
  await ann.shot("models-down");
  await ann.audit("models without a model server");
  await ollama.resume();
  await line(ann.page, "qwen3:8b").waitFor();
  assert.equal(await ann.page.getByRole("alert").count(), 0);
}));
