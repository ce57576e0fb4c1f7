//! The pictures of the page in README.md and docs/, written to the folder that PAGE_PICTURES names.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { DESKTOP, MODELS, model, scene } from "./harness.mjs";

const FOLDER = process.env.PAGE_PICTURES ?? ".";
const MAX_BYTES = 90_000;

const TITLES = ["Packing list for a week in Norway", "Refactor the retry loop", "What does this contract oblige me to?", "Birthday speech for Grandmother", "Regex for dates in three formats"];
const QUESTION = "How do I count words in Rust? I have large files.";
const THINKING = "The user has large files, so the whole text should not be read into memory. A buffered reader, line by line, is enough. Compare it with the short way.";
const ANSWER = `Read the file **line by line**: then its size does not matter.

\`\`\`rust
use std::io::{BufRead, BufReader};

/// Counts the words of a file, however large it is.
fn count_words(path: &str) -> std::io::Result<usize> {
    let mut count = 0;
    for line in BufReader::new(std::fs::File::open(path)?).lines() {
        count += line?.split_whitespace().count();
    }
    Ok(count)
}
\`\`\`

| way | memory | 1 GB takes |
|---|--:|--:|
| \`fs::read_to_string\` | 1 GB | 2.1 s |
| \`BufReader\`, by line | 8 KB | 2.4 s |
`;
const HEAT = [
  "A heat pump moves heat instead of making it.\n\n1. A cold liquid **evaporates** outside and takes up heat.\n2. A compressor squeezes the gas, which makes it *hot*.\n3. Inside, the gas gives its heat away and becomes liquid again.\n\nOne part of electricity moves three to four parts of heat.",
  "Think of a **fridge turned inside out**: a fridge takes heat out of its box and gives it to your kitchen. A heat pump takes heat out of the garden, even at -10 °C, and gives it to your rooms.\n\nIt needs power for the pumping alone, so it uses about a third of what an electric heater does.",
];

async function picture(person, name) {
  await mkdir(FOLDER, { recursive: true });
  const path = join(FOLDER, `${name}.png`);
  await person.page.screenshot({ path });
  try {
    await promisify(execFile)("pngquant", ["--force", "--strip", "--speed", "1", "--ext", ".png", path]);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const { size } = await stat(path);
  assert.ok(size < MAX_BYTES, `${path} has ${size} bytes; install pngquant`);
}

async function converse(server, ollama) {
  for (const title of TITLES.toReversed()) {
    const { chat_id: id } = await server.api("POST", "/x/conversations", { message: title, model: "qwen3:8b", stream: false });
    await server.api("PATCH", `/x/conversations/${id}`, { title });
  }
  ollama.answer({ thinking: THINKING, content: ANSWER });
}

const views = [
  ["chat-light", { theme: "light", viewport: DESKTOP }],
  ["chat-dark", { theme: "dark", viewport: DESKTOP }],
  ["phone", { theme: "light", viewport: { width: 390, height: 780 }, scale: 2 }],
];
for (const [name, view] of views) {
  test(name, scene(async ({ visit, server, ollama }) => {
    await converse(server, ollama);
    const ann = await visit(view);
    const { page } = ann;
    await ann.launch();
    await page.getByRole("textbox", { name: /message/i }).fill(QUESTION);
    await page.getByRole("button", { name: /^Send/ }).click();
    await page.getByRole("cell", { name: "BufReader, by line" }).waitFor();
    await page.getByText(/tokens/).first().waitFor();
    await page.locator(".log").evaluate((log) => (log.scrollTop = 0));
    await page.mouse.move(640, 760);
    await picture(ann, name);
  }));
}

test("compare", scene(async ({ visit, server, ollama }) => {
  await converse(server, ollama);
  await server.api("POST", "/x/conversations", { message: QUESTION, model: "qwen3:8b", stream: false });
  ollama.load = 900;
  for (const name of ["qwen3:8b", "gemma3:4b"]) ollama.model(name).loaded = null;
  for (const content of HEAT) ollama.answer({ content, pace: 4 });
  const ann = await visit();
  const { page } = ann;
  await ann.launch();
  await ann.open("#/compare");
  await page.getByLabel("Question").fill("How does a heat pump work? Explain it to a child of ten.");
  await page.getByLabel("Model 1").selectOption("qwen3:8b");
  await page.getByLabel("Model 2").selectOption("gemma3:4b");
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("tokens a second").nth(1).waitFor();
  await page.locator(".plain").waitFor({ state: "detached" });
  await picture(ann, "compare");
}));

test("models", scene(async ({ visit, server, ollama }) => {
  await converse(server, ollama);
  await server.api("POST", "/x/conversations", { message: QUESTION, model: "qwen3:8b", stream: false });
  const pull = ollama.holdPull();
  const ann = await visit();
  await ann.launch();
  await server.api("POST", "/x/models/pull", { model: "qwen3:30b" });
  await pull.asked;
  pull.progress(7_100_000_000, 18_600_000_000);
  await ann.open("#/models");
  await ann.page.getByText("7.1 GB of 19 GB").waitFor();
  await picture(ann, "models");
}, { models: [...MODELS, model("gpt-oss:20b", { size: 13_793_441_244, family: "gptoss", parameters: "20.9B", quantization: "MXFP4", context: 131072, capabilities: ["completion", "tools", "thinking"] })] }));
