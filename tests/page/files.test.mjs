//! Files of a question: dropped, pasted, chosen; images only for models that see.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, scene } from "./harness.mjs";

const log = (page) => page.getByRole("log");
const message = (page) => page.getByRole("textbox", { name: "Message" });
const chips = (page) => page.locator(".composer .chip");

/** The smallest PNG: one pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** What a drop or a paste carries, made in the page. */
function carried(page, files) {
  return page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, type, base64 } of list) {
      data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name, { type }));
    }
    return data;
  }, files);
}

const base64 = (text) => Buffer.from(text).toString("base64");

test("dropped file is uploaded and read with the question", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  const dataTransfer = await carried(page, [{ name: "notes.txt", type: "text/plain", base64: base64("The password is swordfish.") }]);
  await page.dispatchEvent("#main", "dragover", { dataTransfer });
  await page.getByText("Drop files to attach them").waitFor();
  await page.dispatchEvent("#main", "drop", { dataTransfer });
  await page.getByText("Drop files to attach them").waitFor({ state: "hidden" });
  await chips(page).getByText("notes.txt").waitFor();
  await message(page).fill("What is the password?");
  await ann.shot("chat-attached");
  await ann.audit("an attached file");
  ollama.answer({ content: "Swordfish." });
  await page.getByRole("button", { name: "Send" }).click();
  await log(page).getByText("Swordfish.").waitFor();
  assert.match(ollama.chats.at(-1).messages.at(-1).content, /The password is swordfish/);
  await page.locator(".question .chip").getByText("notes.txt").waitFor();
  // The next question does not have it, and offers it.
  await page.getByRole("button", { name: "Attach notes.txt again" }).click();
  await chips(page).getByText("notes.txt", { exact: true }).waitFor();
}));

test("pasted image is sent to a model that sees, and not to another", scene(async ({ visit, ollama }) => {
  const ann = await visit();
  await ann.launch();
  const { page } = ann;
  await page.getByRole("button", { name: /^Model: / }).click();
  await page.getByRole("option", { name: /qwen3:8b/ }).click();
  const clipboardData = await carried(page, [{ name: "image.png", type: "image/png", base64: PIXEL }]);
  await message(page).evaluate((element, data) => element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })), clipboardData);
  await chips(page).getByText(/^pasted-.*\.png$/).waitFor();
  await page.getByText("This model does not see images.").waitFor();
  await message(page).fill("What is this?");
  assert.equal(await page.getByRole("button", { name: "Send" }).isDisabled(), true);
  await message(page).press("Enter");
  assert.equal(await page.locator(".question").count(), 0);
  await ann.shot("chat-image-blind");
  await page.getByRole("button", { name: "Choose another model" }).click();
  await page.getByRole("option", { name: /gemma3:4b/ }).click();
  await page.getByText("This model does not see images.").waitFor({ state: "detached" });
  ollama.answer({ content: "One pixel." });
  await message(page).press("Enter");
  await log(page).getByText("One pixel.").waitFor();
  assert.equal(ollama.chats.at(-1).model, "gemma3:4b");
  assert.equal(ollama.chats.at(-1).messages.at(-1).images.length, 1);
}));

test("chosen files survive a reload, and can be removed", scene(async ({ visit }) => {
  const ann = await visit({ viewport: PHONE });
  await ann.launch();
  const { page } = ann;
  const files = ["a.txt", "a rather long name of a file that does not fit.txt"].map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("text") }));
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await chooser).setFiles(files);
  await page.waitForFunction(() => document.querySelectorAll(".composer .chip progress").length === 0 && document.querySelectorAll(".composer .chip").length === 2);
  await ann.shot("chat-files");
  await page.reload();
  await chips(page).getByText("a.txt", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove a.txt", exact: true }).click();
  assert.equal(await chips(page).count(), 1);
  await ann.audit("files on a phone");
}));

test("file that the server refuses says why", scene(
  async ({ visit }) => {
    const ann = await visit();
    await ann.launch();
    ann.allow(/status of 4\d\d/);
    const { page } = ann;
    const dataTransfer = await carried(page, [{ name: "big.txt", type: "text/plain", base64: base64("x".repeat(5000)) }]);
    await page.dispatchEvent("#main", "drop", { dataTransfer });
    await page.locator(".composer .chip.bad").getByText(/quota|more than|would/i).waitFor();
    await message(page).fill("Anything");
    await ann.shot("chat-file-refused");
    await ann.audit("a refused file");
  },
  { env: { OLLAMA_MCP_SERVE_FILES_QUOTA: "1KiB" } },
));
