//! The screen of uploaded files.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { scene } from "./harness.mjs";

const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("The meeting is on Monday.") };
const line = (page, name) => page.getByRole("list", { name: "Files" }).getByRole("listitem").filter({ hasText: name });

async function upload(page, file) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Upload a file" }).click();
  await (await chooser).setFiles(file);
}

test("file is uploaded, saved and deleted after a question", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/files");
  await ann.page.getByText("No files").waitFor();
  await ann.shot("files-none");
  await ann.audit("no files");
  await upload(ann.page, notes);
  await line(ann.page, "notes.txt").getByText(/Text · 25 B · .* deleted in \d+ days/).waitFor();
  const saved = ann.page.waitForEvent("download");
  await ann.page.getByRole("button", { name: "Save notes.txt" }).click();
  const download = await saved;
  assert.equal(download.suggestedFilename(), "notes.txt");
  assert.equal(await readFile(await download.path(), "utf8"), "The meeting is on Monday.");
  const remove = async (choice) => {
    await ann.page.getByRole("button", { name: "Delete notes.txt" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: choice }).click();
  };
  await remove("Cancel");
  await line(ann.page, "notes.txt").waitFor();
  await remove("Delete");
  await ann.page.getByText("No files").waitFor();
}));

test("file that is too large says so and stays to be tried again", scene(async ({ visit }) => {
  const ann = await visit();
  ann.allow(/status of 413/);
  await ann.launch();
  await ann.open("#/files");
  await upload(ann.page, { ...notes, name: "large.txt", buffer: Buffer.alloc(40_000, "x") });
  const failure = ann.page.getByRole("alert");
  await failure.waitFor();
  assert.match(await failure.innerText(), /more than 10 kB/);
  await failure.getByRole("button", { name: "Try again" }).waitFor();
  await ann.shot("files-failed");
  await ann.audit("a failed upload");
}, { args: ["--files-max-bytes", "10000"] }));

test("several files are dropped at once", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  await ann.open("#/files");
  await ann.page.getByText("No files").waitFor();
  await ann.page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    for (const name of ["one.txt", "two.txt"]) dataTransfer.items.add(new File([name], name, { type: "text/plain" }));
    document.querySelector("main h1")?.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await line(ann.page, "one.txt").waitFor();
  await line(ann.page, "two.txt").waitFor();
}));
